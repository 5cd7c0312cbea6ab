/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* The parent of the workers; see pool.h. */
#include "search/pool.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "port/port.h"

enum { TICK_MS = 100, LOG_MAX = 64 * 1024 * 1024 };
#define GRACE SN_SECOND /* from SIGTERM to SIGKILL */

static volatile sig_atomic_t interrupted; /* somebody at the keyboard has seen enough */

typedef struct worker {
    int pid; /* 0: none */
    int log;
    uint64_t begun;    /* of its desk, when it was last seen to change, */
    sn_time since;     /* which was then */
    const char *ended; /* why we killed it; NULL: we did not */
    outcome first;     /* of a seed that is run again since it failed */
} worker;

typedef struct running {
    const pool *p;
    board *b;
    worker workers[POOL_JOBS];
    unsigned live;
    uint64_t failed, failed_sum;
    sn_time from;
    int rc;
    char *why;
    char *log; /* of the failure at hand */
} running;

/* ---- Starting ---- */

typedef struct start {
    const pool *p;
    board *b;
    desk *d;
} start;

static int work(void *arg) {
    const start *s = arg;
    return sn__worker(s->p, s->b, s->d);
}

static bool give_up(running *r, const char *what) {
    snprintf(r->why, POOL_WHY, "%s", what);
    r->rc = 1;
    atomic_store(&r->b->stop, true);
    return false;
}

static bool start_worker(running *r, unsigned i) {
    worker *w = &r->workers[i];
    start s = {r->p, r->b, &r->b->desks[i]};
    w->pid = sn__process_start(work, &s, w->log);
    if (w->pid < 0) {
        w->pid = 0;
        return give_up(r, "cannot start a process");
    }
    w->since = sn__os_now();
    w->begun = atomic_load(&r->b->desks[i].begun);
    w->ended = NULL;
    r->live++;
    return true;
}

static bool work_left(const running *r, const desk *d) {
    return !atomic_load(&r->b->stop) &&
           (d->next < d->end || atomic_load(&r->b->next) <= r->b->last);
}

/* ---- Failures ---- */

/* What follows one of the words of a runtime or a sanitizer in the log, to the end of its line. */
static bool quote(const char *log, char why[POOL_WHY]) {
    static const char *const marks[] = {
        "fatal error: ", "ERROR: AddressSanitizer: ", "runtime error: "};
    for (size_t i = 0; i < sizeof marks / sizeof *marks; i++) {
        const char *at = strstr(log, marks[i]);
        if (!at) continue;
        at += strlen(marks[i]);
        snprintf(why, POOL_WHY, "%.*s", (int)strcspn(at, "\n"), at);
        return true;
    }
    return false;
}

/* The process ended without a word on its desk: what it wrote last may tell, else how it ended. */
static void explain(const char *log, const worker *w, int status, char why[POOL_WHY]) {
    if (w->ended) {
        snprintf(why, POOL_WHY, "%s", w->ended);
        return;
    }
    if (quote(log, why)) return;
    if (WIFSIGNALED(status))
        snprintf(why, POOL_WHY, "killed by signal %d (%s)", WTERMSIG(status),
                 strsignal(WTERMSIG(status)));
    else
        snprintf(why, POOL_WHY, "the process ended with status %d", WEXITSTATUS(status));
}

static failure look_at(running *r, unsigned i, int status) {
    const desk *d = &r->b->desks[i];
    failure f = {.seed = d->seed, .got = d->got, .faults = d->faults, .told = d->told};
    f.log = r->log;
    f.ended = r->workers[i].ended != NULL;
    sn__process_log_read(r->workers[i].log, r->log);
    if (d->told)
        memcpy(f.why, d->why, sizeof f.why);
    else
        explain(r->log, &r->workers[i], status, f.why);
    return f;
}

static void seed_failed(running *r, const failure *f) {
    r->failed++;
    r->failed_sum += sn__pool_mix(f->seed, f->ended ? 0 : ~f->got.hash);
    if (r->p->failed) r->p->failed(r->p->arg, f);
    if (r->p->stop_after && r->failed >= r->p->stop_after) atomic_store(&r->b->stop, true);
}

/* With `twice`, a seed that failed is run again before it counts. True: it is to be. */
static bool once_more(desk *d, worker *w, failure *f) {
    if (f->told && !strncmp(f->why, UNSTEADY, strlen(UNSTEADY))) return false;
    if (d->failed_once != f->seed) {
        w->first = f->got;
        d->failed_once = d->next = f->seed;
        return true;
    }
    d->failed_once = 0;
    if (f->told && f->got.hash != w->first.hash)
        snprintf(f->why, sizeof f->why, UNSTEADY "it failed with hash %016llx, then %016llx",
                 (unsigned long long)w->first.hash, (unsigned long long)f->got.hash);
    return false;
}

static void worker_ended(running *r, unsigned i, int status) {
    desk *d = &r->b->desks[i];
    r->workers[i].pid = 0;
    r->live--;
    if (WIFEXITED(status) && WEXITSTATUS(status) == WORKER_DONE) return;
    if (WIFEXITED(status) && WEXITSTATUS(status) == WORKER_REFUSED) {
        give_up(r, d->why);
        return;
    }
    failure f = look_at(r, i, status);
    if (!r->p->twice || !once_more(d, &r->workers[i], &f)) seed_failed(r, &f);
    if (work_left(r, d)) start_worker(r, i);
}

