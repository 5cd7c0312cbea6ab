/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* What becomes of connections when a host stops, returns or forgets to close: peers of a killed
 * process are reset, those of a host without power hear nothing until it is up again, nothing that
 * happens after the instant is seen by anybody, and what is left open is named. */
#include <stdbool.h>

#include "child.h"
#include "net_kit.h"

/* ---- who is there ---- */

static int dials_b(void *arg) {
    sn_conn *c;
    (void)arg;
    int err = sn_dial(&c, "tcp", ECHO_ADDR);
    if (!err) err = kit_exchange(c, "hello", 5);
    sn_conn_free(c);
    return err;
}

static int dial_from(sn_host *a) {
    int rc = 1;
    kit_start(a, dials_b);
    MUST(sn_host_wait(a, &rc) == 0);
    return rc;
}

static int returns_at_once(void *arg) {
    (void)arg;
    return 0;
}

static int presence(void *arg) {
    sn_host *a = kit_host("a", "10.0.0.1"), *b = kit_host("b", "10.0.0.2");
    (void)arg;
    sn_time start = sn_now();
    CHECK_INT(dial_from(a), SN_ETIMEDOUT); /* never switched on */
    CHECK_INT(kit_since(start), 127 * SN_SECOND);
    kit_start(b, kit_echo_main);
    MUST(sn_sim_settle() == 0);
    CHECK_INT(dial_from(a), 0);
    sn_host_stop(b, SN_STOP_PROCESS);
    CHECK_INT(dial_from(a), SN_ECONNREFUSED); /* its kernel is there */
    kit_start(b, kit_echo_main);
    MUST(sn_sim_settle() == 0);
    CHECK_INT(dial_from(a), 0);
    sn_host_stop(b, SN_STOP_POWER);
    CHECK_INT(dial_from(a), SN_ETIMEDOUT);
    kit_run(b, returns_at_once);
    CHECK_INT(dial_from(a), SN_ECONNREFUSED);
    return 0;
}

/* ---- peers of what stops ---- */

static int reads_on(void *arg) {
    sn_conn *c;
    char byte;
    size_t n;
    (void)arg;
    MUST(sn_dial(&c, "tcp", ECHO_ADDR) == 0);
    CHECK_INT(kit_exchange(c, "hello", 5), 0);
    sn_set_read_deadline(c, sn_now() + 100 * SN_SECOND);
    int err = sn_read(c, &byte, 1, &n);
    sn_conn_free(c);
    return err ? err : (int)n;
}

/* What who reads from b is told, when b is stopped, and after how long. */
static int stopped(enum sn_stop how, sn_time *after) {
    sn_host *b, *a = kit_pair(&b);
    int rc = 1;
    kit_link("*", "*", (sn_link){.latency = 3 * MS});
    kit_start(a, reads_on);
    MUST(sn_sleep(SN_SECOND) == 0);
    sn_time start = sn_now();
    sn_host_stop(b, how);
    CHECK_INT(kit_since(start), 0);
    MUST(sn_host_wait(a, &rc) == 0);
    *after = kit_since(start);
    return rc;
}

static int were_reset, were_closed;

static int killed(void *arg) {
    sn_time after;
    (void)arg;
    int told = stopped(SN_STOP_PROCESS, &after);
    CHECK(told == SN_ECONNRESET || told == 0);
    *(told ? &were_reset : &were_closed) += 1;
    CHECK_INT(after, 3 * MS);
    return 0;
}

static int dark(void *arg) {
    sn_time after;
    (void)arg;
    CHECK_INT(stopped(SN_STOP_POWER, &after), SN_ETIMEDOUT); /* its own deadline */
    CHECK(after > 99 * SN_SECOND - MS);
    return 0;
}

static int writes_to_the_dark(void *arg) {
    sn_conn *c;
    size_t n;
    char byte;
    (void)arg;
    MUST(sn_dial(&c, "tcp", ECHO_ADDR) == 0);
    CHECK_INT(kit_exchange(c, "hello", 5), 0);
    MUST(sn_sleep(2 * SN_SECOND) == 0);
    CHECK_INT(sn_write(c, "x", 1, &n), 0);
    int err = sn_read(c, &byte, 1, &n);
    sn_conn_free(c);
    return err;
}

