/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Links of the simulated network: what each of their figures does, that every fault shows, and
 * that a connection lives through those it can live through. */
#include "net_kit.h"

/* ---- time ---- */

static int measures_latency(void *arg) {
    sn_conn *c;
    sn_time start = sn_now();
    (void)arg;
    CHECK_INT(sn_dial(&c, "tcp", ECHO_ADDR), 0);
    CHECK_INT(kit_since(start), 20 * MS); /* there and back */
    start = sn_now();
    CHECK_INT(kit_exchange(c, "0123456789", 10), 0);
    CHECK_INT(kit_since(start), 20 * MS);
    sn_conn_free(c);
    return 0;
}

static int latency(void *arg) {
    sn_host *b, *a = kit_pair(&b);
    (void)arg;
    kit_link("a", "b", (sn_link){.latency = 5 * MS});
    kit_link("b", "a", (sn_link){.latency = 15 * MS});
    kit_run(a, measures_latency);
    return 0;
}

static int measures_jitter(void *arg) {
    sn_conn *c;
    sn_time most = 0, least = SN_NEVER;
    (void)arg;
    CHECK_INT(sn_dial(&c, "tcp", "b:7"), 0); /* by its name */
    for (int i = 0; i < 30; i++) {
        sn_time start = sn_now();
        CHECK_INT(kit_exchange(c, "x", 1), 0);
        sn_time took = kit_since(start);
        CHECK(took >= 10 * MS && took <= 30 * MS);
        if (took > most) most = took;
        if (took < least) least = took;
    }
    CHECK(most - least > 4 * MS);
    sn_conn_free(c);
    return 0;
}

static int jitter(void *arg) {
    sn_host *b, *a = kit_pair(&b);
    (void)arg;
    kit_link("*", "*", (sn_link){.latency = 5 * MS, .jitter = 10 * MS});
    kit_run(a, measures_jitter);
    return 0;
}

static int measures_bandwidth(void *arg) {
    static char block[100000];
    sn_conn *c;
    size_t n, sum = 0;
    (void)arg;
    CHECK_INT(sn_dial(&c, "tcp", ECHO_ADDR), 0);
    sn_time start = sn_now();
    CHECK_INT(sn_write(c, block, sizeof block, &n), 0);
    CHECK_INT(kit_since(start), 0); /* the buffer takes it */
    CHECK_INT(sn_shutdown_write(c), 0);
    while (sn_read(c, block, sizeof block, &n) == 0 && n > 0) sum += n;
    CHECK_INT(sum, sizeof block);
    CHECK(kit_since(start) >= 1000 * MS && kit_since(start) < 1200 * MS);
    sn_conn_free(c);
    return 0;
}

static int bandwidth(void *arg) {
    sn_host *b, *a = kit_pair(&b);
    (void)arg;
    kit_link("a", "b", (sn_link){.bandwidth = 100000, .latency = MS});
    kit_run(a, measures_bandwidth);
    return 0;
}

/* ---- loss ---- */

/* Half a megabyte each way at once; nothing lost, doubled or swapped. */
enum { BULK = 1 << 19 };

static unsigned char byte_at(size_t i) { return (unsigned char)(i * 2654435761u >> 13); }

static int sends_bulk(void *arg) {
    sn_conn *c = *(sn_conn **)arg;
    static unsigned char block[BULK];
    size_t n;
    for (size_t i = 0; i < BULK; i++) block[i] = byte_at(i);
    CHECK_INT(sn_write(c, block, BULK, &n), 0);
    CHECK_INT(n, BULK);
    CHECK_INT(sn_shutdown_write(c), 0);
    return 0;
}

