/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Fault plans in the simulated world: each kind does what it says, for as long as it says, and
 * leaves nothing behind; several at one place add up. */
#include <sennit/file.h>
#include <sennit/net.h>
#include <sennit/scenario.h>
#include <sennit/time.h>

#include "check.h"
#include "sched/sim/world.h"
#include "search/plan.h"

#define MS SN_MILLISECOND
#define SECONDS 60

/** What "a" saw in each second of a run. */
static struct {
    sn_time dial[SECONDS]; /* how long a dial of "b" took; below 0: the error */
    int write[SECONDS];    /* what a write and a sync on its disk returned */
    sn_time wrote[SECONDS];
    int64_t utc_ms[SECONDS];
    sn_time clock[SECONDS], world[SECONDS]; /* its own, and the true one */
    int ticks[SECONDS];                     /* how often it ran */
} saw;

static int second_of(void) { return (int)((sn_now() - SN_SECOND) / SN_SECOND); }

static sn_time probe_dial(void) {
    sn_conn *c;
    sn_scope s;
    sn_time from = sn_now();
    sn_scope_enter(&s, from + 600 * MS);
    int rc = sn_dial(&c, "tcp", "b:7");
    sn_conn_free(c);
    int left = sn_scope_leave(&s);
    return rc ? rc : left ? left : sn_now() - from;
}

static int probe_write(void) {
    char text[5000] = "all";
    size_t n;
    sn_file *f;
    int rc = sn_file_open(&f, "file", SN_F_WRITE | SN_F_CREATE | SN_F_TRUNC);
    if (rc) return rc;
    rc = sn_file_write(f, text, sizeof text, 0, &n);
    if (rc == 0) rc = sn_file_sync(f);
    sn_file_close(f);
    return rc;
}

/** Looks around once in each second. */
static int watcher(void *arg) {
    (void)arg;
    for (;;) {
        sn_time into = (sn_now() - SN_SECOND) % SN_SECOND;
        int rc = sn_sleep((into < 200 * MS ? 200 * MS : 1200 * MS) - into);
        if (rc) return rc;
        int s = second_of();
        if (s >= SECONDS) return 0;
        saw.ticks[s]++;
        saw.clock[s] = sn_now();
        saw.world[s] = sn__sim_time();
        saw.utc_ms[s] = sn_utc_ms();
        saw.dial[s] = probe_dial();
        sn_time from = sn_now();
        saw.write[s] = probe_write();
        saw.wrote[s] = sn_now() - from;
    }
}

static int listener(void *arg) {
    sn_listener *l;
    sn_conn *c;
    (void)arg;
    int rc = sn_listen(&l, "tcp", "0.0.0.0:7");
    if (rc) return rc;
    while ((rc = sn_accept(l, &c)) == 0) sn_conn_free(c);
    sn_listener_free(l);
    return rc;
}

static int cancel_at;            /* the faults are cancelled at this second; 0: never */
static int start_rc, busy_after; /* the plan has faults */

static int world(void *arg) {
    sn_host *a, *b, *c;
    sn_scope s;
    (void)arg;
    const sn_link lan = {.size = sizeof lan, .latency = 5 * MS};
    if (sn_host_new(&a, "a", "10.0.0.1") || sn_host_new(&b, "b", "10.0.0.2") ||
        sn_host_new(&c, "c", "10.0.0.3"))
        return -1;
    if (sn_sim_link("*", "*", &lan)) return -1;
    if (sn_host_start(b, listener, NULL, 0)) return -1;
    if (sn_host_start(a, watcher, NULL, 0)) return -1;
    sn_scope_enter(&s, SN_NEVER);
    start_rc = sn_faults_start();
    if (start_rc == 0 && busy_after) CHECK_INT(sn_faults_start(), SN_EBUSY);
    if (sn_sleep_until((cancel_at ? cancel_at + 1 : SECONDS + 1) * SN_SECOND)) return -1;
    sn_scope_cancel(&s, SN_ECANCELED);
    if (sn_scope_leave(&s) != SN_ECANCELED) return -1;
    return sn_sleep_until((SECONDS + 1) * SN_SECOND);
}