static int power(int comes_back) {
    sn_host *b, *a = kit_pair(&b);
    int rc = 1;
    kit_start(a, writes_to_the_dark);
    MUST(sn_sleep(SN_SECOND) == 0);
    sn_host_stop(b, SN_STOP_POWER);
    MUST(sn_sleep(30 * SN_SECOND) == 0);
    if (comes_back) kit_start(b, kit_echo_main);
    MUST(sn_host_wait(a, &rc) == 0);
    return rc;
}

static int dark_for_good(void *arg) {
    (void)arg;
    CHECK_INT(power(0), SN_ETIMEDOUT);
    CHECK(sn_now() > 900 * SN_SECOND);
    return 0;
}

static int dark_then_up(void *arg) {
    (void)arg;
    CHECK_INT(power(1), SN_ECONNRESET); /* the new system knows nothing of it */
    CHECK(sn_now() < 70 * SN_SECOND);
    return 0;
}

static int dials_the_dark(void *arg) {
    sn_conn *c;
    (void)arg;
    CHECK_INT(sn_dial(&c, "tcp", ECHO_ADDR), 0);
    int err = kit_exchange(c, "hello", 5);
    sn_conn_free(c);
    return err;
}

/* Power fails while a handshake is under way. Before the answer has left, the dial waits until the
 * host is up again; after it, there is a connection of which the host will know nothing. */
static int dark_in_a_handshake(void *arg) {
    sn_host *b, *a = kit_pair(&b);
    int rc = 1;
    (void)arg;
    kit_link("*", "*", (sn_link){.latency = 10 * MS});
    kit_start(a, dials_the_dark);
    sn_time lives = (sn_time)sn_sim_draw(30) * MS + MS / 2;
    MUST(sn_sleep(lives) == 0);
    sn_host_stop(b, SN_STOP_POWER);
    MUST(sn_sleep(5 * SN_SECOND) == 0);
    kit_start(b, kit_echo_main);
    MUST(sn_host_wait(a, &rc) == 0);
    CHECK_INT(rc, lives < 10 * MS ? 0 : SN_ECONNRESET);
    return 0;
}

/* … and while its answer cannot come through, so that nothing of the handshake is left. */
static int dark_and_cut_off(void *arg) {
    sn_host *b, *a = kit_pair(&b);
    int rc = 1;
    (void)arg;
    kit_link("b", "a", (sn_link){.down = 1});
    kit_start(a, dials_the_dark);
    MUST(sn_sleep(2 * SN_SECOND) == 0);
    sn_host_stop(b, SN_STOP_POWER);
    MUST(sn_sim_link("b", "a", NULL) == 0);
    MUST(sn_sleep(6 * SN_SECOND) == 0); /* not when a repetition comes */
    kit_start(b, kit_echo_main);
    MUST(sn_host_wait(a, &rc) == 0);
    CHECK_INT(rc, 0);
    return 0;
}

/* ---- the instant ---- */

/* Counts, each number of the stream once a millisecond. */
static int counts(void *arg) {
    sn_conn *c;
    size_t n;
    (void)arg;
    MUST(sn_dial(&c, "tcp", "10.0.0.2:9") == 0);
    for (unsigned char i = 0; i < 200; i++) {
        int err = sn_write(c, &i, 1, &n);
        if (!err) err = sn_sleep(MS);
        if (err) break;
    }
    uint32_t was = sn_shield(1);
    for (int i = 0; i < 3; i++) { /* a frozen process can do nothing any more, shielded or not */
        CHECK(sn_write(c, "\xff", 1, &n) < 0);
        CHECK(sn_shutdown_write(c) < 0);
        sn_conn *d;
        CHECK(sn_dial(&d, "tcp", "10.0.0.2:9") < 0);
        sn_listener *l;
        CHECK(sn_listen(&l, "tcp", "0.0.0.0:99") < 0);
        sn_dgram *u;
        CHECK(sn_dgram_open(&u, "0.0.0.0:0") < 0);
    }
    sn_shield(was);
    sn_conn_free(c);
    return 0;
}

static int last_heard, how_it_ended, asked;

