/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Requests on their way out: judged as strictly as the server judges them on their way in. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "http/chars.h"
#include "http/client.h"

#define BODY_PIECE 16384u

static int token(const char *s) {
    size_t n = 0;
    while (sn__is(s[n], SN__C_TOKEN)) n++;
    return n && s[n] == 0;
}

static int target_ok(const char *s) {
    if (*s != '/' && strcmp(s, "*")) return 0;
    for (; *s; s++)
        if (*s <= ' ' || *s == 0x7f || *s == '#') return 0;
    return 1;
}

static int value_ok(const char *s) {
    while (sn__is(*s, SN__C_VALUE)) s++;
    return *s == 0;
}

static int header_ok(const sn_http_pair *h) {
    static const char *const ours[] = {"host", "content-length", "transfer-encoding"};
    if (!token(h->name) || !value_ok(h->value)) return 0;
    for (size_t i = 0; i < sizeof ours / sizeof *ours; i++)
        if (sn__same(h->name, strlen(h->name), ours[i], strlen(ours[i]))) return 0;
    return 1;
}

static int call_ok(const sn_http_client *c, const sn_http_call *call) {
    const char *host = call->host ? call->host : c->host;
    if (call->size != sizeof *call || !call->target || !target_ok(call->target)) return 0;
    if ((call->method && !token(call->method)) || !sn__host_ok(host, strlen(host))) return 0;
    if (call->body && call->body_read) return 0;
    for (size_t i = 0; i < call->header_count; i++)
        if (!header_ok(&call->headers[i])) return 0;
    return 1;
}

/* The framing headers, "" for a request without a body. */
static void framing(const sn_http_call *call, char out[64]) {
    const char *m = call->method ? call->method : "GET";
    int wants = !strcmp(m, "POST") || !strcmp(m, "PUT") || !strcmp(m, "PATCH");
    out[0] = 0;
    if (call->body_read && call->body_length < 0)
        snprintf(out, 64, "Transfer-Encoding: chunked\r\n");
    else if (call->body_read)
        snprintf(out, 64, "Content-Length: %lld\r\n", (long long)call->body_length);
    else if (call->body || wants)
        snprintf(out, 64, "Content-Length: %zu\r\n", call->body ? call->body_len : 0);
}

static char *put(char *p, const char *s) {
    size_t n = strlen(s);
    memcpy(p, s, n);
    return p + n;
}

/* The head as malloc'ed text. */
static char *head_text(const sn_http_client *c, const sn_http_call *call, size_t *n) {
    const char *host = call->host ? call->host : c->host;
    const char *method = call->method ? call->method : "GET";
    char frame[64];
    framing(call, frame);
    size_t size = strlen(method) + strlen(call->target) + strlen(host) + strlen(frame) + 64;
    for (size_t i = 0; i < call->header_count; i++)
        size += strlen(call->headers[i].name) + strlen(call->headers[i].value) + 4;
    char *text = malloc(size), *p = text;
    if (!text) return NULL;
    p = put(put(put(p, method), " "), call->target);
    p = put(put(put(p, " HTTP/1.1\r\nHost: "), host), "\r\n");
    for (size_t i = 0; i < call->header_count; i++) {
        p = put(put(p, call->headers[i].name), ": ");
        p = put(put(p, call->headers[i].value), "\r\n");
    }
    p = put(put(p, frame), "\r\n");
    *n = (size_t)(p - text);
    return text;
}

static int send_piece(sn_http_client *c, const char *buf, size_t n, int chunked) {
    char size[24];
    size_t done;
    if (!chunked) return sn_write(c->net, buf, n, &done);
    snprintf(size, sizeof size, "%zx\r\n", n);
    sn_iov iov[] = {{size, strlen(size)}, {buf, n}, {"\r\n", 2}};
    return sn_writev(c->net, iov, 3, &done);
}

/* Passes on what the source gives, to its end or to the length it promised. */
static int send_source(sn_http_client *c, const sn_http_call *call) {
    char *buf = malloc(BODY_PIECE);
    int chunked = call->body_length < 0, rc = buf ? 0 : SN_ENOMEM;
    uint64_t left = chunked ? UINT64_MAX : (uint64_t)call->body_length;
    while (rc == 0 && left) {
        size_t n = left < BODY_PIECE ? (size_t)left : BODY_PIECE, done = 0;
        rc = call->body_read(call->body_arg, buf, n, &done);
        if (rc || done == 0) break;
        left -= done;
        rc = send_piece(c, buf, done, chunked);
    }
    free(buf);
    if (rc || !chunked) return rc || left == 0 ? rc : SN_EPROTO;
    size_t done;
    return sn_write(c->net, "0\r\n\r\n", 5, &done);
}

int sn__client_send(sn_http_client *c, const sn_http_call *call) {
    size_t n, done;
    if (!call_ok(c, call)) return SN_EINVAL;
    char *text = head_text(c, call, &n);
    if (!text) return SN_ENOMEM;
    sn_iov iov[] = {{text, n}, {call->body, call->body ? call->body_len : 0}};
    int rc = sn_writev(c->net, iov, iov[1].len ? 2 : 1, &done);
    free(text);
    return rc == 0 && call->body_read ? send_source(c, call) : rc;
}
