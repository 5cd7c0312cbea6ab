/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Connections: bytes both ways, ends, deadlines, cancels, closes. Each case on TCP and on Unix
 * sockets where both can show it. */
#include "net_util.h"

#include <sys/socket.h>

static const char *const nets[] = {"tcp", "unix"};
#define EACH_NET(n) for (size_t n = 0; n < 2; n++)

typedef struct echo_arg {
    sn_listener *l;
} echo_arg;

/* Sends back what comes, until the end. */
static int echo(void *arg) {
    sn_conn *c;
    char buf[512];
    size_t n, w;
    MUST(sn_accept(((echo_arg *)arg)->l, &c) == 0);
    while (sn_read(c, buf, sizeof buf, &n) == 0 && n > 0) MUST(sn_write(c, buf, n, &w) == 0);
    CHECK_INT(sn_shutdown_write(c), 0);
    sn_conn_free(c);
    return 0;
}

NET_CASE(echoes) {
    EACH_NET(i) {
        char addr[128], buf[5];
        size_t n;
        sn_conn *c;
        sn_scope s;
        echo_arg arg = {listen_any(nets[i], addr, sizeof addr)};
        sn_scope_enter(&s, SN_NEVER);
        MUST(sn_go(echo, &arg, sizeof arg) == 0);
        MUST(sn_dial(&c, nets[i], addr) == 0);
        CHECK_INT(sn_write(c, "hello", 5, &n), 0);
        CHECK_INT(n, 5);
        CHECK_INT(sn_read_full(c, buf, 5, &n), 0);
        CHECK_INT(n, 5);
        CHECK(memcmp(buf, "hello", 5) == 0);
        CHECK_INT(sn_shutdown_write(c), 0);
        CHECK_INT(sn_read(c, buf, 5, &n), 0);
        CHECK_INT(n, 0);
        CHECK_INT(sn_read(c, buf, 5, &n), 0); /* the end stays the end */
        CHECK_INT(n, 0);
        CHECK_INT(sn_write(c, "x", 1, &n), SN_ECLOSED);
        CHECK_INT(n, 0);
        CHECK_INT(sn_scope_leave(&s), 0);
        sn_conn_free(c);
        sn_listener_free(arg.l);
    }
}

NET_CASE(half_close_leaves_the_other_half) {
    EACH_NET(i) {
        net_pair p = pair_of(nets[i]);
        char buf[8];
        size_t n;
        CHECK_INT(sn_shutdown_write(p.a), 0);
        CHECK_INT(sn_read(p.b, buf, sizeof buf, &n), 0);
        CHECK_INT(n, 0);
        CHECK_INT(sn_write(p.b, "later", 5, &n), 0);
        CHECK_INT(sn_read_full(p.a, buf, 5, &n), 0); /* a read may find less */
        CHECK_INT(n, 5);
        free_pair(p);
    }
}

NET_CASE(read_full_tells_a_short_stream) {
    net_pair p = pair_of("tcp");
    char buf[8];
    size_t n;
    CHECK_INT(sn_write(p.a, "abc", 3, &n), 0);
    CHECK_INT(sn_shutdown_write(p.a), 0);
    CHECK_INT(sn_read_full(p.b, buf, 8, &n), SN_EPROTO);
    CHECK_INT(n, 3);
    CHECK_INT(sn_read_full(p.b, buf, 0, &n), 0);
    CHECK_INT(sn_read(p.b, buf, 0, &n), SN_EINVAL);
    free_pair(p);
}

NET_CASE(addresses) {
    char peer[64], local[64], cut[5];
    net_pair p = pair_of("tcp");
    CHECK_INT(sn_peer_addr(p.a, peer, sizeof peer), 0);
    CHECK_INT(sn_local_addr(p.b, local, sizeof local), 0);
    CHECK_STR(peer, local);
    CHECK(strncmp(peer, "127.0.0.1:", 10) == 0);
    CHECK_INT(sn_peer_addr(p.b, peer, sizeof peer), 0);
    CHECK_INT(sn_local_addr(p.a, local, sizeof local), 0);
    CHECK_STR(peer, local);
    CHECK_INT(sn_peer_addr(p.a, cut, sizeof cut), SN_ERANGE);
    CHECK_STR(cut, "127.");
    sn_close(p.b);
    CHECK_INT(sn_peer_addr(p.b, peer, sizeof peer), 0); /* still there for the log */
    CHECK_STR(peer, local);
    CHECK_INT(sn_local_addr(p.b, local, sizeof local), SN_ECLOSED);
    free_pair(p);
    p = pair_of("unix");
    CHECK_INT(sn_peer_addr(p.a, peer, sizeof peer), 0);
    CHECK_STR(peer, "unix");
    CHECK_INT(sn_local_addr(p.b, local, sizeof local), 0);
    CHECK_STR(local, "unix");
    free_pair(p);
}