static int hears_counts(void *arg) {
    sn_listener *l;
    sn_conn *c;
    unsigned char byte;
    size_t n = 0;
    (void)arg;
    MUST(sn_listen(&l, "tcp", "0.0.0.0:9") == 0);
    MUST(sn_accept(l, &c) == 0);
    sn_set_read_deadline(c, sn_now() + 10 * SN_SECOND);
    while ((how_it_ended = sn_read(c, &byte, 1, &n)) == 0 && n) {
        CHECK_INT(byte, last_heard + 1);
        last_heard = byte;
    }
    sn_conn_free(c);
    asked = sn_accept(l, &c);
    sn_listener_free(l);
    return 0;
}

/* The number that was on the wire last is the last that is heard, whatever the process tries. */
static int freeze(enum sn_stop how) {
    sn_host *a = kit_host("a", "10.0.0.1"), *b = kit_host("b", "10.0.0.2");
    kit_start(b, hears_counts);
    MUST(sn_sim_settle() == 0);
    kit_link("*", "*", (sn_link){.latency = 20 * MS, .jitter = 30 * MS});
    last_heard = -1;
    asked = 1;
    kit_start(a, counts);
    sn_time lives = 41 * MS + (sn_time)sn_sim_draw(100) * MS + MS / 2;
    MUST(sn_sleep(lives) == 0);
    sn_host_stop(a, how);
    MUST(sn_sleep(30 * SN_SECOND) == 0);
    CHECK_INT(last_heard, (lives - 40 * MS) / MS); /* it began after the handshake */
    CHECK_INT(asked, 1);
    return 0;
}

static int freeze_process(void *arg) {
    (void)arg;
    freeze(SN_STOP_PROCESS);
    CHECK(how_it_ended == SN_ECONNRESET || how_it_ended == 0);
    return 0;
}

static int freeze_power(void *arg) {
    (void)arg;
    freeze(SN_STOP_POWER);
    CHECK_INT(how_it_ended, SN_ETIMEDOUT);
    return 0;
}

static bool stops_the_reader;

/* Bytes that have come are not read any more, nor is what comes at that very moment taken. */
static int reads_after_the_end(void *arg) {
    sn_listener *l;
    sn_conn *c;
    char byte;
    size_t n;
    (void)arg;
    MUST(sn_listen(&l, "tcp", "0.0.0.0:7") == 0);
    uint32_t was = sn_shield(1);
    int err = sn_accept(l, &c);
    if (!err) {
        CHECK_INT(sn_canceled(), 0);
        CHECK(sn_sleep(50 * MS) <= 0);
        if (stops_the_reader) CHECK(sn_read(c, &byte, 1, &n) < 0);
        sn_conn_free(c);
    }
    sn_shield(was);
    sn_listener_free(l);
    return 0;
}

static int dials_at_the_end(void *arg) {
    sn_conn *c;
    size_t n;
    (void)arg;
    int err = sn_dial(&c, "tcp", ECHO_ADDR);
    if (err) return err;
    CHECK_INT(sn_canceled(), 0); /* a frozen host dials nobody */
    (void)!sn_write(c, "hello", 5, &n);
    (void)!sn_sleep(SN_SECOND);
    sn_conn_free(c);
    return 0;
}

static int at_that_very_moment(void *arg) {
    sn_host *a = kit_host("a", "10.0.0.1"), *b = kit_host("b", "10.0.0.2");
    (void)arg;
    kit_start(b, reads_after_the_end);
    MUST(sn_sim_settle() == 0);
    kit_link("*", "*", (sn_link){.latency = 10 * MS});
    kit_start(a, dials_at_the_end);
    MUST(sn_sleep((sn_time)(1 + sn_sim_draw(5)) * 10 * MS) == 0);
    stops_the_reader = sn_sim_draw(2);
    sn_host_stop(stops_the_reader ? b : a, sn_sim_draw(2) ? SN_STOP_POWER : SN_STOP_PROCESS);
    MUST(sn_sleep(SN_SECOND) == 0);
    sn_host_stop(b, SN_STOP_PROCESS);
    return 0;
}

/* What waits to be sent when the power fails is not sent; nor when the process dies and that resets
 * the connection, unless it has closed before. */
