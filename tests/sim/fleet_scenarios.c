/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* The fleet's scenarios: a week, a roll-out until it is decided, a server that is killed again and
 * again. Their parameters and faults are in scenarios/fleet-*.scn. */
#include "fleet_world.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define HOUR (3600 * SN_SECOND)

int fleet_week_scenario(void *arg);
int fleet_rollout_scenario(void *arg);
int fleet_freeze_scenario(void *arg);

static void start_faults(void) {
    int rc = sn_faults_start();
    if (rc) sn_sim_fail("no faults: %s", sn_strerror(rc));
}

static void expect(const struct world *w) {
    const char *want = sn_param_text("expect", "");
    if (*want && !strstr(want, w->desk.state))
        sn_sim_fail("the roll-out is %s, not %s: %s", w->desk.state, want, w->desk.reason);
}

/* A roll-out and what goes on after it, for so many days. */
int fleet_week_scenario(void *arg) {
    (void)arg;
    sn_time until = sn_now() + sn_param_int("days", 7) * 24 * HOUR;
    struct world *w = world_make();
    world_await_start(w);
    start_faults();
    world_await_decision(w, until);
    int rc = sn_now() < until ? sn_sleep(until - sn_now()) : 0;
    if (rc) return rc;
    world_settle(w);
    expect(w);
    world_end(w);
    return 0;
}

/* Ends as soon as it is known what becomes of the version. */
int fleet_rollout_scenario(void *arg) {
    (void)arg;
    struct world *w = world_make();
    world_await_start(w);
    start_faults();
    if (!world_await_decision(w, sn_now() + sn_param_int("days", 30) * 24 * HOUR))
        sn_sim_fail("undecided: %s, stage %lld", w->desk.state, (long long)w->desk.stage + 1);
    if (sn_param_int("settle", 1)) world_settle(w);
    expect(w);
    world_end(w);
    return 0;
}

/* ---- kills ---- */

/* Some instant of the next while: often one at which the server has a closing report in hand. */
static void await_instant(struct world *w, sn_time mean) {
    int rc = sn_sleep((sn_time)sn_sim_draw((uint64_t)mean * 2));
    if (!rc && sn_sim_draw(4)) {
        sn_time until = sn_now() + 2 * mean;
        while (!rc && !w->field.telling && sn_now() < until) rc = sn_sleep(5 * SN_MILLISECOND);
        if (!rc) rc = sn_sleep((sn_time)sn_sim_draw(150 * SN_MILLISECOND));
    }
    for (uint64_t n = sn_sim_draw(8); n && !rc; n--) rc = sn_yield();
    if (rc) sn_sim_fail("the test is cancelled");
}

static void kill_as(struct world *w, enum sn_stop how) {
    if (!sn_host_up(w->site.host)) return;
    site_kill(&w->site, how, (sn_time)sn_sim_draw(20 * SN_SECOND));
    w->kills++;
}

static void kill_now(struct world *w) {
    kill_as(w, sn_sim_draw(2) ? SN_STOP_POWER : SN_STOP_PROCESS);
}

/* The worst there is for a journal: for a while no sync gets through; the process is killed, the
 * next one reads what the disk has never got, and while it is at that the power goes. */
static void kill_twice_over(struct world *w) {
    sn_disk disk = world_disk(), bad = disk;
    bad.fail_sync = 1000000;
    if (sn_host_disk(w->site.host, &bad)) sn_sim_fail("no such disk");
    if (sn_sleep((sn_time)sn_sim_draw(20 * SN_SECOND))) return;
    if (sn_host_disk(w->site.host, &disk)) sn_sim_fail("no such disk");
    kill_as(w, SN_STOP_PROCESS);
    if (sn_sleep((sn_time)sn_sim_draw(300 * SN_MILLISECOND))) return;
    kill_as(w, SN_STOP_POWER);
}

/* And sometimes again while it starts, once or more. */
static void kill_once(struct world *w, uint32_t again) {
    kill_now(w);
    while (sn_sim_draw(1000000) < again) {
        if (sn_sleep((sn_time)sn_sim_draw(400 * SN_MILLISECOND))) return;
        kill_now(w);
    }
}

int fleet_freeze_scenario(void *arg) {
    (void)arg;
    uint32_t again = sn_param_share("kill_again", 300000);
    uint32_t worst = sn_param_share("kill_worst", 0);
    int64_t kills = sn_param_int("kills", 20);
    sn_time mean = sn_param_time("kill_every", 120 * SN_SECOND);
    struct world *w = world_make();
    world_await_start(w);
    start_faults();
    while (w->kills < (uint64_t)kills && !w->desk.decided) {
        await_instant(w, mean);
        if (sn_sim_draw(1000000) < worst)
            kill_twice_over(w);
        else
            kill_once(w, again);
    }
    world_await_decision(w, sn_now() + 60 * HOUR);
    world_settle(w);
    expect(w);
    world_end(w);
    return 0;
}
