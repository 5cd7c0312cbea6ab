/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* store-commit: the fleet server's store, whose writes share transactions, on a disk that may fail,
 * in a process that is killed or loses its power. What was acknowledged is there: at once for who
 * reads, and after each start; what was refused or failed is not. */
#include "hold.h"

#include "log.h"
#include "store.h"

#include <sennit/sennit.h>
#include <sennit/sqlite.h>
#include <stdlib.h>
#include <string.h>

int store_commit(void *arg);

enum { WRITERS = 4, WRITES = 6, BOOTS = 3, ALL = BOOTS * WRITERS * WRITES };
/* What is known of a write; an answer is one of the last three. */
enum { NOT_MADE, UNKNOWN, STORED, REFUSED, FAILED };

static struct book {
    sn_host *host;
    store_config conf;
    store *s;
    int boot, faults, stopped;
    int state[ALL];
    int unanswered; /* submitted ones */
} book;

typedef struct entry {
    int64_t n;
    int result; /* what the operation returns */
    int64_t found;
} entry;

/* ---- operations */

static int make_table(sql *db, void *arg) {
    (void)arg;
    return sql_run(db, "CREATE TABLE IF NOT EXISTS book(n INTEGER PRIMARY KEY, boot INT)", "");
}

static int enter_op(sql *db, void *arg) {
    const entry *e = arg;
    int rc = sql_run(db, "INSERT INTO book VALUES(?, ?)", "ii", e->n, (int64_t)book.boot);
    return rc ? rc : e->result;
}

static int find_op(sql *db, void *arg) {
    entry *e = arg;
    int rc = sql_int(db, &e->found, "SELECT count(*) FROM book WHERE n = ?", "i", e->n);
    return rc < 0 ? rc : 0;
}

/* ---- the process */

/* Is it there as it should be? A failed transaction may yet have left all of it on the disk of a
 * machine that then lost its power: nobody was promised anything. */
static void look_at(store *s, int n, int started) {
    entry e = {.n = n};
    int rc = store_read(s, find_op, &e), state = book.state[n];
    if (rc) {
        HOLD(started || book.faults || book.stopped, "a read at the start: %s",
             fleet_result_name(rc));
        return;
    }
    HOLD(state != STORED || e.found == 1, "write %d was acknowledged and is lost", n);
    HOLD(state != REFUSED || e.found == 0, "write %d was refused and is there", n);
    HOLD(state != NOT_MADE || e.found == 0, "write %d was never made and is there", n);
    HOLD(state != FAILED || !started || e.found == 0, "write %d failed and is there", n);
}

static void answered(const entry *e, int rc) {
    if (rc == e->result)
        book.state[e->n] = rc < 0 ? REFUSED : STORED;
    else
        book.state[e->n] = FAILED;
    HOLD(rc == e->result || rc < 0, "write %lld: %d, not %d", (long long)e->n, rc, e->result);
}

static void submitted_done(void *arg, int rc) {
    answered(arg, rc);
    book.unanswered--;
    free(arg);
}

/* Without waiting for the answer. */
static void submit(const entry *e) {
    entry *copy = malloc(sizeof *copy);
    HOLD(copy, "out of memory");
    *copy = *e;
    book.unanswered++;
    int rc = store_submit(book.s, enter_op, submitted_done, copy);
    if (!rc) return;
    submitted_done(copy, rc);
    HOLD(book.stopped, "a submit: %s", fleet_result_name(rc));
}

static void write_one(int n) {
    static const int results[] = {0, 0, 1, SN_EINVAL};
    entry e = {.n = n, .result = results[sn_sim_draw(4)]};
    book.state[n] = UNKNOWN;
    if (one_in(4)) {
        submit(&e);
        return;
    }
    answered(&e, store_write(book.s, enter_op, &e));
    look_at(book.s, n, 1);
}

static int writer(void *arg) {
    int first = *(int *)arg;
    for (int i = 0; i < WRITES && !sn_canceled(); i++) {
        write_one(first + i);
        if (one_in(2)) (void)!sn_sleep(some_time(2 * SN_MILLISECOND));
    }
    return 0;
}

static void look_at_all(store *s) {
    for (int i = 0; i < ALL; i++) look_at(s, i, 0);
}

static int work(void) {
    sn_scope owners, writers;
    sn_scope_enter(&owners, SN_NEVER);
    int rc = store_start(book.s, &owners);
    sn_scope_enter(&writers, SN_NEVER);
    for (int i = 0; !rc && i < WRITERS; i++) {
        int first = (book.boot * WRITERS + i) * WRITES;
        rc = sn_go(writer, &first, sizeof first);
    }
    (void)!sn_scope_leave(&writers);
    store_stop(book.s);
    HOLD(!book.unanswered, "%d writes were never answered", book.unanswered);
    (void)!sn_scope_leave(&owners);
    return rc;
}

static int process(void *arg) {
    (void)arg;
    fleet_err err = {{0}};
    book.s = NULL;
    int rc = store_open(&book.s, &book.conf, &err);
    if (!rc) rc = store_write(book.s, make_table, NULL);
    if (!rc) look_at_all(book.s);
    if (!rc) rc = work();
    store_close(book.s);
    return rc;
}

/* ---- the test */

/* Each draw is a statement of its own: the order within an expression is the compiler's. */
static void set_disk(int faults) {
    sn_disk d = {.size = sizeof d};
    d.latency = some_time(100 * SN_MICROSECOND);
    d.sync = some_time(2 * SN_MILLISECOND);
    if (faults) {
        d.fail_sync = 10000u << sn_sim_draw(6);
        d.fail_write = 10000;
    }
    OK(sn_host_disk(book.host, &d));
}

static void boot(void) {
    sn_time life = one_in(4) ? SN_NEVER : some_time(40 * SN_MILLISECOND);
    int rc = 0;
    book.stopped = 0;
    OK(sn_host_start(book.host, process, NULL, 0));
    if (life == SN_NEVER) {
        OK(sn_host_wait(book.host, &rc));
        HOLD(!rc || book.faults, "the process ended with %s", fleet_result_name(rc));
        return;
    }
    OK(sn_sleep(life));
    book.stopped = 1;
    sn_host_stop(book.host, one_in(2) ? SN_STOP_POWER : SN_STOP_PROCESS);
}

static int look_again(void *arg) {
    (void)arg;
    OK(store_open(&book.s, &book.conf, NULL));
    OK(store_write(book.s, make_table, NULL));
    look_at_all(book.s);
    store_close(book.s);
    return 0;
}

int store_commit(void *arg) {
    int rc;
    (void)arg;
    memset(&book, 0, sizeof book);
    log_set_level((enum log_level)(LOG_ERROR + 1));
    OK(sn_sqlite_init());
    book.faults = one_in(2);
    book.conf = (store_config){.path = "book.db", .vfs = SN_SQLITE_VFS, .create = 1};
    book.conf.window_us = (uint32_t)sn_sim_draw(3) * 500;
    book.conf.batch_max = 1 + (uint32_t)sn_sim_draw(5);
    OK(sn_host_new(&book.host, "server", "10.0.0.1"));
    for (book.boot = 0; book.boot < BOOTS; book.boot++) {
        set_disk(book.faults);
        boot();
    }
    set_disk(0);
    book.faults = book.stopped = 0;
    OK(sn_host_start(book.host, look_again, NULL, 0));
    OK(sn_host_wait(book.host, &rc));
    OK(rc);
    return 0;
}