static int writes_much(void *arg) {
    static char block[100000];
    bool closes = *(bool *)arg;
    sn_conn *c;
    size_t n;
    MUST(sn_dial(&c, "tcp", "10.0.0.2:9") == 0);
    for (size_t i = 0; i < sizeof block; i++) block[i] = (char)i;
    CHECK_INT(sn_write(c, block, sizeof block, &n), 0);
    if (closes) sn_close(c); /* the kernel sends the rest */
    (void)!sn_sleep(3600 * SN_SECOND);
    sn_conn_free(c);
    return 0;
}

static int counts_bytes(void *arg) {
    static char block[4096];
    sn_listener *l;
    sn_conn *c;
    size_t n = 0;
    (void)arg;
    MUST(sn_listen(&l, "tcp", "0.0.0.0:9") == 0);
    MUST(sn_accept(l, &c) == 0);
    sn_set_read_deadline(c, sn_now() + 30 * SN_SECOND);
    while ((how_it_ended = sn_read(c, block, sizeof block, &n)) == 0 && n) last_heard += (int)n;
    sn_conn_free(c);
    sn_listener_free(l);
    return 0;
}

static int sent_at(enum sn_stop how, bool closes) {
    sn_host *a = kit_host("a", "10.0.0.1"), *b = kit_host("b", "10.0.0.2");
    kit_start(b, counts_bytes);
    MUST(sn_sim_settle() == 0);
    kit_link("a", "b", (sn_link){.bandwidth = 10000, .latency = MS});
    last_heard = 0;
    MUST(sn_host_start(a, writes_much, &closes, sizeof closes) == 0);
    MUST(sn_sleep(4 * SN_SECOND) == 0);
    sn_host_stop(a, how);
    MUST(sn_host_wait(b, NULL) == 0);
    return last_heard;
}

static int half_sent(void *arg) {
    (void)arg;
    enum sn_stop how = sn_sim_draw(2) ? SN_STOP_POWER : SN_STOP_PROCESS;
    int got = sent_at(how, how == SN_STOP_POWER && sn_sim_draw(2));
    if (how_it_ended == 0) {
        CHECK_INT(how, SN_STOP_PROCESS);
        CHECK_INT(got, 100000); /* the kernel closed it, and sent what it had */
        return 0;
    }
    CHECK(got > 20000 && got <= 40000);
    CHECK_INT(how_it_ended, how == SN_STOP_POWER ? SN_ETIMEDOUT : SN_ECONNRESET);
    return 0;
}

static int closed_before_the_kill(void *arg) {
    (void)arg;
    CHECK_INT(sent_at(SN_STOP_PROCESS, true), 100000);
    CHECK_INT(how_it_ended, 0);
    return 0;
}

/* Connections that nobody has accepted share the fate of those in use. */
static int listens_only(void *arg) {
    sn_listener *l;
    (void)arg;
    MUST(sn_listen(&l, "tcp", "0.0.0.0:7") == 0);
    (void)!sn_sleep(3600 * SN_SECOND);
    sn_listener_free(l);
    return 0;
}

static int waits_in_the_queue(void *arg) {
    sn_conn *c;
    char byte;
    size_t n;
    (void)arg;
    int err = sn_dial(&c, "tcp", ECHO_ADDR);
    if (err) return err;
    sn_set_read_deadline(c, sn_now() + 100 * SN_SECOND);
    err = sn_read(c, &byte, 1, &n);
    sn_conn_free(c);
    return err;
}

static int queued_when(enum sn_stop how) {
    sn_host *a = kit_host("a", "10.0.0.1"), *b = kit_host("b", "10.0.0.2");
    int rc = 1;
    kit_start(b, listens_only);
    MUST(sn_sim_settle() == 0);
    if (sn_sim_draw(2)) kit_link("*", "*", (sn_link){.latency = MS});
    kit_start(a, waits_in_the_queue);
    MUST(sn_sleep(SN_SECOND) == 0);
    sn_host_stop(b, how);
    MUST(sn_host_wait(a, &rc) == 0);
    return rc;
}

static int queued(void *arg) {
    (void)arg;
    enum sn_stop how = sn_sim_draw(2) ? SN_STOP_POWER : SN_STOP_PROCESS;
    CHECK_INT(queued_when(how), how == SN_STOP_POWER ? SN_ETIMEDOUT : SN_ECONNRESET);
    return 0;
}