void sn__pool_kind(const char *why, char kind[POOL_WHY]) {
    size_t n = 0;
    for (const char *p = why; *p && n < POOL_WHY - 1; p++) {
        bool digit = *p >= '0' && *p <= '9';
        if (digit && n && kind[n - 1] == '#') continue;
        kind[n++] = digit ? '#' : *p;
    }
    kind[n] = 0;
}

/* ---- Waiting ---- */

/* A run that has no choice points for too long, or that writes without end: it is asked to end,
 * which tells where it is, and then made to. */
static void look_after(running *r, unsigned i) {
    worker *w = &r->workers[i];
    uint64_t begun = atomic_load(&r->b->desks[i].begun);
    sn_time now = sn__os_now();
    if (begun != w->begun) {
        w->begun = begun;
        w->since = now;
    }
    if (w->ended) {
        if (now - w->since > GRACE) kill(w->pid, SIGKILL);
        return;
    }
    if (now - w->since > r->p->spec->limit) w->ended = "no end within the limit of real time";
    if (lseek(w->log, 0, SEEK_END) > LOG_MAX) w->ended = "wrote more than 64 MiB";
    if (!w->ended) return;
    w->since = now;
    kill(w->pid, SIGTERM);
}

static void count(const running *r, tally *t) {
    *t = (tally){.failed = r->failed, .hash = r->failed_sum, .ran = r->failed};
    for (unsigned i = 0; i < r->p->jobs; i++) {
        const desk *d = &r->b->desks[i];
        t->ran += d->passed;
        t->events += d->events;
        t->choices += d->choices;
        t->hash += d->sum;
        t->virtual_time += d->virtual_time;
    }
    t->asked = atomic_load(&r->b->asked);
    t->wall = sn__os_now() - r->from;
}

static void wait_for_all(running *r, const sigset_t *child) {
    const struct timespec tick = {0, TICK_MS * 1000000L};
    tally t;
    sn_time ticked = 0;
    while (r->live) {
        sigtimedwait(child, NULL, &tick);
        if (interrupted) atomic_store(&r->b->stop, true);
        for (unsigned i = 0; i < r->p->jobs; i++) {
            int status;
            if (!r->workers[i].pid) continue;
            if (waitpid(r->workers[i].pid, &status, WNOHANG) > 0)
                worker_ended(r, i, status);
            else
                look_after(r, i);
        }
        if (!r->p->tick || sn__os_now() - ticked < TICK_MS * SN_MILLISECOND) continue;
        ticked = sn__os_now();
        count(r, &t);
        r->p->tick(r->p->arg, &t);
    }
}

/* ---- A whole search ---- */

static bool open_logs(running *r) {
    for (unsigned i = 0; i < r->p->jobs; i++)
        if ((r->workers[i].log = sn__process_log()) < 0) return give_up(r, "no file for a log");
    return true;
}

static void close_logs(running *r) {
    for (unsigned i = 0; i < r->p->jobs; i++)
        if (r->workers[i].log > 0) close(r->workers[i].log);
}

/* The first time: no more seeds, and what there is so far. The second time as ever. */
static void on_interrupt(int signo) {
    interrupted = 1;
    signal(signo, SIG_DFL);
}

static void search(running *r) {
    sigset_t child, was;
    struct sigaction a, before;
    memset(&a, 0, sizeof a);
    a.sa_handler = on_interrupt;
    interrupted = 0;
    sigaction(SIGINT, &a, &before);
    sigemptyset(&child);
    sigaddset(&child, SIGCHLD);
    sigprocmask(SIG_BLOCK, &child, &was);
    if (open_logs(r))
        for (unsigned i = 0; i < r->p->jobs; i++)
            if (!start_worker(r, i)) break;
    wait_for_all(r, &child);
    close_logs(r);
    sigprocmask(SIG_SETMASK, &was, NULL);
    sigaction(SIGINT, &before, NULL);
}

static uint64_t batch_size(const pool *p) {
    uint64_t n = (p->seeds.last - p->seeds.first) / (p->jobs * 8u) + 1;
    return n < POOL_BATCH ? n : POOL_BATCH;
}

int sn__pool_run(const pool *p, tally *t, char *why) {
    running *r = calloc(1, sizeof *r);
    board *b = sn__process_share(sizeof *b);
    char *log = malloc(POOL_LOG + 1);
    int rc = 1;
    *t = (tally){.ran = 0};
    snprintf(why, POOL_WHY, "out of memory");
    if (r && b && log) {
        b->last = p->seeds.last;
        b->batch = batch_size(p);
        atomic_store(&b->next, p->seeds.first);
        *r = (running){.p = p, .b = b, .log = log, .why = why, .from = sn__os_now()};
        search(r);
        count(r, t);
        t->interrupted = interrupted != 0;
        rc = r->rc;
    }
    if (b) sn__process_unshare(b, sizeof *b);
    free(log);
    free(r);
    return rc;
}
