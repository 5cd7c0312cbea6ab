/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* sennit-fleet: which command, and what they have in common. */
#include "commands.h"

#include <sennit/base.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const struct command {
    const char *name;
    int (*run)(int argc, char **argv);
    const char *help;
} commands[] = {
    {"serve", cmd_serve, "serve devices and operators"},
    {"demo", cmd_demo, "a roll-out to a thousand driven devices, to watch"},
    {"drive", cmd_drive, "drive many devices against a server"},
    {"backup", cmd_backup, "copy a data folder, also of a running server"},
    {"restore", cmd_restore, "make a data folder from a backup"},
    {"check", cmd_check, "check a data folder"},
    {"record", cmd_record, "verify an exported record, offline"},
};
#define COMMANDS (sizeof commands / sizeof *commands)

int cmd_usage_error(const char *command, const char *text) {
    fprintf(stderr, "sennit-fleet %s: %s\n", command, text);
    return 2;
}

int cmd_options(const char *usage, const struct config_key *keys, size_t n, void *settings,
                int argc, char **argv) {
    struct config_error err;
    int nrest;
    for (int i = 1; i < argc; i++) {
        if (strcmp(argv[i], "--help") && strcmp(argv[i], "-h")) continue;
        printf("usage: sennit-fleet %s\n\n", usage);
        config_help(keys, n);
        return 0;
    }
    const char **rest = calloc((size_t)argc + 1, sizeof *rest);
    int rc = rest ? config_load(keys, n, settings, argc, argv, rest, &nrest, &err) : SN_ENOMEM;
    if (!rest) snprintf(err.text, sizeof err.text, "out of memory");
    if (!rc && nrest) {
        snprintf(err.text, sizeof err.text, "unexpected word \"%.60s\"", rest[0]);
        rc = SN_EINVAL;
    }
    free(rest);
    if (!rc) return 1;
    cmd_usage_error(argv[0], err.text);
    return -1;
}

static int help(FILE *to) {
    fprintf(to, "sennit-fleet: firmware over the air for a fleet of devices\n\n"
                "usage: sennit-fleet COMMAND [options]     (COMMAND --help lists them)\n\n");
    for (size_t i = 0; i < COMMANDS; i++)
        fprintf(to, "  %-8s %s\n", commands[i].name, commands[i].help);
    fprintf(to, "\nEach option also comes from the environment (--log-level is "
                "SENNIT_FLEET_LOG_LEVEL)\nand from the lines of a file (--config FILE: "
                "log-level = debug). Flags win, then the\nenvironment, then the file. "
                "SENNIT_PROCS sets the number of processors to use.\n");
    return to == stdout ? 0 : 2;
}

int main(int argc, char **argv) {
    const char *name = argc > 1 ? argv[1] : "";
    if (!strcmp(name, "--help") || !strcmp(name, "-h") || !strcmp(name, "help"))
        return help(stdout);
    if (!strcmp(name, "--version")) {
        printf("sennit-fleet %s\n", sn_version());
        return 0;
    }
    for (size_t i = 0; i < COMMANDS; i++)
        if (!strcmp(name, commands[i].name)) return commands[i].run(argc - 1, argv + 1);
    if (*name) fprintf(stderr, "sennit-fleet: unknown command \"%.60s\"\n\n", name);
    return help(stderr);
}
