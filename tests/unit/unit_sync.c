/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Locks, conditions, semaphores, wait groups, once: exclusion, order, and what happens when a
 * deadline or a cancel meets the hand-off. */
#include "child.h"
#include "world.h"

typedef struct ward {
    sn_mutex m;
    sn_cond c;
    sn_sem s;
    sn_wg w;
    sn_once once;
    sn_time at;
    int inside, most, got, lost, n, order[16], tokens, waiting;
} ward;

typedef struct visit {
    ward *w;
    int i;
    sn_time hold, until;
} visit;

static void come_in(ward *w) {
    if (++w->inside > w->most) w->most = w->inside;
    CHECK_INT(w->inside, 1);
}

/* --- mutex */

static int hold_and_yield(void *arg) {
    ward *w = arg;
    for (int i = 0; i < 5; i++) {
        sn_lock(&w->m);
        come_in(w);
        CHECK_INT(sn_yield(), 0);
        w->n++;
        w->inside--;
        sn_unlock(&w->m);
    }
    return 0;
}

static int exclusion(void *arg) {
    ward w = {.n = 0};
    sn_scope s;
    (void)arg;
    sn_scope_enter(&s, SN_NEVER);
    for (int i = 0; i < 6; i++) GO(hold_and_yield, &w);
    CHECK_INT(sn_scope_leave(&s), 0);
    CHECK_INT(w.n, 30);
    CHECK_INT(sn_trylock(&w.m), 1);
    CHECK_INT(sn_trylock(&w.m), 0);
    sn_unlock(&w.m);
    return 0;
}

/* Waiters come one virtual millisecond apart, so that their order is known. */
static int lock_in_turn(void *arg) {
    visit *v = arg;
    CHECK_INT(sn_sleep_until(v->until), 0);
    sn_lock(&v->w->m);
    v->w->order[v->w->n++] = v->i;
    CHECK_INT(sn_yield(), 0);
    sn_unlock(&v->w->m);
    return 0;
}

static void start_in_turn(ward *w, sn_fn f, int n) {
    for (int i = 0; i < n; i++) {
        visit v = {w, i, 0, w->at + (i + 1) * SN_MILLISECOND};
        MUST(sn_go(f, &v, sizeof v) == 0);
    }
}

static int mutex_fifo(void *arg) {
    ward w = {.at = sn_now()};
    sn_scope s;
    (void)arg;
    if (!world_virtual) return 0;
    sn_scope_enter(&s, SN_NEVER);
    sn_lock(&w.m);
    start_in_turn(&w, lock_in_turn, 8);
    CHECK_INT(sn_sleep(20 * SN_MILLISECOND), 0);
    CHECK_INT(w.n, 0);
    sn_unlock(&w.m);
    CHECK_INT(sn_scope_leave(&s), 0);
    for (int i = 0; i < 8; i++) CHECK_INT(w.order[i], i);
    return 0;
}

static int lock_within(void *arg) {
    visit *v = arg;
    ward *w = v->w;
    if (sn_sleep_until(w->at)) return 0;
    int rc = sn_lock_until(&w->m, v->until);
    if (rc) {
        CHECK(rc == SN_ETIMEDOUT || rc == SN_ECANCELED);
        if (rc == SN_ETIMEDOUT && !sn_canceled()) CHECK(sn_now() >= v->until);
        return 0;
    }
    come_in(w);
    w->got++;
    sn_shield(1);
    CHECK_INT(sn_sleep(v->hold), 0);
    sn_shield(0);
    w->inside--;
    sn_unlock(&w->m);
    return 0;
}

static int cancel_at(void *arg) {
    visit *v = arg;
    sn_shield(1);
    CHECK_INT(sn_sleep_until(v->until), 0);
    sn_shield(0);
    return SN_ECANCELED;
}

/* Holding times and deadlines are multiples of one unit: hand-offs, time-outs and the cancel fall
 * on the same moments. */
