/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* A reset at every position of an exchange: twelve bytes there, eight back, the handshake before
 * and the ends after. The trace says where each reset struck; over the seeds none may be missing,
 * and what each side read must be the beginning of what the other wrote. */
#include "net_kit.h"

enum { ASK = 12, ANSWER = 8, DIALS = 20, SEEDS = 400 };
static const char ask[] = "ask 12 bytes", answer[] = "8 answer";

/* Resets seen at positions of the stream of the dialer, of the listener, and in between. */
static unsigned struck[2][ASK + 4];
static unsigned done_n, failed_n, moments;

static void watch(void *arg, const sn_sim_event *e) {
    (void)arg;
    if (strcmp(e->what, "net.reset") != 0) return;
    if (e->b < sizeof struck[0] / sizeof *struck[0])
        struck[e->a % 2][e->b]++;
    else
        moments++;
}

/* Reads up to n bytes: how many came, all right or the case fails. */
static size_t read_some(sn_conn *c, const char *want, size_t n, int *err) {
    char buf[16];
    size_t at = 0, k = 1;
    for (*err = 0; !*err && k && at < n; at += k) *err = sn_read(c, buf + at, n - at, &k);
    CHECK(memcmp(buf, want, at) == 0);
    return at;
}

static int is_reset_error(int err) {
    return err == SN_ECONNRESET || err == SN_ECLOSED || err == SN_ECONNREFUSED;
}

static int answers(void *arg) {
    sn_conn *c = *(sn_conn **)arg;
    int err;
    size_t n;
    if (read_some(c, ask, ASK, &err) == ASK && !err) err = sn_write(c, answer, ANSWER, &n);
    CHECK(!err || is_reset_error(err) || err == SN_ECANCELED); /* or the run is over */
    sn_conn_free(c);
    return 0;
}

static int server(void *arg) {
    sn_listener *l;
    sn_conn *c;
    (void)arg;
    MUST(sn_listen(&l, "tcp", "0.0.0.0:7") == 0);
    while (sn_accept(l, &c) == 0)
        if (sn_go(answers, &c, sizeof c)) sn_conn_free(c);
    sn_listener_free(l);
    return 0;
}

static int asks(sn_conn *c) {
    int err;
    size_t n;
    char end;
    err = sn_write(c, ask, ASK, &n);
    if (err) return err;
    n = read_some(c, answer, ANSWER, &err);
    if (err || n < ANSWER) return err ? err : SN_EPROTO;
    err = sn_shutdown_write(c);
    return err ? err : sn_read(c, &end, 1, &n);
}

static int client(void *arg) {
    (void)arg;
    for (int i = 0; i < DIALS; i++) {
        sn_conn *c;
        int err = sn_dial(&c, "tcp", "10.0.0.2:7");
        if (!err) err = asks(c);
        CHECK(!err || is_reset_error(err));
        done_n += !err;
        failed_n += err != 0;
        sn_conn_free(c);
    }
    return 0;
}

static int test(void *arg) {
    sn_host *a = kit_host("a", "10.0.0.1"), *b = kit_host("b", "10.0.0.2");
    (void)arg;
    kit_start(b, server);
    MUST(sn_sim_settle() == 0);
    kit_link("*", "*",
             (sn_link){.reset = 1000000, .latency = (sn_time)sn_sim_draw(2) * MS, .jitter = US});
    kit_run(a, client);
    return 0;
}

static void a_reset_at_every_byte(void) {
    for (uint64_t seed = 1; seed <= SEEDS && !check_failed_; seed++) {
        sn_sim_config c = {.size = sizeof c,
                           .seed = seed,
                           .mode = seed % 2 ? SN_SIM_UNIFORM : SN_SIM_PCT,
                           .trace = watch};
        sn_sim_result first = {.size = sizeof first}, again = first;
        MUST(sn_sim_run(&c, test, NULL, &first) == 0);
        c.trace = NULL;
        MUST(sn_sim_run(&c, test, NULL, &again) == 0);
        CHECK(first.hash == again.hash);
        if (check_failed_) fprintf(stderr, "seed %d\n", (int)seed);
    }
    for (int at = 0; at < 2 + ASK + 1; at++) CHECK(struck[0][at] > 0);
    for (int at = 0; at < 1 + ANSWER + 1; at++) CHECK(struck[1][at] > 0);
    CHECK(done_n > 0 && failed_n > done_n / 4);
    printf("%u exchanges done, %u reset; byte 0 of the answer %u times\n", done_n, failed_n,
           struck[1][1]);
}

int main(void) {
    CASE(a_reset_at_every_byte);
    return check_done();
}