static int bulk_survives(void *arg) {
    unsigned char buf[4096];
    sn_conn *c;
    sn_scope s;
    size_t n, at = 0;
    int err, wrong = 0;
    (void)arg;
    CHECK_INT(sn_dial(&c, "tcp", ECHO_ADDR), 0);
    sn_scope_enter(&s, SN_NEVER);
    MUST(sn_go(sends_bulk, &c, sizeof c) == 0);
    while ((err = sn_read(c, buf, sizeof buf, &n)) == 0 && n > 0) {
        for (size_t i = 0; i < n; i++, at++) wrong += buf[i] != byte_at(at);
    }
    CHECK_INT(err, 0);
    CHECK_INT(at, BULK);
    CHECK_INT(wrong, 0);
    CHECK_INT(sn_scope_leave(&s), 0);
    sn_conn_free(c);
    return 0;
}

static int loss(void *arg) {
    sn_host *b, *a = kit_pair(&b);
    (void)arg;
    kit_link("*", "*", (sn_link){.latency = 2 * MS, .jitter = MS, .loss = 100000});
    sn_time start = sn_now();
    kit_run(a, bulk_survives);
    CHECK(kit_since(start) > 1000 * MS); /* retransmissions have cost their time */
    return 0;
}

static int all_at_once(void *arg) {
    sn_host *b, *a = kit_pair(&b);
    (void)arg;
    kit_run(a, bulk_survives);
    CHECK_INT(kit_since(SN_SECOND), 0);
    return 0;
}

static int slow_and_far(void *arg) {
    sn_host *b, *a = kit_pair(&b);
    (void)arg;
    kit_link("*", "*", (sn_link){.latency = 200 * MS, .jitter = 20 * MS, .bandwidth = 1 << 20});
    kit_run(a, bulk_survives);
    return 0;
}

/* ---- partitions ---- */

static int dials_into_nothing(void *arg) {
    sn_conn *c;
    (void)arg;
    sn_time start = sn_now();
    CHECK_INT(sn_dial(&c, "tcp", ECHO_ADDR), SN_ETIMEDOUT);
    CHECK(c == NULL);
    CHECK_INT(kit_since(start), 127 * SN_SECOND);
    sn_scope s; /* who has no such patience */
    sn_scope_enter(&s, sn_now() + SN_SECOND);
    CHECK_INT(sn_dial(&c, "tcp", ECHO_ADDR), SN_ETIMEDOUT);
    CHECK_INT(sn_scope_leave(&s), SN_ETIMEDOUT);
    CHECK_INT(kit_since(start), 128 * SN_SECOND);
    return 0;
}

static int partition_there(void *arg) {
    sn_host *b, *a = kit_pair(&b);
    (void)arg;
    kit_link("a", "b", (sn_link){.down = 1});
    kit_run(a, dials_into_nothing);
    return 0;
}

static int partition_back(void *arg) {
    sn_host *b, *a = kit_pair(&b);
    (void)arg;
    kit_link("b", "a", (sn_link){.down = 1});
    kit_run(a, dials_into_nothing);
    return 0;
}

/* Every answer is lost, though the link is not down: the other side gives up, and so does the dial.
 */
static int no_answer(void *arg) {
    sn_host *b, *a = kit_pair(&b);
    (void)arg;
    kit_link("b", "a", (sn_link){.loss = 1000000});
    kit_run(a, dials_into_nothing);
    return 0;
}

static int dials_before_it_heals(void *arg) {
    sn_conn *c;
    (void)arg;
    CHECK_INT(sn_dial(&c, "tcp", ECHO_ADDR), 0);
    CHECK_INT(kit_since(SN_SECOND), 15 * SN_SECOND); /* the fourth repetition */
    CHECK_INT(kit_exchange(c, "hello", 5), 0);
    sn_conn_free(c);
    return 0;
}

static int dial_waits_for_the_heal(void *arg) {
    sn_host *b, *a = kit_pair(&b);
    (void)arg;
    kit_link("a", "b", (sn_link){.down = 1});
    kit_start(a, dials_before_it_heals);
    MUST(sn_sleep(10 * SN_SECOND) == 0);
    MUST(sn_sim_link("a", "b", NULL) == 0);
    MUST(sn_host_wait(a, NULL) == 0);
    return 0;
}

