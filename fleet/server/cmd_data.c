/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* sennit-fleet backup, restore, check, record verify: on files, without a server. */
#include "backup.h"
#include "commands.h"
#include "record.h"

#include <stdio.h>
#include <string.h>

static int done(const char *command, int rc, const fleet_err *err) {
    if (!rc) return 0;
    fprintf(stderr, "sennit-fleet %s: %s\n", command,
            err->text[0] ? err->text : fleet_result_name(rc));
    return 1;
}

struct folders {
    char data[256], to[256], from[256];
};
#define FOLDER(name, help)                                                                         \
    { #name, CONFIG_TEXT, offsetof(struct folders, name), 0, 256, "DIR", help, 0 }
static const struct config_key backup_keys[] = {FOLDER(data, "data folder (fleet-data)"),
                                                FOLDER(to, "new folder of the backup")};
static const struct config_key restore_keys[] = {FOLDER(from, "folder of the backup"),
                                                 FOLDER(data, "data folder to make")};

int cmd_backup(int argc, char **argv) {
    struct folders f = {.data = "fleet-data"};
    fleet_err err = {""};
    int go = cmd_options("backup --data DIR --to DIR", backup_keys, 2, &f, argc, argv);
    if (go <= 0) return go ? 2 : 0;
    if (!f.to[0]) return cmd_usage_error("backup", "--to DIR is needed");
    return done("backup", backup_make(f.data, f.to, &err), &err);
}

int cmd_restore(int argc, char **argv) {
    struct folders f = {.data = ""};
    fleet_err err = {""};
    int go = cmd_options("restore --from DIR --data DIR", restore_keys, 2, &f, argc, argv);
    if (go <= 0) return go ? 2 : 0;
    if (!f.from[0] || !f.data[0])
        return cmd_usage_error("restore", "--from DIR and --data DIR are needed");
    return done("restore", backup_restore(f.from, f.data, &err), &err);
}

int cmd_check(int argc, char **argv) {
    struct folders f = {.data = "fleet-data"};
    fleet_err err = {""};
    int go = cmd_options("check --data DIR", backup_keys, 1, &f, argc, argv);
    if (go <= 0) return go ? 2 : 0;
    return done("check", backup_check(f.data, stdout, &err), &err);
}

static int record_usage(FILE *to) {
    fprintf(to, "usage: sennit-fleet record verify FILE [--key HEX]\n\n"
                "  --key HEX   the public key that must have signed; without it the file's own "
                "keys are believed\n");
    return to == stdout ? 0 : 2;
}

int cmd_record(int argc, char **argv) {
    const char *file = NULL, *key = NULL;
    fleet_err err = {""};
    uint64_t records;
    for (int i = 1; i < argc; i++)
        if (!strcmp(argv[i], "--help") || !strcmp(argv[i], "-h")) return record_usage(stdout);
    if (argc < 3 || strcmp(argv[1], "verify")) return record_usage(stderr);
    for (int i = 2; i < argc; i++) {
        if (!strcmp(argv[i], "--key") && i + 1 < argc)
            key = argv[++i];
        else if (argv[i][0] != '-' && !file)
            file = argv[i];
        else
            return record_usage(stderr);
    }
    if (!file) return record_usage(stderr);
    int rc = record_verify_file(file, key, &records, &err);
    if (!rc)
        printf("%llu records, chain and signatures hold%s\n", (unsigned long long)records,
               key ? "" : " (by the keys that the file names)");
    return done("record", rc, &err);
}
