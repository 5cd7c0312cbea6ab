/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Hosts: making and finding them, their processes from start to end, who waits for them, signals.
 * Over seeds, in both modes. */
#include "world.h"

#include <sennit/sim.h>

#include <signal.h>

#define MS SN_MILLISECOND

static sn_host *host(const char *name, const char *addr) {
    sn_host *h;
    MUST(sn_host_new(&h, name, addr) == 0);
    return h;
}

static int names(void *arg) {
    static const char *const bad[] = {"",           "10.0.0",       "10.0.0.256",  "10.0.0.1/",
                                      "10.0.0.1/x", "10.0.0.1/24",  "10.0.0.0/33", "10.0.0.0/7",
                                      "::1",        "10.0.0.1/32x", " 10.0.0.1",   "10.0.0.1:80"};
    sn_host *h = host("a", "10.0.0.1"), *crowd, *no = h;
    (void)arg;
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        CHECK_INT(sn_host_new(&no, "b", bad[i]), SN_EINVAL);
        CHECK(!no);
    }
    CHECK_INT(sn_host_new(&no, "", "10.0.0.2"), SN_EINVAL);
    CHECK_INT(sn_host_new(&no, "a", "10.0.0.2"), SN_EEXIST);
    CHECK_INT(sn_host_new(&no, "b", "10.0.0.1"), SN_EEXIST);
    CHECK_INT(sn_host_new(&no, "b", "10.0.0.0/24"), SN_EEXIST);
    crowd = host("crowd", "10.64.0.0/12");
    CHECK_INT(sn_host_new(&no, "b", "10.79.255.255"), SN_EEXIST);
    CHECK_INT(sn_host_new(&no, "b", "10.80.0.0"), 0);
    CHECK(sn_host_named("a") == h && sn_host_named("crowd") == crowd);
    CHECK(!sn_host_named("c") && !sn_host_named(""));
    CHECK(!sn_host_self());
    CHECK_STR(sn_host_name(crowd), "crowd");
    CHECK(!sn_host_up(h));
    return 0;
}

/* ---- a process ---- */

typedef struct facts {
    sn_host *h;
    const char *name;
    int value, others, ended;
    uint64_t process;
} facts;

static int other(void *arg) {
    facts *f = *(facts **)arg;
    f->others++;
    CHECK(sn_host_self() == f->h);
    int rc = sn_recv(NULL, NULL);
    f->ended++;
    return rc;
}

static int big_frame(int n) {
    volatile char pad[4096];
    pad[0] = (char)n;
    return n ? big_frame(n - 1) + pad[0] : 0;
}

static int facts_main(void *arg) {
    facts **p = arg, *f = *p;
    CHECK(sn_host_self() == f->h);
    CHECK_STR(sn_host_name(sn_host_self()), "a");
    CHECK_INT(sn_host_start(f->h, facts_main, NULL, 0), SN_EBUSY);
    CHECK_INT(sn_host_restart(f->h), SN_EBUSY);
    f->process = sn_process();
    *p = NULL; /* its own copy */
    MUST(sn_go(other, &f, sizeof f) == 0);
    MUST(sn_go_root(other, &f, sizeof f) == 0);
    big_frame(100); /* 400 KiB of stack */
    CHECK_INT(sn_sleep((sn_time)sn_sim_draw(2) * MS), 0);
    return f->value;
}

