/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* The worker: runs seed after seed in this process until one fails or none is left. */
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

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

static void tell(const char *why) {
    if (mine->told) return;
    sn__once_now(&mine->at, &mine->hash);
    snprintf(mine->why, sizeof mine->why, "%s", why);
    mine->told = true;
}

static void run_failed(void *arg, const char *why) {
    (void)arg;
    tell(why);
    _exit(WORKER_FAILED); /* the dump is for whoever replays it */
}

static void refused(const char *message) {
    tell(message);
    _exit(WORKER_REFUSED);
}

/* A crash that nobody told of: where it happened is worth keeping. Then the handler that was there
 * has its turn, which may be a sanitizer's. */
static const int crashes[] = {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGABRT};
enum { CRASHES = sizeof crashes / sizeof *crashes };
static struct sigaction before[CRASHES];

static void crashed(int signo) {
    sn__once_now(&mine->at, &mine->hash);
    for (int i = 0; i < CRASHES; i++)
        if (crashes[i] == signo) sigaction(signo, &before[i], NULL);
    if (signo == SIGABRT) raise(signo);
}

static void watch_crashes(void) {
    struct sigaction a;
    memset(&a, 0, sizeof a);
    a.sa_handler = crashed;
    a.sa_flags = SA_ONSTACK;
    for (int i = 0; i < CRASHES; i++) sigaction(crashes[i], &a, &before[i]);
}

/* What earlier runs wrote is of no interest any more. */
static void clear_log(void) {
    fflush(NULL);
    if (lseek(STDERR_FILENO, 0, SEEK_END) > 0 && ftruncate(STDERR_FILENO, 0)) _exit(WORKER_FAILED);
}

static int run_one(const pool *p, desk *d, outcome *o) {
    const watch w = {.failed = run_failed};
    char why[POOL_WHY];
    d->told = false;
    d->at = 0;
    d->hash = 0;
    atomic_fetch_add(&d->begun, 1);
    int rc = sn__once(p->spec, p->scenario, d->seed, &w, o);
    if (!rc && o->rc >= 0) return 0;
    if (rc)
        snprintf(why, sizeof why, "cannot be run: %s", sn_strerror(rc));
    else
        snprintf(why, sizeof why, "the scenario returned %s", sn_strerror(o->rc));
    d->at = o->time;
    d->hash = o->hash;
    memcpy(d->why, why, sizeof why);
    d->told = true;
    return -1;
}

static int run_again(const pool *p, desk *d, const outcome *first) {
    outcome again;
    if (run_one(p, d, &again)) return -1;
    if (again.hash == first->hash) return 0;
    snprintf(d->why, sizeof d->why, "not deterministic: hash %016llx, then %016llx",
             (unsigned long long)first->hash, (unsigned long long)again.hash);
    d->at = again.time;
    d->hash = again.hash;
    d->told = true;
    return -1;
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
    watch_crashes();
    while ((seed = take(b, d))) {
        clear_log();
        d->seed = seed;
        if (run_one(p, d, &o) || (p->twice && run_again(p, d, &o))) return WORKER_FAILED;
        d->passed++;
        d->events += o.events;
        d->choices += o.choices;
        d->virtual_time += o.time;
        d->sum += sn__pool_mix(seed, o.hash);
    }
    return WORKER_DONE;
}
