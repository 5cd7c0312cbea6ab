/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Groups: no more than the limit at once, the first error cancels, nothing starts after it.
 * Flights: one call for each key at a time, its result for all who asked, whoever of them gives up.
 */
#include "world.h"

#include <stdatomic.h>

/* --- groups */

enum { LIMIT = 3, TASKS = 20 };

typedef struct gang {
    sn_group g;
    atomic_int inside, most, done;
    int fails_at; /* the task that fails */
} gang;

typedef struct task {
    gang *w;
    int nth;
    uint64_t chance;
} task;

static int work(void *arg) {
    task *t = arg;
    gang *w = t->w;
    int now = atomic_fetch_add(&w->inside, 1) + 1, most = atomic_load(&w->most);
    while (now > most && !atomic_compare_exchange_weak(&w->most, &most, now)) continue;
    int rc = pick(&t->chance, 2) ? sn_yield() : sn_sleep(pick(&t->chance, 50));
    atomic_fetch_sub(&w->inside, 1);
    if (rc) return rc;
    atomic_fetch_add(&w->done, 1);
    return t->nth == w->fails_at ? SN_EIO : 0;
}

static int start_all(gang *w) {
    uint64_t chance = world_round();
    for (int i = 0; i < TASKS; i++) {
        task t = {w, i, draw(&chance)};
        int rc = sn_group_go(&w->g, work, &t, sizeof t);
        if (rc) return rc;
    }
    return 0;
}

static int limit_holds(void *arg) {
    gang w = {.fails_at = -1};
    (void)arg;
    sn_group_enter(&w.g, LIMIT, SN_NEVER);
    CHECK_INT(start_all(&w), 0);
    CHECK_INT(sn_group_leave(&w.g), 0);
    CHECK_INT(atomic_load(&w.done), TASKS);
    CHECK(atomic_load(&w.most) <= LIMIT);
    return 0;
}

static int first_error_ends_it(void *arg) {
    uint64_t chance = world_round();
    gang w = {.fails_at = (int)pick(&chance, TASKS / 2)};
    (void)arg;
    long limit = 1 + pick(&chance, 2);
    sn_group_enter(&w.g, limit, SN_NEVER);
    int rc = start_all(&w);
    CHECK(rc == SN_ECANCELED || (rc == 0 && limit > 1));
    CHECK_INT(sn_group_leave(&w.g), SN_EIO);
    if (limit == 1) CHECK_INT(atomic_load(&w.done), w.fails_at + 1); /* nobody came after it */
    return 0;
}

static int hold(void *arg) {
    sn_chan *gate = *(sn_chan **)arg;
    int rc = sn_recv(gate, NULL);
    return rc == SN_ECLOSED ? 0 : rc;
}

static int full_and_empty(void *arg) {
    sn_chan gate, *p = &gate;
    sn_group g;
    char wide[SN_GROUP_ARG_MAX + 1] = {0};
    (void)arg;
    MUST(sn_chan_init(&gate, 1, 0, NULL, NULL) == 0);
    sn_group_enter(&g, 2, SN_NEVER);
    CHECK_INT(sn_group_go(&g, hold, wide, sizeof wide), SN_E2BIG);
    CHECK_INT(sn_group_try_go(&g, hold, &p, sizeof p), 0);
    CHECK_INT(sn_group_go(&g, hold, &p, sizeof p), 0);
    CHECK_INT(sn_group_try_go(&g, hold, &p, sizeof p), SN_EAGAIN);
    sn_chan_close(&gate);
    CHECK_INT(sn_group_go(&g, hold, &p, sizeof p), 0);
    CHECK_INT(sn_group_leave(&g), 0);
    sn_group_enter(&g, 0, sn_now() + SN_MILLISECOND); /* no limit, but a deadline */
    sn_chan_free(&gate);
    MUST(sn_chan_init(&gate, 1, 0, NULL, NULL) == 0);
    int started = 0;
    for (int i = 0; i < 10; i++) started += sn_group_go(&g, hold, &p, sizeof p) == 0;
    CHECK(!world_virtual || started == 10);
    CHECK_INT(sn_group_leave(&g), SN_ETIMEDOUT);
    sn_chan_free(&gate);
    return 0;
}