static int lock_deadlines(void *arg) {
    uint64_t rng = world_round();
    ward w = {.at = sn_now() + SN_MILLISECOND};
    sn_scope s;
    sn_time unit = 100 * SN_MICROSECOND;
    int cancels = pick(&rng, 2) != 0;
    (void)arg;
    sn_scope_enter(&s, SN_NEVER);
    for (int i = 0; i < 6; i++) {
        int64_t hold = (int64_t)pick(&rng, 3) * unit;
        visit v = {&w, i, hold, w.at + (int64_t)pick(&rng, 6) * unit};
        (void)go_if_open(lock_within, &v, sizeof v);
    }
    if (cancels) {
        visit v = {&w, 0, 0, w.at + (int64_t)pick(&rng, 5) * unit};
        MUST(sn_go(cancel_at, &v, sizeof v) == 0);
    }
    CHECK_INT(sn_scope_leave(&s), cancels ? SN_ECANCELED : 0);
    CHECK(w.got >= 1 || cancels || !world_virtual);
    CHECK_INT(w.inside, 0);
    CHECK_INT(sn_trylock(&w.m), 1);
    sn_unlock(&w.m);
    return 0;
}

static int lock_at_once(void *arg) {
    ward w = {.n = 0};
    sn_scope s;
    (void)arg;
    CHECK_INT(sn_lock_until(&w.m, 0), 0);
    CHECK_INT(sn_lock_until(&w.m, 0), SN_ETIMEDOUT);
    CHECK_INT(sn_lock_until(&w.m, sn_now() + SN_MILLISECOND), SN_ETIMEDOUT);
    sn_unlock(&w.m);
    sn_scope_enter(&s, SN_NEVER);
    sn_scope_cancel(&s, SN_ECANCELED);
    CHECK_INT(sn_lock_until(&w.m, SN_NEVER), SN_ECANCELED);
    sn_lock(&w.m); /* not cancellable */
    sn_unlock(&w.m);
    CHECK_INT(sn_scope_leave(&s), SN_ECANCELED);
    return 0;
}

/* --- condition */

static int take_token(void *arg) {
    ward *w = arg;
    sn_lock(&w->m);
    while (!w->tokens) CHECK_INT(sn_cond_wait(&w->c, &w->m, SN_NEVER), 0);
    w->tokens--;
    w->got++;
    sn_unlock(&w->m);
    return 0;
}

static int put_tokens(void *arg) {
    ward *w = arg;
    for (int i = 0; i < 4; i++) {
        sn_lock(&w->m);
        w->tokens++;
        sn_unlock(&w->m);
        sn_cond_signal(&w->c);
    }
    return 0;
}

static int no_lost_signal(void *arg) {
    ward w = {.n = 0};
    sn_scope s;
    (void)arg;
    sn_scope_enter(&s, SN_NEVER);
    for (int i = 0; i < 8; i++) GO(take_token, &w);
    for (int i = 0; i < 2; i++) GO(put_tokens, &w);
    CHECK_INT(sn_scope_leave(&s), 0);
    CHECK_INT(w.got, 8);
    CHECK_INT(w.tokens, 0);
    return 0;
}

static int wait_once(void *arg) {
    visit *v = arg;
    ward *w = v->w;
    sn_lock(&w->m);
    w->waiting++;
    int rc = sn_cond_wait(&w->c, &w->m, v->until);
    CHECK_INT(sn_trylock(&w->m), 0);
    CHECK(rc == 0 || rc == SN_ETIMEDOUT);
    w->got += rc == 0;
    w->lost += rc != 0;
    sn_unlock(&w->m);
    return 0;
}

static void wait_for_waiters(ward *w, int n) {
    sn_lock(&w->m);
    while (w->waiting < n) {
        sn_unlock(&w->m);
        CHECK_INT(sn_yield(), 0);
        sn_lock(&w->m);
    }
    sn_unlock(&w->m);
}

