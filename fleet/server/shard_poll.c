/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* The decision at a poll: who is it, what has it, and has a roll-out a slot for it. Memory only. */
#include <string.h>

#include "cohort.h"
#include "shard.h"

static int known(const shard_dev *d, const shard_ask *a) {
    if (!a->token) return 1;
    return (d->flags & DEV_HAS_TOKEN) && token_equal(d->token, a->token, SHARD_TOKEN);
}

/* Takes one of `max` slots (0: no limit). Several shards try at once. */
static int take(atomic_int_fast64_t *used, uint32_t max) {
    int_fast64_t before = atomic_fetch_add(used, 1);
    if (!max || before < max) return 1;
    atomic_fetch_sub(used, 1);
    return 0;
}

static int take_slot(const shard_plan *p, tenant_live *t) {
    if (!take(&p->live->in_flight, p->live->max_in_flight)) return 0;
    if (take(&t->in_flight, atomic_load(&t->max_in_flight))) return 1;
    atomic_fetch_sub(&p->live->in_flight, 1);
    return 0;
}

static int wanted(const shard_plan *p, const shard_dev *d, uint32_t slot) {
    return p->open_ppm && p->tenant == d->tenant && p->set != d->set && !shard_bit(p->had, slot) &&
           (!p->filtered || shard_bit(p->match, slot));
}

/* Newer roll-outs first: they supersede. */
static void admit(shard *s, shard_dev *d, shard_ask *a) {
    uint32_t slot = shard_slot(s, d);
    for (uint32_t i = s->plans_n; i-- > 0;) {
        shard_plan *p = &s->plans[i];
        if (!wanted(p, d, slot)) continue;
        uint32_t place = cohort_place(d->key, p->rollout);
        if (place >= p->open_ppm || !take_slot(p, a->tenant)) continue;
        shard_bit_set(p->had, slot, 1);
        d->flags |= DEV_CREATING;
        a->assign = p->rollout;
        a->assign_stage = cohort_stage(place, p->shares, p->stages_n);
        a->assign_set = p->set;
        a->live = p->live;
        return;
    }
}

void shard_poll(shard *s, void *arg) {
    shard_ask *a = arg;
    shard_dev *d = shard_find(s, a->key, a->tenant_index, a->cid);
    a->assign = 0;
    a->result = !d ? SN_ENOENT : known(d, a) ? 0 : SN_EACCES;
    if (a->result) return;
    if (a->is_poll) {
        atomic_fetch_add_explicit(&s->polls, 1, memory_order_relaxed);
        shard_seen(s, d);
        if (!d->action && !(d->flags & DEV_CREATING)) admit(s, d, a);
    }
    a->dev = *d;
}