/* When main returns, the others are cancelled and waited for. */
static int main_ends(void *arg) {
    facts f = {.h = host("a", "10.0.0.1"), .value = 5}, *p = &f;
    int rc = 0;
    (void)arg;
    CHECK_INT(sn_host_restart(f.h), SN_EINVAL);
    CHECK_INT(sn_host_wait(f.h, &rc), 0); /* it is down */
    MUST(sn_host_start(f.h, facts_main, &p, sizeof p) == 0);
    CHECK(p == &f);
    CHECK_INT(sn_host_up(f.h), 1);
    CHECK_INT(sn_host_wait(f.h, &rc), 0);
    CHECK_INT(rc, 5);
    CHECK_INT(sn_host_up(f.h), 0);
    CHECK_INT(f.ended, f.others); /* one that had not begun has not ended */
    uint64_t first = f.process;
    f.value = -3;
    MUST(sn_host_restart(f.h) == 0);
    CHECK_INT(sn_host_wait(f.h, &rc), 0);
    CHECK_INT(rc, -3);
    CHECK(first && f.process && f.process != first);
    CHECK(!sn_process());
    CHECK_INT(sn_host_wait(f.h, NULL), 0);
    CHECK_INT(sn_host_start(f.h, facts_main, &p, SN_ARG_MAX + 1), SN_E2BIG);
    return 0;
}

/* ---- waiting for it ---- */

typedef struct wait {
    sn_host *h;
    int rc, got, ended;
} wait;

static int wait_for(void *arg) {
    wait *w = *(wait **)arg;
    w->got = sn_host_wait(w->h, &w->rc);
    w->ended = 1;
    return 0;
}

static int for_ever(void *arg) {
    (void)arg;
    return sn_recv(NULL, NULL);
}

static int waiters(void *arg) {
    wait w[4], *p;
    sn_host *h = host("a", "10.0.0.1");
    sn_scope all, s;
    (void)arg;
    MUST(sn_host_start(h, for_ever, NULL, 0) == 0);
    sn_scope_enter(&all, SN_NEVER);
    for (int i = 0; i < 4; i++) {
        w[i] = (wait){.h = h};
        p = &w[i];
        MUST(sn_go(wait_for, &p, sizeof p) == 0);
    }
    sn_scope_enter(&s, sn_now() + MS);
    CHECK_INT(sn_host_wait(h, NULL), SN_ETIMEDOUT);
    CHECK_INT(sn_scope_leave(&s), SN_ETIMEDOUT);
    for (int i = 0; i < 4; i++) CHECK(!w[i].ended);
    sn_host_stop(h, SN_STOP_PROCESS);
    sn_host_stop(h, SN_STOP_POWER); /* down already: nothing happens */
    CHECK_INT(sn_scope_leave(&all), 0);
    for (int i = 0; i < 4; i++) {
        CHECK_INT(w[i].got, 0);
        CHECK_INT(w[i].rc, SN_ECANCELED);
    }
    return 0;
}

static int stop_too(void *arg) {
    sn_host_stop(*(sn_host **)arg, SN_STOP_POWER);
    return 0;
}

/* Two stop it at once, and one of them starts it again; a scope that is over changes nothing. */
static int stoppers(void *arg) {
    sn_host *h = host("a", "10.0.0.1");
    sn_scope s;
    (void)arg;
    for (int i = 0; i < 3; i++) {
        MUST(sn_host_start(h, for_ever, NULL, 0) == 0);
        if (sn_sim_draw(2)) CHECK_INT(sn_sim_settle(), 0);
        sn_scope_enter(&s, SN_NEVER);
        for (int k = 0; k < 2; k++) MUST(sn_go(stop_too, &h, sizeof h) == 0);
        if (sn_sim_draw(2)) sn_scope_cancel(&s, SN_ECANCELED);
        sn_host_stop(h, SN_STOP_PROCESS);
        CHECK_INT(sn_host_up(h), 0);
        int rc = sn_scope_leave(&s);
        CHECK(rc == 0 || rc == SN_ECANCELED);
    }
    return 0;
}

/* One host stops another, and is stopped itself while it waits for that. */
static int stop_the_other(void *arg) {
    (void)arg;
    sn_host_stop(sn_host_named("b"), SN_STOP_PROCESS);
    return sn_sleep(SN_SECOND);
}