static uint64_t run(const char *text, const uint32_t *without, size_t n) {
    sn_sim_config c = {.size = sizeof c, .seed = 1, .calm = 1};
    sn_sim_result r = {.size = sizeof r};
    sn_plan_error e;
    sn_plan *p = sn_plan_new();
    MUST(p);
    MUST(sn_plan_parse(p, text, strlen(text), &e) == 0);
    memset(&saw, 0, sizeof saw);
    busy_after = sn_plan_size(p) > 0;
    sn__faults_use(p, "plan", 1, without, n);
    MUST(sn_sim_run(&c, world, NULL, &r) == 0);
    CHECK_INT(r.rc, 0);
    sn__faults_use(NULL, NULL, 0, NULL, 0);
    sn_plan_free(p);
    return r.hash;
}

/** Checks something for the seconds from … to - 1. */
#define IN(from, to, cond)                                                                         \
    do {                                                                                           \
        for (int s = (from); s < (to); s++) {                                                      \
            if (cond) continue;                                                                    \
            fprintf(stderr, "%s:%d: in second %d: %s\n", __FILE__, __LINE__, s, #cond);            \
            check_failed_ = 1;                                                                     \
            break;                                                                                 \
        }                                                                                          \
    } while (0)

static void links(void) {
    run("fault delay between a and b at 10s for 20s by 50ms\n"
        "fault delay from b to a at 20s for 20s by 150ms\n"
        "fault partition from a to * at 45s for 5s",
        NULL, 0);
    IN(0, 10, saw.dial[s] == 10 * MS);
    IN(10, 20, saw.dial[s] == 110 * MS);
    IN(20, 30, saw.dial[s] == 210 * MS);
    IN(30, 40, saw.dial[s] == 160 * MS);
    IN(40, 45, saw.dial[s] == 10 * MS);
    IN(45, 50, saw.dial[s] == SN_ETIMEDOUT);
    IN(50, SECONDS, saw.dial[s] == 10 * MS);
}

static void refused_and_lost(void) {
    run("fault refuse from a to b at 10s for 5s share 100%\n"
        "fault loss from a to b at 20s for 5s share 100%\n"
        "fault refuse from c to b at 30s for 5s share 100%",
        NULL, 0);
    IN(0, 10, saw.dial[s] == 10 * MS);
    IN(10, 15, saw.dial[s] == SN_ECONNREFUSED);
    IN(15, 20, saw.dial[s] == 10 * MS);
    IN(20, 25, saw.dial[s] == SN_ETIMEDOUT);
    IN(25, SECONDS, saw.dial[s] == 10 * MS);
}

static void processes(void) {
    run("fault kill b at 10s for 10s\n"
        "fault power on b at 15s for 10s\n"
        "fault freeze a at 30s for 5s\n"
        "fault freeze a at 33s for 5s\n"
        "fault kill a at 45s for 5s",
        NULL, 0);
    IN(0, 10, saw.dial[s] == 10 * MS);
    IN(10, 25, saw.dial[s] == SN_ECONNREFUSED || saw.dial[s] == SN_ETIMEDOUT);
    IN(25, 30, saw.dial[s] == 10 * MS);
    IN(0, 30, saw.ticks[s] == 1);
    IN(30, 38, saw.ticks[s] == 0);
    IN(39, 45, saw.ticks[s] == 1);
    IN(45, 50, saw.ticks[s] == 0);
    IN(51, SECONDS, saw.ticks[s] == 1);
}

static void disks(void) {
    run("fault disk-full a at 10s for 5s\n"
        "fault disk-slow a at 20s for 10s by 10ms sync 100ms\n"
        "fault disk-slow a at 25s for 10s by 5ms sync 200ms\n"
        "fault disk-error a at 40s for 5s write 100%\n"
        "fault disk-error a at 43s for 5s sync 100%",
        NULL, 0);
    IN(0, 10, saw.write[s] == 0 && saw.wrote[s] == 0);
    IN(10, 15, saw.write[s] == SN_ENOSPC);
    IN(15, 20, saw.write[s] == 0 && saw.wrote[s] == 0);
    IN(20, 25, saw.write[s] == 0 && saw.wrote[s] == 110 * MS);
    IN(25, 30, saw.write[s] == 0 && saw.wrote[s] == 210 * MS);
    IN(30, 35, saw.write[s] == 0 && saw.wrote[s] == 205 * MS);
    IN(35, 40, saw.write[s] == 0 && saw.wrote[s] == 0);
    IN(40, 48, saw.write[s] == SN_EIO);
    IN(48, SECONDS, saw.write[s] == 0);
}

/** How far the wall clock of "a" is ahead of where it was at the start. */
static int64_t ahead(int s) {
    return saw.utc_ms[s] - saw.utc_ms[0] - (saw.clock[s] - saw.clock[0]) / MS;
}

/** How long the second of "a" really took, but for the rounding. */
static bool is_second(int s, sn_time really) {
    sn_time took = saw.world[s + 1] - saw.world[s];
    return took >= really - 2 && took <= really + 2;
}

static void clocks(void) {
    run("fault clock-jump a at 10s by 1h for 10s\n"
        "fault clock-jump a at 15s by -10m\n",
        NULL, 0);
    IN(0, 10, ahead(s) == 0);
    IN(10, 15, ahead(s) == 3600000);
    IN(15, 20, ahead(s) == 3000000);
    IN(20, SECONDS, ahead(s) == -600000);
    uint64_t fast = run("fault clock-drift a at 10s for 40s by 100000ppm\n"
                        "fault clock-drift a at 20s for 10s by -50000ppm",
                        NULL, 0);
    IN(0, 10, saw.ticks[s] == 1);
    int ticks = 0;
    for (int s = 0; s < SECONDS; s++) ticks += saw.ticks[s];
    CHECK_INT(ticks, SECONDS); /* its own seconds; 4 s of them sooner */
    IN(0, 9, is_second(s, SN_SECOND));
    IN(11, 53, is_second(s, SN_SECOND * 10 / 11)); /* 40 s are 44 of its own */
    IN(55, SECONDS - 1, is_second(s, SN_SECOND));
    CHECK(fast != run("", NULL, 0));
    IN(0, SECONDS, saw.ticks[s] == 1);
}

static void a_hog_interleaves_and_passes(void) {
    CHECK(run("fault hog a at 10s for 10s cpus 3", NULL, 0) != run("", NULL, 0));
    IN(0, SECONDS, saw.ticks[s] == 1 && saw.dial[s] == 10 * MS);
}

static void some_are_left_out(void) {
    static const char text[] = "fault delay between a and b at 10s for 10s by 50ms\n"
                               "fault partition between a and b at 30s for 10s\n";
    static const uint32_t first[] = {1};
    size_t n = 0;
    run(text, first, 1);
    IN(0, 30, saw.dial[s] == 10 * MS);
    IN(30, 40, saw.dial[s] == SN_ETIMEDOUT);
    CHECK(sn__faults_list(&n) == NULL && n == 0);
    CHECK(run(text, NULL, 0) == run(text, NULL, 0));
}

static void a_cancel_undoes(void) {
    cancel_at = 15;
    run("fault partition between a and b at 10s for 40s\n"
        "fault freeze a at 12s for 30s\n"
        "fault disk-full a at 10s for 40s\n"
        "fault delay between a and b at 20s for 30s by 50ms",
        NULL, 0);
    cancel_at = 0;
    IN(10, 12, saw.dial[s] == SN_ETIMEDOUT && saw.write[s] == SN_ENOSPC);
    IN(12, 15, saw.ticks[s] == 0);
    IN(16, SECONDS, saw.dial[s] == 10 * MS && saw.write[s] == 0);
}

static void what_cannot_be(void) {
    run("fault kill nobody at 1s for 1s", NULL, 0);
    CHECK_INT(start_rc, SN_ENOENT);
    run("fault memory a at 1s for 1s size 1MiB", NULL, 0);
    CHECK_INT(start_rc, SN_ENOSYS);
    run("# nothing", NULL, 0);
    CHECK_INT(start_rc, 0);
}

int main(void) {
    CASE(links);
    CASE(refused_and_lost);
    CASE(processes);
    CASE(disks);
    CASE(clocks);
    CASE(a_hog_interleaves_and_passes);
    CASE(some_are_left_out);
    CASE(a_cancel_undoes);
    CASE(what_cannot_be);
    return check_done();
}
