/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * A host that stands still and goes on later. What is woken on it is held back, so that each of
 * its coroutines comes to rest where it next waits. None is held where it was merely interrupted:
 * it may hold one of core's locks, and who resumes the host might need it.
 */
#include "sched/sim/state.h"

static void hold(sn_host *h, G *g) {
    g->next = NULL;
    if (h->held)
        h->held_last->next = g;
    else
        h->held = g;
    h->held_last = g;
}

void sn__sim_ready_or_hold(G *g) {
    sn_host *h = g->own.host;
    if (h && h->paused)
        hold(h, g);
    else
        sn__sim_ready(g);
}

void sn_host_pause(sn_host *h) {
    sn__enter();
    if (sn__sim_host() == h) sn__fatal("sn_host_pause of the caller's own host");
    if (!h->up || h->frozen || h->paused) return;
    sn__sim_told("host.pause", h->index, h->boot);
    h->paused = true;
}

void sn_host_resume(sn_host *h) {
    sn__enter();
    if (!h->paused) return;
    sn__sim_told("host.resume", h->index, h->boot);
    h->paused = false;
    for (G *g = h->held, *next; g; g = next) {
        next = g->next;
        sn__sim_ready(g);
    }
    h->held = NULL;
}
