/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* The reader-writer mutex: readers together, writers alone, each side gets its turn; who gives up
 * or is cancelled leaves no trace; the last user may free it. */
#include "child.h"
#include "world.h"

#include <stdatomic.h>

enum { PEOPLE = 6, ROUNDS = 10 };

typedef struct room {
    sn_rwmutex m;
    atomic_int readers, writers;
    atomic_long in;
} room;

typedef struct guest {
    room *r;
    uint64_t chance;
    int patient;
} guest;

static void dwell(guest *g) {
    unsigned how = pick(&g->chance, 4);
    if (how == 1) (void)!sn_yield();
    if (how == 2) (void)!sn_sleep((sn_time)pick(&g->chance, 300) * SN_MICROSECOND);
    atomic_fetch_add(&g->r->in, 1);
}

static void read_it(guest *g) {
    atomic_fetch_add(&g->r->readers, 1);
    CHECK_INT(atomic_load(&g->r->writers), 0);
    dwell(g);
    CHECK_INT(atomic_load(&g->r->writers), 0);
    atomic_fetch_sub(&g->r->readers, 1);
    sn_runlock(&g->r->m);
}

static void write_it(guest *g) {
    CHECK_INT(atomic_fetch_add(&g->r->writers, 1), 0);
    CHECK_INT(atomic_load(&g->r->readers), 0);
    dwell(g);
    CHECK_INT(atomic_load(&g->r->readers), 0);
    atomic_fetch_sub(&g->r->writers, 1);
    sn_wunlock(&g->r->m);
}

/* 1: it has it. */
static int come_in(guest *g, int writes) {
    unsigned how = g->patient ? 0 : pick(&g->chance, 4);
    sn_time until = sn_now() + (sn_time)pick(&g->chance, 400) * SN_MICROSECOND;
    if (how == 2) return writes ? sn_trywlock(&g->r->m) : sn_tryrlock(&g->r->m);
    if (how == 3)
        return (writes ? sn_wlock_until(&g->r->m, until) : sn_rlock_until(&g->r->m, until)) == 0;
    if (writes)
        sn_wlock(&g->r->m);
    else
        sn_rlock(&g->r->m);
    return 1;
}

static int visit(void *arg) {
    guest *g = arg;
    for (int i = 0; i < ROUNDS; i++) {
        int writes = pick(&g->chance, 3) == 0;
        if (!come_in(g, writes)) continue;
        if (writes)
            write_it(g);
        else
            read_it(g);
        if (pick(&g->chance, 3) == 0) (void)!sn_yield();
    }
    return 0;
}

static void fill(room *r, sn_scope *s, int patient) {
    uint64_t chance = world_round();
    sn_scope_enter(s, SN_NEVER);
    for (int i = 0; i < PEOPLE; i++) {
        guest g = {r, draw(&chance), patient || i == 0};
        MUST(sn_go(visit, &g, sizeof g) == 0);
    }
}

/* Nobody has it, nobody waits: all ways in are open. */
static void check_free(room *r) {
    CHECK(sn_trywlock(&r->m));
    sn_wunlock(&r->m);
    CHECK(sn_tryrlock(&r->m));
    CHECK(sn_tryrlock(&r->m));
    CHECK(!sn_trywlock(&r->m));
    sn_runlock(&r->m);
    sn_runlock(&r->m);
}

static int everybody_gets_in(void *arg) {
    room r = {.in = 0};
    sn_scope s;
    (void)arg;
    fill(&r, &s, 1);
    CHECK_INT(sn_scope_leave(&s), 0);
    CHECK_INT(atomic_load(&r.in), PEOPLE * ROUNDS);
    check_free(&r);
    return 0;
}

static int some_give_up(void *arg) {
    room r = {.in = 0};
    sn_scope s;
    (void)arg;
    fill(&r, &s, 0);
    CHECK_INT(sn_scope_leave(&s), 0);
    CHECK(atomic_load(&r.in) >= ROUNDS);
    check_free(&r);
    return 0;
}

