/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Options of every command, from one table each: flags beat the environment, which beats the
 * config file. A key that is not in the table is an error that says where it stands. */
#ifndef FLEET_CONFIG_H
#define FLEET_CONFIG_H

#include <stddef.h>
#include <stdint.h>

enum config_type {
    CONFIG_TEXT,   /**< char[max] */
    CONFIG_NUMBER, /**< int64_t, between min and max */
    CONFIG_REAL,   /**< double, between min and max */
    CONFIG_TIME,   /**< int64_t seconds: "90", "90s", "5m", "12h", "2d" */
    CONFIG_SIZE,   /**< int64_t bytes: "4096", "64K", "16M", "2G" */
    CONFIG_SWITCH  /**< int: a flag alone turns it on; else "on" or "off" */
};

enum { CONFIG_FLAG_ONLY = 1 }; /**< not from the environment or a file */

struct config_key {
    const char *name; /**< "behind-proxy" → --behind-proxy, SENNIT_FLEET_BEHIND_PROXY */
    enum config_type type;
    uint32_t at; /**< offset in the settings */
    int64_t min, max;
    const char *arg; /**< what help calls the value */
    const char *help;
    unsigned flags;
};

/** What went wrong, for people. */
struct config_error {
    char text[400];
};

/**
 * Fills `settings`, which holds the defaults, by the table `keys` (n of them): first the file
 * that --config or SENNIT_FLEET_CONFIG names, then the environment, then argv[1…]. Words that
 * are no options are left in rest[0…*nrest) (room for argc). Blocks on the file. 0 or SN_EINVAL,
 * SN_ENOENT …; then *err says what and where.
 */
int config_load(const struct config_key *keys, size_t n, void *settings, int argc, char **argv,
                const char **rest, int *nrest, struct config_error *err);
/** Reads one file of `key = value` lines into `settings`. As config_load otherwise. */
int config_file(const struct config_key *keys, size_t n, void *settings, const char *path,
                struct config_error *err);
/** Sets one key; `where` names the place in errors ("fleet.conf:3", "--poll"). */
int config_set(const struct config_key *key, void *settings, const char *value, const char *where,
               struct config_error *err);
/** Prints the options, one or two lines each, to standard output. */
void config_help(const struct config_key *keys, size_t n);

#endif
