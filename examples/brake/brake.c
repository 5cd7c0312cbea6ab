/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "brake.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <sennit/chan.h>
#include <sennit/file.h>
#include <sennit/go.h>
#include <sennit/time.h>

enum { HARD = 80, LINE_MAX_ = 64, QUEUE = 64 };
#define HELD (20 * SN_MILLISECOND)
#define HEARTBEAT (100 * SN_MILLISECOND)

enum signal { ALIVE, ON, OFF };
static const char *const signals[] = {"alive\n", "brake on\n", "brake off\n"};

typedef struct brake {
    const brake_conf *conf;
    sn_conn *c;
    sn_chan pedal, out, done; /* int; enum signal; enum signal */
    sn_file *log;
    uint64_t log_size;
} brake;

/* ---- reader ---- */

static int take_line(brake *b, const char *line) {
    int percent;
    if (sscanf(line, "pedal %d", &percent) != 1) return 0; /* another's event */
    return sn_send(&b->pedal, &percent);
}

static int reader(void *arg) {
    brake *b = *(brake **)arg;
    char line[LINE_MAX_], buf[256];
    size_t at = 0, n;
    for (;;) {
        int rc = sn_read(b->c, buf, sizeof buf, &n);
        if (rc || n == 0) return rc ? rc : SN_ECLOSED;
        for (size_t i = 0; i < n; i++) {
            if (buf[i] != '\n') {
                if (at + 1 < sizeof line) line[at++] = buf[i];
                continue;
            }
            line[at] = 0;
            at = 0;
            rc = take_line(b, line);
            if (rc) return rc;
        }
    }
}

/* ---- control ---- */

static int signal_out(brake *b, enum signal s) { return sn_send(&b->out, &s); }

/** The brake is on while the pedal is hard, once it has been so for HELD. */
static int control(void *arg) {
    brake *b = *(brake **)arg;
    sn_time held = SN_NEVER; /* when the brake goes on, if nothing comes before */
    int on = 0, percent, rc;
    for (;;) {
        rc = sn_select(held, sn_rx(&b->pedal, &percent, NULL));
        if (rc == SN_ETIMEDOUT && held != SN_NEVER && !sn_canceled()) {
            held = SN_NEVER;
            on = 1;
            rc = signal_out(b, ON);
        } else if (rc == 0 && percent >= HARD) {
            if (!on && held == SN_NEVER) held = sn_now() + HELD;
        } else if (rc == 0) {
            held = SN_NEVER;
            if (on) rc = signal_out(b, OFF);
            on = 0;
        }
        if (rc) return rc;
    }
}

static int heartbeat(void *arg) {
    brake *b = *(brake **)arg;
    sn_ticker t;
    sn_ticker_init(&t, HEARTBEAT);
    for (;;) {
        int rc = sn_tick(&t, NULL);
        if (rc == 0) rc = signal_out(b, ALIVE);
        if (rc) return rc;
    }
}

/* ---- writer and recorder ---- */

static int record(brake *b, enum signal s) {
    size_t n;
    if (!b->log || s == ALIVE) return 0;
    int rc = sn_file_write(b->log, signals[s], strlen(signals[s]), b->log_size, &n);
    b->log_size += n;
    return rc ? rc : sn_file_sync(b->log);
}

static int writer(void *arg) {
    brake *b = *(brake **)arg;
    for (;;) {
        enum signal s;
        size_t n;
        int rc = sn_recv(&b->out, &s);
        if (rc == 0 && b->conf->record_first) rc = record(b, s);
        if (rc == 0) rc = sn_write(b->c, signals[s], strlen(signals[s]), &n);
        if (rc == 0 && !b->conf->record_first) rc = sn_send(&b->done, &s);
        if (rc) return rc;
    }
}

static int recorder(void *arg) {
    brake *b = *(brake **)arg;
    for (;;) {
        enum signal s;
        int rc = sn_recv(&b->done, &s);
        if (rc == 0) rc = record(b, s);
        if (rc) return rc;
    }
}

/* ---- a connection ---- */

static int go_all(brake *b) {
    static const sn_fn parts[] = {reader, control, heartbeat, writer, recorder};
    int rc = 0;
    for (size_t i = 0; i < sizeof parts / sizeof *parts && rc == 0; i++) {
        rc = sn_go(parts[i], &b, sizeof b);
    }
    return rc;
}

static int serve_one(brake *b) {
    sn_scope s;
    sn_scope_enter(&s, SN_NEVER);
    int rc = go_all(b);
    if (rc) sn_scope_cancel(&s, rc);
    int ended = sn_scope_leave(&s); /* with the first of them that ends */
    sn_chan_free(&b->pedal);
    sn_chan_free(&b->out);
    sn_chan_free(&b->done);
    return rc ? rc : ended;
}

static int make_queues(brake *b) {
    if (sn_chan_init(&b->pedal, sizeof(int), QUEUE, NULL, NULL)) return SN_ENOMEM;
    if (sn_chan_init(&b->out, sizeof(enum signal), QUEUE, NULL, NULL)) {
        sn_chan_free(&b->pedal);
        return SN_ENOMEM;
    }
    if (sn_chan_init(&b->done, sizeof(enum signal), QUEUE, NULL, NULL)) {
        sn_chan_free(&b->pedal);
        sn_chan_free(&b->out);
        return SN_ENOMEM;
    }
    return 0;
}

static int open_log(const brake_conf *conf, brake *b) {
    sn_file_info info;
    if (!conf->record) return 0;
    int rc = sn_file_open(&b->log, conf->record, SN_F_READ | SN_F_WRITE | SN_F_CREATE);
    if (rc == 0) rc = sn_file_stat(b->log, &info);
    if (rc == 0) b->log_size = info.size;
    return rc;
}

int brake_serve(sn_listener *l, const brake_conf *conf) {
    brake b = {.conf = conf};
    int rc = open_log(conf, &b);
    while (rc == 0) {
        rc = sn_accept(l, &b.c);
        if (rc) break;
        rc = make_queues(&b);
        if (rc == 0 && serve_one(&b) == SN_ENOMEM) rc = SN_ENOMEM; /* else it only went away */
        sn_conn_free(b.c);
        rc = rc ? rc : sn_canceled();
    }
    sn_file_close(b.log);
    sn_listener_free(l);
    return rc;
}