/* A waiter whose deadline meets the signal either took it or left it to the other. */
static int signal_meets_deadline(void *arg) {
    ward w = {.n = 0};
    sn_scope s;
    (void)arg;
    w.at = sn_now() + SN_MILLISECOND;
    visit brief = {&w, 0, 0, w.at}, patient = {&w, 1, 0, SN_NEVER};
    sn_scope_enter(&s, SN_NEVER);
    GO(wait_once, &brief);
    GO(wait_once, &patient);
    wait_for_waiters(&w, 2);
    CHECK_INT(sn_sleep_until(w.at), 0);
    sn_cond_signal(&w.c);
    CHECK_INT(sn_sleep(SN_MILLISECOND), 0);
    sn_lock(&w.m);
    int again = world_virtual ? w.got + w.lost == 1 : w.got + w.lost < 2;
    if (world_virtual) CHECK_INT(w.got, 1);
    sn_unlock(&w.m);
    if (again) sn_cond_signal(&w.c);
    CHECK_INT(sn_scope_leave(&s), 0);
    CHECK_INT(w.got + w.lost, 2);
    CHECK(w.got >= 1);
    return 0;
}

static int broadcast_wakes_all(void *arg) {
    ward w = {.n = 0};
    sn_scope s;
    visit v = {&w, 0, 0, SN_NEVER};
    (void)arg;
    sn_scope_enter(&s, SN_NEVER);
    for (int i = 0; i < 6; i++) GO(wait_once, &v);
    wait_for_waiters(&w, 6);
    sn_cond_broadcast(&w.c);
    CHECK_INT(sn_scope_leave(&s), 0);
    CHECK_INT(w.got, 6);
    sn_cond_broadcast(&w.c);
    sn_cond_signal(&w.c); /* nobody waits: no memory of it */
    sn_lock(&w.m);
    CHECK_INT(sn_cond_wait(&w.c, &w.m, sn_now() + SN_MILLISECOND), SN_ETIMEDOUT);
    CHECK_INT(sn_trylock(&w.m), 0);
    sn_unlock(&w.m);
    return 0;
}

static int cond_canceled(void *arg) {
    ward w = {.n = 0};
    sn_scope s;
    (void)arg;
    sn_scope_enter(&s, sn_now() + SN_MILLISECOND);
    sn_lock(&w.m);
    CHECK_INT(sn_cond_wait(&w.c, &w.m, SN_NEVER), SN_ETIMEDOUT);
    CHECK_INT(sn_cond_wait(&w.c, &w.m, SN_NEVER), SN_ETIMEDOUT);
    CHECK_INT(sn_trylock(&w.m), 0);
    sn_unlock(&w.m);
    CHECK_INT(sn_scope_leave(&s), SN_ETIMEDOUT);
    return 0;
}

/* --- semaphore */

static int take_within(void *arg) {
    visit *v = arg;
    ward *w = v->w;
    int rc = sn_sem_wait(&w->s, v->until);
    CHECK(rc == 0 || rc == SN_ETIMEDOUT || rc == SN_ECANCELED);
    sn_lock(&w->m);
    w->got += rc == 0;
    sn_unlock(&w->m);
    return 0;
}

static int give_some(void *arg) {
    visit *v = arg;
    sn_shield(1);
    for (int i = 0; i < 3; i++) {
        CHECK_INT(sn_sleep(v->hold), 0);
        sn_sem_post(&v->w->s);
    }
    sn_shield(0);
    return v->i ? SN_ECANCELED : 0;
}

/* Permits are neither made nor lost, whatever deadlines and cancels meet the posts. */
static int permits(void *arg) {
    uint64_t rng = world_round();
    ward w = {.n = 0};
    sn_scope s;
    sn_time t = sn_now(), unit = 50 * SN_MICROSECOND;
    (void)arg;
    sn_sem_init(&w.s, 2);
    sn_scope_enter(&s, t + 40 * unit);
    for (int i = 0; i < 8; i++) {
        visit v = {&w, i, 0, pick(&rng, 8) ? t + (int64_t)pick(&rng, 12) * unit : 0};
        (void)go_if_open(take_within, &v, sizeof v);
    }
    int givers = 0;
    for (int i = 0; i < 2; i++) {
        int kind = i && pick(&rng, 2);
        visit v = {&w, kind, (int64_t)pick(&rng, 4) * unit, 0};
        givers += go_if_open(give_some, &v, sizeof v);
    }
    (void)!sn_scope_leave(&s);
    int left = 0;
    while (sn_sem_wait(&w.s, 0) == 0) left++;
    CHECK_INT(w.got + left, 2 + givers * 3);
    return 0;
}

