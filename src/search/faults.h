/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* One concrete fault in the simulated world: doing it and undoing it. */
#ifndef SN_SEARCH_FAULTS_H
#define SN_SEARCH_FAULTS_H

#include <sennit/plan.h>

#include "world/worse.h"

/** A host that faults are about. */
typedef struct fault_host {
    sn_host *h;
    uint32_t down, paused; /**< faults that hold it so, now */
    bool stopped;          /**< by a fault, and to be started again by one */
    int32_t base;          /**< drift without faults */
    uint32_t drifting;     /**< faults that make it drift, now */
} fault_host;

typedef struct fault_state {
    const sn_fault *f;
    fault_host *on; /**< NULL: a link */
    bool active;
    sn__link_worse there, back;
    sn__disk_worse disk;
} fault_state;

/** Why a fault of this kind makes no sense in simulation; NULL: it does. */
const char *sn__fault_refused(const sn_fault *f);
/** Does it. Parks only to stop a host. 0, SN_EINVAL, SN_ENOENT, SN_ENOMEM. */
int sn__fault_do(fault_state *s);
/** Undoes it. `all` are n faults, of which those that are active say what stays. Hosts are started
 *  again only if `restart`. Does not park. 0, or what starting a host returned. */
int sn__fault_undo(fault_state *s, const fault_state *all, size_t n, bool restart);

#endif