/* Who dials when his own power fails is not heard of again, how far the handshake ever was. */
static int accepts_and_reads(void *arg) {
    sn_listener *l;
    sn_conn *c;
    char byte;
    size_t n;
    (void)arg;
    MUST(sn_listen(&l, "tcp", "0.0.0.0:7") == 0);
    while (sn_accept(l, &c) == 0) {
        sn_set_read_deadline(c, sn_now() + 100 * SN_SECOND);
        how_it_ended = sn_read(c, &byte, 1, &n);
        sn_conn_free(c);
    }
    sn_listener_free(l);
    return 0;
}

static int cut_while_dialing(void *arg) {
    sn_host *a = kit_host("a", "10.0.0.1"), *b = kit_host("b", "10.0.0.2");
    (void)arg;
    kit_start(b, accepts_and_reads);
    MUST(sn_sim_settle() == 0);
    kit_link("*", "*", (sn_link){.latency = 10 * MS});
    how_it_ended = 0;
    kit_start(a, waits_in_the_queue);
    sn_time lives = (sn_time)sn_sim_draw(40) * MS + MS / 2;
    MUST(sn_sleep(lives) == 0);
    sn_host_stop(a, SN_STOP_POWER);
    MUST(sn_sleep(200 * SN_SECOND) == 0);
    CHECK_INT(how_it_ended, lives < 20 * MS ? 0 : SN_ETIMEDOUT);
    return 0;
}

/* ---- crowds and boots ---- */

static int dials_from_everywhere(void *arg) {
    static const char *const from[] = {"10.64.0.0:0", "10.64.0.1:0", "10.79.255.255:0",
                                       "10.70.1.2:5000"};
    char text[64];
    sn_conn *c[4];
    (void)arg;
    for (int i = 0; i < 4; i++) {
        MUST(sn_dial_from(&c[i], "tcp", ECHO_ADDR, from[i]) == 0);
        CHECK_INT(sn_local_addr(c[i], text, sizeof text), 0);
        CHECK(strncmp(text, from[i], strlen(from[i]) - 1) == 0);
        CHECK_INT(kit_exchange(c[i], "x", 1), 0);
    }
    sn_conn *d;
    CHECK_INT(sn_dial_from(&d, "tcp", ECHO_ADDR, "10.70.1.2:5000"), SN_EADDRINUSE);
    CHECK_INT(sn_dial_from(&d, "tcp", ECHO_ADDR, "10.80.0.0:0"), SN_EADDRNOTAVAIL);
    CHECK_INT(sn_dial_from(&d, "tcp", ECHO_ADDR, "127.0.0.1:0"), SN_EINVAL);
    sn_listener *l;
    CHECK_INT(sn_listen(&l, "tcp", "10.80.0.1:0"), SN_EADDRNOTAVAIL);
    for (int i = 0; i < 4; i++) sn_conn_free(c[i]);
    return 0;
}

/* A port that a process had is free again: at once when the power failed, though the peer does not
 * know; else when the kernel has ended what it closes. */
static int dials_and_waits(void *arg) {
    sn_conn *c;
    (void)arg;
    MUST(sn_dial_from(&c, "tcp", ECHO_ADDR, "10.0.0.1:5000") == 0);
    (void)!sn_sleep(3600 * SN_SECOND);
    sn_conn_free(c);
    return 0;
}

static int ports_of_the_dead(void *arg) {
    sn_host *b, *a = kit_pair(&b);
    (void)arg;
    kit_link("a", "b", (sn_link){.latency = 10 * MS});
    for (int i = 0; i < 4; i++) {
        kit_start(a, dials_and_waits);
        MUST(sn_sleep(SN_SECOND) == 0);
        sn_host_stop(a, i % 2 ? SN_STOP_POWER : SN_STOP_PROCESS);
        if (i % 2 == 0) MUST(sn_sleep(SN_SECOND) == 0);
    }
    return 0;
}

static int crowd(void *arg) {
    sn_host *b = kit_host("b", "10.0.0.2"), *many = kit_host("many", "10.64.0.0/12");
    (void)arg;
    kit_start(b, kit_echo_main);
    MUST(sn_sim_settle() == 0);
    kit_run(many, dials_from_everywhere);
    MUST(sn_sim_settle() == 0); /* the server has closed too: the fixed port is free */
    kit_run(many, dials_from_everywhere);
    return 0;
}

