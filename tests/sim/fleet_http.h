/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* The devices' HTTP: as little as a device needs, in the memory of a coroutine's stack. Answers
 * have a Content-Length, or no body. */
#ifndef TESTS_SIM_FLEET_HTTP_H
#define TESTS_SIM_FLEET_HTTP_H

#include <sennit/sennit.h>

enum { HTTP_ROOM = 8192 };

struct http {
    sn_conn *conn;
    int closing; /* the server said Connection: close */
    int status;
    uint64_t length; /* of the body */
    uint64_t taken;  /* bytes of it that http_more gave */
    char *body;      /* its first bytes, in `in` */
    size_t body_n;   /* how many are there */
    size_t in_n, out_n;
    char in[HTTP_ROOM], out[2048];
};
/** Dials `to` from `from`. */
int http_open(struct http *h, const char *from, const char *to);
void http_close(struct http *h);
/** Appends to the request that is being made; too much fails the run. */
void http_put(struct http *h, const char *format, ...) __attribute__((format(printf, 2, 3)));
/** Sends the request, and reads the answer's head. */
int http_send(struct http *h);
int http_head(struct http *h);
/** Reads the whole body, which must fit; terminated by a 0. */
int http_body(struct http *h);
/** The next piece of a body of any length: *n is 0 at its end. */
int http_more(struct http *h, const char **piece, size_t *n);

#endif