static int canceled_in_the_queue(void *arg) {
    room r = {.in = 0};
    sn_scope s;
    uint64_t chance = world_round();
    (void)arg;
    fill(&r, &s, 0);
    (void)!sn_sleep((sn_time)pick(&chance, 1000) * SN_MICROSECOND);
    sn_scope_cancel(&s, SN_ECANCELED);
    CHECK_INT(sn_scope_leave(&s), SN_ECANCELED);
    check_free(&r);
    return 0;
}

/* --- turns */

typedef struct turns {
    sn_rwmutex m;
    atomic_int stop, wrote, read;
    sn_wg ready;
} turns;

/* Two of these are always in, one after the other. */
static int read_for_ever(void *arg) {
    turns *t = arg;
    for (int i = 0; !atomic_load(&t->stop); i++) {
        sn_rlock(&t->m);
        if (!i) sn_wg_done(&t->ready);
        (void)!sn_sleep(SN_MICROSECOND * 50);
        sn_runlock(&t->m);
    }
    return 0;
}

static int a_writer_gets_its_turn(void *arg) {
    turns t = {.stop = 0};
    sn_scope s;
    (void)arg;
    sn_wg_add(&t.ready, 4);
    sn_scope_enter(&s, SN_NEVER);
    for (int i = 0; i < 4; i++) GO(read_for_ever, &t);
    CHECK_INT(sn_wg_wait(&t.ready), 0);
    sn_time begun = sn_now();
    sn_wlock(&t.m);
    if (world_virtual) CHECK(sn_now() - begun <= 50 * SN_MICROSECOND);
    CHECK(!sn_tryrlock(&t.m));
    sn_wunlock(&t.m);
    atomic_store(&t.stop, 1);
    CHECK_INT(sn_scope_leave(&s), 0);
    return 0;
}

static int write_for_ever(void *arg) {
    turns *t = arg;
    for (int i = 0; !atomic_load(&t->stop); i++) {
        sn_wlock(&t->m);
        if (!i) sn_wg_done(&t->ready);
        (void)!sn_sleep(SN_MICROSECOND * 50);
        sn_wunlock(&t->m);
    }
    return 0;
}

static int a_reader_gets_its_turn(void *arg) {
    turns t = {.stop = 0};
    sn_scope s;
    (void)arg;
    sn_wg_add(&t.ready, 3);
    sn_scope_enter(&s, SN_NEVER);
    for (int i = 0; i < 3; i++) GO(write_for_ever, &t);
    CHECK_INT(sn_wg_wait(&t.ready), 0);
    sn_time begun = sn_now();
    sn_rlock(&t.m);
    if (world_virtual) CHECK(sn_now() - begun <= 50 * SN_MICROSECOND);
    sn_runlock(&t.m);
    atomic_store(&t.stop, 1);
    CHECK_INT(sn_scope_leave(&s), 0);
    return 0;
}

static int read_once(void *arg) {
    turns *t = arg;
    sn_rlock(&t->m);
    atomic_fetch_add(&t->read, 1);
    sn_runlock(&t->m);
    return 0;
}
static int write_in_vain(void *arg) {
    turns *t = arg;
    sn_wg_done(&t->ready);
    CHECK_INT(sn_wlock_until(&t->m, sn_now() + SN_MILLISECOND), SN_ETIMEDOUT);
    return 0;
}

/* A writer keeps new readers out. It gives up while the first reader stays, and they come in. */
static int who_gives_up_opens_the_door(void *arg) {
    turns t = {.stop = 0};
    sn_scope s;
    (void)arg;
    sn_rlock(&t.m);
    sn_wg_add(&t.ready, 1);
    sn_scope_enter(&s, SN_NEVER);
    GO(write_in_vain, &t);
    CHECK_INT(sn_wg_wait(&t.ready), 0);
    for (int i = 0; i < 3; i++) GO(read_once, &t);
    CHECK_INT(sn_scope_leave(&s), 0);
    CHECK_INT(atomic_load(&t.read), 3);
    CHECK_INT(sn_wlock_until(&t.m, 0), SN_ETIMEDOUT);
    CHECK_INT(sn_rlock_until(&t.m, 0), 0);
    sn_runlock(&t.m);
    sn_runlock(&t.m);
    return 0;
}

