/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* libpq against a server of a few lines that knows one query. Its calls block in poll(), on one P:
 * the server can only answer since the P is handed over. */
#include "calling.h"

#include <libpq-fe.h>

static void put32(unsigned char *p, uint32_t v) {
    for (int i = 0; i < 4; i++) p[i] = (unsigned char)(v >> (24 - 8 * i));
}

/* A message: its letter, its length with itself, its body. */
static int tell(sn_conn *c, char letter, const void *body, uint32_t n) {
    unsigned char head[5] = {(unsigned char)letter};
    size_t done;
    put32(head + 1, n + 4);
    int err = sn_write(c, head, sizeof head, &done);
    return err || n == 0 ? err : sn_write(c, body, n, &done);
}

static int hear(sn_conn *c, char *letter, char *body, uint32_t room) {
    unsigned char head[5] = {0};
    size_t done, at = letter ? 0 : 1;
    int err = sn_read_full(c, head + at, sizeof head - at, &done);
    if (err) return err;
    uint32_t n =
        (uint32_t)head[1] << 24 | (uint32_t)head[2] << 16 | (uint32_t)head[3] << 8 | head[4];
    if (letter) *letter = (char)head[0];
    if (n < 4 || n - 4 > room) return SN_EBADMSG;
    return n == 4 ? 0 : sn_read_full(c, body, n - 4, &done);
}

static int answer_query(sn_conn *c) {
    static const unsigned char columns[] = {0, 1, 'n', 0, 0, 0,    0,    0,    0,    0, 0,
                                            0, 0, 23,  0, 4, 0xff, 0xff, 0xff, 0xff, 0, 0};
    static const unsigned char row[] = {0, 1, 0, 0, 0, 2, '4', '2'};
    int err = tell(c, 'T', columns, sizeof columns);
    if (!err) err = tell(c, 'D', row, sizeof row);
    if (!err) err = tell(c, 'C', "SELECT 1", 9);
    return err ? err : tell(c, 'Z', "I", 1);
}

static int serve_one(void *arg) {
    sn_conn *c = *(sn_conn **)arg;
    char body[1000], letter = 'Q';
    static const unsigned char ok[4] = {0};
    int err = hear(c, NULL, body, sizeof body); /* the start has no letter */
    if (!err) err = tell(c, 'R', ok, sizeof ok);
    if (!err) err = tell(c, 'Z', "I", 1);
    while (!err && (err = hear(c, &letter, body, sizeof body)) == 0 && letter == 'Q')
        err = answer_query(c);
    CHECK(err == 0 && letter == 'X');
    sn_conn_free(c);
    return 0;
}

enum { CLIENTS = 4 };
static int serve(void *arg) {
    sn_listener *l = arg;
    for (int i = 0; i < CLIENTS; i++) {
        sn_conn *c;
        MUST(sn_accept(l, &c) == 0);
        MUST(sn_go(serve_one, &c, sizeof c) == 0);
    }
    return 0;
}

/* Each has a connection of its own and parks only between calls. */
static int queries(void *arg) {
    PGconn *pg = PQconnectdb(arg);
    CHECK_INT(PQstatus(pg), CONNECTION_OK);
    for (int i = 0; i < 3 && PQstatus(pg) == CONNECTION_OK; i++) {
        CHECK_INT(sn_yield(), 0);
        PGresult *r = PQexec(pg, "SELECT 42 AS n");
        CHECK_INT(sn_yield(), 0);
        CHECK_INT(PQresultStatus(r), PGRES_TUPLES_OK);
        CHECK(PQntuples(r) == 1 && strcmp(PQgetvalue(r, 0, 0), "42") == 0);
        PQclear(r);
    }
    PQfinish(pg);
    return 0;
}

CALLING_CASE(queries_that_block_stop_nobody_else) {
    sn_listener *l;
    sn_scope s;
    char addr[64], info[160];
    MUST(sn_listen(&l, "tcp", "127.0.0.1:0") == 0);
    MUST(sn_listener_addr(l, addr, sizeof addr) == 0);
    snprintf(info, sizeof info,
             "hostaddr=127.0.0.1 port=%s user=u dbname=d sslmode=disable gssencmode=disable",
             strrchr(addr, ':') + 1);
    sn_scope_enter(&s, SN_NEVER);
    MUST(sn_go(serve, l, 0) == 0);
    crowd(CLIENTS, queries, info);
    CHECK_INT(sn_scope_leave(&s), 0);
    sn_listener_free(l);
}

int main(void) {
    CASE(queries_that_block_stop_nobody_else);
    return check_done();
}