static int hosts_stop_hosts(void *arg) {
    sn_host *a = host("a", "10.0.0.1"), *b = host("b", "10.0.0.2");
    int rc;
    (void)arg;
    MUST(sn_host_start(b, for_ever, NULL, 0) == 0);
    MUST(sn_host_start(a, stop_the_other, NULL, 0) == 0);
    for (unsigned i = 0, n = (unsigned)sn_sim_draw(20); i < n; i++) CHECK_INT(sn_yield(), 0);
    sn_host_stop(a, SN_STOP_PROCESS);
    CHECK_INT(sn_host_wait(a, &rc), 0);
    CHECK_INT(rc, SN_ECANCELED);
    sn_host_stop(b, SN_STOP_PROCESS);
    CHECK(!sn_host_up(a) && !sn_host_up(b));
    return 0;
}

/* ---- signals ---- */

static int count_signals(void *arg) {
    int *n = *(int **)arg, signo;
    sn_chan c;
    MUST(sn_chan_init(&c, sizeof signo, 2, NULL, NULL) == 0);
    int rc = sn_signal_notify(&c, SIGTERM);
    if (rc == 0) rc = sn_signal_notify(&c, SIGHUP);
    if (rc == 0) rc = sn_signal_notify(&c, SIGHUP); /* twice is once */
    CHECK_INT(sn_signal_notify(&c, SIGKILL), SN_EINVAL);
    while (rc == 0 && (rc = sn_recv(&c, &signo)) == 0 && signo == SIGHUP) ++*n;
    sn_signal_stop(&c);
    sn_chan_free(&c);
    return rc;
}

static int signals(void *arg) {
    sn_host *h = host("a", "10.0.0.1");
    int n = 0, *p = &n, rc;
    (void)arg;
    CHECK_INT(sn_host_signal(h, SIGTERM), SN_ECLOSED);
    for (int i = 0; i < 2; i++) {
        MUST(sn_host_start(h, count_signals, &p, sizeof p) == 0);
        CHECK_INT(sn_sim_settle(), 0);
        CHECK_INT(sn_host_signal(h, SIGUSR1), 0); /* nobody asked for it */
        CHECK_INT(sn_host_signal(h, 0), SN_EINVAL);
        CHECK_INT(sn_host_signal(h, 65), SN_EINVAL);
        for (int k = 0; k < 3; k++) {
            CHECK_INT(sn_host_signal(h, SIGHUP), 0);
            CHECK_INT(sn_sim_settle(), 0);
            CHECK_INT(n, i * 3 + k + 1);
        }
        if (i == 0) CHECK_INT(sn_host_signal(h, SIGTERM), 0);
        if (i == 1) sn_host_stop(h, SN_STOP_PROCESS);
        CHECK_INT(sn_host_wait(h, &rc), 0);
        CHECK_INT(rc, i ? SN_ECANCELED : 0);
        CHECK_INT(sn_host_signal(h, SIGTERM), SN_ECLOSED);
    }
    MUST(sn_host_start(h, count_signals, &p, sizeof p) == 0);
    for (int k = 0; k < 9; k++) CHECK_INT(sn_host_signal(h, SIGHUP), 0); /* more than fit */
    sn_host_stop(h, SN_STOP_POWER);
    return 0;
}

/* Whatever is up when the test's function returns is stopped. */
static int left_up(void *arg) {
    sn_host *a = host("a", "10.0.0.1"), *b = host("b", "10.0.0.2");
    (void)arg;
    MUST(sn_host_start(a, for_ever, NULL, 0) == 0 && sn_host_start(b, for_ever, NULL, 0) == 0);
    if (sn_sim_draw(2)) sn_host_pause(a);
    return 0;
}

int main(void) {
    world_case("names and addresses", names, 1);
    world_case("a host is up until main and what it started have ended", main_ends, 20);
    world_case("who waits for a host", waiters, 20);
    world_case("several stop it at once", stoppers, 20);
    world_case("a host stops another and is stopped", hosts_stop_hosts, 50);
    world_case("signals", signals, 20);
    world_case("hosts that nobody stops", left_up, 20);
    return check_done();
}