/* Stopped and started again, many times, under traffic: the port is free each time. */
static int keeps_asking(void *arg) {
    int fine = 0, failed = 0;
    (void)arg;
    while (fine < 20 || failed < 5) {
        sn_conn *c;
        int err = sn_dial(&c, "tcp", ECHO_ADDR);
        for (int i = 0; !err && i < 3; i++) {
            sn_set_read_deadline(c, sn_now() + SN_SECOND);
            err = kit_exchange(c, "again and again", 15);
        }
        sn_conn_free(c);
        fine += !err;
        failed += err != 0;
        if (sn_sleep(10 * MS)) break;
    }
    return 0;
}

static int reboots(void *arg) {
    sn_host *b, *a = kit_pair(&b);
    (void)arg;
    kit_link("*", "*", (sn_link){.latency = 4 * MS, .jitter = MS});
    kit_start(a, keeps_asking);
    while (sn_host_up(a)) {
        MUST(sn_sleep((sn_time)sn_sim_draw(100) * MS) == 0);
        sn_host_stop(b, sn_sim_draw(2) ? SN_STOP_PROCESS : SN_STOP_POWER);
        MUST(sn_sleep((sn_time)sn_sim_draw(50) * MS) == 0);
        kit_start(b, kit_echo_main);
    }
    return 0;
}

/* ---- leaks ---- */

static int leaves_all_open(void *arg) {
    sn_listener *l;
    sn_conn *c, *d;
    sn_dgram *u;
    (void)arg;
    MUST(sn_listen(&l, "tcp", "0.0.0.0:80") == 0);
    MUST(sn_dial(&c, "tcp", "127.0.0.1:80") == 0 && sn_accept(l, &d) == 0);
    MUST(sn_dgram_open(&u, "127.0.0.1:53") == 0);
    return 0;
}

static int leaks(void *arg) {
    (void)arg;
    kit_run(kit_host("leaky", "10.0.0.1"), leaves_all_open);
    return 0;
}

static int closes_but_does_not_free(void *arg) {
    sn_listener *l;
    (void)arg;
    MUST(sn_listen(&l, "tcp", "0.0.0.0:81") == 0);
    sn_listener_close(l);
    return 0;
}

static int leaks_one(void *arg) {
    (void)arg;
    kit_run(kit_host("leaky", "10.0.0.1"), closes_but_does_not_free);
    return 0;
}

static int child(const char *name) {
    sn_fn f = strcmp(name, "leaks") == 0 ? leaks : leaks_one;
    return sn_run(f, NULL, NULL) != 0;
}

int main(int argc, char **argv) {
    static const char *const all[] = {"host leaky left 4 open",
                                      "dialed connection 127.0.0.1:",
                                      " to 127.0.0.1:80",
                                      "accepted connection 127.0.0.1:80 from 127.0.0.1:",
                                      "listener 0.0.0.0:80",
                                      "datagram socket 127.0.0.1:53",
                                      NULL};
    static const char *const one[] = {"host leaky left 1 open", "listener 0.0.0.0:81", NULL};
    if (argc > 2) return child(argv[2]);
    world_case("who is there", presence, 2);
    world_case("peers of a killed process", killed, 5);
    MUST(world_few() || (were_reset && were_closed));
    world_case("peers of a host in the dark", dark, 5);
    world_case("dark for good", dark_for_good, 2);
    world_case("dark, then up again", dark_then_up, 5);
    world_case("dark in a handshake", dark_in_a_handshake, 20);
    world_case("dark and cut off", dark_and_cut_off, 5);
    world_case("at that very moment", at_that_very_moment, 40);
    world_case("nothing after a kill", freeze_process, 20);
    world_case("nothing after a power cut", freeze_power, 20);
    world_case("half sent when the host stops", half_sent, 5);
    world_case("closed before the kill", closed_before_the_kill, 5);
    world_case("queued when its host stops", queued, 10);
    world_case("cut off while dialing", cut_while_dialing, 20);
    world_case("a crowd of addresses", crowd, 3);
    world_case("ports of the dead", ports_of_the_dead, 5);
    world_case("many reboots", reboots, 20);
    child_dies("leaks", all);
    child_dies("leaks_one", one);
    return check_done();
}