static int talks_through_a_partition(void *arg) {
    sn_conn *c;
    char buf[8];
    size_t n;
    (void)arg;
    CHECK_INT(sn_dial(&c, "tcp", ECHO_ADDR), 0);
    CHECK_INT(kit_exchange(c, "before", 6), 0);
    MUST(sn_sleep(2 * SN_SECOND) == 0); /* the link is down now */
    CHECK_INT(sn_write(c, "within", 6, &n), 0);
    sn_set_read_deadline(c, sn_now() + SN_SECOND);
    CHECK_INT(sn_read(c, buf, sizeof buf, &n), SN_ETIMEDOUT);
    sn_set_read_deadline(c, SN_NEVER);
    CHECK_INT(sn_read_full(c, buf, 6, &n), 0);
    CHECK(memcmp(buf, "within", 6) == 0);
    CHECK(sn_now() >= 61 * SN_SECOND && sn_now() <= 182 * SN_SECOND);
    CHECK_INT(kit_exchange(c, "after", 5), 0);
    sn_conn_free(c);
    return 0;
}

static void heals_after_a_minute(const char *from, const char *to) {
    sn_host *b, *a = kit_pair(&b);
    kit_start(a, talks_through_a_partition);
    MUST(sn_sleep(SN_SECOND) == 0);
    kit_link(from, to, (sn_link){.down = 1});
    MUST(sn_sleep(59 * SN_SECOND) == 0);
    MUST(sn_sim_link(from, to, NULL) == 0);
    MUST(sn_host_wait(a, NULL) == 0);
}

static int partition_heals(void *arg) {
    (void)arg;
    heals_after_a_minute("*", "*");
    return 0;
}
static int partition_there_heals(void *arg) {
    (void)arg;
    heals_after_a_minute("a", "b");
    return 0;
}
static int partition_back_heals(void *arg) {
    (void)arg;
    heals_after_a_minute("b", "a");
    return 0;
}

static int gives_up_in_a_quarter(void *arg) {
    sn_conn *c;
    char buf[8];
    size_t n;
    (void)arg;
    CHECK_INT(sn_dial(&c, "tcp", ECHO_ADDR), 0);
    MUST(sn_sleep(2 * SN_SECOND) == 0); /* the link is down now */
    sn_time start = sn_now();
    CHECK_INT(sn_write(c, "lost", 4, &n), 0);
    CHECK_INT(sn_read(c, buf, sizeof buf, &n), SN_ETIMEDOUT);
    CHECK(kit_since(start) > 900 * SN_SECOND && kit_since(start) < 950 * SN_SECOND);
    CHECK_INT(sn_read(c, buf, sizeof buf, &n), 0); /* told once; then it is over */
    CHECK_INT(n, 0);
    CHECK_INT(sn_write(c, "x", 1, &n), SN_ECLOSED);
    sn_conn_free(c);
    return 0;
}

static void stays_down(const char *from, const char *to) {
    sn_host *b, *a = kit_pair(&b);
    kit_start(a, gives_up_in_a_quarter);
    MUST(sn_sleep(SN_SECOND) == 0);
    kit_link(from, to, (sn_link){.down = 1});
    MUST(sn_host_wait(a, NULL) == 0);
}

static int partition_for_good(void *arg) {
    (void)arg;
    stays_down("*", "*");
    return 0;
}
static int partition_back_for_good(void *arg) {
    (void)arg;
    stays_down("b", "a");
    return 0;
}

