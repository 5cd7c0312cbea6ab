/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* The heap of timers beside a plain array: the earliest is first whatever was put in and taken out,
 * numbers are used again, and what is due is counted. */
#include "check.h"

#include <stdlib.h>

#include "sched/smp/heap.h"

enum { TIMERS = 3000, STEPS = 60000 };

static sn__timer timers[TIMERS];
static uint64_t chance = 88172645463325252u;

static uint64_t draw(uint64_t below) {
    chance ^= chance << 13;
    chance ^= chance >> 7;
    chance ^= chance << 17;
    return chance % below;
}

static sn_time least(uint32_t *n, sn_time by, uint32_t *due) {
    sn_time first = SN_NEVER;
    *n = *due = 0;
    for (uint32_t i = 0; i < TIMERS; i++) {
        if (!timers[i].index) continue;
        (*n)++;
        if (timers[i].when < first) first = timers[i].when;
        if (timers[i].when <= by) (*due)++;
    }
    return first;
}

static void check_against_array(const heap *h, uint32_t most) {
    uint32_t n, due;
    sn_time by = (sn_time)draw(1000), first = least(&n, by, &due);
    CHECK_INT(h->n, n);
    CHECK_INT(atomic_load(&h->first), first);
    CHECK_INT(sn__heap_due(h, by, most), due < most ? due : most);
}

/* Grows for a while, then shrinks: puts are more likely than takes, then less. */
static void step(heap *h, bool growing) {
    sn__timer *t = &timers[draw(TIMERS)];
    if (!t->index) {
        if (!growing && draw(4)) return;
        t->when = (sn_time)draw(1000); /* many are due at the same time */
        sn__heap_put(h, t);
        CHECK(h->timer[t->index] == t);
    } else if (!growing || !draw(4)) {
        CHECK(sn__heap_take(h, h->place[t->index]) == t);
        t->index = 0;
    }
    sn__heap_tell(h);
}

static void as_an_array(void) {
    heap h = {.n = 0};
    sn__heap_init(&h);
    for (int i = 0; i < STEPS; i++) {
        step(&h, i / 10000 % 2 == 0);
        if (i % 50 == 0) check_against_array(&h, 1 + (uint32_t)draw(40));
    }
    sn__heap_free(&h);
}

static void in_order(void) {
    heap h = {.n = 0};
    sn_time last = 0;
    sn__heap_init(&h);
    for (uint32_t i = 0; i < TIMERS; i++) {
        timers[i] = (sn__timer){.when = (sn_time)draw(1u << 30)};
        sn__heap_put(&h, &timers[i]);
    }
    for (uint32_t n = TIMERS; n > 0; n--) {
        const sn__timer *t = sn__heap_take(&h, 0);
        CHECK(t->when >= last);
        CHECK_INT(h.n, n - 1);
        last = t->when;
    }
    sn__heap_tell(&h);
    CHECK_INT(atomic_load(&h.first), SN_NEVER);
    sn__heap_free(&h);
}

int main(void) {
    CASE(as_an_array);
    CASE(in_order);
    return check_done();
}
