/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * A node of the replicated server. Its log is records of 16 bytes: a number and what it was mixed
 * to; a record that does not fit its mix was torn or has rotted, and is skipped. What a write or a
 * sync that failed has left is not known, so the node ends then, and reads its log anew when it is
 * started again. A full disk is no reason to end: what does not fit was not acknowledged.
 *
 * One coroutine at a time appends (lock).
 */
#include <sennit/sennit.h>
#include <stdio.h>
#include <string.h>

#include "replica.h"

const char *const replica_names[REPLICA_NODES] = {"node-1", "node-2", "node-3"};

#define PATIENCE SN_SECOND
enum { LINE = 64 };

typedef struct record {
    uint64_t number, mix;
} record;

typedef struct node {
    const replica_conf *conf;
    sn_file *log;
    sn_mutex lock;
    uint64_t end;      /* of the log: where the next record goes */
    int trouble;       /* why it ends */
    sn_scope *process; /* cancelled when it has to end */
    uint8_t has[REPLICA_MAX];
} node;

typedef struct visit {
    node *n;
    sn_conn *c;
} visit;

static uint64_t mix(uint64_t number) { return (number + 1) * 0x9e3779b97f4a7c15u ^ 0x5345u; }

/* ---- the log ---- */

static int read_log(node *n) {
    sn_file_info info;
    int rc = sn_file_stat(n->log, &info);
    for (n->end = 0; rc == 0 && n->end + sizeof(record) <= info.size; n->end += sizeof(record)) {
        record r;
        size_t got;
        rc = sn_file_read(n->log, &r, sizeof r, n->end, &got);
        if (rc == 0 && got == sizeof r && r.number < REPLICA_MAX && r.mix == mix(r.number))
            n->has[r.number] = 1;
    }
    memcpy(n->conf->seen, n->has, sizeof n->has);
    return rc;
}

static int append(node *n, uint64_t number) {
    const record r = {number, mix(number)};
    size_t done;
    int rc = sn_file_write(n->log, &r, sizeof r, n->end, &done);
    if (rc == SN_ENOSPC) return rc; /* the next one writes over what there is of it */
    if (rc == 0) rc = sn_file_sync(n->log);
    if (rc == 0) n->end += sizeof r;
    return rc;
}

/** Keeps a number durably. */
static int keep(node *n, uint64_t number) {
    if (number >= REPLICA_MAX) return SN_EINVAL;
    sn_lock(&n->lock);
    int rc = n->trouble;
    if (rc == 0 && !n->has[number]) rc = append(n, number);
    if (rc == 0) n->has[number] = n->conf->seen[number] = 1;
    if (rc && rc != SN_ENOSPC && rc != SN_ECANCELED && rc != SN_ETIMEDOUT && !n->trouble) {
        n->trouble = rc;
        sn_scope_cancel(n->process, rc);
    }
    sn_unlock(&n->lock);
    return rc;
}

/* ---- serving ---- */

static int say(sn_conn *c, const char *line) {
    size_t done;
    return sn_write(c, line, strlen(line), &done);
}

static int answer_add(const visit *v, uint64_t number) {
    char line[LINE];
    snprintf(line, sizeof line, "ok %u\n", (unsigned)number);
    int rc = v->n->conf->ack_first ? say(v->c, line) : 0;
    if (rc == 0) rc = keep(v->n, number);
    if (rc == SN_ENOSPC) return say(v->c, "full\n");
    return rc || v->n->conf->ack_first ? rc : say(v->c, line);
}

static int answer_all(const visit *v) {
    char text[REPLICA_MAX * 6];
    size_t at = 0;
    for (unsigned i = 0; i < REPLICA_MAX; i++)
        if (v->n->has[i]) at += (size_t)sprintf(text + at, "%u\n", i);
    memcpy(text + at, ".\n", 3);
    return say(v->c, text);
}

/** Lines of a connection. */
typedef struct lines {
    sn_conn *c;
    char buf[512];
    size_t at, n;
} lines;

