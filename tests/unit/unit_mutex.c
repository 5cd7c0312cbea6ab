/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* A mutex in both of its modes: holders that sleep, waiters that give up, passers-by that only try.
 * Whatever happens: one holder at a time, nobody left behind, and nobody kept waiting for ever by
 * others who take it in passing. */
#include "world.h"

#include <stdatomic.h>

enum { WAITERS = 6, ROUNDS = 12 };

typedef struct room {
    sn_mutex m;
    int inside;
    long in;
    atomic_int wanted; /* the greedy one has seen enough */
} room;

typedef struct guest {
    room *r;
    uint64_t chance;
    int patient; /* waits as long as it takes */
} guest;

static void be_inside(guest *g) {
    CHECK_INT(g->r->inside++, 0);
    unsigned how = pick(&g->chance, 4);
    if (how == 1) (void)!sn_yield();
    if (how == 2) (void)!sn_sleep((sn_time)pick(&g->chance, 1500) * SN_MICROSECOND);
    g->r->inside--;
    g->r->in++;
    sn_unlock(&g->r->m);
}

static int visit(void *arg) {
    guest *g = arg;
    for (int i = 0; i < ROUNDS; i++) {
        unsigned how = g->patient ? 0 : pick(&g->chance, 4);
        sn_time until = sn_now() + (sn_time)pick(&g->chance, 2000) * SN_MICROSECOND;
        int got = 1;
        if (how < 2) {
            sn_lock(&g->r->m);
        } else if (how == 2) {
            got = sn_trylock(&g->r->m);
        } else {
            got = sn_lock_until(&g->r->m, until) == 0;
        }
        if (got) be_inside(g);
        if (pick(&g->chance, 3) == 0) (void)!sn_yield();
    }
    return 0;
}

static void fill(room *r, sn_scope *s, int patient) {
    uint64_t chance = world_round();
    sn_scope_enter(s, SN_NEVER);
    for (int i = 0; i < WAITERS; i++) {
        guest g = {r, draw(&chance), patient || i == 0};
        MUST(sn_go(visit, &g, sizeof g) == 0);
    }
}

static int everybody_gets_in(void *arg) {
    room r = {.in = 0};
    sn_scope s;
    (void)arg;
    fill(&r, &s, 1);
    CHECK_INT(sn_scope_leave(&s), 0);
    CHECK_INT(r.in, WAITERS * ROUNDS);
    CHECK(sn_trylock(&r.m));
    return 0;
}

static int some_give_up(void *arg) {
    room r = {.in = 0};
    sn_scope s;
    (void)arg;
    fill(&r, &s, 0);
    CHECK_INT(sn_scope_leave(&s), 0);
    CHECK(r.in >= ROUNDS);
    CHECK(sn_trylock(&r.m));
    return 0;
}

static int canceled_in_the_queue(void *arg) {
    room r = {.in = 0};
    sn_scope s;
    uint64_t chance = world_round();
    (void)arg;
    fill(&r, &s, 0);
    (void)!sn_sleep((sn_time)pick(&chance, 3000) * SN_MICROSECOND);
    sn_scope_cancel(&s, SN_ECANCELED);
    CHECK_INT(sn_scope_leave(&s), SN_ECANCELED);
    CHECK(sn_trylock(&r.m));
    return 0;
}

/* One that never lets go of its turn, and one that wants in: starving, it is given it. */
static int hold_again_and_again(void *arg) {
    room *r = arg;
    for (int i = 0; i < 100000 && !atomic_load(&r->wanted); i++) {
        sn_lock(&r->m);
        (void)!sn_sleep(SN_MILLISECOND);
        sn_unlock(&r->m);
    }
    return 0;
}

static int the_greedy_let_others_in(void *arg) {
    room r = {.in = 0};
    sn_scope s;
    (void)arg;
    sn_scope_enter(&s, SN_NEVER);
    GO(hold_again_and_again, &r);
    (void)!sn_sleep(5 * SN_MILLISECOND);
    sn_time begun = sn_now();
    sn_lock(&r.m);
    atomic_store(&r.wanted, 1);
    if (world_virtual) CHECK(sn_now() - begun <= 3 * SN_MILLISECOND);
    sn_unlock(&r.m);
    CHECK_INT(sn_scope_leave(&s), 0);
    return 0;
}

/* Something that its last user throws away. */
typedef struct thing {
    sn_mutex m;
    int users;
} thing;
enum { USERS = 4, THINGS = 10, GONE = 0xee };

typedef struct user {
    thing *t;
    uint64_t chance;
    int patient;
} user;

static int use(void *arg) {
    user *u = arg;
    thing *t = u->t;
    const sn_time step = 10 * SN_MICROSECOND; /* who gives up does so as another unlocks */
    for (int i = 0; i < 3 && !u->patient; i++)
        u->patient = sn_lock_until(&t->m, sn_now() + pick(&u->chance, 4) * step) ? 0 : 2;
    if (u->patient < 2) sn_lock(&t->m);
    if (pick(&u->chance, 2))
        (void)!sn_yield();
    else
        (void)!sn_sleep(pick(&u->chance, 4) * step);
    int last = --t->users == 0;
    sn_unlock(&t->m);
    if (last) memset(t, GONE, sizeof *t);
    return 0;
}

static int throw_away(int patient) {
    thing things[THINGS];
    uint64_t chance = world_round();
    for (int i = 0; i < THINGS; i++) {
        thing *t = &things[i];
        sn_scope s;
        *t = (thing){.users = USERS};
        sn_scope_enter(&s, SN_NEVER);
        for (int k = 0; k < USERS; k++) {
            user u = {t, draw(&chance), patient};
            MUST(sn_go(use, &u, sizeof u) == 0);
        }
        CHECK_INT(sn_scope_leave(&s), 0);
        for (size_t at = 0; at < sizeof *t; at++) CHECK(((unsigned char *)t)[at] == GONE);
    }
    return 0;
}

static int the_last_one_frees_it(void *arg) {
    (void)arg;
    return throw_away(1);
}

static int who_gave_up_may_free_it(void *arg) {
    (void)arg;
    return throw_away(0);
}

int main(void) {
    world_case("everybody gets in", everybody_gets_in, 100);
    world_case("some give up", some_give_up, 100);
    world_case("canceled in the queue", canceled_in_the_queue, 100);
    world_case("the greedy let others in", the_greedy_let_others_in, 10);
    world_case("the last one frees it", the_last_one_frees_it, 100);
    world_case("who gave up may free it", who_gave_up_may_free_it, 100);
    return check_done();
}
