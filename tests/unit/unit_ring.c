/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Rings and funnels: order, no loss, no doubling, whoever is interrupted where; time-outs and
 * cancels that meet the wake-up. */
#include "world.h"

#include <sennit/ring.h>
#include <string.h>

enum { CAP = 8, VALUES = 40, PRODUCERS = 3 };

typedef struct belt {
    sn_ring r;
    uint64_t mem[CAP];
    uint64_t chance[2]; /* the producer's, the consumer's */
} belt;

static int fill(void *arg) {
    belt *b = arg;
    for (uint64_t v = 0; v < VALUES;) {
        size_t n = 1 + pick(&b->chance[0], CAP);
        uint64_t *room = sn_ring_reserve(&b->r, &n);
        if (!room) {
            CHECK_INT(n, 0);
            CHECK_INT(sn_yield(), 0);
            continue;
        }
        if (n > VALUES - v) n = VALUES - v;
        for (size_t i = 0; i < n; i++) room[i] = v++;
        sn_ring_commit(&b->r, n);
        if (pick(&b->chance[0], 4) == 0) CHECK_INT(sn_sleep(SN_MICROSECOND), 0);
    }
    sn_ring_close(&b->r);
    return 0;
}

static int drain(void *arg) {
    belt *b = arg;
    uint64_t want = 0;
    int rc;
    while ((rc = sn_ring_wait(&b->r, sn_now() + pick(&b->chance[1], 2000))) != SN_ECLOSED) {
        size_t n;
        const uint64_t *v = sn_ring_peek(&b->r, &n);
        CHECK(rc == 0 || rc == SN_ETIMEDOUT);
        if (!v) continue;
        n = 1 + pick(&b->chance[1], (unsigned)n);
        for (size_t i = 0; i < n; i++) CHECK_INT(v[i], want++);
        sn_ring_release(&b->r, n);
    }
    CHECK_INT(want, VALUES);
    return 0;
}

static int one_to_one(void *arg) {
    belt b = {.chance = {world_round(), world_round() + 1}};
    sn_scope s;
    (void)arg;
    CHECK_INT(sn_ring_init(&b.r, b.mem, sizeof *b.mem, CAP), 0);
    sn_scope_enter(&s, SN_NEVER);
    GO(fill, &b);
    GO(drain, &b);
    CHECK_INT(sn_scope_leave(&s), 0);
    return 0;
}

typedef struct crowd {
    sn_funnel f;
    uint64_t mem[SN_FUNNEL_BYTES(12, CAP) / 8];
} crowd;
typedef struct item {
    uint32_t who, nth, check;
} item;
typedef struct member {
    crowd *c;
    uint32_t who;
} member;

static int put_all(void *arg) {
    const member *m = arg;
    for (uint32_t i = 0; i < VALUES;) {
        item v = {m->who, i, m->who ^ i};
        int rc = sn_funnel_put(&m->c->f, &v);
        CHECK(rc == 0 || rc == SN_EAGAIN);
        if (rc == 0)
            i++;
        else
            CHECK_INT(sn_yield(), 0);
    }
    return 0;
}

static int get_all(void *arg) {
    crowd *c = arg;
    uint32_t next[PRODUCERS] = {0}, all = 0;
    item v;
    while (sn_funnel_get(&c->f, &v, SN_NEVER) == 0) {
        CHECK(v.who < PRODUCERS && v.check == (v.who ^ v.nth));
        CHECK_INT(v.nth, next[v.who]++);
        all++;
    }
    CHECK_INT(all, PRODUCERS * VALUES);
    return 0;
}

static int many_to_one(void *arg) {
    crowd c;
    sn_scope all, producers;
    (void)arg;
    CHECK_INT(sn_funnel_init(&c.f, c.mem, sizeof(item), CAP), 0);
    sn_scope_enter(&all, SN_NEVER);
    GO(get_all, &c);
    sn_scope_enter(&producers, SN_NEVER);
    for (uint32_t i = 0; i < PRODUCERS; i++) {
        member m = {&c, i};
        MUST(sn_go(put_all, &m, sizeof m) == 0);
    }
    CHECK_INT(sn_scope_leave(&producers), 0);
    sn_funnel_close(&c.f);
    item late = {0, 0, 0};
    CHECK_INT(sn_funnel_put(&c.f, &late), SN_ECLOSED);
    CHECK_INT(sn_scope_leave(&all), 0);
    return 0;
}

