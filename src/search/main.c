/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* main of a program of scenarios. */
#include <stdio.h>
#include <string.h>

#include "search/commands.h"

static int usage(const char *program) {
    fprintf(
        stderr,
        "usage: %s list\n"
        "       %s run SCENARIO [--seeds A..B] [--jobs N] [--twice] [--stop-after N] [option …]\n"
        "SCENARIO is one of the list, or a file (NAME.scn)\n",
        program, program);
    return EXIT_USAGE;
}

static int list(const sn_scenario *all, size_t n) {
    int wide = 0;
    for (size_t i = 0; i < n; i++) {
        int length = (int)strlen(all[i].name);
        if (length > wide) wide = length;
    }
    for (size_t i = 0; i < n; i++) printf("%-*s  %s\n", wide, all[i].name, all[i].about);
    return EXIT_PASSED;
}

static const struct command {
    const char *name;
    int (*run)(args *a);
} commands[] = {{"run", sn__command_run}};

int sn_scenario_main(int argc, char **argv, const sn_scenario *all, size_t n) {
    const char *program = argc > 0 ? argv[0] : "sennit-sim";
    if (argc < 2) return usage(program);
    if (!strcmp(argv[1], "list") && argc == 2) return list(all, n);
    args a = {.program = program, .all = all, .all_n = n};
    for (size_t i = 0; i < sizeof commands / sizeof *commands; i++) {
        if (strcmp(commands[i].name, argv[1])) continue;
        int status = sn__args_read(&a, argc - 2, argv + 2) ? commands[i].run(&a) : EXIT_USAGE;
        sn__args_free(&a);
        return status;
    }
    fprintf(stderr, "%s: '%s' is not a command\n", program, argv[1]);
    return usage(program);
}
