/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * The contract between the simulated scheduler and the simulated world (src/world: links, disks,
 * signals), as sched.h is between a scheduler and core.
 *
 * One thread, so nothing is locked. What may interleave is told by the choice points: every
 * bracket of a public call, every verb of sched.h, and every park. World code that has called
 * none of them since it looked at something may rely on what it saw. What a timer of the world
 * fires runs to its end with no choice points at all.
 *
 * Times here are the world's, not a host's clock: sn__sim_time.
 */
#ifndef SN_SIM_WORLD_H
#define SN_SIM_WORLD_H

#include <sennit/sim.h>

#include "core/scope.h"

struct sn_host {
    const char *name;
    uint32_t index;      /**< from 1, in the order they were made: its number in events */
    uint32_t addr, last; /**< its addresses, first and last, in host byte order */
    uint32_t boot;       /**< how often it was started: tells a process from the one before */
    bool up;             /**< it has a process, be it a frozen one */
    bool frozen;         /**< stopped: its coroutines run to their ends, unseen by anybody */
    bool stopping;       /**< they are being told */
    bool lost_power;     /**< at its last stop */
    void *net, *disk, *signals;  /**< of src/world: made by host_new, for the life of the host */
    sn__scope root;              /**< of its process */
    uint64_t live;               /**< coroutines of its process */
    int rc;                      /**< what its last main returned */
    struct boot *was;            /**< what it was last started with; NULL: it never was */
    bool paused;                 /**< what is woken on it is held back: pause.c */
    struct G *held, *held_last;  /**< … linked by their next, in this order */
    struct sn__waiters *waiters; /**< host.c's */
    int64_t wall;                /**< its wall clock is the world's plus this, in ns */
    sn_time since;               /**< world time of the last change of drift */
    sn_time clock;               /**< its monotonic clock then */
    int32_t ppm;                 /**< drift */
    struct sn_host *next;
};

/** A part of the world: one of src/world's, listed in sn__world_parts (ends with NULL). Each
 *  function may be NULL. None may park. */
typedef struct sn__part {
    /** A host is made: 0, or SN_ENOMEM. */
    int (*host_new)(sn_host *h);
    /** It stops, at this instant (h->frozen is set): cut it off, wake who waits here for it. */
    void (*host_stop)(sn_host *h, enum sn_stop how);
    /** Its last coroutine has ended: what is still open is a leak (sn_sim_fail names it). */
    void (*host_down)(sn_host *h);
    /** The run is over: frees what the host has here. */
    void (*host_free)(sn_host *h);
    /** The run is over and all hosts are freed. */
    void (*run_end)(void);
} sn__part;
extern const sn__part *const sn__world_parts[];

/** The host of the coroutine that runs; NULL: outside of hosts, or the world itself. */
sn_host *sn__sim_host(void);
/** All of them, linked by `next`, in the order they were made. */
sn_host *sn__sim_hosts(void);
/** The one whose addresses include this one (host byte order); NULL. */
sn_host *sn__sim_host_at(uint32_t addr);

/** Now, of the world. A host's deadline as the world's time. */
sn_time sn__sim_time(void);
sn_time sn__sim_world_time(const sn_host *h, sn_time host_time);
/** The host's wall clock, UTC ms. */
int64_t sn__sim_utc_ms(const sn_host *h);

/** An event of the world for hash and trace: `what` is a literal like "net.reset". Numbers must be
 *  logical: no address, no size that depends on the compiler. */
void sn__sim_told(const char *what, uint64_t a, uint64_t b);
/** The world's own chance (links and disks), not the scheduler's. */
uint64_t sn__sim_world_random(void);
/** True in so many of a million cases; draws nothing for 0. */
bool sn__sim_chance(uint32_t ppm);
/** A time of 0 … max, drawn; draws nothing for 0. */
sn_time sn__sim_draw_time(sn_time max);

/** Calls t->fire(t) at world time t->when, in nobody's name and without choice points. It may add
 *  and take out timers, and sn__sim_wake; it may not park. The memory is the caller's until it has
 *  fired or was taken out. Those due at one instant fire in random order. */
void sn__sim_at(sn__timer *t);
/** Takes it out, if it is in. */
void sn__sim_not(sn__timer *t);

/** A place to wait at. Zero: nobody waits. */
typedef struct sn__waiters {
    sn__link list;
} sn__waiters;
/** Parks the caller until sn__sim_wake of w: 0; SN_ETIMEDOUT after `until`, its host's time (0:
 * does not park); SN_ECANCELED or SN_ETIMEDOUT from its scope, unless shielded. A wake-up may find
 * the state changed again: look, in a loop. In a frozen host it returns SN_ECANCELED at once. */
int sn__sim_wait(sn__waiters *w, sn_time until, enum sn__reason why);
/** Wakes all who wait there, 0 as their result. Not a choice point. */
void sn__sim_wake(sn__waiters *w);
/** Parks the caller for so long, of the world's time; nothing cuts it short but the freezing of its
 *  host. 0: a choice point only. For the time that a device takes. */
void sn__sim_delay(sn_time d);

#endif