static int check_pointer(void *arg) { return arg == (void *)check_pointer ? 0 : SN_EIO; }
static int check_bytes(void *arg) {
    CHECK_INT((uintptr_t)arg % 16, 0);
    for (unsigned i = 0; i < SN_GROUP_ARG_MAX; i++)
        if (((unsigned char *)arg)[i] != (unsigned char)(i * 7)) return SN_EIO;
    return 0;
}

static int group_arguments(void *arg) {
    sn_group g;
    unsigned char wide[SN_GROUP_ARG_MAX];
    (void)arg;
    for (unsigned i = 0; i < sizeof wide; i++) wide[i] = (unsigned char)(i * 7);
    sn_group_enter(&g, 1, SN_NEVER);
    CHECK_INT(sn_group_go(&g, check_pointer, (void *)check_pointer, 0), 0);
    CHECK_INT(sn_group_go(&g, check_bytes, wide, sizeof wide), 0);
    CHECK_INT(sn_group_leave(&g), 0);
    return 0;
}

/* --- flights */

enum { KEYS = 3, ASKERS = 8, ASKS = 5 };

typedef struct desk {
    sn_flight f;
    atomic_int on[KEYS], calls, cut, answered;
    int fails; /* one call in three does */
} desk;

typedef struct fact {
    uint32_t key, twice;
} fact;

static int find_out(void *ctx, const void *key, size_t n, void *result) {
    desk *d = ctx;
    uint32_t k;
    MUST(n == sizeof k);
    memcpy(&k, key, n);
    CHECK_INT(atomic_fetch_add(&d->on[k], 1), 0);
    int nth = atomic_fetch_add(&d->calls, 1);
    int rc = sn_sleep(1 + nth % 4 * 300);
    atomic_fetch_sub(&d->on[k], 1);
    if (rc) {
        CHECK_INT(rc, SN_ECANCELED);
        atomic_fetch_add(&d->cut, 1);
        return rc;
    }
    if (d->fails && nth % 3 == 0) return SN_EIO;
    *(fact *)result = (fact){k, 2 * k};
    return 5;
}

typedef struct asker {
    desk *d;
    uint64_t chance;
    int impatient;
} asker;

static int ask(void *arg) {
    asker *a = arg;
    for (int i = 0; i < ASKS; i++) {
        uint32_t k = pick(&a->chance, KEYS);
        fact r = {99, 99};
        sn_scope s;
        int patient = !a->impatient || pick(&a->chance, 2);
        sn_scope_enter(&s, patient ? SN_NEVER : sn_now() + pick(&a->chance, 900));
        int rc = sn_flight_do(&a->d->f, &k, sizeof k, &r), over = sn_canceled();
        int left = sn_scope_leave(&s);
        CHECK(left == 0 || (!patient && left == SN_ETIMEDOUT));
        CHECK(rc == 5 || (rc == SN_EIO && a->d->fails) || (rc == SN_ETIMEDOUT && over));
        CHECK_INT(r.key, rc == 5 ? k : 99);
        CHECK_INT(r.twice, rc == 5 ? 2 * k : 99);
        atomic_fetch_add(&a->d->answered, rc == 5);
        if (pick(&a->chance, 3) == 0) (void)!sn_yield();
    }
    return 0;
}

static void open_desk(desk *d, int fails) {
    memset(d, 0, sizeof *d);
    d->fails = fails;
    MUST(sn_flight_init(&d->f, find_out, d, sizeof(fact)) == 0);
}

static void ask_around(desk *d, int impatient) {
    uint64_t chance = world_round();
    sn_scope s;
    sn_scope_enter(&s, SN_NEVER);
    for (int i = 0; i < ASKERS; i++) {
        asker a = {d, draw(&chance), impatient};
        MUST(sn_go(ask, &a, sizeof a) == 0);
    }
    CHECK_INT(sn_scope_leave(&s), 0);
    sn_flight_end(&d->f);
    for (int i = 0; i < KEYS; i++) CHECK_INT(atomic_load(&d->on[i]), 0);
    CHECK(atomic_load(&d->calls) <= ASKERS * ASKS);
}

static int one_call_for_all(void *arg) {
    desk d;
    (void)arg;
    open_desk(&d, 0);
    ask_around(&d, 0);
    CHECK_INT(atomic_load(&d.answered), ASKERS * ASKS);
    CHECK_INT(atomic_load(&d.cut), 0);
    return 0;
}