/* What was put before the close is got after it; what was refused is not. */
typedef struct last_call {
    crowd c;
    int put, got;
} last_call;

static int put_until_closed(void *arg) {
    last_call *l = arg;
    item v = {0, 0, 0};
    int rc;
    while ((rc = sn_funnel_put(&l->c.f, &v)) != SN_ECLOSED) {
        if (rc == 0)
            l->put++;
        else
            CHECK_INT(sn_yield(), 0);
    }
    return 0;
}

static int get_until_closed(void *arg) {
    last_call *l = arg;
    item v;
    while (sn_funnel_get(&l->c.f, &v, SN_NEVER) == 0) l->got++;
    return 0;
}

static int closed_in_the_middle(void *arg) {
    last_call l = {.put = 0};
    sn_scope s;
    (void)arg;
    CHECK_INT(sn_funnel_init(&l.c.f, l.c.mem, sizeof(item), CAP), 0);
    sn_scope_enter(&s, SN_NEVER);
    GO(put_until_closed, &l);
    GO(get_until_closed, &l);
    for (uint64_t i = world_round() % 40; i > 0; i--) CHECK_INT(sn_yield(), 0);
    sn_funnel_close(&l.c.f);
    CHECK_INT(sn_scope_leave(&s), 0);
    CHECK_INT(l.got, l.put);
    return 0;
}

static int wait_for_one(void *arg) {
    int rc = sn_ring_wait(&((belt *)arg)->r, SN_NEVER);
    return rc == SN_ECANCELED ? 0 : rc;
}

static int canceled_while_it_waits(void *arg) {
    belt b = {.chance = {0}};
    sn_scope s;
    size_t n = 1;
    (void)arg;
    CHECK_INT(sn_ring_init(&b.r, b.mem, sizeof *b.mem, CAP), 0);
    sn_scope_enter(&s, SN_NEVER);
    GO(wait_for_one, &b);
    CHECK_INT(sn_yield(), 0);
    MUST(sn_ring_reserve(&b.r, &n));
    sn_scope_cancel(&s, SN_ECANCELED);
    sn_ring_commit(&b.r, 1);
    CHECK_INT(sn_scope_leave(&s), SN_ECANCELED);
    CHECK_INT(sn_ring_wait(&b.r, 0), 0); /* nothing moved */
    return 0;
}

static int limits(void *arg) {
    sn_ring r;
    sn_funnel f;
    uint64_t mem[8];
    size_t n = 9;
    (void)arg;
    CHECK_INT(sn_ring_init(&r, mem, 8, 3), SN_EINVAL);
    CHECK_INT(sn_ring_init(&r, mem, 0, 4), SN_EINVAL);
    CHECK_INT(sn_ring_init(&r, NULL, 8, 4), SN_EINVAL);
    CHECK_INT(sn_funnel_init(&f, mem, 8, 1), SN_EINVAL);
    CHECK_INT(sn_funnel_init(&f, (char *)mem + 1, 8, 2), SN_EINVAL);
    CHECK_INT(sn_ring_init(&r, mem, 8, 8), 0);
    CHECK(sn_ring_peek(&r, &n) == NULL);
    CHECK_INT(n, 0);
    CHECK_INT(sn_ring_wait(&r, 0), SN_ETIMEDOUT);
    n = 9;
    CHECK(sn_ring_reserve(&r, &n) == (void *)mem);
    CHECK_INT(n, 8);
    sn_ring_commit(&r, 8);
    n = 1;
    CHECK(sn_ring_reserve(&r, &n) == NULL);
    CHECK(sn_ring_peek(&r, &n) == (void *)mem);
    CHECK_INT(n, 8);
    return 0;
}

int main(void) {
    world_case("one to one", one_to_one, 100);
    world_case("many to one", many_to_one, 100);
    world_case("closed in the middle", closed_in_the_middle, 100);
    world_case("canceled while it waits", canceled_while_it_waits, 100);
    world_case("limits", limits, 1);
    return check_done();
}