/* What is on the wire when a partition begins arrives; who reads only is told nothing. */
static int hears_what_was_on_the_wire(void *arg) {
    sn_conn *c;
    char buf[8];
    size_t n;
    (void)arg;
    CHECK_INT(sn_dial(&c, "tcp", ECHO_ADDR), 0);
    CHECK_INT(sn_write(c, "x", 1, &n), 0);
    kit_link("*", "*", (sn_link){.down = 1});
    MUST(sn_sleep(100 * MS) == 0);
    kit_link("*", "*", (sn_link){.latency = 0});
    sn_set_read_deadline(c, sn_now() + 10 * SN_SECOND);
    CHECK_INT(sn_read(c, buf, sizeof buf, &n), 0);
    CHECK_INT(n, 1);
    kit_link("*", "*", (sn_link){.down = 1});
    sn_set_read_deadline(c, sn_now() + 7200 * SN_SECOND);
    CHECK_INT(sn_read(c, buf, sizeof buf, &n), SN_ETIMEDOUT);
    sn_conn_free(c);
    return 0;
}

static int on_the_wire(void *arg) {
    sn_host *b, *a = kit_pair(&b);
    (void)arg;
    kit_link("*", "*", (sn_link){.latency = 10 * MS});
    kit_run(a, hears_what_was_on_the_wire);
    return 0;
}

/* What left before a reset comes before it. */
static int says_a_word_and_breaks_off(void *arg) {
    sn_conn *c;
    size_t n;
    (void)arg;
    CHECK_INT(sn_dial(&c, "tcp", "10.0.0.2:9"), 0);
    CHECK_INT(sn_write(c, "word", 4, &n), 0);
    sn_reset(c);
    sn_conn_free(c);
    return 0;
}

static int hears_a_word(void *arg) {
    sn_listener *l;
    sn_conn *c;
    char buf[8];
    size_t n = 1, got = 0;
    int err;
    (void)arg;
    MUST(sn_listen(&l, "tcp", "0.0.0.0:9") == 0);
    MUST(sn_accept(l, &c) == 0);
    while ((err = sn_read(c, buf, sizeof buf, &n)) == 0 && n) got += n;
    CHECK_INT(got, 4);
    CHECK_INT(err, SN_ECONNRESET);
    sn_conn_free(c);
    sn_listener_free(l);
    return 0;
}

static int a_reset_overtakes_nothing(void *arg) {
    sn_host *a = kit_host("a", "10.0.0.1"), *b = kit_host("b", "10.0.0.2");
    (void)arg;
    kit_link("*", "*", (sn_link){.latency = MS, .jitter = 50 * MS});
    kit_start(b, hears_a_word);
    MUST(sn_sim_settle() == 0);
    kit_run(a, says_a_word_and_breaks_off);
    MUST(sn_host_wait(b, NULL) == 0);
    return 0;
}

/* ---- refuse, half-open, resets ---- */

enum { DIALS = 60 };
static int outcomes[3]; /* fine, refused, other */

static int dials_many(void *arg) {
    (void)arg;
    for (int i = 0; i < DIALS; i++) {
        sn_conn *c;
        int err = sn_dial(&c, "tcp", ECHO_ADDR);
        outcomes[err == 0 ? 0 : err == SN_ECONNREFUSED ? 1 : 2]++;
        if (err == 0) CHECK_INT(kit_exchange(c, "x", 1), 0);
        sn_conn_free(c);
    }
    return 0;
}

static int refuse(void *arg) {
    sn_host *b, *a = kit_pair(&b);
    (void)arg;
    memset(outcomes, 0, sizeof outcomes);
    kit_link("a", "b", (sn_link){.refuse = 300000});
    kit_run(a, dials_many);
    CHECK(outcomes[0] > 10 && outcomes[1] > 2);
    CHECK_INT(outcomes[2], 0);
    return 0;
}

/* Little by little, then much, then rarely: whenever a fault may strike, it finds something. */
static int talk_until_it_fails(sn_conn *c) {
    static char text[4096];
    int err = 0;
    for (int i = 0; !err && i < 1000; i++) {
        sn_set_read_deadline(c, sn_now() + 2000 * SN_SECOND);
        err = kit_exchange(c, text, i < 40 ? 7 : sizeof text);
        if (!err && i > 300) err = sn_sleep(10 * SN_SECOND);
    }
    return err;
}

