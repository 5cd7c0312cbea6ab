/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Group commit. One transaction a batch, one savepoint an operation:
 *
 *   gather -> BEGIN -> (SAVEPOINT op RELEASE | ROLLBACK TO)* -> COMMIT -> answer all
 *
 * The transaction runs under sn_blocking, away from the Ps: nobody else's coroutine waits for
 * the disk. While one batch is being committed the next gathers by itself in the queue. */
#include <stdlib.h>

#include "log.h"
#include "store_impl.h"

/* The engine rolls everything back by itself after some errors (disk full, out of memory). */
static int in_transaction(const sql *c) { return !sqlite3_get_autocommit(c->h); }

static int run_op(sql *c, store_request *r) {
    int rc = sql_run(c, "SAVEPOINT op", "");
    if (rc) return rc;
    r->result = r->op(c, r->arg);
    if (!in_transaction(c)) return r->result < 0 ? r->result : SN_EIO;
    if (r->result < 0) rc = sql_run(c, "ROLLBACK TO op", "");
    if (!rc) rc = sql_run(c, "RELEASE op", "");
    return rc;
}

static int run_all(sql *c, store_request **batch, uint32_t n) {
    int rc = sql_run(c, "BEGIN IMMEDIATE", "");
    for (uint32_t i = 0; i < n && !rc; i++) rc = run_op(c, batch[i]);
    if (!rc) rc = sql_run(c, "COMMIT", "");
    if (!rc) return 0;
    if (in_transaction(c) && sql_run(c, "ROLLBACK", ""))
        log_event(LOG_ERROR, "store.rollback", log_s("sqlite", sqlite3_errmsg(c->h)));
    return rc;
}

struct batch_args {
    store *s;
    store_request **batch;
    uint32_t n;
};

static int transaction(void *arg) {
    struct batch_args *a = arg;
    return run_all(&a->s->writer, a->batch, a->n);
}

static void count(store *s, uint32_t n, int rc, sn_time took) {
    uint64_t ns = (uint64_t)took;
    atomic_fetch_add_explicit(&s->commits, 1, memory_order_relaxed);
    atomic_fetch_add_explicit(&s->ops, n, memory_order_relaxed);
    atomic_fetch_add_explicit(&s->commit_ns_sum, ns, memory_order_relaxed);
    if (ns > atomic_load_explicit(&s->commit_ns_max, memory_order_relaxed))
        atomic_store_explicit(&s->commit_ns_max, ns, memory_order_relaxed);
    if (!rc) return;
    atomic_fetch_add_explicit(&s->failed, 1, memory_order_relaxed);
    log_event(LOG_ERROR, "store.commit_failed", log_e(rc), log_i("operations", n),
              log_i("sqlite", s->writer.failed));
}

/* The last touch of a request is the post (or the free): its owner may be gone after it. */
static void answer(store_request *r, int failed) {
    if (failed) r->result = failed;
    if (r->done) r->done(r->arg, r->result);
    if (r->waits)
        sn_sem_post(&r->answered);
    else
        free(r);
}

void store_run_batch(store *s, store_request **batch, uint32_t n) {
    struct batch_args args = {s, batch, n};
    sn_time begun = sn_now();
    int rc = s->started ? sn_blocking(transaction, &args) : transaction(&args);
    count(s, n, rc, sn_now() - begun);
    for (uint32_t i = 0; i < n; i++) {
        if (s->started) {
            answer(batch[i], rc);
        } else {
            if (rc) batch[i]->result = rc;
            if (batch[i]->done) batch[i]->done(batch[i]->arg, batch[i]->result);
        }
    }
}

/* Takes what is there, and waits for company until the window is over. Returns how many. */
static uint32_t gather(store *s) {
    if (sn_recv(s->writes, &s->batch[0])) return 0;
    uint32_t n = 1;
    sn_time until = s->window ? sn_now() + s->window : 0;
    while (n < s->batch_max) {
        int err = 0;
        sn_case next = sn_rx(s->writes, &s->batch[n], &err);
        if (sn_selectv(&next, 1, until) < 0 || err) break;
        n++;
    }
    return n;
}

int store_writer(void *arg) {
    store *s = arg;
    sn_shield(1); /* ends when the queue is closed and drained, not when somebody cancels */
    for (uint32_t n = gather(s); n; n = gather(s)) store_run_batch(s, s->batch, n);
    sn_wg_done(&s->running);
    return 0;
}

void store_run_read(store *s, sql *c, store_request *r) {
    int rc = sql_run(c, "BEGIN", "");
    r->result = rc ? rc : r->op(c, r->arg);
    if (in_transaction(c) && sql_run(c, "COMMIT", ""))
        log_event(LOG_ERROR, "store.read", log_s("sqlite", sqlite3_errmsg(c->h)));
    atomic_fetch_add_explicit(&s->reads_done, 1, memory_order_relaxed);
}

int store_reader(void *arg) {
    struct store_reader_slot *slot = arg;
    store_request *r;
    sn_shield(1);
    while (sn_recv(slot->s->reads, &r) == 0) {
        store_run_read(slot->s, &slot->db, r);
        sn_sem_post(&r->answered);
    }
    sn_wg_done(&slot->s->running);
    return 0;
}
