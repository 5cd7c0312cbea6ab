/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * Many seeds in several processes. A failing run aborts its process, so each worker is one, and a
 * fresh one goes on behind the seed that failed. Workers and parent share a board in memory: from
 * it workers take batches of seeds, and on it each says what it is doing, so that the parent knows
 * it even of one that crashed.
 *
 * What comes out does not depend on the number of workers: the hashes of all seeds are mixed each
 * with its seed and summed up, which has no order.
 */
#ifndef SN_SEARCH_POOL_H
#define SN_SEARCH_POOL_H

#include <stdatomic.h>

#include "search/once.h"

enum {
    POOL_JOBS = 256,      /* most workers */
    POOL_WHY = 512,       /* bytes of a reason */
    POOL_LOG = 64 * 1024, /* bytes of what a failing run wrote that are kept: the first ones */
    POOL_BATCH = 64       /* most seeds a worker takes at once */
};

/** What a worker writes and the parent reads. */
typedef struct desk {
    _Atomic uint64_t begun; /* runs begun: when it stands still, so does the run */
    uint64_t seed;          /* of the run begun last */
    uint64_t next, end;     /* what is left of the batch; end is not part of it */
    uint64_t passed, events, choices, sum;
    sn_time virtual_time; /* of all runs that came to their end, as the numbers above */
    uint64_t failed_once; /* a seed that has failed, and must fail again */
    bool told;            /* why the run begun last failed; how far it got is known either way */
    outcome got;
    uint32_t faults; /* that the plan made for it */
    char why[POOL_WHY];
} desk;

typedef struct board {
    _Atomic uint64_t next, asked;
    _Atomic bool stop;
    uint64_t last, batch;
    desk desks[POOL_JOBS];
} board;

typedef struct failure {
    uint64_t seed;
    outcome got;
    uint32_t faults; /* that the plan made, those left out included */
    bool told;       /* by the run itself; else it crashed or was ended */
    bool ended;      /* by us: how far it got depends on the real clock */
    char why[POOL_WHY];
    const char *log; /* what the run wrote, ended by a zero byte */
} failure;

/** A reason without its numbers, which differ from run to run: "# steps of # are lost". */
void sn__pool_kind(const char *why, char kind[POOL_WHY]);

/** How the reason begins of a seed whose second run was not the first. */
#define UNSTEADY "not deterministic: "

typedef struct tally {
    uint64_t ran, failed, events, choices, hash, asked;
    sn_time virtual_time, wall;
    bool interrupted; /* from the keyboard */
} tally;

typedef struct pool {
    const spec *spec;
    const sn_scenario *scenario;
    seeds seeds;
    unsigned jobs;
    bool twice;                                   /* each seed twice, and the hashes must agree */
    uint64_t stop_after;                          /* so many failures; 0: never */
    void (*failed)(void *arg, const failure *f);  /* NULL: nobody is told */
    void (*tick)(void *arg, const tally *so_far); /* some ten times a second; NULL */
    void *arg;
} pool;

/** Runs them all. 0; 1 with a message in `why` (POOL_WHY bytes) when it could not, or when a
 *  scenario was given a parameter that it cannot read. */
int sn__pool_run(const pool *p, tally *t, char *why);

/* Between pool.c, worker.c and process.c. */
/** How a worker ends; not as programs do, since a scenario may call exit. */
enum { WORKER_FAILED = 40, WORKER_REFUSED, WORKER_DONE };

/** Takes seeds from the board till there are none: the exit status of the process. */
int sn__worker(const pool *p, board *b, desk *d);
/** What a seed and the hash of its run add to the hash of all. */
uint64_t sn__pool_mix(uint64_t seed, uint64_t hash);

/** A child that runs f(arg), whose result is its exit status, with nothing to read and with `log`
 *  for what it writes; killed when its parent ends. Its pid, or -1. */
int sn__process_start(int (*f)(void *arg), void *arg, int log);
/** A file without a name, empty; -1. */
int sn__process_log(void);
/** Its first bytes, up to POOL_LOG, ended by a zero byte. */
void sn__process_log_read(int log, char buf[POOL_LOG + 1]);
/** Zeroed memory shared with children; NULL. */
void *sn__process_share(size_t n);
void sn__process_unshare(void *p, size_t n);

#endif
