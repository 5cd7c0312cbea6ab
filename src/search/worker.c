/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* The worker: runs seed after seed in this process until one fails or none is left. */
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "search/crash.h"
#include "search/plan.h"
#include "search/pool.h"

static desk *mine; /* there is one worker in a process */

/* The next seed, from the batch at hand or a new one; 0: there is none. */
static uint64_t take(board *b, desk *d) {
    if (atomic_load(&b->stop)) return 0;
    if (d->next >= d->end) {
        uint64_t from = atomic_fetch_add(&b->next, b->batch);
        if (from > b->last) return 0;
        d->next = from;
        d->end = b->last - from < b->batch ? b->last + 1 : from + b->batch;
    }
    return d->next++;
}

/* What was written so far is of no interest any more. */
static void clear_log(void) {
    fflush(NULL);
    if (lseek(STDERR_FILENO, 0, SEEK_END) > 0 && ftruncate(STDERR_FILENO, 0)) _exit(WORKER_FAILED);
}

/* ---- Failures ---- */

static void tell(const outcome *got, const char *format, ...) __attribute__((format(printf, 2, 3)));
static void tell(const outcome *got, const char *format, ...) {
    va_list ap;
    size_t faults;
    if (mine->told) return;
    mine->got = *got;
    va_start(ap, format);
    vsnprintf(mine->why, sizeof mine->why, format, ap);
    va_end(ap);
    sn__faults_list(&faults);
    mine->faults = (uint32_t)faults;
    mine->told = true;
}

static void run_failed(void *arg, const char *why) {
    outcome got = sn__once_now();
    tell(&got, "%s", why);
    clear_log(); /* the run has said why: what led here is of interest */
    sn__once_story(stderr, arg);
    fflush(NULL);
    _exit(WORKER_FAILED); /* the dump is for whoever replays it */
}

static void refused(const char *message) {
    outcome got = {.rc = 0};
    tell(&got, "%s", message);
    _exit(WORKER_REFUSED);
}

/* A crash that nobody told of: where it happened is worth keeping. */
static void crashed(void) { mine->got = sn__once_now(); }

/* The parent has lost its patience. */
static void ended(int signo) {
    (void)signo;
    crashed();
    _exit(WORKER_FAILED);
}

static void watch_ends(void) {
    struct sigaction a;
    memset(&a, 0, sizeof a);
    a.sa_handler = ended;
    a.sa_flags = SA_ONSTACK;
    sigaction(SIGTERM, &a, NULL);
    sn__crash_watch(crashed);
}

/* ---- Runs ---- */

static bool run_one(const pool *p, desk *d, outcome *o) {
    const watch w = {.failed = run_failed, .failed_arg = (void *)(uintptr_t)p->spec};
    d->told = false;
    d->got = (outcome){.rc = 0};
    atomic_fetch_add(&d->begun, 1);
    int rc = sn__once(p->spec, p->scenario, d->seed, &w, o);
    if (rc)
        tell(o, "cannot be run: %s", sn_strerror(rc));
    else if (o->rc < 0)
        tell(o, "the scenario returned %s", sn_strerror(o->rc));
    return !d->told;
}

/* Runs it once more: it must do the same. */
static bool same_again(const pool *p, desk *d, const outcome *first) {
    outcome again;
    if (d->seed == d->failed_once)
        tell(first, UNSTEADY "it failed, and then it passed");
    else if (run_one(p, d, &again) && again.hash != first->hash)
        tell(&again, UNSTEADY "hash %016llx, then %016llx", (unsigned long long)first->hash,
             (unsigned long long)again.hash);
    return !d->told;
}

static uint64_t scramble(uint64_t z) {
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return z ^ (z >> 31);
}

uint64_t sn__pool_mix(uint64_t seed, uint64_t hash) {
    return scramble(hash + scramble(seed + 0x9e3779b97f4a7c15u));
}

int sn__worker(const pool *p, board *b, desk *d) {
    outcome o;
    uint64_t seed;
    mine = d;
    sn__params_use(p->spec, &b->asked);
    sn__params_refuse(refused);
    watch_ends();
    while ((seed = take(b, d))) {
        clear_log();
        d->seed = seed;
        if (!run_one(p, d, &o) || (p->twice && !same_again(p, d, &o))) return WORKER_FAILED;
        d->passed++;
        d->events += o.events;
        d->choices += o.choices;
        d->virtual_time += o.time;
        d->sum += sn__pool_mix(seed, o.hash);
    }
    return WORKER_DONE;
}
