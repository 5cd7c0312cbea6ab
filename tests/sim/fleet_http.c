/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* The devices' HTTP: see fleet_http.h. */
#include "fleet_http.h"

#include <sennit/sim.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define PATIENCE (60 * SN_SECOND)

int http_open(struct http *h, const char *from, const char *to) {
    h->closing = 0;
    h->out_n = h->in_n = 0;
    h->body_n = 0;
    h->length = h->taken = 0;
    sn_scope scope;
    sn_scope_enter(&scope, sn_now() + PATIENCE);
    int rc = sn_dial_from(&h->conn, "tcp", to, from);
    int late = sn_scope_leave(&scope);
    return rc ? rc : late && !h->conn ? late : 0;
}

void http_close(struct http *h) {
    sn_conn_free(h->conn);
    h->conn = NULL;
}

void http_put(struct http *h, const char *format, ...) {
    va_list ap;
    va_start(ap, format);
    int n = vsnprintf(h->out + h->out_n, sizeof h->out - h->out_n, format, ap);
    va_end(ap);
    if (n < 0 || h->out_n + (size_t)n >= sizeof h->out)
        sn_sim_fail("a device's request is too long");
    h->out_n += (size_t)n;
}

int http_send(struct http *h) {
    size_t done;
    sn_set_read_deadline(h->conn, sn_now() + PATIENCE);
    sn_set_write_deadline(h->conn, sn_now() + PATIENCE);
    int rc = sn_write(h->conn, h->out, h->out_n, &done);
    h->out_n = 0;
    return rc;
}

/* What was read behind the body of the answer before. */
static void keep_rest(struct http *h) {
    size_t used = h->body_n < h->length - h->taken ? h->body_n : (size_t)(h->length - h->taken);
    size_t rest = h->body_n - used;
    memmove(h->in, h->body + used, rest);
    h->in_n = rest;
    h->body_n = 0;
}

static const char *header(const char *head, const char *name) {
    size_t n = strlen(name);
    for (const char *line = strstr(head, "\r\n"); line; line = strstr(line + 2, "\r\n"))
        if (!strncasecmp(line + 2, name, n) && line[2 + n] == ':') return line + 3 + n;
    return NULL;
}

static void read_head(struct http *h, char *end) {
    *end = 0;
    h->status = !strncmp(h->in, "HTTP/1.1 ", 9) ? atoi(h->in + 9) : 0;
    const char *length = header(h->in, "Content-Length"), *conn = header(h->in, "Connection");
    if (!h->status || header(h->in, "Transfer-Encoding"))
        sn_sim_fail("an answer that a device cannot read: %.200s", h->in);
    h->closing = conn && strstr(conn, "close");
    h->length = length ? strtoull(length, NULL, 10) : 0;
    h->taken = 0;
    h->body = end + 4;
    h->body_n = (size_t)(h->in + h->in_n - h->body);
}

static int fill(struct http *h, char *at, size_t room, size_t *n) {
    int rc = sn_read(h->conn, at, room, n);
    return rc ? rc : *n ? 0 : SN_EPROTO;
}

int http_head(struct http *h) {
    if (h->body_n) keep_rest(h);
    for (;;) {
        size_t n;
        h->in[h->in_n] = 0;
        char *end = strstr(h->in, "\r\n\r\n");
        if (end) return read_head(h, end), 0;
        if (h->in_n >= sizeof h->in - 1) sn_sim_fail("an answer's head of %zu bytes", h->in_n);
        int rc = fill(h, h->in + h->in_n, sizeof h->in - 1 - h->in_n, &n);
        if (rc) return rc;
        h->in_n += n;
    }
}

int http_body(struct http *h) {
    size_t room = (size_t)(h->in + sizeof h->in - 1 - h->body);
    if (h->length > room)
        sn_sim_fail("an answer's body of %llu bytes", (unsigned long long)h->length);
    while (h->body_n < h->length) {
        size_t n;
        int rc = fill(h, h->body + h->body_n, room - h->body_n, &n);
        if (rc) return rc;
        h->body_n += n;
    }
    h->body[h->length] = 0; /* a device never asks before it was answered: nothing is behind */
    h->body_n = 0;
    h->in_n = 0;
    return 0;
}

int http_more(struct http *h, const char **piece, size_t *n) {
    *n = 0;
    if (h->taken == h->length) return 0;
    if (!h->body_n) {
        h->body = h->in;
        int rc = fill(h, h->in, sizeof h->in - 1, &h->body_n);
        if (rc) return rc;
    }
    if (h->body_n > h->length - h->taken) sn_sim_fail("more bytes than Content-Length said");
    *piece = h->body;
    *n = h->body_n;
    h->taken += h->body_n;
    h->body_n = 0;
    h->in_n = 0;
    return 0;
}