static int take_in_turn(void *arg) {
    visit *v = arg;
    CHECK_INT(sn_sleep_until(v->until), 0);
    CHECK_INT(sn_sem_wait(&v->w->s, SN_NEVER), 0);
    v->w->order[v->w->n++] = v->i;
    return 0;
}

static int sem_fifo(void *arg) {
    ward w = {.at = sn_now()};
    sn_scope s;
    (void)arg;
    if (!world_virtual) return 0;
    sn_scope_enter(&s, SN_NEVER);
    start_in_turn(&w, take_in_turn, 8);
    CHECK_INT(sn_sleep(20 * SN_MILLISECOND), 0);
    for (int i = 0; i < 8; i++) {
        sn_sem_post(&w.s);
        CHECK_INT(sn_sleep(SN_MILLISECOND), 0);
    }
    CHECK_INT(sn_scope_leave(&s), 0);
    for (int i = 0; i < 8; i++) CHECK_INT(w.order[i], i);
    return 0;
}

/* --- channels: who waited first is served first */

typedef struct turn {
    sn_chan *c;
    int i, *order, *n;
    sn_time at;
} turn;

static int send_in_turn(void *arg) {
    turn *t = arg;
    CHECK_INT(sn_sleep_until(t->at), 0);
    CHECK_INT(sn_send(t->c, &t->i), 0);
    return 0;
}
static int recv_in_turn(void *arg) {
    turn *t = arg;
    int v = -1;
    CHECK_INT(sn_sleep_until(t->at), 0);
    CHECK_INT(sn_recv(t->c, &v), 0);
    CHECK_INT(v, t->i);
    return 0;
}

static int chan_fifo(void *arg) {
    (void)arg;
    if (!world_virtual) return 0;
    for (size_t cap = 0; cap < 3; cap++) {
        sn_chan c;
        sn_scope s;
        sn_time t = sn_now();
        int v = -1;
        MUST(sn_chan_init(&c, sizeof v, cap, NULL, NULL) == 0);
        sn_scope_enter(&s, SN_NEVER);
        for (int i = 0; i < 8; i++) {
            turn x = {&c, i, NULL, NULL, t + (i + 1) * SN_MILLISECOND};
            MUST(sn_go(send_in_turn, &x, sizeof x) == 0);
        }
        CHECK_INT(sn_sleep(20 * SN_MILLISECOND), 0);
        for (int i = 0; i < 8; i++) {
            CHECK_INT(sn_recv(&c, &v), 0);
            CHECK_INT(v, i);
        }
        t = sn_now();
        for (int i = 0; i < 8; i++) {
            turn x = {&c, i, NULL, NULL, t + (i + 1) * SN_MILLISECOND};
            MUST(sn_go(recv_in_turn, &x, sizeof x) == 0);
        }
        CHECK_INT(sn_sleep(20 * SN_MILLISECOND), 0);
        for (int i = 0; i < 8; i++) CHECK_INT(sn_send(&c, &i), 0);
        CHECK_INT(sn_scope_leave(&s), 0);
        sn_chan_free(&c);
    }
    return 0;
}

/* --- wait group and once */

static int wait_wg(void *arg) {
    ward *w = arg;
    CHECK_INT(sn_wg_wait(&w->w), 0);
    CHECK_INT(w->n, 5);
    return 0;
}
static int work_wg(void *arg) {
    ward *w = arg;
    sn_lock(&w->m);
    w->n++;
    sn_unlock(&w->m);
    sn_wg_done(&w->w);
    return 0;
}