static int errors_are_shared(void *arg) {
    desk d;
    (void)arg;
    open_desk(&d, 1);
    ask_around(&d, 0);
    return 0;
}

/* Abandoned calls and new ones for the same key may be on at once: `on` counts them. */
static int find_out_slowly(void *ctx, const void *key, size_t n, void *result) {
    desk *d = ctx;
    uint32_t k;
    memcpy(&k, key, n);
    int nth = atomic_fetch_add(&d->calls, 1), rc = sn_sleep(1 + nth % 4 * 300);
    if (rc) {
        atomic_fetch_add(&d->cut, 1);
        return rc;
    }
    *(fact *)result = (fact){k, 2 * k};
    return 5;
}

static int some_give_up(void *arg) {
    desk d = {.fails = 0};
    (void)arg;
    MUST(sn_flight_init(&d.f, find_out_slowly, &d, sizeof(fact)) == 0);
    ask_around(&d, 1);
    return 0;
}

/* --- two who ask; the first, who began the call, goes away */

typedef struct pair {
    sn_flight f;
    sn_chan gate;
    sn_wg on;
    atomic_int calls;
    sn_scope first;
    sn_wg entered;
    int rc[2];
} pair;

static int wait_at_gate(void *ctx, const void *key, size_t n, void *result) {
    pair *p = ctx;
    (void)key, (void)n;
    atomic_fetch_add(&p->calls, 1);
    sn_wg_done(&p->on);
    int rc = sn_recv(&p->gate, NULL);
    if (rc != SN_ECLOSED) return rc;
    *(int *)result = 42;
    return 0;
}

static int ask_first(void *arg) {
    pair *p = arg;
    sn_scope_enter(&p->first, SN_NEVER);
    sn_wg_done(&p->entered);
    p->rc[0] = sn_flight_do(&p->f, "key", 3, NULL);
    CHECK_INT(sn_scope_leave(&p->first), SN_ECANCELED);
    return 0;
}
static int ask_second(void *arg) {
    pair *p = arg;
    int v = 0;
    p->rc[1] = sn_flight_do(&p->f, "key", 3, &v);
    CHECK_INT(v, 42);
    return 0;
}

static void settle_down(void) {
    for (int i = 0; i < 50; i++)
        CHECK_INT(world_virtual ? sn_yield() : sn_sleep(SN_MICROSECOND * 20), 0);
}

static int the_first_may_go(void *arg) {
    pair p;
    sn_scope s;
    (void)arg;
    memset(&p, 0, sizeof p);
    MUST(sn_chan_init(&p.gate, 1, 0, NULL, NULL) == 0);
    MUST(sn_flight_init(&p.f, wait_at_gate, &p, sizeof(int)) == 0);
    sn_wg_add(&p.on, 1);
    sn_wg_add(&p.entered, 1);
    sn_scope_enter(&s, SN_NEVER);
    GO(ask_first, &p);
    CHECK_INT(sn_wg_wait(&p.entered), 0);
    CHECK_INT(sn_wg_wait(&p.on), 0);
    GO(ask_second, &p);
    /* Whether it joins before the first goes is chance on threads: then it is another call. */
    if (!world_virtual) sn_wg_add(&p.on, 1);
    settle_down();
    sn_scope_cancel(&p.first, SN_ECANCELED);
    settle_down();
    sn_chan_close(&p.gate);
    CHECK_INT(sn_scope_leave(&s), 0);
    CHECK_INT(p.rc[0], SN_ECANCELED);
    CHECK_INT(p.rc[1], 0);
    sn_flight_end(&p.f);
    sn_chan_free(&p.gate);
    return 0;
}

/* The last who waits goes: the call is told. */
static int nobody_wants_it(void *arg) {
    pair p;
    sn_scope s;
    (void)arg;
    memset(&p, 0, sizeof p);
    MUST(sn_chan_init(&p.gate, 1, 0, NULL, NULL) == 0);
    MUST(sn_flight_init(&p.f, wait_at_gate, &p, sizeof(int)) == 0);
    sn_wg_add(&p.on, 1);
    sn_scope_enter(&s, sn_now() + SN_MILLISECOND);
    CHECK_INT(sn_flight_do(&p.f, "key", 3, NULL), SN_ETIMEDOUT);
    CHECK_INT(sn_scope_leave(&s), SN_ETIMEDOUT);
    sn_flight_end(&p.f); /* nothing opens the gate: it ends by the cancel */
    CHECK(atomic_load(&p.calls) <= 1);
    sn_chan_free(&p.gate);
    return 0;
}