/* Writes until the buffers between the two are full. */
static size_t fill(sn_conn *c, int want) {
    static char block[65536];
    size_t sum = 0, n;
    int err;
    do {
        err = sn_write(c, block, sizeof block, &n);
        sum += n;
    } while (err == 0);
    CHECK_INT(err, want);
    return sum;
}

NET_CASE(deadlines_end_waiting) {
    EACH_NET(i) {
        net_pair p = pair_of(nets[i]);
        char c;
        size_t n;
        sn_time start = sn_now();
        sn_set_read_deadline(p.a, start + 20 * SN_MILLISECOND);
        CHECK_INT(sn_read(p.a, &c, 1, &n), SN_ETIMEDOUT);
        CHECK_INT(n, 0);
        CHECK(sn_now() >= start + 20 * SN_MILLISECOND);
        CHECK_INT(sn_read(p.a, &c, 1, &n), SN_ETIMEDOUT);
        CHECK_INT(sn_write(p.b, "x", 1, &n), 0);
        CHECK_INT(sn_read(p.a, &c, 1, &n), 0); /* what is there is read all the same */
        CHECK_INT(n, 1);
        sn_set_write_deadline(p.a, sn_now() + 20 * SN_MILLISECOND);
        size_t sent = fill(p.a, SN_ETIMEDOUT);
        CHECK(sent > 0);
        sn_set_write_deadline(p.a, SN_NEVER);
        sn_close(p.a);
        size_t got = 0;
        static char sink[65536];
        while (sn_read(p.b, sink, sizeof sink, &n) == 0 && n > 0) got += n;
        CHECK_INT(got, sent); /* exactly what was counted went out */
        free_pair(p);
    }
}

typedef struct reader_arg {
    sn_conn *c;
    int *result;
} reader_arg;

static int read_one(void *arg) {
    reader_arg *r = arg;
    char c;
    size_t n;
    *r->result = sn_read(r->c, &c, 1, &n);
    return 0;
}

static int write_much(void *arg) {
    reader_arg *r = arg;
    static char block[1 << 16];
    size_t n;
    do {
        *r->result = sn_write(r->c, block, sizeof block, &n);
    } while (*r->result == 0);
    return 0;
}

/* Lets what was just started come to its wait. Only makes the case sharper: whatever the order, it
 * must hold. */
static void let_wait(void) {
    for (int i = 0; i < 20; i++) MUST(sn_yield() == 0);
    MUST(sn_sleep(2 * SN_MILLISECOND) == 0);
}

/* Also where the last read has emptied the connection, so that the next one waits first. */
NET_CASE(what_is_there_beats_the_deadline) {
    net_pair p = pair_of("tcp");
    char got[8];
    size_t n;
    int at_once = 0;
    for (int i = 0; i < 20; i++) {
        sn_set_read_deadline(p.b, SN_NEVER);
        CHECK_INT(sn_write(p.a, "a", 1, &n), 0);
        CHECK_INT(sn_read(p.b, got, sizeof got, &n), 0);
        CHECK_INT(sn_write(p.a, "b", 1, &n), 0);
        sn_set_read_deadline(p.b, 0);
        int err, tries = 0;
        while ((err = sn_read(p.b, got, sizeof got, &n)) == SN_ETIMEDOUT && ++tries < 5000)
            MUST(sn_sleep(SN_MILLISECOND) == 0); /* it is still on its way */
        CHECK_INT(err, 0);
        CHECK(n == 1 && got[0] == 'b');
        at_once += !tries;
    }
    CHECK(at_once > 0);
    free_pair(p);
}