static int read_line(lines *l, char line[LINE]) {
    for (size_t len = 0; len < LINE; len++) {
        if (l->at == l->n) {
            l->at = 0;
            int rc = sn_read(l->c, l->buf, sizeof l->buf, &l->n);
            if (rc || l->n == 0) return rc ? rc : SN_ECLOSED;
        }
        line[len] = l->buf[l->at++];
        if (line[len] != '\n') continue;
        line[len] = 0;
        return 0;
    }
    return SN_E2BIG;
}

static int serve_one(void *arg) {
    const visit *v = arg;
    lines l = {.c = v->c};
    char line[LINE];
    unsigned number;
    sn_set_read_deadline(v->c, sn_now() + PATIENCE);
    sn_set_write_deadline(v->c, sn_now() + PATIENCE);
    int rc = read_line(&l, line);
    if (rc == 0 && sscanf(line, "add %u", &number) == 1) rc = answer_add(v, number);
    if (rc == 0 && strcmp(line, "all") == 0) rc = answer_all(v);
    sn_conn_free(v->c);
    return 0; /* a visitor's trouble is none of the others' */
}

static int serve(void *arg) {
    node *n = *(node **)arg;
    sn_listener *l;
    int rc = sn_listen(&l, "tcp", "0.0.0.0:" REPLICA_PORT);
    while (rc == 0) {
        visit v = {.n = n};
        rc = sn_accept(l, &v.c);
        if (rc) break;
        rc = sn_go(serve_one, &v, sizeof v);
        if (rc) sn_conn_free(v.c);
    }
    sn_listener_free(l);
    return rc;
}

/* ---- asking the others ---- */

static int ask(const char *addr, const char *line, int (*each)(void *, const char *), void *arg) {
    char got[LINE];
    lines l = {0};
    int rc = sn_dial(&l.c, "tcp", addr);
    if (rc) return rc;
    rc = say(l.c, line);
    while (rc == 0) {
        rc = read_line(&l, got);
        if (rc == 0) rc = each(arg, got);
    }
    sn_conn_free(l.c);
    return rc == SN_ECLOSED ? 0 : rc;
}

int replica_ask(const char *host, const char *line, int (*each)(void *, const char *), void *arg) {
    char addr[LINE];
    sn_scope s;
    snprintf(addr, sizeof addr, "%s:" REPLICA_PORT, host);
    sn_scope_enter(&s, sn_now() + PATIENCE);
    int rc = ask(addr, line, each, arg);
    int left = sn_scope_leave(&s);
    return rc ? rc : left;
}

static int take(void *arg, const char *line) {
    unsigned number;
    if (sscanf(line, "%u", &number) != 1) return 1;
    int rc = keep(arg, number);
    return rc == SN_ENOSPC ? 1 : rc;
}

static int catch_up(void *arg) {
    node *n = *(node **)arg;
    for (;;) {
        int rc = sn_sleep(SN_SECOND);
        if (rc) return rc;
        for (uint32_t i = 0; i < REPLICA_NODES && rc == 0; i++) {
            if (i == n->conf->index) continue;
            int got = replica_ask(replica_names[i], "all\n", take, n);
            if (got < 0) rc = sn_canceled(); /* if it is only the other: next time */
        }
        if (rc) return rc;
    }
}

/* ---- a process ---- */

static int run(node *n) {
    sn_scope s;
    sn_scope_enter(&s, SN_NEVER);
    n->process = &s;
    int rc = sn_go(serve, &n, sizeof n);
    if (rc == 0) rc = sn_go(catch_up, &n, sizeof n);
    if (rc) sn_scope_cancel(&s, rc);
    int left = sn_scope_leave(&s);
    return rc ? rc : left;
}

int replica_node(void *conf) {
    node n = {.conf = conf};
    int rc = sn_file_open(&n.log, "log", SN_F_READ | SN_F_WRITE | SN_F_CREATE);
    if (rc == 0) rc = read_log(&n);
    if (rc == 0) rc = run(&n);
    sn_file_close(n.log);
    return n.trouble ? n.trouble : rc;
}
