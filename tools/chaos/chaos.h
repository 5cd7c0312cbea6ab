/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * sennit-chaos: fault plans against live processes.
 *
 *   options.c   the command line: hosts, links, disks
 *   conduct.c   what of the plan can be done here; each fault at its time, and its end
 *   host.c      processes: started, killed, frozen, started again; never any that was not named
 *   guard.c     lets what is frozen go on, should this program be killed
 *   pressure.c  processor, memory and disk taken away, within bounds
 *   link.c      what the active faults make of a link
 *   proxy.c     the link: a listener and what it forwards
 *
 * The hosts' lock covers the table of hosts, each link's its own. Nobody holds two.
 */
#ifndef CHAOS_H
#define CHAOS_H

#include <stdbool.h>
#include <stdio.h>
#include <sys/types.h>

#include <sennit/go.h>
#include <sennit/net.h>
#include <sennit/plan.h>
#include <sennit/sync.h>
#include <sennit/time.h>

enum {
    CHAOS_HOSTS_MAX = 64,
    CHAOS_LINKS_MAX = 64,
    CHAOS_CONNS_MAX = 10000, /* of one link, at a time */
    CHAOS_CPUS_MAX = 64
};

/* ---- Hosts ---- */

typedef struct chaos_host {
    char name[SN_PLACE_MAX];
    const char *command;   /* NULL: a process of somebody else's, or none */
    pid_t pid;             /* 0: none now */
    int pidfd;             /* of somebody else's process: never means another; -1 */
    const char *folder;    /* NULL: its disk was not named */
    uint64_t fill;         /* most bytes that are put there */
    uint32_t down, frozen; /* faults that hold it so, now */
    sn_time again;         /* it has ended by itself and is started again then; 0 */
    uint32_t ended;        /* how often it has ended by itself */
} chaos_host;

/* ---- Links ---- */

/** What active faults make of one direction of a link. */
typedef struct chaos_way {
    bool down;
    sn_time delay, jitter;
    uint64_t rate;
    uint32_t loss, reset, half_open, refuse;
} chaos_way;

typedef struct chaos_link {
    char from[SN_PLACE_MAX], to[SN_PLACE_MAX];
    const char *listen, *target;
    sn_listener *listener;
    sn_mutex lock; /* over all below */
    sn_cond changed;
    chaos_way way[2]; /* from -> to, to -> from */
    struct proxy_conn *conns;
    uint32_t conns_n;
} chaos_link;

/* ---- All of it ---- */

typedef struct chaos {
    const char *plan_file;
    uint64_t seed;
    sn_time limit; /* SN_NEVER: until the plan is over */
    bool dry_run, may_kill;
    chaos_host hosts[CHAOS_HOSTS_MAX];
    size_t hosts_n;
    chaos_link links[CHAOS_LINKS_MAX];
    size_t links_n;
    sn_fault_list list;
    sn_mutex lock; /* over hosts */
    sn_time start;
    uint32_t troubles; /* what was told on standard error: the result is not 0 then */
} chaos;

/** Reads the command line. 0, or the exit status after a message. */
int chaos_options(chaos *c, int argc, char **argv);
/** A line about what happens, with the time since the start. */
void chaos_say(const chaos *c, const char *format, ...) __attribute__((format(printf, 2, 3)));
/** A line on standard error, which counts as trouble. */
void chaos_trouble(chaos *c, const char *format, ...) __attribute__((format(printf, 2, 3)));

/** Whether every fault of the list can be done here; says which not, and why. */
bool chaos_possible(chaos *c);
/** Does all faults at their times and undoes them; those that are active when it is cancelled too.
 *  Parks. */
int chaos_conduct(chaos *c);

/* host.c */
chaos_host *chaos_host_named(chaos *c, const char *name);
/** Starts the commands. 0, or a negative SN_E…. */
int chaos_hosts_start(chaos *c);
/** A coroutine: starts again what has ended by itself. `arg` is a chaos **. */
int chaos_supervise(void *arg);
void chaos_hosts_stop(chaos *c);
void chaos_kill(chaos *c, chaos_host *h);
void chaos_unkill(chaos *c, chaos_host *h, bool restart);
void chaos_freeze(chaos *c, chaos_host *h);
void chaos_thaw(chaos *c, chaos_host *h);

/* guard.c */
/** Starts it, if there are processes of others. 0, or a negative SN_E…. */
int chaos_guard_start(const chaos *c);
/** It is not needed any more. */
void chaos_guard_end(void);

/* pressure.c */
typedef struct pressure {
    pid_t pids[CHAOS_CPUS_MAX];
    uint32_t pids_n;
    struct sn_file *filler;
} pressure;
/** Why a fault of this size is refused; NULL: it is not. */
const char *pressure_refused(const sn_fault *f);
void pressure_hog(chaos *c, pressure *p, const sn_fault *f);
void pressure_memory(chaos *c, pressure *p, const sn_fault *f);
void pressure_disk(chaos *c, pressure *p, const chaos_host *h);
/** Ends what there is of it. */
void pressure_end(pressure *p);

/* link.c */
/** Whether the link is one that the fault is about. */
bool link_is_of(const chaos_link *l, const sn_fault *f);
/** Makes the link's ways anew from the n faults of which active[i] are active. */
void link_renew(chaos_link *l, const sn_fault *faults, const bool *active, size_t n);
/** True in so many of a million cases. */
bool link_chance(uint32_t share);
/** A time of 0 … max, drawn. */
sn_time link_draw(sn_time max);

/* proxy.c */
/** Listens. 0, or a negative SN_E…. */
int proxy_listen(chaos_link *l);
/** A coroutine: forwards connections. `arg` is a chaos_link **. */
int proxy_serve(void *arg);
/** Resets all connections there are; how many. */
uint32_t proxy_reset_all(chaos_link *l);

#endif
