/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Streams that are written and read while their deadlines move, their scope is cancelled, either
 * end is closed or both hosts' link resets them. Whatever happens, what is read is the beginning of
 * what was written, and everybody comes back. */
#include "net_kit.h"

/* A stream from "a" to "b"; each side has a meddler of its own. */
typedef struct stream {
    sn_conn *a, *b;
    size_t size, written, read;
    int orderly; /* the writer has ended the stream itself */
} stream;

enum { STREAMS = 8 };
static stream streams[STREAMS];
static unsigned complete, cut_short;

static int is_expected(int err) {
    return err == SN_ECANCELED || err == SN_ECLOSED || err == SN_ECONNRESET;
}

static unsigned char byte_at(size_t i) { return (unsigned char)(i * 2654435761u >> 9); }

static int writes(void *arg) {
    stream *p = arg;
    unsigned char buf[3000];
    int err = 0;
    for (size_t at = 0, done; at < p->size && (!err || err == SN_ETIMEDOUT); at += done) {
        size_t n = 1 + sn_sim_draw(sizeof buf);
        if (n > p->size - at) n = p->size - at;
        for (size_t i = 0; i < n; i++) buf[i] = byte_at(at + i);
        p->written = at + n; /* at most */
        err = sn_write(p->a, buf, n, &done);
        CHECK(done <= n && (err || done == n));
        if (err == SN_ETIMEDOUT && sn_sleep(50 * US)) err = SN_ECANCELED;
    }
    if (!err && !(err = sn_shutdown_write(p->a))) p->orderly = 1;
    CHECK(!err || is_expected(err));
    return 0;
}

static int reads(void *arg) {
    stream *p = arg;
    unsigned char buf[2500];
    size_t done = 1;
    int err = 0, wrong = 0;
    while (done || err == SN_ETIMEDOUT) {
        err = sn_read(p->b, buf, 1 + sn_sim_draw(sizeof buf), &done);
        if (err == SN_ETIMEDOUT && sn_sleep(50 * US)) err = SN_ECANCELED;
        if (err && err != SN_ETIMEDOUT) break;
        CHECK(p->read + done <= p->written);
        for (size_t i = 0; i < done; i++) wrong += buf[i] != byte_at(p->read + i);
        p->read += done;
    }
    CHECK_INT(wrong, 0);
    CHECK(!err || is_expected(err));
    if (!err && p->orderly) CHECK_INT(p->read, p->size);
    complete += p->read == p->size;
    cut_short += p->read != p->size;
    return 0;
}

static void moves_deadlines(sn_conn *c, void (*set)(sn_conn *c, sn_time until)) {
    for (uint64_t i = sn_sim_draw(20); i > 0; i--) {
        set(c, sn_now() + (sn_time)sn_sim_draw(300) * US);
        if (sn_sim_draw(4) == 0) MUST(sn_sleep((sn_time)sn_sim_draw(2000) * US) == 0);
    }
    set(c, SN_NEVER);
}

static void meddles(sn_conn *c, sn_scope *s, void (*set)(sn_conn *c, sn_time until)) {
    uint32_t was = sn_shield(1);
    moves_deadlines(c, set);
    switch (sn_sim_draw(9)) {
    case 0:
        sn_close(c);
        break;
    case 1:
        sn_scope_cancel(s, SN_ECANCELED);
        break;
    case 2:
        (void)sn_sim_reset("a", "b");
        break;
    default: /* may come to its own end */
        break;
    }
    sn_shield(was);
}

/* Runs one side of stream i with its meddler, to its end. */
static void side(sn_conn *c, sn_fn f, int i, void (*set)(sn_conn *c, sn_time until)) {
    sn_scope s;
    sn_scope_enter(&s, SN_NEVER);
    MUST(sn_go(f, &streams[i], 0) == 0);
    meddles(c, &s, set);
    int err = sn_scope_leave(&s);
    CHECK(err == 0 || err == SN_ECANCELED);
    sn_conn_free(c);
}

/* The first byte of a stream says which it is: a reset may have taken one before. */
static int accepts(void *arg) {
    sn_listener *l;
    sn_conn *c;
    unsigned char i;
    size_t n;
    (void)arg;
    MUST(sn_listen(&l, "tcp", "0.0.0.0:9") == 0);
    while (sn_accept(l, &c) == 0) {
        if (sn_read_full(c, &i, 1, &n)) {
            sn_conn_free(c);
            continue;
        }
        streams[i].b = c;
        side(c, reads, i, sn_set_read_deadline);
    }
    sn_listener_free(l);
    return 0;
}

static int dials(void *arg) {
    (void)arg;
    for (unsigned char i = 0; i < STREAMS; i++) {
        size_t n;
        streams[i] = (stream){.size = (size_t)sn_sim_draw(300000)};
        MUST(sn_dial(&streams[i].a, "tcp", "10.0.0.2:9") == 0);
        if (sn_write(streams[i].a, &i, 1, &n))
            sn_conn_free(streams[i].a);
        else
            side(streams[i].a, writes, i, sn_set_write_deadline);
    }
    return 0;
}

static int test(void *arg) {
    sn_host *a = kit_host("a", "10.0.0.1"), *b = kit_host("b", "10.0.0.2");
    (void)arg;
    kit_start(b, accepts);
    MUST(sn_sim_settle() == 0);
    if (sn_sim_draw(2)) kit_link("*", "*", (sn_link){.latency = 100 * US, .jitter = 100 * US});
    kit_run(a, dials);
    MUST(sn_sleep(10 * SN_SECOND) == 0);
    return 0;
}

static void both_ends_are_reached(void) {
    CHECK(world_few() || (complete > 50 && cut_short > 50));
    printf("%u streams complete, %u cut short\n", complete, cut_short);
}

int main(void) {
    world_case("streams under meddlers", test, 20);
    CASE(both_ends_are_reached);
    return check_done();
}
