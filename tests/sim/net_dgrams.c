/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Datagrams of the simulated network: lost, doubled, overtaken, cut off, and whole if they come. */
#include "net_kit.h"

enum { SENT = 200 };
static unsigned seen[SENT], overtaken, received;
static sn_time first, last;

/* Receives numbers until five seconds pass without one. */
static int collects(void *arg) {
    sn_dgram *d;
    sn_addr from;
    size_t n;
    uint32_t number = 0, newest = 0;
    char text[64];
    (void)arg;
    MUST(sn_dgram_open(&d, "0.0.0.0:53") == 0);
    sn_time until = sn_now() + 60 * SN_SECOND;
    while (sn_dgram_recv(d, &number, sizeof number, &n, &from, until) == 0) {
        CHECK(n == sizeof number && number < SENT);
        CHECK(sn_addr_text(&from, text, sizeof text) == 0 && strncmp(text, "10.0.0.1:", 9) == 0);
        if (!received++) first = sn_now();
        last = sn_now();
        seen[number]++;
        overtaken += number < newest;
        if (number > newest) newest = number;
        until = sn_now() + 5 * SN_SECOND;
    }
    sn_dgram_free(d);
    return 0;
}

static int sends_numbers(void *arg) {
    sn_dgram *d;
    sn_addr b;
    (void)arg;
    MUST(sn_dgram_open(&d, "0.0.0.0:0") == 0);
    MUST(sn_addr_lookup(&b, "b:53") == 0);
    for (uint32_t i = 0; i < SENT; i++) {
        CHECK_INT(sn_dgram_send(d, &b, &i, sizeof i), 0);
        MUST(sn_sleep(MS) == 0);
    }
    sn_dgram_free(d);
    return 0;
}

/* What comes of the numbers over a link. */
static void over(sn_link l) {
    sn_host *a = kit_host("a", "10.0.0.1"), *b = kit_host("b", "10.0.0.2");
    memset(seen, 0, sizeof seen);
    overtaken = received = 0;
    kit_start(b, collects);
    MUST(sn_sim_settle() == 0);
    kit_link("a", "b", l);
    kit_run(a, sends_numbers);
    MUST(sn_host_wait(b, NULL) == 0);
}

static unsigned count(unsigned times) {
    unsigned n = 0;
    for (int i = 0; i < SENT; i++) n += seen[i] == times;
    return n;
}

static int ideal(void *arg) {
    (void)arg;
    over((sn_link){.size = 0});
    CHECK_INT(count(1), SENT);
    CHECK_INT(overtaken, 0);
    CHECK_INT(first, SN_SECOND);
    return 0;
}

static int late(void *arg) {
    (void)arg;
    over((sn_link){.latency = 40 * MS, .bandwidth = 4000});
    CHECK_INT(count(1), SENT);
    CHECK_INT(overtaken, 0);
    CHECK_INT(first, SN_SECOND + 41 * MS); /* its four bytes took one */
    CHECK_INT(last, SN_SECOND + 40 * MS + SENT * MS);
    return 0;
}

static int lost(void *arg) {
    (void)arg;
    over((sn_link){.loss = 200000, .latency = MS});
    CHECK(count(0) > 10 && count(0) < 80);
    CHECK_INT(count(0) + count(1), SENT);
    return 0;
}

static int doubled(void *arg) {
    (void)arg;
    over((sn_link){.duplicate = 200000, .latency = MS});
    CHECK(count(2) > 10 && count(2) < 80);
    CHECK_INT(count(1) + count(2), SENT);
    return 0;
}

static int swapped(void *arg) {
    (void)arg;
    over((sn_link){.reorder = 200000, .latency = MS});
    CHECK_INT(count(1), SENT);
    CHECK(overtaken > 5);
    return 0;
}

static int cut_off(void *arg) {
    (void)arg;
    over((sn_link){.down = 1});
    CHECK_INT(count(0), SENT);
    return 0;
}

