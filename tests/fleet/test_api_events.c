/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* The live feed: the first picture, and its end when the server drains. Nothing cuts it off here: a
 * feed that does not see the drain runs into the suite's limit. */
#include "kit.h"

#include <string.h>

static char text[64 << 10];
static size_t length;

static sn_conn *open_feed(void) {
    char request[300];
    sn_conn *c;
    MUST(!sn_dial(&c, "tcp", server_addr(kit.server, APP_OPERATORS)));
    int n = snprintf(request, sizeof request,
                     "GET /api/v1/events HTTP/1.1\r\nHost: test\r\nAuthorization: %s\r\n\r\n",
                     kit.bearer);
    size_t done;
    MUST(!sn_write(c, request, (size_t)n, &done));
    return c;
}

/* Reads until `mark` has come or (NULL) to the end. */
static void read_until(sn_conn *c, const char *mark) {
    while (!mark || !strstr(text, mark)) {
        size_t n;
        MUST(length < sizeof text - 1);
        MUST(!sn_read(c, text + length, sizeof text - 1 - length, &n));
        if (!n) return;
        length += n;
        text[length] = 0;
    }
}

static void feed_ends_when_the_server_drains(void) {
    sn_conn *c = open_feed();
    read_until(c, "event: ready");
    CHECK(strstr(text, "text/event-stream") != NULL);
    CHECK(strstr(text, "event: fleet") != NULL);
    server_stop(kit.server);
    read_until(c, NULL);
    CHECK(length > 5 && !strcmp(text + length - 5, "0\r\n\r\n")); /* whole, not cut off */
    sn_conn_free(c);
}

static int cases(void) {
    CASE(feed_ends_when_the_server_drains);
    return check_done();
}

static void long_drain(struct serve_conf *c) { c->drain_s = 3600; }

int main(void) {
    kit_configure = long_drain;
    return kit_main("api_events", 0, cases);
}
