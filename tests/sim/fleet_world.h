/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* A whole world for the fleet's scenarios: server, desk, field and what lies between them, made
 * from the scenario's parameters; and how it ends. */
#ifndef TESTS_SIM_FLEET_WORLD_H
#define TESTS_SIM_FLEET_WORLD_H

#include "fleet_sim.h"

struct world {
    struct site site;
    struct field field;
    struct desk desk;
    char *image;
    sn_time look;    /**< how often the operator looks */
    int over;        /**< he need not look any more */
    sn_scope scope;  /**< of the test's own coroutines */
    uint64_t cpu_us; /**< used by the process before the run */
    uint64_t kills;
};
/** Makes it. The server runs, the devices come, and the operator publishes and starts a roll-out
 *  once they are known. */
struct world *world_make(void);
/** The server's disk as the parameters have it. */
sn_disk world_disk(void);
/** Waits until the roll-out has been started. */
void world_await_start(struct world *w);
/** Waits until it is decided, or until `until`. 1: decided. */
int world_await_decision(struct world *w, sn_time until);
/** Lets the links and disks be good from now on, and waits for the devices to come to rest. */
void world_settle(struct world *w);
/** Drains the server, audits its data, frees everything. */
void world_end(struct world *w);
/** Prints one line of figures to the file that parameter `report` names, of this machine; "-" is
 *  standard output. */
void world_report(struct world *w);

#endif
