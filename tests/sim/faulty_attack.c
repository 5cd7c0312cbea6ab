/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Clients of the scenario "http-faults" that no server wants: half requests, a byte now and then,
 * nonsense, answers that nobody reads. Each is sent away in a time that can be told. */
#include "faulty.h"

/* Longest that the server may keep one of them: it waits for a place behind others that do their
 * worst too, says its own, and gets none of its answer away. */
#define PATIENCE (120 * SN_SECOND)

static const char *const texts[] = {
    "GET /get?token=1&n=100000&pause=0 HTTP/1.1\r\nHost: a\r\n\r\n",
    "GET /get?token=2&n=10 HTTP/1.1\r\nHost: a\r\n\r\nGET /file HTTP/1.1\r\nHost: a\r\n\r\n"
    "GET /get?token=3&n=2000&pause=50 HTTP/1.1\r\nHost: a\r\n\r\n",
    "POST /post?attempt=99999&sum=0 HTTP/1.1\r\nHost: a\r\nContent-Length: 5000\r\n\r\nabc",
    "POST /post?attempt=99999&sum=0 HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"
    "5\r\nabcde\r\nzz\r\n",
    "GET /events?pause=900 HTTP/1.1\r\nHost: a\r\n\r\n",
    "GET / HTTP/9.9\r\n\r\n",
    "\x16\x03\x01\x02\x05",
    "POST /post?attempt=99999&sum=0 HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\n"
    "Content-Length: 9\r\n\r\n",
};
enum { TEXTS = sizeof texts / sizeof *texts };

static int say(sn_conn *c, const char *text, size_t n) {
    size_t done;
    sn_set_write_deadline(c, sn_now() + PATIENCE);
    return sn_write(c, text, n, &done);
}

/* One byte now and then, for as long as the server lets us. */
static int trickle(sn_conn *c, const char *text, size_t n) {
    sn_time begin = sn_now();
    for (size_t i = 0; i < n; i++) {
        int rc = say(c, text + i, 1);
        if (rc == 0) rc = sn_sleep(some_time(3 * SN_SECOND));
        if (rc) return rc;
        if (sn_now() - begin > PATIENCE) return 0;
    }
    return 0;
}

/* Reads, perhaps slowly, until the server ends the connection, which it must. */
static void until_sent_away(sn_conn *c, int slowly) {
    char buf[600];
    size_t n = 1;
    sn_time begin = sn_now();
    int rc = 0;
    sn_set_read_deadline(c, begin + 2 * PATIENCE);
    while (rc == 0 && n) {
        rc = sn_read(c, buf, sizeof buf, &n);
        if (rc == 0 && slowly) rc = sn_sleep(some_time(SN_SECOND / 4));
    }
    HOLD(!faulty.calm || sn_now() - begin <= PATIENCE || slowly,
         "the server kept a useless connection for %lld s",
         (long long)((sn_now() - begin) / SN_SECOND));
}

void faulty_attack(void) {
    const char *text = texts[sn_sim_draw(TEXTS)];
    size_t n = strlen(text);
    sn_conn *c;
    if (sn_dial(&c, "tcp", SITE_ADDR)) return;
    if (one_in(3)) n = (size_t)sn_sim_draw(n + 1);
    int rc = one_in(3) ? trickle(c, text, n) : say(c, text, n);
    if (rc == 0 && one_in(4)) rc = sn_shutdown_write(c);
    if (rc == 0 && one_in(4)) rc = sn_sleep(some_time(10 * SN_SECOND));
    if (rc == 0 && !one_in(4)) until_sent_away(c, one_in(3));
    sn_conn_free(c);
}

enum { SILENT = 5 };

int faulty_silent(void *arg) {
    sn_conn *c[SILENT] = {NULL};
    int rc = 0;
    (void)arg;
    for (int i = 0; i < SILENT && rc == 0; i++) {
        const char *text = texts[sn_sim_draw(TEXTS)];
        rc = sn_dial(&c[i], "tcp", SITE_ADDR);
        size_t n = one_in(4) ? 0 : one_in(3) ? strlen(text) : (size_t)sn_sim_draw(strlen(text));
        if (rc == 0) rc = say(c[i], text, n);
    }
    if (rc == 0) rc = sn_recv(NULL, NULL);
    for (int i = 0; i < SILENT; i++) sn_conn_free(c[i]);
    return rc;
}
