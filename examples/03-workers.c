/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* A pool of workers, a select with a time-out: results are taken as they come, and a job that
 * never ends does not hold up the rest. */
#include <sennit/sennit.h>
#include <stdio.h>

enum { WORKERS = 4, JOBS = 40, STUCK = 13 };

typedef struct pool {
    sn_chan *jobs, *results;
} pool;

static int work(void *arg) {
    pool *p = (pool *)arg;
    int job, rc;
    while ((rc = sn_recv(p->jobs, &job)) == 0) {
        rc = sn_sleep(job == STUCK ? SN_NEVER : SN_MILLISECOND);
        if (!rc) rc = sn_send(p->results, &job);
        if (rc) return rc;
    }
    return rc == SN_ECLOSED ? 0 : rc;
}

/** Takes results until none has come for a second. */
static int collect(sn_chan *results) {
    for (int done = 0;; done++) {
        int job;
        int rc = sn_select(sn_now() + SN_SECOND, sn_rx(results, &job, NULL));
        if (rc == SN_ETIMEDOUT) return done;
        if (rc < 0) return rc;
    }
}

static int app(void *arg) {
    (void)arg;
    sn_chan *jobs = sn_chan_new(sizeof(int), JOBS, NULL);
    sn_chan *results = sn_chan_new(sizeof(int), 0, NULL);
    if (!jobs || !results) return SN_ENOMEM;
    sn_scope s;
    sn_scope_enter(&s, SN_NEVER);
    int rc = 0;
    for (int i = 0; i < WORKERS && !rc; i++) rc = SN_GO(work, pool, jobs, results);
    for (int i = 0; i < JOBS && !rc; i++) rc = sn_send(jobs, &i);
    sn_chan_close(jobs);
    int done = rc ? 0 : collect(results);
    sn_scope_cancel(&s, SN_ECANCELED); /* whoever still works, stops at its next wait */
    rc = sn_scope_leave(&s);
    printf("%d of %d jobs done, the rest: %s\n", done, JOBS, sn_strerror(rc));
    sn_chan_free(results);
    sn_chan_free(jobs);
    return rc == SN_ECANCELED ? 0 : rc;
}

SN_MAIN(app)