/* --- many keys, of many lengths */

static int echo(void *ctx, const void *key, size_t n, void *result) {
    (void)ctx;
    int rc = sn_yield();
    memcpy(result, key, n < 16 ? n : 16);
    return rc ? rc : (int)n;
}

static int ask_echo(void *arg) {
    const struct {
        sn_flight *f;
        uint32_t n;
    } *a = arg;
    char key[256], got[16] = {0};
    memset(key, (int)a->n, sizeof key);
    CHECK_INT(sn_flight_do(a->f, key, a->n, got), (int)a->n);
    for (uint32_t i = 0; i < 16; i++) CHECK_INT(got[i], i < a->n ? (char)a->n : 0);
    return 0;
}

static int many_keys(void *arg) {
    sn_flight f;
    sn_scope s;
    (void)arg;
    MUST(sn_flight_init(&f, echo, NULL, 16) == 0);
    CHECK_INT(sn_flight_do(&f, &f, SN_FLIGHT_KEY_MAX + 1, NULL), SN_EINVAL);
    sn_scope_enter(&s, SN_NEVER);
    for (uint32_t i = 0; i < 200; i++) {
        const struct {
            sn_flight *f;
            uint32_t n;
        } a = {&f, i};
        MUST(sn_go(ask_echo, &a, sizeof a) == 0);
    }
    CHECK_INT(sn_scope_leave(&s), 0);
    sn_flight_end(&f);
    CHECK_INT(sn_flight_init(&f, NULL, NULL, 0), SN_EINVAL);
    CHECK_INT(sn_flight_init(&f, echo, NULL, SN_FLIGHT_RESULT_MAX + 1), SN_EINVAL);
    return 0;
}

static int fail(void *arg) {
    (void)arg;
    return SN_EIO;
}
static int leaves_it_to_another(void *ctx, const void *key, size_t n, void *result) {
    (void)ctx, (void)key, (void)n;
    *(int *)result = 1;
    return sn_go(fail, NULL, 0);
}

/* What fails in the scope of the call fails the call. */
static int inner_errors_count(void *arg) {
    sn_flight f;
    int got = 0;
    (void)arg;
    MUST(sn_flight_init(&f, leaves_it_to_another, NULL, sizeof got) == 0);
    CHECK_INT(sn_flight_do(&f, "k", 1, &got), SN_EIO);
    CHECK_INT(got, 0);
    sn_flight_end(&f);
    return 0;
}

/* Who is refused by a group that is over leaves its room to others. */
static int refused_leaves_room(void *arg) {
    sn_group g;
    (void)arg;
    sn_group_enter(&g, 1, SN_NEVER);
    sn_scope_cancel(&g.scope, SN_EIO);
    sn_shield(1);
    for (int i = 0; i < 3; i++) {
        CHECK_INT(sn_group_try_go(&g, fail, NULL, 0), SN_ECANCELED);
        CHECK_INT(sn_group_go(&g, fail, NULL, 0), SN_ECANCELED);
    }
    sn_shield(0);
    CHECK_INT(sn_group_leave(&g), SN_EIO);
    return 0;
}

int main(void) {
    world_case("group: who is refused leaves its room", refused_leaves_room, 5);
    world_case("flight: what fails inside fails it", inner_errors_count, 20);
    world_case("group: no more than its limit at once", limit_holds, 100);
    world_case("group: the first error ends it", first_error_ends_it, 200);
    world_case("group: full, and without a limit", full_and_empty, 20);
    world_case("group: arguments", group_arguments, 5);
    world_case("flight: one call for all who ask", one_call_for_all, 100);
    world_case("flight: errors are shared too", errors_are_shared, 50);
    world_case("flight: some give up", some_give_up, 200);
    world_case("flight: the first may go", the_first_may_go, 50);
    world_case("flight: a call that nobody wants is cancelled", nobody_wants_it, 50);
    world_case("flight: many keys", many_keys, 5);
    return check_done();
}
