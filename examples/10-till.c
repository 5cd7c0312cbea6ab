/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* A till sells, a bank books. The line between them breaks now and then, and so does the bank. Each
 * sale must be booked exactly once, and under some seeds it is not: docs/guide/simulation.md.
 *     build/examples/10-till run examples/10-till.scn --seeds 1..1000 */
#include <sennit/scenario.h>
#include <sennit/sennit.h>

#include <stdlib.h>
#include <string.h>

#define BANK "10.0.0.1:700"

typedef struct sale {
    int32_t number, cents;
} sale;

/* ---- the bank: a server as it would run anywhere ---- */

typedef struct bank {
    sn_mutex lock;
    sale book; /* the last sale's number, and the sum of all: what is in the file */
} bank;

/* It counts when it is on disk: at every instant the old book is there, or the new one. */
static int book(bank *b, const sale *s) {
    sn_lock(&b->lock);
    sale next = {s->number, b->book.cents + s->cents};
    int rc = sn_path_write("book", &next, sizeof next);
    if (rc == 0) b->book = next;
    sn_unlock(&b->lock);
    return rc;
}

typedef struct visit {
    bank *bank;
    sn_conn *conn;
} visit;

static int serve(void *arg) {
    visit *v = arg;
    sale s;
    size_t n;
    while (sn_read_full(v->conn, &s, sizeof s, &n) == 0 && book(v->bank, &s) == 0 &&
           sn_write(v->conn, "k", 1, &n) == 0)
        continue;
    sn_conn_free(v->conn);
    return 0; /* a till that has gone away is no failure of the bank */
}

static int bank_main(void *arg) {
    visit v = {arg, NULL};
    bank b = {.book = {0, 0}};
    sn_listener *l;
    char *text;
    size_t n;
    int rc = sn_path_read("book", sizeof b.book, &text, &n);
    if (rc == 0 && n == sizeof b.book) memcpy(&b.book, text, n);
    free(text);
    v.bank = &b;
    rc = sn_listen(&l, "tcp", BANK);
    if (rc) return rc;
    while ((rc = sn_accept(l, &v.conn)) == 0 && (rc = sn_go(serve, &v, sizeof v)) == 0) continue;
    sn_conn_free(v.conn);
    sn_listener_free(l);
    return rc;
}

/* ---- the till ---- */

static int ask(const sale *s) {
    sn_conn *c = NULL;
    char ok;
    size_t n;
    int rc = sn_dial(&c, "tcp", BANK);
    if (rc == 0) rc = sn_write(c, s, sizeof *s, &n);
    if (rc == 0) rc = sn_read_full(c, &ok, 1, &n);
    sn_conn_free(c);
    return rc;
}

/* Until the bank has said that it is booked. */
static int sell(const sale *s) {
    for (;;) {
        sn_scope patience;
        sn_scope_enter(&patience, sn_now() + SN_SECOND);
        int rc = ask(s), late = sn_scope_leave(&patience);
        if (rc == 0 && late == 0) return 0;
        if ((rc = sn_sleep(SN_SECOND / 10)) != 0) return rc;
    }
}

static int till_main(void *arg) {
    int sales = *(int *)arg, rc = 0;
    for (sale s = {1, 100}; s.number <= sales && rc == 0; s.number++) {
        rc = sell(&s);
        if (rc == 0) rc = sn_sleep(SN_SECOND);
    }
    return rc;
}

/* ---- the test ---- */

static int scenario(void *arg) {
    sn_link line = {.size = sizeof line, .latency = 10 * SN_MILLISECOND};
    sn_host *bank_host, *till_host;
    int sales = (int)sn_param_int("sales", 10), rc = sn_sim_link("*", "*", &line);
    char *text;
    size_t n;
    (void)arg;
    if (rc == 0) rc = sn_host_new(&bank_host, "bank", "10.0.0.1");
    if (rc == 0) rc = sn_host_new(&till_host, "till", "10.0.0.2");
    if (rc == 0) rc = sn_host_start(bank_host, bank_main, NULL, 0);
    if (rc == 0) rc = sn_host_start(till_host, till_main, &sales, sizeof sales);
    if (rc == 0) rc = sn_faults_start();
    if (rc == 0) rc = sn_host_wait(till_host, NULL);
    if (rc == 0) rc = sn_host_get(bank_host, "book", sizeof(sale), &text, &n);
    if (rc) return rc;
    sale *end = (sale *)(void *)text;
    if (end->cents != sales * 100)
        sn_sim_fail("%d sales are %d cents, and %d were booked", sales, sales * 100, end->cents);
    free(text);
    return 0;
}

int main(int argc, char **argv) {
    static const sn_scenario all[] = {{"sales", "a till sells, a bank books", scenario}};
    return sn_scenario_main(argc, argv, all, 1);
}
