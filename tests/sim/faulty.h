/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* What the server of the scenario "http-faults" promises, and the clients that hold it to that. */
#ifndef TESTS_SIM_FAULTY_H
#define TESTS_SIM_FAULTY_H

#include "hold.h"

#include <sennit/http.h>
#include <sennit/sennit.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MS SN_MILLISECOND
#define SITE_ADDR "10.0.0.1:80"
enum {
    ATTEMPTS = 4096,   /* posts of a run, each with a number of its own */
    FILE_SIZE = 40000, /* of /file */
    EVENTS = 8         /* of an event stream */
};
/* Of the server, so that clients know how long it may take to give them up. */
#define HEAD_TIME (2 * SN_SECOND)
#define BODY_TIME (2 * SN_SECOND)
#define WRITE_TIME (2 * SN_SECOND)
#define IDLE_TIME (5 * SN_SECOND)
#define HANDLER_TIME (4 * SN_SECOND)
#define DRAIN_TIME (3 * SN_SECOND)

/** What the test knows of all its processes. */
typedef struct faulty_world {
    uint32_t next_attempt;
    uint8_t executed[ATTEMPTS]; /* how often the handler got the whole body of each */
    sn_http_server *server;     /* of the process that runs; NULL: none serves */
    uint32_t conn_max;
    int calm;               /* the links have no faults any more */
    uint64_t answers, gone; /* answers that clients got whole; attempts that broke */
} faulty_world;
extern faulty_world faulty;

/** Byte i of the content that belongs to a token. */
static inline char content_at(uint64_t token, uint64_t i) {
    return (char)('a' + (token * 31 + i * 7 + i / 251) % 26);
}
/** A sum of n bytes of it, as the server forms it of a body. */
static inline uint32_t sum_of(uint32_t sum, const char *p, size_t n) {
    for (size_t i = 0; i < n; i++) sum = (sum ^ (unsigned char)p[i]) * 16777619u;
    return sum;
}

/** main of host "server": serves until SIGTERM, then drains. */
int faulty_serve(void *arg);
/** main of a client's host: coroutines that ask until they have asked enough. */
int faulty_clients(void *arg);
/** main of a host that connects, says half a request on each connection, and waits. */
int faulty_silent(void *arg);
/** A raw client that does its worst, once. */
void faulty_attack(void);

int http_faults(void *arg);

#endif
