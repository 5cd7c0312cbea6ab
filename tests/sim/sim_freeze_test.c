/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* A host is stopped at any moment, whatever its coroutines do: all come to their ends, no time
 * goes by meanwhile, and it starts again. Over seeds, in both modes. */
#include "world.h"

#include <sennit/sim.h>

#define MS SN_MILLISECOND

typedef struct process {
    sn_chan ch, rendezvous;
    sn_mutex lock, guard;
    sn_cond cond;
    sn_sem sem;
    sn_wg wg;
    sn_time frozen_at;
    int begun, ended, flag;
    int room[2]; /* of ch: nobody frees it */
} process;

/* ---- what a coroutine may be at when its host stops ---- */

static int in_recv(process *p) { return sn_recv(&p->ch, NULL); }

static int in_send(process *p) { return sn_send(&p->rendezvous, &(int){1}); }

static int in_sleep(process *p) {
    (void)p;
    return sn_sleep(SN_SECOND * (1 + (sn_time)sn_sim_draw(5)));
}

static int in_select(process *p) {
    int v;
    int at = sn_select(sn_now() + SN_SECOND, sn_rx(&p->ch, &v, NULL), sn_tx(&p->rendezvous, &v));
    return at == SN_ETIMEDOUT ? 0 : at < 0 ? at : 0;
}

static int in_lock(process *p) {
    sn_lock(&p->lock);
    int rc = sn_sleep(10 * MS);
    sn_unlock(&p->lock);
    return rc;
}

static int in_lock_until(process *p) {
    int rc = sn_lock_until(&p->lock, sn_now() + 5 * MS);
    if (rc) return rc == SN_ETIMEDOUT ? 0 : rc;
    sn_unlock(&p->lock);
    return 0;
}

static int in_cond(process *p) {
    sn_lock(&p->guard);
    int rc = 0;
    while (!p->flag && rc == 0) rc = sn_cond_wait(&p->cond, &p->guard, SN_NEVER);
    sn_unlock(&p->guard);
    return rc;
}

static int in_sem(process *p) { return sn_sem_wait(&p->sem, SN_NEVER); }

static int in_wg(process *p) { return sn_wg_wait(&p->wg); }

static int in_ticks(process *p) {
    sn_ticker t;
    int rc = 0;
    (void)p;
    sn_ticker_init(&t, 3 * MS);
    while (rc == 0) rc = sn_tick(&t, NULL);
    return rc;
}

static int nap(void *arg) {
    (void)arg;
    return sn_sleep(20 * MS);
}

static int in_scope(process *p) {
    sn_scope s;
    (void)p;
    sn_scope_enter(&s, sn_now() + 30 * MS);
    int rc = 0;
    for (int i = 0; i < 3 && rc == 0; i++) rc = sn_go(nap, NULL, 0);
    int end = sn_scope_leave(&s);
    return rc ? rc : end == SN_ETIMEDOUT ? 0 : end;
}

static int in_spawning(process *p) {
    (void)p;
    for (;;) {
        int rc = sn_sim_draw(2) ? sn_go(nap, NULL, 0) : sn_go_root(nap, NULL, 0);
        if (rc == 0) rc = sn_sleep(MS);
        if (rc) return rc;
    }
}

/* Clean-up that must not be cut short: it waits for a peer, who does the same. */
static int in_clean_up(process *p) {
    int rc = sn_sleep(SN_SECOND);
    uint32_t was = sn_shield(1);
    sn_lock(&p->guard);
    p->flag++;
    sn_cond_broadcast(&p->cond);
    sn_unlock(&p->guard);
    CHECK(sn_sleep(50 * MS) == 0 || sn_canceled() == 0);
    sn_shield(was);
    return rc;
}

/* Shielded, it polls for what another brings before it ends. */
static int in_polling(process *p) {
    uint32_t was = sn_shield(1);
    while (!p->flag) {
        int rc = sn_sleep(MS);
        CHECK(rc == 0);
    }
    sn_shield(was);
    return 0;
}

static int in_yields(process *p) {
    int rc = sn_sleep(60 * SN_SECOND);
    uint32_t was = sn_shield(1);
    while (!p->flag) CHECK_INT(sn_yield(), 0);
    sn_shield(was);
    return rc;
}

static int (*const acts[])(process *) = {in_recv,  in_send,       in_sleep,    in_select,  in_lock,
                                         in_lock,  in_lock_until, in_cond,     in_sem,     in_wg,
                                         in_ticks, in_scope,      in_spawning, in_clean_up};
enum { ACTS = sizeof acts / sizeof *acts };

typedef struct role {
    process *p;
    int (*act)(process *);
} role;

static int play(void *arg) {
    const role *r = arg;
    r->p->begun++;
    int rc = r->act(r->p);
    r->p->ended++;
    return rc == SN_ECANCELED || rc == SN_ETIMEDOUT ? 0 : rc;
}

static int anything(process *p) {
    int rc = 0;
    for (int i = 0; i < 12 && rc == 0; i++) {
        role r = {p, acts[sn_sim_draw(ACTS)]};
        rc = sn_go(play, &r, sizeof r);
    }
    return rc ? rc : sn_sleep((sn_time)sn_sim_draw(100) * MS);
}

static int process_main(void *arg) {
    role *r = arg;
    process *p = r->p;
    *p = (process){.begun = 0};
    MUST(sn_chan_init(&p->ch, sizeof(int), 2, p->room, NULL) == 0);
    MUST(sn_chan_init(&p->rendezvous, sizeof(int), 0, NULL, NULL) == 0);
    sn_wg_add(&p->wg, 1);
    int rc = r->act(p);
    return rc;
}

