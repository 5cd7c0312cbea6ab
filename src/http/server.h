/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* The server, inside. `lock` guards the lists and every connection's place in them; it is taken
 * by nobody who holds another lock of this library. */
#ifndef HTTP_SERVER_H
#define HTTP_SERVER_H

#include "http/conn.h"

typedef struct sn__serving {
    struct sn__serving *next;
    sn_listener *listener;
} sn__serving;

struct sn_http_server {
    sn_http_conf conf;
    sn_http_handler handler;
    sn_mutex lock;
    sn_cond changed; /* a place was given back, a shutdown is done */
    sn__serving *serving;
    sn__conn *conns, *oldest;
    uint32_t places;             /* taken by connections */
    uint32_t waiters, shutdowns; /* who waits for `changed`; calls under way */
    _Atomic int draining;
    _Atomic int wanted; /* the next connection to become idle shall end; set under the lock */
    uint64_t accepted, evicted;
    sn__counters ended; /* of connections that are gone */
};

/* Links a connection; SN_ECLOSED when the server drains. */
int sn__server_enter(sn_http_server *s, sn__conn *c);
/* Shall a connection that has just become idle end, to make room for another? */
int sn__server_wants_place(sn_http_server *s);
void sn__server_leave(sn_http_server *s, sn__conn *c);

#endif