/* --- something that its last user throws away */

typedef struct thing {
    sn_rwmutex m;
    atomic_int users;
} thing;
enum { USERS = 4, THINGS = 8, GONE = 0xee };

static int use(void *arg) {
    thing *t = *(thing **)arg;
    sn_rlock(&t->m);
    (void)!sn_yield();
    sn_runlock(&t->m);
    sn_wlock(&t->m);
    int last = atomic_fetch_sub(&t->users, 1) == 1;
    sn_wunlock(&t->m);
    if (last) free(t);
    return 0;
}

static int the_last_one_frees_it(void *arg) {
    (void)arg;
    for (int i = 0; i < THINGS; i++) {
        thing *t = calloc(1, sizeof *t);
        sn_scope s;
        MUST(t);
        t->users = USERS;
        sn_scope_enter(&s, SN_NEVER);
        for (int k = 0; k < USERS; k++) MUST(sn_go(use, &t, sizeof t) == 0);
        CHECK_INT(sn_scope_leave(&s), 0);
    }
    return 0;
}

/* A writer gives up as the last reader leaves, comes again, and frees it. */
static int read_for_a_while(void *arg) {
    sn_rwmutex *m = arg;
    (void)!sn_sleep(SN_MILLISECOND);
    sn_runlock(m);
    return 0;
}

static int who_gave_up_may_free_it(void *arg) {
    (void)arg;
    for (int i = 0; i < THINGS; i++) {
        sn_rwmutex m = {{0}};
        sn_scope s;
        sn_rlock(&m);
        sn_scope_enter(&s, SN_NEVER);
        GO(read_for_a_while, &m);
        if (sn_wlock_until(&m, sn_now() + SN_MILLISECOND)) sn_wlock(&m);
        sn_wunlock(&m);
        memset(&m, GONE, sizeof m);
        CHECK_INT(sn_scope_leave(&s), 0);
        for (size_t at = 0; at < sizeof m; at++) CHECK(((unsigned char *)&m)[at] == GONE);
    }
    return 0;
}

/* --- what stops the program */

static int die_read(void *arg) {
    sn_rwmutex m = {{0}};
    (void)arg;
    sn_wlock(&m);
    sn_runlock(&m);
    return 0;
}
static int die_write(void *arg) {
    sn_rwmutex m = {{0}};
    (void)arg;
    sn_rlock(&m);
    sn_wunlock(&m);
    return 0;
}

static void unlocks(void) {
    static const char *const read_words[] = {"read unlock", NULL};
    static const char *const write_words[] = {"write unlock", NULL};
    child_dies("read", read_words);
    child_dies("write", write_words);
}

int main(int argc, char **argv) {
    if (argc == 3 && !strcmp(argv[1], "child"))
        return sn_run(strcmp(argv[2], "read") ? die_write : die_read, NULL, NULL) ? 3 : 0;
    world_case("everybody gets in", everybody_gets_in, 100);
    world_case("some give up", some_give_up, 100);
    world_case("canceled in the queue", canceled_in_the_queue, 100);
    world_case("readers do not keep a writer out", a_writer_gets_its_turn, 20);
    world_case("writers do not keep a reader out", a_reader_gets_its_turn, 20);
    world_case("who gives up opens the door", who_gives_up_opens_the_door, 50);
    world_case("the last one frees it", the_last_one_frees_it, 50);
    world_case("who gave up may free it", who_gave_up_may_free_it, 100);
    unlocks();
    return check_done();
}