static int wait_group(void *arg) {
    ward w = {.n = 0};
    sn_scope s;
    (void)arg;
    CHECK_INT(sn_wg_wait(&w.w), 0);
    for (int round = 0; round < 2; round++) {
        w.n = 0;
        sn_wg_add(&w.w, 5);
        sn_scope_enter(&s, SN_NEVER);
        for (int i = 0; i < 3; i++) GO(wait_wg, &w);
        for (int i = 0; i < 5; i++) GO(work_wg, &w);
        CHECK_INT(sn_scope_leave(&s), 0);
    }
    sn_wg_add(&w.w, 1);
    sn_scope_enter(&s, sn_now() + SN_MILLISECOND);
    CHECK_INT(sn_wg_wait(&w.w), SN_ETIMEDOUT);
    CHECK_INT(sn_scope_leave(&s), SN_ETIMEDOUT);
    sn_wg_add(&w.w, -1);
    CHECK_INT(sn_wg_wait(&w.w), 0);
    return 0;
}

/* --- semaphores with weights */

typedef struct scale {
    sn_sem s;
    sn_wg queued;
    int in_order, big, small;
} scale;

static int want_three(void *arg) {
    scale *b = arg;
    sn_wg_done(&b->queued);
    b->big = sn_sem_wait_n(&b->s, 3, sn_now() + SN_MILLISECOND);
    return 0;
}
static int want_one(void *arg) {
    scale *b = arg;
    sn_wg_done(&b->queued);
    b->small = sn_sem_wait(&b->s, SN_NEVER);
    return 0;
}

/* One is left; who wants three keeps who wants one waiting, until it gives up. */
static int heavy_gives_up(void *arg) {
    scale b = {.small = 99};
    sn_scope s;
    (void)arg;
    sn_sem_init(&b.s, 3);
    CHECK_INT(sn_sem_wait_n(&b.s, 2, 0), 0);
    CHECK_INT(sn_sem_wait_n(&b.s, 2, 0), SN_ETIMEDOUT);
    CHECK_INT(sn_sem_wait_n(&b.s, 0, 0), 0);
    CHECK_INT(sn_sem_wait_n(&b.s, -1, 0), SN_EINVAL);
    sn_scope_enter(&s, SN_NEVER);
    sn_wg_add(&b.queued, 2);
    GO(want_three, &b);
    GO(want_one, &b);
    CHECK_INT(sn_scope_leave(&s), 0);
    CHECK_INT(b.big, SN_ETIMEDOUT);
    CHECK_INT(b.small, 0);
    CHECK_INT(sn_sem_wait(&b.s, 0), SN_ETIMEDOUT);
    sn_sem_post_n(&b.s, 3);
    CHECK_INT(sn_sem_wait_n(&b.s, 3, 0), 0);
    return 0;
}

static int take_three(void *arg) {
    scale *b = arg;
    CHECK_INT(sn_sem_wait_n(&b->s, 3, SN_NEVER), 0);
    b->big = ++b->in_order;
    sn_sem_post_n(&b->s, 3);
    return 0;
}
static int take_one(void *arg) {
    scale *b = arg;
    CHECK_INT(sn_sem_wait(&b->s, SN_NEVER), 0);
    b->small = ++b->in_order;
    sn_sem_post(&b->s);
    return 0;
}

/* Small ones do not overtake a heavy one that waits. */
static int heavy_is_not_overtaken(void *arg) {
    scale b = {.in_order = 0};
    sn_scope s;
    (void)arg;
    sn_sem_init(&b.s, 3);
    CHECK_INT(sn_sem_wait_n(&b.s, 2, 0), 0);
    sn_scope_enter(&s, SN_NEVER);
    GO(take_three, &b);
    for (int i = 0; sn_sem_wait(&b.s, 0) == 0 && i < 100000; i++) { /* till it is queued */
        sn_sem_post(&b.s);
        CHECK_INT(sn_yield(), 0);
    }
    GO(take_one, &b);
    CHECK_INT(sn_yield(), 0);
    sn_sem_post_n(&b.s, 2);
    CHECK_INT(sn_scope_leave(&s), 0);
    CHECK_INT(b.big, 1);
    CHECK_INT(b.small, 2);
    return 0;
}