NET_CASE(a_deadline_reaches_who_waits_already) {
    net_pair p = pair_of("tcp");
    int r = 1, w = 1;
    sn_scope s;
    reader_arg rd = {p.a, &r}, wr = {p.a, &w};
    sn_scope_enter(&s, SN_NEVER);
    MUST(sn_go(read_one, &rd, sizeof rd) == 0);
    MUST(sn_go(write_much, &wr, sizeof wr) == 0);
    let_wait();
    sn_set_read_deadline(p.a, sn_now());
    sn_set_write_deadline(p.a, sn_now() + SN_MILLISECOND);
    CHECK_INT(sn_scope_leave(&s), 0);
    CHECK_INT(r, SN_ETIMEDOUT);
    CHECK_INT(w, SN_ETIMEDOUT);
    free_pair(p);
}

/* True: the deadline, so far ahead, was moved before it passed. */
static int moves_away(sn_time ahead) {
    net_pair p = pair_of("tcp");
    int r = 1;
    size_t n;
    sn_scope s;
    reader_arg rd = {p.a, &r};
    sn_time deadline = sn_now() + ahead;
    sn_set_read_deadline(p.a, deadline);
    sn_scope_enter(&s, SN_NEVER);
    MUST(sn_go(read_one, &rd, sizeof rd) == 0);
    MUST(sn_yield() == 0);
    sn_set_read_deadline(p.a, SN_NEVER);
    int in_time = sn_now() < deadline;
    MUST(sn_sleep(2 * ahead) == 0);
    CHECK(!in_time || r == 1);
    CHECK_INT(sn_write(p.b, "x", 1, &n), 0);
    CHECK_INT(sn_scope_leave(&s), 0);
    CHECK(!in_time || r == 0);
    free_pair(p);
    return in_time;
}

/* A machine with much else to do gets more time. */
NET_CASE(a_deadline_moved_away_is_forgotten) {
    sn_time ahead = 10 * SN_MILLISECOND;
    while (!moves_away(ahead)) ahead *= 2;
}

NET_CASE(a_cancel_reaches_readers_and_writers) {
    EACH_NET(i) {
        net_pair p = pair_of(nets[i]);
        int r = 1, w = 1;
        sn_scope s;
        reader_arg rd = {p.a, &r}, wr = {p.a, &w};
        sn_scope_enter(&s, SN_NEVER);
        MUST(sn_go(read_one, &rd, sizeof rd) == 0);
        MUST(sn_go(write_much, &wr, sizeof wr) == 0);
        let_wait();
        sn_scope_cancel(&s, SN_ECANCELED);
        CHECK_INT(sn_scope_leave(&s), SN_ECANCELED);
        CHECK_INT(r, SN_ECANCELED);
        CHECK_INT(w, SN_ECANCELED);
        free_pair(p);
    }
}

NET_CASE(a_canceled_scope_moves_nothing) {
    net_pair p = pair_of("tcp");
    sn_scope s;
    char c;
    size_t n;
    CHECK_INT(sn_write(p.a, "x", 1, &n), 0);
    sn_scope_enter(&s, SN_NEVER);
    sn_scope_cancel(&s, SN_ECANCELED);
    CHECK_INT(sn_read(p.b, &c, 1, &n), SN_ECANCELED);
    CHECK_INT(sn_write(p.b, "y", 1, &n), SN_ECANCELED);
    CHECK_INT(n, 0);
    CHECK_INT(sn_scope_leave(&s), SN_ECANCELED);
    CHECK_INT(sn_read(p.b, &c, 1, &n), 0);
    CHECK_INT(c, 'x');
    sn_set_read_deadline(p.a, 0);
    CHECK_INT(sn_read(p.a, &c, 1, &n), SN_ETIMEDOUT);
    free_pair(p);
}

NET_CASE(a_scope_s_deadline_is_a_deadline) {
    net_pair p = pair_of("tcp");
    sn_scope s;
    char c;
    size_t n;
    sn_scope_enter(&s, sn_now() + 10 * SN_MILLISECOND);
    CHECK_INT(sn_read(p.a, &c, 1, &n), SN_ETIMEDOUT);
    CHECK_INT(sn_scope_leave(&s), SN_ETIMEDOUT);
    free_pair(p);
}