/* ---- the stops ---- */

static process one;

static int stopped_anywhere(void *arg) {
    sn_host *h;
    role r = {&one, anything};
    (void)arg;
    MUST(sn_host_new(&h, "a", "10.0.0.1") == 0);
    for (int i = 0; i < 3; i++) {
        MUST(sn_host_start(h, process_main, &r, sizeof r) == 0);
        if (sn_sim_draw(3)) CHECK_INT(sn_sleep((sn_time)sn_sim_draw(40 * MS)), 0);
        if (sn_sim_draw(4) == 0) sn_host_pause(h);
        sn_time at = sn_now();
        sn_host_stop(h, sn_sim_draw(2) ? SN_STOP_POWER : SN_STOP_PROCESS);
        CHECK_INT(sn_now(), at);
        CHECK_INT(sn_host_up(h), 0);
        CHECK_INT(one.begun, one.ended);
    }
    return 0;
}

/* Those who poll in their clean-up end as soon as who they wait for has; nobody starves. */
static int pollers(process *p) {
    int (*const parts[])(process *) = {in_polling, in_polling, in_yields, in_clean_up};
    for (int i = 0; i < 4; i++) {
        role r = {p, parts[i]};
        int rc = sn_go(play, &r, sizeof r);
        if (rc) return rc;
    }
    return sn_sleep(60 * SN_SECOND);
}

static int stopped_polling(void *arg) {
    sn_host *h;
    role r = {&one, pollers};
    (void)arg;
    MUST(sn_host_new(&h, "a", "10.0.0.1") == 0);
    MUST(sn_host_start(h, process_main, &r, sizeof r) == 0);
    CHECK_INT(sn_sleep(5 * MS), 0);
    sn_time at = sn_now();
    sn_host_stop(h, SN_STOP_PROCESS);
    CHECK_INT(sn_now(), at);
    CHECK_INT(one.begun, one.ended);
    return 0;
}

/* Each act alone: what is stopped there ends there. */
static int one_act(process *p) { return acts[world_round() % ACTS](p); }

static int stopped_in_each(void *arg) {
    sn_host *h;
    role r = {&one, one_act};
    (void)arg;
    MUST(sn_host_new(&h, "a", "10.0.0.1") == 0);
    MUST(sn_host_start(h, process_main, &r, sizeof r) == 0);
    if (sn_sim_draw(2))
        CHECK_INT(sn_sim_settle(), 0);
    else
        CHECK_INT(sn_sleep((sn_time)sn_sim_draw(20 * MS)), 0);
    sn_time at = sn_now();
    sn_host_stop(h, SN_STOP_POWER);
    CHECK_INT(sn_now(), at);
    return 0;
}

/* Others go on beside it, at the same instant, with their own time. */
static int beside(void *arg) {
    sn_host *h, *b;
    process two;
    role r = {&one, anything}, q = {&two, in_ticks};
    (void)arg;
    MUST(sn_host_new(&h, "a", "10.0.0.1") == 0 && sn_host_new(&b, "b", "10.0.0.2") == 0);
    MUST(sn_host_start(b, process_main, &q, sizeof q) == 0);
    for (int i = 0; i < 5; i++) {
        MUST(sn_host_start(h, process_main, &r, sizeof r) == 0);
        CHECK_INT(sn_sleep((sn_time)sn_sim_draw(10 * MS)), 0);
        sn_host_stop(h, SN_STOP_PROCESS);
        CHECK_INT(sn_host_up(b), 1);
    }
    sn_host_stop(b, SN_STOP_PROCESS);
    return 0;
}

/* ---- those who start it and those who stop it meet ---- */

static sn_host *met;
static int inside; /* mains of it that run */

static int met_main(void *arg) {
    (void)arg;
    CHECK_INT(sn_host_up(met), 1);
    CHECK_INT(inside++, 0);
    int rc = sn_sleep(SN_SECOND);
    inside--;
    return rc;
}

static int stop_it(void *arg) {
    (void)arg;
    for (int i = 0; i < 3; i++) {
        sn_time at = sn_now();
        sn_host_stop(met, SN_STOP_PROCESS);
        CHECK_INT(sn_now(), at);
        CHECK(inside == 0 || sn_host_up(met));
    }
    return 0;
}

static int start_it(void *arg) {
    (void)arg;
    for (int i = 0; i < 6; i++) {
        int rc = sn_host_start(met, met_main, NULL, 0);
        CHECK(rc == 0 || rc == SN_EBUSY);
        if (sn_sim_draw(2)) CHECK_INT(sn_yield(), 0);
    }
    return 0;
}

static int started_while_stopped(void *arg) {
    sn_scope s;
    (void)arg;
    inside = 0;
    MUST(sn_host_new(&met, "a", "10.0.0.1") == 0);
    sn_scope_enter(&s, SN_NEVER);
    GO(stop_it, NULL);
    GO(stop_it, NULL);
    GO(start_it, NULL);
    CHECK_INT(sn_scope_leave(&s), 0);
    sn_host_stop(met, SN_STOP_PROCESS);
    CHECK_INT(inside, 0);
    return 0;
}

int main(void) {
    world_case("stopped at any moment", stopped_anywhere, 100);
    world_case("stopped in each call that parks", stopped_in_each, 50);
    world_case("stopped while clean-up polls for a peer", stopped_polling, 50);
    world_case("stopped beside others", beside, 50);
    world_case("started while it is stopped", started_while_stopped, 50);
    return check_done();
}
