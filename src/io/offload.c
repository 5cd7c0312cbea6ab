/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * sn_offload: helper threads and the queue before them.
 *
 * States of a job, all changes under pool.lock:
 *   QUEUED   in pool.queue
 *   RUNNING  a helper runs f, without the lock
 *   DONE     f has returned; the job is the caller's
 *   LEFT     the caller went while it ran: the job is the helper's, which drops and frees it
 * A caller that goes while its job is QUEUED takes it out and drops it itself. The helper claims
 * the caller's ticket under the lock and only while the job is not LEFT, so the caller still waits,
 * or has lost to its deadline and has yet to come by for the lock; then it finds DONE and succeeds.
 *
 * A helper that finds the queue empty sleeps on `posts`, which every new job changes. It ends when
 * it slept for IDLE_MAX; not while `wanted` says that a caller counts on it: the number of jobs
 * that are queued or will be in a moment.
 *
 * pool.lock is a leaf: nothing is taken under it. It is held over a fork: the child has no helpers,
 * and says so.
 */
#include <pthread.h>
#include <sennit/go.h>
#include <sennit/offload.h>
#include <stdlib.h>
#include <string.h>

#include "core/sched.h"
#include "port/port.h"
#include "sched/smp/settings.h"

#define IDLE_MAX (10 * SN_SECOND)
enum { THREADS = 32 }; /* before any run has read the settings */
enum job_state { QUEUED, RUNNING, DONE, LEFT };

typedef struct job {
    sn__link link;
    enum job_state state;
    sn__g *g;
    sn__ticket ticket;
    void (*f)(void *);
    void (*drop)(void *);
    size_t n;
    _Alignas(16) unsigned char arg[];
} job;

static struct {
    sn__lockw lock;
    sn__link queue;
    uint32_t threads, idle, wanted;
    _Atomic uint32_t posts;
} pool = {.queue = {&pool.queue, &pool.queue}};

static void before_fork(void) { sn__lock(&pool.lock); }

static void after_fork_here(void) { sn__unlock(&pool.lock); }

static void after_fork_there(void) {
    pool.threads = pool.idle = pool.wanted = 0;
    sn__list_init(&pool.queue); /* of callers that the child does not have */
    sn__unlock(&pool.lock);
}

static void watch_forks(void) { pthread_atfork(before_fork, after_fork_here, after_fork_there); }

/* With the lock: the oldest job, now RUNNING; NULL. */
static job *take(void) {
    sn__link *l = sn__list_pop(&pool.queue);
    if (!l) return NULL;
    job *j = SN__OF(l, job, link);
    sn__hb_acquire(j);
    j->state = RUNNING;
    pool.wanted--;
    return j;
}

static void run(job *j) {
    sn__g *g = NULL;
    j->f(j->arg);
    sn__hb_release(j);
    sn__lock(&pool.lock);
    if (j->state == RUNNING) {
        j->state = DONE;
        if (sn__claim(j->g, j->ticket, SN__WOKEN)) g = j->g;
        j = NULL; /* the caller's, from when the lock is free */
    }
    sn__unlock(&pool.lock);
    if (g) sn__ready_foreign(g);
    if (!j) return;
    sn__hb_acquire(j);
    if (j->drop) j->drop(j->arg);
    free(j);
}

/* The next job; NULL: there was none for so long that this helper ends, and has been counted out.
 */
static job *next(void) {
    sn_time until = sn__os_now() + IDLE_MAX;
    sn__lock(&pool.lock);
    for (bool over = false;;) {
        job *j = take();
        if (!j && over && !pool.wanted) pool.threads--;
        uint32_t seen = atomic_load(&pool.posts);
        if (j || (over && !pool.wanted)) {
            sn__unlock(&pool.lock);
            return j;
        }
        if (over) until = sn__os_now() + IDLE_MAX;
        pool.idle++;
        sn__unlock(&pool.lock);
        over = !sn__os_wait(&pool.posts, seen, until) && sn__os_now() >= until;
        sn__lock(&pool.lock);
        pool.idle--;
    }
}

static void helper(void *arg) {
    (void)arg;
    pthread_detach(pthread_self());
    for (job *j; (j = next());) run(j);
}

/* A helper more, that was counted already. */
static int start_helper(void) {
    uintptr_t handle;
    int err = sn__os_thread(&handle, helper, NULL, "sennit-offload");
    if (!err) return 0;
    sn__lock(&pool.lock);
    bool others = --pool.threads > 0;
    if (!others) pool.wanted--;
    sn__unlock(&pool.lock);
    return others ? 0 : err; /* the others will come to it */
}

/* Sees to it that there will be a helper for one more job. */
static int want_helper(void) {
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    pthread_once(&once, watch_forks);
    uint32_t most = sn__set.offload_threads ? sn__set.offload_threads : THREADS;
    sn__g *g = sn__enter();
    sn__lock(&pool.lock);
    bool more = ++pool.wanted > pool.idle && pool.threads < most;
    if (more) pool.threads++;
    sn__unlock(&pool.lock);
    sn__leave(g);
    return more ? start_helper() : 0;
}

static void enqueue(job *j, sn__g *g) {
    sn__hb_release(j);
    sn__lock(&pool.lock);
    j->g = g;
    j->state = QUEUED;
    j->ticket = sn__arm(g, !g->shield);
    sn__list_push(&pool.queue, &j->link);
    atomic_fetch_add(&pool.posts, 1);
    sn__unlock(&pool.lock);
    sn__os_wake(&pool.posts, 1);
}

/* After the wait: whose the job is. DONE: f has returned; QUEUED: it never ran. */
static enum job_state settle(job *j) {
    sn__lock(&pool.lock);
    enum job_state s = j->state;
    if (s == QUEUED) {
        sn__list_del(&j->link);
        pool.wanted--;
    } else if (s == RUNNING) {
        s = j->state = LEFT;
    }
    sn__unlock(&pool.lock);
    if (s == LEFT)
        sn__hb_release(j);
    else
        sn__hb_acquire(j);
    return s;
}

static int wait_for(job *j, sn_time until, enum job_state *end) {
    sn__g *g = sn__enter_parks();
    enqueue(j, g);
    enum sn__cause cause = sn__park(g, until, SN__R_OFFLOAD, NULL);
    *end = settle(j);
    int err = *end == DONE ? 0 : sn__cause_code(g, cause);
    sn__leave(g);
    return err;
}

static int refuse(int err, void *arg, void (*drop)(void *)) {
    if (drop) drop(arg);
    return err;
}

static job *new_job(void (*f)(void *), const void *arg, size_t n, void (*drop)(void *)) {
    job *j = malloc(sizeof *j + n);
    if (!j) return NULL;
    *j = (job){.f = f, .drop = drop, .n = n};
    memcpy(j->arg, arg, n);
    return j;
}

int sn_offload(void (*f)(void *), void *arg, size_t n, void (*drop)(void *), sn_time until) {
    int err = n == 0 ? SN_EINVAL : n > SN_OFFLOAD_MAX ? SN_E2BIG : sn_canceled();
    if (err) return refuse(err, arg, drop);
    job *j = new_job(f, arg, n, drop);
    err = j ? want_helper() : SN_ENOMEM;
    if (err) {
        free(j);
        return refuse(err, arg, drop);
    }
    enum job_state end;
    err = wait_for(j, until, &end);
    if (end == LEFT) return err;
    if (end == DONE)
        memcpy(arg, j->arg, n);
    else
        refuse(err, j->arg, drop);
    free(j);
    return err;
}