NET_CASE(close_wakes_readers_and_writers) {
    EACH_NET(i) {
        net_pair p = pair_of(nets[i]);
        int r = 1, w = 1;
        char c;
        size_t n;
        sn_scope s;
        reader_arg rd = {p.a, &r}, wr = {p.a, &w};
        sn_scope_enter(&s, SN_NEVER);
        MUST(sn_go(read_one, &rd, sizeof rd) == 0);
        MUST(sn_go(write_much, &wr, sizeof wr) == 0);
        let_wait();
        sn_close(p.a);
        CHECK_INT(sn_scope_leave(&s), 0);
        CHECK_INT(r, SN_ECLOSED);
        CHECK_INT(w, SN_ECLOSED);
        CHECK_INT(sn_read(p.a, &c, 1, &n), SN_ECLOSED);
        CHECK_INT(sn_write(p.a, &c, 1, &n), SN_ECLOSED);
        CHECK_INT(sn_shutdown_write(p.a), SN_ECLOSED);
        sn_close(p.a);
        sn_close(NULL);
        sn_conn_free(NULL);
        free_pair(p);
    }
}

/* Writing to a peer that has gone is an error, not the end of the process. */
NET_CASE(a_peer_that_went_is_an_error) {
    EACH_NET(i) {
        net_pair p = pair_of(nets[i]);
        size_t n;
        sn_conn_free(p.b);
        int err;
        do {
            err = sn_write(p.a, "x", 1, &n);
        } while (err == 0);
        CHECK(err == SN_ECLOSED || err == SN_ECONNRESET);
        sn_conn_free(p.a);
    }
}

NET_CASE(a_reset_is_told) {
    net_pair p = pair_of("tcp");
    char c;
    size_t n;
    MUST(sn_write(p.a, "x", 1, &n) == 0);
    MUST(sn_write(p.b, "unread", 6, &n) == 0);
    MUST(sn_read(p.b, &c, 1, &n) == 0);
    sn_conn_free(p.a); /* with bytes unread: the kernel sends a reset */
    CHECK_INT(sn_read(p.b, &c, 1, &n), SN_ECONNRESET);
    sn_conn_free(p.b);
}

/* One's own reset: the peer hears of it, also when nothing was left unread. */
NET_CASE(a_connection_can_be_reset) {
    EACH_NET(i) {
        net_pair p = pair_of(nets[i]);
        char c;
        size_t n;
        sn_reset(p.a);
        CHECK_INT(sn_read(p.a, &c, 1, &n), SN_ECLOSED);
        CHECK_INT(sn_write(p.a, "x", 1, &n), SN_ECLOSED);
        CHECK_INT(sn_read(p.b, &c, 1, &n), i == 0 ? SN_ECONNRESET : 0);
        CHECK_INT(n, 0);
        sn_reset(p.a); /* once is enough */
        free_pair(p);
        sn_reset(NULL);
    }
}

/* Who has read the end of the stream has read it, whatever comes after. */
NET_CASE(a_reset_after_the_end_does_not_undo_it) {
    net_pair p = pair_of("tcp");
    char c;
    size_t n;
    MUST(sn_shutdown_write(p.a) == 0);
    CHECK_INT(sn_read(p.b, &c, 1, &n), 0);
    CHECK_INT(n, 0);
    MUST(sn_write(p.b, "unread", 6, &n) == 0);
    sn_conn_free(p.a);
    CHECK_INT(sn_write(p.b, "x", 1, &n), SN_ECLOSED);
    CHECK_INT(sn_read(p.b, &c, 1, &n), 0);
    CHECK_INT(n, 0);
    sn_conn_free(p.b);
}

NET_CASE(big_transfers_both_ways_at_once) {
    const uint64_t size = 6 << 20;
    EACH_NET(i) {
        net_pair p = pair_of(nets[i]);
        int r[4] = {1, 1, 1, 1};
        sn_scope s;
        stream_job job[4] = {{p.a, size, 1, &r[0]},
                             {p.b, size, 1, &r[1]},
                             {p.b, size, 2, &r[2]},
                             {p.a, size, 2, &r[3]}};
        sn_scope_enter(&s, SN_NEVER);
        for (int k = 0; k < 4; k++) {
            MUST(sn_go(k % 2 ? receive_stream : send_stream, &job[k], sizeof job[k]) == 0);
        }
        CHECK_INT(sn_scope_leave(&s), 0);
        for (int k = 0; k < 4; k++) CHECK_INT(r[k], 0);
        free_pair(p);
    }
}

