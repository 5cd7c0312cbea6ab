/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* The client, inside: one connection, one exchange at a time, one buffer. The head of the response
 * stays at the buffer's start while its body passes behind it. */
#ifndef HTTP_CLIENT_H
#define HTTP_CLIENT_H

#include <sennit/http.h>

#include "http/chunked.h"
#include "http/head.h"

#define SN__CLIENT_BUF 4096u
#define SN__CLIENT_BODY 2048u /* least room behind a head */

struct sn_http_response {
    sn_http_client *client;
    sn__head head;
    sn__chunked chunked;
    uint64_t left; /* of a Content-Length */
    char *all;     /* made by sn_http_response_all */
    enum { SN__BODY_NONE, SN__BODY_LENGTH, SN__BODY_CHUNKED, SN__BODY_TO_END } framing;
    uint8_t ended;
};

struct sn_http_client {
    sn_conn *net;
    char *host;
    sn__head_limits lim;
    sn_http_response res;
    sn__field *fields;
    char *buf;
    uint32_t size, base, at, end; /* room; behind the head; unread bytes */
    uint8_t fresh;                /* no request was sent on it yet */
    uint8_t keep;                 /* it can carry another request */
    int broken;                   /* for good */
    const char *reason;
};

/* client_send.c: the request's head and body; 0 or an error. */
int sn__client_send(sn_http_client *c, const sn_http_call *call);

#endif
