/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Signals of simulated processes. */
#include "check.h"

#include <sennit/sennit.h>
#include <sennit/sim.h>
#include <signal.h>

static sn_host *host;
static int got[8], got_n;

static int take(void *arg) {
    int signo;
    (void)arg;
    sn_chan *c = sn_chan_new(sizeof(int), 1, NULL), *d = sn_chan_new(sizeof(int), 4, NULL);
    CHECK_INT(sn_signal_notify(c, SIGKILL), SN_EINVAL);
    CHECK_INT(sn_signal_notify(NULL, SIGTERM), SN_EINVAL);
    CHECK_INT(sn_signal_notify(c, SIGTERM), 0);
    CHECK_INT(sn_signal_notify(c, SIGTERM), 0); /* twice is once */
    CHECK_INT(sn_signal_notify(d, SIGHUP), 0);
    while (got_n < 3 && sn_recv(c, &signo) == 0) got[got_n++] = signo;
    while (sn_try_recv(d, &signo) == 0) got[got_n++] = signo;
    sn_signal_stop(c);
    int rc = sn_sleep(10 * SN_SECOND);
    CHECK_INT(sn_try_recv(c, &signo), SN_EAGAIN);
    sn_signal_stop(d);
    sn_chan_free(c);
    sn_chan_free(d);
    return rc;
}

static int body(void *arg) {
    (void)arg;
    if (sn_host_new(&host, "machine", "10.0.0.1")) return SN_EIO;
    CHECK_INT(sn_host_signal(host, SIGTERM), SN_ECLOSED);
    if (sn_host_start(host, take, NULL, 0) || sn_sim_settle()) return SN_EIO;
    CHECK_INT(sn_host_signal(host, SIGUSR1), 0); /* nobody asked */
    CHECK_INT(sn_host_signal(host, SIGHUP), 0);
    CHECK_INT(sn_host_signal(host, 0), SN_EINVAL);
    for (int i = 0; i < 3; i++) {
        CHECK_INT(sn_host_signal(host, SIGTERM), 0);
        if (sn_sim_settle()) return SN_EIO;
    }
    CHECK_INT(sn_host_signal(host, SIGTERM), 0); /* it has stopped that */
    int rc = sn_host_wait(host, NULL);
    CHECK_INT(sn_host_signal(host, SIGTERM), SN_ECLOSED);
    return rc;
}

static void signals_come_as_values(void) {
    for (uint64_t seed = 1; seed <= 50; seed++) {
        sn_sim_config c = {.size = sizeof c, .seed = seed};
        sn_sim_result r = {.size = sizeof r};
        got_n = 0;
        MUST(sn_sim_run(&c, body, NULL, &r) == 0);
        CHECK_INT(r.rc, 0);
        CHECK(got_n == 4 && got[0] == SIGTERM && got[2] == SIGTERM && got[3] == SIGHUP);
    }
}

/* A host that is stopped while signals come: nothing is sent to a channel that is gone. */
static int listens(void *arg) {
    int signo;
    (void)arg;
    sn_chan *c = sn_chan_new(sizeof(int), 1, NULL);
    int rc = sn_signal_notify(c, SIGTERM);
    while (rc == 0) rc = sn_recv(c, &signo);
    sn_signal_stop(c);
    sn_chan_free(c);
    return 0;
}

static int sends(void *arg) {
    (void)arg;
    for (int i = 0; i < 20; i++)
        if (sn_host_signal(host, SIGTERM) == SN_ECLOSED) break;
    return 0;
}

static int stop_meanwhile(void *arg) {
    sn_scope s;
    (void)arg;
    int rc = sn_host_new(&host, "machine", "10.0.0.1");
    if (rc == 0) rc = sn_host_start(host, listens, NULL, 0);
    if (rc) return rc;
    sn_scope_enter(&s, SN_NEVER);
    rc = sn_go(sends, NULL, 0);
    sn_host_stop(host, SN_STOP_PROCESS);
    int left = sn_scope_leave(&s);
    return rc ? rc : left;
}

static void a_stop_may_come_between(void) {
    for (uint64_t seed = 1; seed <= 300; seed++) {
        sn_sim_config c = {.size = sizeof c, .seed = seed, .mode = seed & 1};
        sn_sim_result r = {.size = sizeof r};
        MUST(sn_sim_run(&c, stop_meanwhile, NULL, &r) == 0);
        CHECK_INT(r.rc, 0);
    }
}

int main(void) {
    CASE(signals_come_as_values);
    CASE(a_stop_may_come_between);
    return check_done();
}
