/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* The demonstration's parts: its data, its one real client, what it shows on the terminal. */
#ifndef FLEET_DEMO_H
#define FLEET_DEMO_H

#include "drive.h"
#include "server.h"

#define DEMO_VEHICLE "swupdate-1"

struct demo_conf {
    char data[256], firmware[256], operators[128], device_listener[128];
    int64_t devices, seed, soak_s, install_ms;
    double fail_rate;
    int exit_when_done, no_swupdate;
};

/** What the demonstration's coroutines share. */
struct demo {
    const struct demo_conf *conf;
    struct server *server;
    sn_time started;
    fleet *fleet;
    fleet_actor actor;        /**< who the data is made by: "demo", an admin */
    int64_t sets[2], rollout; /**< of v1, v2 */
    char gateway_token[TOKEN_CHARS + 1];
    struct drive_conf drive_conf;
    struct drive_stats drive;
};

/** Makes the data folder empty: it must be new, or one that an earlier demo made. Blocks. */
int demo_clear(const struct demo_conf *c, fleet_err *err);
/** Makes settings, modules, artifacts and sets from the two firmware images. Parks. */
SN_PARKS int demo_make_data(struct demo *d, fleet_err *err);
/** Creates the roll-out of v2 and prints its policy and plan; approves and starts it. Parks. */
SN_PARKS int demo_make_rollout(struct demo *d, fleet_err *err);
/** Prints the roll-out's progress until it is done, held or stopped; *last is how it ended. */
SN_PARKS int demo_watch(struct demo *d, rollout *last);

/** 1 when a real swupdate can take part; else *why says why not (static storage). */
int demo_swupdate_possible(const struct demo_conf *c, const char **why);
/** Runs it, restarting it after its update, until cancelled: a coroutine; arg is the struct demo.
 */
int demo_swupdate_run(void *arg);

#endif