/* A side that is silent is found out by who sends, or by the deadline of who waits. */
static int meets_silence(void *arg) {
    (void)arg;
    for (int i = 0; i < 5; i++) {
        sn_conn *c;
        int err = sn_dial(&c, "tcp", ECHO_ADDR);
        if (!err) err = talk_until_it_fails(c);
        CHECK_INT(err, SN_ETIMEDOUT);
        sn_conn_free(c);
    }
    return 0;
}

static int half_open(void *arg) {
    sn_host *b, *a = kit_pair(&b);
    (void)arg;
    kit_link("*", "*", (sn_link){.half_open = 1000000, .latency = MS});
    kit_run(a, meets_silence);
    return 0;
}

static int is_reset(void *arg) {
    sn_conn *c, *d;
    char buf[4];
    size_t n;
    (void)arg;
    CHECK_INT(sn_dial(&c, "tcp", ECHO_ADDR), 0);
    CHECK_INT(sn_dial(&d, "tcp", ECHO_ADDR), 0);
    CHECK_INT(sn_write(c, "left", 4, &n), 0);
    CHECK_INT(sn_read_full(c, buf, 4, &n), 0);
    CHECK_INT(sn_sim_reset("b", "a"), 2);
    CHECK_INT(sn_sim_reset("b", "a"), 0);
    CHECK_INT(sn_sim_reset("b", "nobody"), 0);
    CHECK_INT(sn_read(c, buf, 4, &n), SN_ECONNRESET);
    CHECK_INT(sn_read(c, buf, 4, &n), 0);
    CHECK_INT(sn_write(d, "x", 1, &n), SN_ECONNRESET);
    CHECK_INT(sn_write(d, "x", 1, &n), SN_ECLOSED);
    sn_conn_free(c);
    sn_conn_free(d);
    CHECK_INT(sn_dial(&c, "tcp", ECHO_ADDR), 0); /* the server goes on */
    CHECK_INT(kit_exchange(c, "x", 1), 0);
    sn_conn_free(c);
    return 0;
}

static int resets(void *arg) {
    sn_host *b, *a = kit_pair(&b);
    (void)arg;
    kit_run(a, is_reset);
    return 0;
}

/* ---- rules ---- */

static int measures_one(void *arg) {
    (void)arg;
    static const struct {
        const char *from;
        sn_time want; /* twice the latency of the rule that counts */
    } t[] = {{"10.64.0.0:0", 2}, {"10.64.0.77:0", 4}, {"10.64.1.1:0", 6}, {"10.64.2.9:0", 40}};
    for (size_t i = 0; i < sizeof t / sizeof *t; i++) {
        sn_conn *c;
        sn_time start = sn_now();
        CHECK_INT(sn_dial_from(&c, "tcp", ECHO_ADDR, t[i].from), 0);
        CHECK_INT(kit_since(start), t[i].want * MS);
        sn_conn_free(c);
    }
    return 0;
}