/* ---- what nobody receives ---- */

static int too_many(void *arg) {
    static char block[10000];
    sn_dgram *d;
    sn_addr own;
    size_t n;
    int came = 0;
    char text[64];
    (void)arg;
    MUST(sn_dgram_open(&d, "127.0.0.1:0") == 0);
    MUST(sn_dgram_addr(d, text, sizeof text) == 0 && sn_addr_parse(&own, text) == 0);
    for (int i = 0; i < 50; i++) CHECK_INT(sn_dgram_send(d, &own, block, sizeof block), 0);
    while (sn_dgram_recv(d, block, sizeof block, &n, NULL, 0) == 0) came++;
    CHECK(came >= 20 && came < 25); /* what the buffer holds */
    sn_dgram_free(d);
    return 0;
}

static int overflow(void *arg) {
    (void)arg;
    kit_run(kit_host("a", "10.0.0.1"), too_many);
    return 0;
}

/* ---- stops ---- */

static int sends_forever(void *arg) {
    sn_dgram *d;
    sn_addr b;
    (void)arg;
    MUST(sn_dgram_open(&d, "0.0.0.0:0") == 0);
    MUST(sn_addr_parse(&b, "10.0.0.2:53") == 0);
    for (uint32_t i = 0; i < SENT; i++)
        if (sn_dgram_send(d, &b, &i, sizeof i) || sn_sleep(MS)) break;
    CHECK(sn_dgram_send(d, &b, "after", 5) < 0);
    sn_dgram_free(d);
    return 0;
}

static int stops(void *arg) {
    sn_host *a = kit_host("a", "10.0.0.1"), *b = kit_host("b", "10.0.0.2");
    (void)arg;
    memset(seen, 0, sizeof seen);
    overtaken = received = 0;
    kit_start(b, collects);
    MUST(sn_sim_settle() == 0);
    kit_link("a", "b", (sn_link){.latency = 30 * MS});
    kit_start(a, sends_forever);
    sn_time lives = (sn_time)sn_sim_draw(100) * MS + MS / 2;
    MUST(sn_sleep(lives) == 0);
    sn_host_stop(a, sn_sim_draw(2) ? SN_STOP_POWER : SN_STOP_PROCESS);
    MUST(sn_host_wait(b, NULL) == 0);
    CHECK_INT(received, lives / MS + 1); /* what was on the wire came */
    return 0;
}

/* What still waited to leave when the power failed does not leave; a process's death is nothing
 * to what it had sent. */
static int sends_in_a_burst(void *arg) {
    sn_dgram *d;
    sn_addr b;
    (void)arg;
    MUST(sn_dgram_open(&d, "0.0.0.0:0") == 0);
    MUST(sn_addr_parse(&b, "10.0.0.2:53") == 0);
    for (uint32_t i = 0; i < SENT; i++) CHECK_INT(sn_dgram_send(d, &b, &i, sizeof i), 0);
    (void)!sn_sleep(3600 * SN_SECOND);
    sn_dgram_free(d);
    return 0;
}

static int burst(void *arg) {
    sn_host *a = kit_host("a", "10.0.0.1"), *b = kit_host("b", "10.0.0.2");
    (void)arg;
    memset(seen, 0, sizeof seen);
    overtaken = received = 0;
    kit_start(b, collects);
    MUST(sn_sim_settle() == 0);
    kit_link("a", "b", (sn_link){.latency = 3 * MS, .bandwidth = 4000}); /* one in a ms */
    kit_start(a, sends_in_a_burst);
    MUST(sn_sleep(100 * MS + MS / 2) == 0);
    enum sn_stop how = sn_sim_draw(2) ? SN_STOP_POWER : SN_STOP_PROCESS;
    sn_host_stop(a, how);
    MUST(sn_host_wait(b, NULL) == 0);
    CHECK_INT(received, how == SN_STOP_POWER ? 100 : SENT);
    return 0;
}