static void only_once(void *arg) {
    ward *w = arg;
    come_in(w);
    (void)!sn_yield();
    (void)!sn_sleep(SN_MICROSECOND);
    w->n++;
    w->inside--;
}
static int call_once(void *arg) {
    ward *w = arg;
    sn_once_do(&w->once, only_once, w);
    CHECK_INT(w->n, 1);
    return 0;
}

static int once(void *arg) {
    ward w = {.n = 0};
    sn_scope s;
    (void)arg;
    sn_scope_enter(&s, SN_NEVER);
    for (int i = 0; i < 6; i++) GO(call_once, &w);
    if (world_round() & 1) sn_scope_cancel(&s, SN_ECANCELED);
    CHECK_INT(sn_scope_leave(&s), world_round() & 1 ? SN_ECANCELED : 0);
    CHECK_INT(w.n, 1);
    return 0;
}

/* --- what stops the program */

static int die_unlock(void *arg) {
    sn_mutex m = {{0}};
    (void)arg;
    sn_set_name("culprit");
    sn_unlock(&m);
    return 0;
}
static int die_below_zero(void *arg) {
    sn_wg w = {{0}};
    (void)arg;
    sn_set_name("culprit");
    sn_wg_add(&w, 1);
    sn_wg_add(&w, -2);
    return 0;
}
static int die_scope_open(void *arg) {
    static sn_scope s;
    (void)arg;
    sn_set_name("culprit");
    sn_scope_enter(&s, SN_NEVER);
    return 0;
}
static int die_wrong_leave(void *arg) {
    sn_scope a, b;
    (void)arg;
    sn_set_name("culprit");
    sn_scope_enter(&a, SN_NEVER);
    sn_scope_enter(&b, SN_NEVER);
    return sn_scope_leave(&a);
}

static const struct {
    const char *name, *word;
    sn_fn f;
} deaths[] = {{"unlock", "unlock", die_unlock},
              {"below_zero", "wait group", die_below_zero},
              {"scope_open", "scope", die_scope_open},
              {"wrong_leave", "sn_scope_leave", die_wrong_leave}};
enum { DEATHS = sizeof deaths / sizeof *deaths };

static int run_child(const char *name) {
    for (int i = 0; i < DEATHS; i++) {
        if (!strcmp(deaths[i].name, name)) return sn_run(deaths[i].f, NULL, NULL) ? 3 : 0;
    }
    return 4;
}

int main(int argc, char **argv) {
    if (argc == 3 && !strcmp(argv[1], "child")) return run_child(argv[2]);
    world_case("mutex: one at a time", exclusion, 1000);
    world_case("mutex: waiters are served in the order they came", mutex_fifo, 300);
    world_case("mutex: a lock that timed out or was cancelled is not held", lock_deadlines, 3000);
    world_case("mutex: trying, and what a cancel may not stop", lock_at_once, 50);
    world_case("cond: no signal is lost", no_lost_signal, 2000);
    world_case("cond: a signal that meets a deadline", signal_meets_deadline, 2000);
    world_case("cond: broadcast wakes all who wait, and nobody later", broadcast_wakes_all, 500);
    world_case("cond: a cancelled wait holds the mutex again", cond_canceled, 50);
    world_case("sem: permits are neither made nor lost", permits, 3000);
    world_case("sem: waiters are served in the order they came", sem_fifo, 300);
    world_case("sem: who gives up lets those behind it have theirs", heavy_gives_up, 100);
    world_case("sem: who wants many is not overtaken", heavy_is_not_overtaken, 50);
    world_case("chan: senders and receivers are served in the order they came", chan_fifo, 300);
    world_case("wg: waits for zero, again and again, and with a deadline", wait_group, 1000);
    world_case("once: once", once, 1000);
    for (int i = 0; i < DEATHS; i++) {
        const char *const words[] = {"culprit", deaths[i].word, NULL};
        child_dies(deaths[i].name, words);
    }
    return check_done();
}