static int rules(void *arg) {
    sn_host *b = kit_host("b", "10.0.0.2"), *crowd = kit_host("crowd", "10.64.0.0/16");
    (void)arg;
    kit_start(b, kit_echo_main);
    MUST(sn_sim_settle() == 0);
    kit_link("b", "crowd", (sn_link){.size = 0});
    kit_link("10.64.2.0/24", "10.0.0.2", (sn_link){.latency = 7 * MS}); /* hidden by the next */
    kit_link("crowd", "*", (sn_link){.latency = 2 * MS});
    kit_link("10.64.1.1", "b", (sn_link){.latency = 6 * MS});
    kit_link("10.64.0.77", "b", (sn_link){.latency = 4 * MS});
    kit_link("10.64.2.0/24", "10.0.0.2", (sn_link){.latency = 40 * MS}); /* now the newest */
    kit_run(crowd, measures_one);
    sn_link l = {.size = sizeof l};
    CHECK_INT(sn_sim_link("nobody", "b", &l), SN_ENOENT);
    CHECK_INT(sn_sim_link("b", "10.64.0.1/16", &l), SN_EINVAL);
    CHECK_INT(sn_sim_link("b", "10.64.0.0/33", &l), SN_EINVAL);
    CHECK_INT(sn_sim_link("b", "10.64.0.0/", &l), SN_EINVAL);
    CHECK_INT(sn_sim_link("b", "1.2.3.4x", &l), SN_EINVAL);
    CHECK_INT(sn_sim_link("", "b", &l), SN_EINVAL);
    l.loss = 1000001;
    CHECK_INT(sn_sim_link("*", "*", &l), SN_EINVAL);
    l = (sn_link){.size = sizeof l, .latency = -1};
    CHECK_INT(sn_sim_link("*", "*", &l), SN_EINVAL);
    l = (sn_link){.size = sizeof l - 1};
    CHECK_INT(sn_sim_link("*", "*", &l), SN_EINVAL);
    return 0;
}

static int talks_to_itself(void *arg) {
    sn_conn *c;
    (void)arg;
    sn_time start = sn_now();
    CHECK_INT(sn_dial(&c, "tcp", "127.0.0.1:7"), SN_ECONNREFUSED);
    CHECK_INT(sn_dial(&c, "tcp", "10.0.0.1:7"), SN_ECONNREFUSED);
    CHECK_INT(sn_dial(&c, "tcp", "a:7"), SN_ECONNREFUSED);
    CHECK_INT(sn_dial(&c, "tcp", "nobody:7"), SN_ENOENT);
    CHECK_INT(sn_dial(&c, "tcp", "10.9.9.9:7"), SN_EHOSTUNREACH);
    CHECK_INT(sn_dial(&c, "tcp", "[2001:db8::1]:7"), SN_ENETUNREACH);
    CHECK_INT(kit_since(start), 0);
    return 0;
}

static int ideal_to_itself(void *arg) {
    sn_host *b, *a = kit_pair(&b);
    sn_conn *c;
    sn_listener *l;
    (void)arg;
    kit_link("*", "*", (sn_link){.down = 1});
    kit_run(a, talks_to_itself);
    CHECK_INT(sn_dial(&c, "tcp", ECHO_ADDR), SN_ENETUNREACH); /* the test has no network */
    CHECK_INT(sn_listen(&l, "tcp", "127.0.0.1:0"), SN_EADDRNOTAVAIL);
    return 0;
}

int main(void) {
    world_case("latency there and back", latency, 1);
    world_case("jitter", jitter, 1);
    world_case("bandwidth", bandwidth, 1);
    world_case("loss is made good", loss, 1);
    world_case("an ideal link takes no time", all_at_once, 1);
    world_case("a long slow link", slow_and_far, 1);
    world_case("dial over a partition", partition_there, 2);
    world_case("dial whose answer is lost", partition_back, 2);
    world_case("dial whose answers are lost", no_answer, 2);
    world_case("dial waits for the heal", dial_waits_for_the_heal, 2);
    world_case("a partition heals", partition_heals, 5);
    world_case("a partition of one way heals", partition_there_heals, 5);
    world_case("a partition of the way back heals", partition_back_heals, 5);
    world_case("a partition for good", partition_for_good, 2);
    world_case("a partition of the way back for good", partition_back_for_good, 2);
    world_case("what is on the wire arrives", on_the_wire, 2);
    world_case("a reset overtakes nothing", a_reset_overtakes_nothing, 2);
    world_case("refused dials", refuse, 5);
    world_case("half-open connections", half_open, 20);
    world_case("reset between two places", resets, 5);
    world_case("which rule counts", rules, 2);
    world_case("a host reaches itself", ideal_to_itself, 2);
    return check_done();
}