/* A host that is off, or has nobody at the port, takes nothing, and nobody is told. */
static int nobody(void *arg) {
    sn_host *a = kit_host("a", "10.0.0.1"), *b = kit_host("b", "10.0.0.2");
    (void)arg;
    kit_run(a, sends_numbers);
    kit_start(b, kit_echo_main);
    kit_run(a, sends_numbers);
    sn_host_stop(b, SN_STOP_POWER);
    kit_run(a, sends_numbers);
    return 0;
}

/* ---- a crowd ---- */

static int answers(void *arg) {
    sn_dgram *d;
    sn_addr from;
    char byte;
    size_t n;
    (void)arg;
    MUST(sn_dgram_open(&d, "0.0.0.0:53") == 0);
    while (sn_dgram_recv(d, &byte, 1, &n, &from, SN_NEVER) == 0)
        if (sn_dgram_send(d, &from, &byte, 1)) break;
    sn_dgram_free(d);
    return 0;
}

static int asks_from_everywhere(void *arg) {
    static const char *const from[] = {"10.64.0.0:5", "10.64.0.1:5", "10.79.255.255:5"};
    sn_dgram *d[3], *bad;
    sn_addr b, who;
    char got;
    size_t n;
    (void)arg;
    MUST(sn_addr_parse(&b, "10.0.0.2:53") == 0);
    for (int i = 0; i < 3; i++) {
        char byte = (char)('a' + i);
        MUST(sn_dgram_open(&d[i], from[i]) == 0);
        CHECK_INT(sn_dgram_send(d[i], &b, &byte, 1), 0);
    }
    for (int i = 0; i < 3; i++) {
        CHECK_INT(sn_dgram_recv(d[i], &got, 1, &n, &who, SN_NEVER), 0);
        CHECK_INT(got, 'a' + i); /* to each its own */
        CHECK_INT(sn_addr_equal(&who, &b), 1);
        sn_dgram_free(d[i]);
    }
    CHECK_INT(sn_dgram_open(&bad, "10.80.0.0:0"), SN_EADDRNOTAVAIL);
    MUST(sn_dgram_open(&bad, "0.0.0.0:0") == 0);
    MUST(sn_addr_parse(&b, "10.80.0.0:1") == 0);
    CHECK_INT(sn_dgram_send(bad, &b, "x", 1), SN_EHOSTUNREACH);
    MUST(sn_addr_parse(&b, "[2001:db8::1]:1") == 0);
    CHECK_INT(sn_dgram_send(bad, &b, "x", 1), SN_EADDRNOTAVAIL);
    CHECK_INT(sn_addr_lookup(&b, "nobody:1"), SN_ENOENT);
    sn_dgram_free(bad);
    return 0;
}

static int crowd(void *arg) {
    sn_host *b = kit_host("b", "10.0.0.2"), *many = kit_host("many", "10.64.0.0/12");
    (void)arg;
    kit_start(b, answers);
    MUST(sn_sim_settle() == 0);
    kit_link("*", "*", (sn_link){.latency = MS, .jitter = MS});
    kit_run(many, asks_from_everywhere);
    sn_dgram *d;
    CHECK_INT(sn_dgram_open(&d, "127.0.0.1:0"), SN_EADDRNOTAVAIL); /* outside of hosts */
    return 0;
}

int main(void) {
    world_case("an ideal link", ideal, 2);
    world_case("a long slow one", late, 2);
    world_case("loss", lost, 5);
    world_case("duplicates", doubled, 5);
    world_case("overtaking", swapped, 5);
    world_case("a partition", cut_off, 2);
    world_case("more than a socket holds", overflow, 2);
    world_case("nothing after a stop", stops, 10);
    world_case("a burst and a stop", burst, 5);
    world_case("nobody there", nobody, 2);
    world_case("a crowd", crowd, 5);
    return check_done();
}