/* 64 pieces of all sizes, some empty, much more than the buffers hold. */
static int send_pieces(void *arg) {
    stream_job *j = arg;
    sn_iov iov[SN_IOV_MAX];
    unsigned char *buf = malloc(j->n);
    size_t at = 0, done;
    MUST(buf);
    for (size_t i = 0; i < j->n; i++) buf[i] = stream_byte(j->seed, i);
    for (size_t k = 0; k < SN_IOV_MAX; k++) {
        size_t n = k % 5 == 0 ? 0 : (k * k * 97) % 90000;
        if (k == SN_IOV_MAX - 1) n = j->n - at;
        iov[k] = (sn_iov){buf + at, n};
        at += n;
    }
    *j->result = sn_writev(j->c, iov, SN_IOV_MAX, &done);
    CHECK_INT(done, j->n);
    CHECK_INT(sn_shutdown_write(j->c), 0);
    free(buf);
    return 0;
}

NET_CASE(writev_goes_on_where_the_kernel_stopped) {
    EACH_NET(i) {
        net_pair p = pair_of(nets[i]);
        int r[2] = {1, 1};
        sn_scope s;
        stream_job tx = {p.a, 4 << 20, 9, &r[0]}, rx = {p.b, 4 << 20, 9, &r[1]};
        sn_scope_enter(&s, SN_NEVER);
        MUST(sn_go(send_pieces, &tx, sizeof tx) == 0);
        let_wait(); /* the buffers fill up first */
        MUST(sn_go(receive_stream, &rx, sizeof rx) == 0);
        CHECK_INT(sn_scope_leave(&s), 0);
        CHECK_INT(r[0], 0);
        CHECK_INT(r[1], 0);
        free_pair(p);
    }
}

NET_CASE(writev_of_little_or_too_much) {
    net_pair p = pair_of("tcp");
    sn_iov iov[SN_IOV_MAX + 1] = {{0}};
    size_t n = 7;
    CHECK_INT(sn_writev(p.a, iov, SN_IOV_MAX + 1, &n), SN_EINVAL);
    CHECK_INT(n, 0);
    CHECK_INT(sn_writev(p.a, iov, 0, &n), 0);
    CHECK_INT(sn_writev(p.a, iov, SN_IOV_MAX, &n), 0);
    CHECK_INT(sn_write(p.a, "", 0, &n), 0);
    CHECK_INT(n, 0);
    free_pair(p);
}

static int fake_read(void *self, void *buf, size_t n, size_t *done) {
    (void)n;
    memcpy(buf, self, 1);
    *done = 1;
    return 0;
}

static void fake_free(void *self) { *(char *)self = 'f'; }

static void the_interface_takes_any_implementation(void) {
    static const sn_conn_ops ops = {.size = sizeof ops, .read = fake_read, .free = fake_free};
    static const sn_conn_ops other = {.size = sizeof ops, .read = fake_read};
    static const sn_conn_ops wrong = {.size = sizeof ops - 1, .read = fake_read};
    char self = 's', buf[3];
    sn_conn *c;
    size_t n;
    CHECK_INT(sn_conn_new(&c, &wrong, &self), SN_EINVAL);
    CHECK(c == NULL);
    MUST(sn_conn_new(&c, &ops, &self) == 0);
    CHECK(sn_conn_self(c, &ops) == &self);
    CHECK(sn_conn_self(c, &other) == NULL);
    CHECK_INT(sn_read_full(c, buf, 3, &n), 0);
    CHECK(memcmp(buf, "sss", 3) == 0);
    sn_conn_free(c);
    CHECK_INT(self, 'f');
}

int main(void) {
    CASE(echoes);
    CASE(half_close_leaves_the_other_half);
    CASE(read_full_tells_a_short_stream);
    CASE(addresses);
    CASE(deadlines_end_waiting);
    CASE(what_is_there_beats_the_deadline);
    CASE(a_deadline_reaches_who_waits_already);
    CASE(a_deadline_moved_away_is_forgotten);
    CASE(a_cancel_reaches_readers_and_writers);
    CASE(a_canceled_scope_moves_nothing);
    CASE(a_scope_s_deadline_is_a_deadline);
    CASE(close_wakes_readers_and_writers);
    CASE(a_peer_that_went_is_an_error);
    CASE(a_reset_is_told);
    CASE(a_connection_can_be_reset);
    CASE(a_reset_after_the_end_does_not_undo_it);
    CASE(big_transfers_both_ways_at_once);
    CASE(writev_goes_on_where_the_kernel_stopped);
    CASE(writev_of_little_or_too_much);
    CASE(the_interface_takes_any_implementation);
    return check_done();
}
