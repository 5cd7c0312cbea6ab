/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* main of a program of scenarios. */
#include <stdio.h>
#include <string.h>

#include "search/commands.h"

static const char words[] =
    "commands:\n"
    "  list\n"
    "  run SCENARIO [--seeds A..B] [--jobs N] [--twice] [--brief] [--stop-after N] [option …]\n"
    "  replay SCENARIO --seed N [--trace[=FILE]] [--gdb] [--twice] [option …]\n"
    "  minimise SCENARIO --seed N [--tries N] [--jobs N] [option …]\n"
    "SCENARIO is one of the list, or a file (NAME.scn)\n"
    "options:\n"
    "  --set NAME=VALUE    a parameter of the scenario\n"
    "  --mode uniform|pct|mixed  how the next coroutine is chosen; of pct: --depth N, --steps N\n"
    "  --calm              coroutines are not interrupted; --calm-after N: not after N choices\n"
    "  --without 3,5..9    faults of the plan that are left out\n"
    "  --order 17:4,90:2   coroutines run in turn but for these exceptions (see minimise)\n"
    "  --limit TIME        of the real clock for a seed (60s)\n"
    "  --max-time TIME, --max-choices N    a run that is longer has failed\n";

static int usage(const char *program) {
    fprintf(stderr, "usage: %s COMMAND …\n%s", program, words);
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
    unsigned bit;
} commands[] = {{"run", sn__command_run, COMMAND_RUN},
                {"replay", sn__command_replay, COMMAND_REPLAY},
                {"minimise", sn__command_minimise, COMMAND_MINIMISE}};

int sn_scenario_main(int argc, char **argv, const sn_scenario *all, size_t n) {
    const char *program = argc > 0 ? argv[0] : "sennit-sim";
    if (argc < 2) return usage(program);
    if (!strcmp(argv[1], "list") && argc == 2) return list(all, n);
    args a = {.program = program, .all = all, .all_n = n};
    for (size_t i = 0; i < sizeof commands / sizeof *commands; i++) {
        if (strcmp(commands[i].name, argv[1])) continue;
        a.command = commands[i].bit;
        int status = sn__args_read(&a, argc - 2, argv + 2) ? commands[i].run(&a) : EXIT_USAGE;
        sn__args_free(&a);
        return status;
    }
    fprintf(stderr, "%s: '%s' is not a command\n", program, argv[1]);
    return usage(program);
}
