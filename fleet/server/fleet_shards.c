/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* What the shards are told after commits, and what they are asked to count. */
#include <stdlib.h>
#include <string.h>

#include "fleet_impl.h"

/* The index uses the low bits of the key; the shard the high ones. */
shard *fleet_shard(fleet *f, uint64_t key) {
    return &f->shards[(uint32_t)(((key >> 32) * f->shards_n) >> 32)];
}

rollout_live *fleet_live(fleet *f, int64_t id) {
    sn_lock(&f->live_lock);
    rollout_live *l = f->live;
    while (l && l->id != id) l = l->next;
    sn_unlock(&f->live_lock);
    return l;
}

rollout_live *fleet_live_add(fleet *f, int64_t tenant, int64_t id, uint32_t max_in_flight) {
    rollout_live *l = calloc(1, sizeof *l);
    if (!l) return NULL;
    l->id = id;
    l->tenant = tenant;
    l->max_in_flight = max_in_flight;
    sn_lock(&f->live_lock);
    l->next = f->live;
    f->live = l;
    sn_unlock(&f->live_lock);
    return l;
}

void fleet_count_closed(fleet *f, int64_t tenant, int64_t id, uint32_t stage,
                        enum action_status s) {
    rollout_live *l = id ? fleet_live(f, id) : NULL;
    if (!l) return;
    if (s == ACTION_FINISHED) atomic_fetch_add(&l->succeeded[stage], 1);
    if (s == ACTION_ERROR) atomic_fetch_add(&l->failed[stage], 1);
    if (s == ACTION_CANCELED) atomic_fetch_add(&l->canceled[stage], 1);
    if (s == ACTION_TIMED_OUT) atomic_fetch_add(&l->silent[stage], 1);
    atomic_fetch_sub(&l->in_flight, 1);
    tenant_live *t = fleet_tenant_live(f, tenant, NULL);
    if (t) atomic_fetch_sub(&t->in_flight, 1);
}

static void apply_change(shard *s, void *arg) {
    const device_change *c = arg;
    shard_dev *d = shard_find_row(s, c->key, c->row);
    if (!d) return;
    shard_set_action(s, d, c->action, c->rollout, c->status);
    if (c->created) d->flags &= (uint8_t)~DEV_CREATING;
    if (c->want_attrs) d->flags |= DEV_WANT_ATTRS;
    if (!c->set_known) return;
    d->set = c->set;
    d->installed_action = c->installed_action;
}

void fleet_device_changed(fleet *f, const device_change *c) {
    _Static_assert(sizeof *c <= SHARD_DATA, "fits into a message");
    shard_post(fleet_shard(f, c->key), apply_change, c, sizeof *c);
}

/* ---- plans --------------------------------------------------------------------------------------
 */

struct plan_change {
    const rollout *r;
    rollout_live *live;
    uint16_t tenant;
    int result;
};

/* What rollout_cancel_open did to the rows. */
static void cancel_open(shard *s, int64_t id) {
    for (uint32_t i = 0; i < s->n; i++) {
        shard_dev *d = &s->devs[i];
        if ((d->flags & DEV_USED) && d->action && d->rollout == id) d->status = ACTION_CANCELING;
    }
}

static void apply_plan(shard *s, void *arg) {
    struct plan_change *c = arg;
    const rollout *r = c->r;
    if (r->state == ROLLOUT_STOPPED) cancel_open(s, r->id);
    if (r->state == ROLLOUT_STOPPED || r->state == ROLLOUT_DONE) {
        shard_plan_drop(s, r->id);
        return;
    }
    shard_plan *p = shard_plan_find(s, r->id);
    if (!p) p = shard_plan_add(s, r->id, r->filter_key[0] != 0);
    if (!p) {
        c->result = SN_ENOMEM;
        return;
    }
    p->set = (uint32_t)r->set_id;
    p->open_ppm = rollout_open_ppm(r);
    p->stages_n = r->stages_n;
    p->tenant = c->tenant;
    p->live = c->live;
    memcpy(p->filter_key, r->filter_key, sizeof p->filter_key);
    memcpy(p->filter_value, r->filter_value, sizeof p->filter_value);
    for (uint32_t i = 0; i < r->stages_n; i++) p->shares[i] = r->stages[i].share_ppm;
}

void fleet_plan_changed(fleet *f, const rollout *r) {
    struct plan_change c = {.r = r, .live = fleet_live(f, r->id)};
    if (!c.live || !fleet_tenant_live(f, r->tenant, &c.tenant)) return;
    atomic_store(&c.live->state, (int)r->state);
    for (uint32_t i = 0; i < f->shards_n; i++) shard_do(&f->shards[i], apply_plan, &c);
    if (c.result) log_event(LOG_ERROR, "rollout.plan", log_i("rollout", r->id), log_e(c.result));
    fleet_changed(f);
}

/* ---- counting
 * ------------------------------------------------------------------------------------ */

struct count_args {
    const rollout *r;
    uint64_t *total;
    uint16_t tenant;
};

/* A device counts for its stage if it had the roll-out or could get it: it matches, and does not
 * run the set already. */
static void count_stages(shard *s, void *arg) {
    struct count_args *a = arg;
    const shard_plan *p = shard_plan_find(s, a->r->id);
    if (!p) return;
    for (uint32_t i = 0; i < s->n; i++) {
        const shard_dev *d = &s->devs[i];
        if (!(d->flags & DEV_USED) || d->tenant != a->tenant) continue;
        int can = d->set != p->set && (!p->filtered || shard_bit(p->match, i));
        if (!can && !shard_bit(p->had, i)) continue;
        uint32_t place = cohort_place(d->key, p->rollout);
        uint32_t stage = cohort_stage(place, p->shares, p->stages_n);
        if (stage < p->stages_n) a->total[stage]++;
    }
}

void fleet_count_stages(fleet *f, const rollout *r, uint64_t total[FLEET_STAGES_MAX]) {
    struct count_args a = {.r = r, .total = total};
    memset(total, 0, sizeof *total * FLEET_STAGES_MAX);
    if (!fleet_tenant_live(f, r->tenant, &a.tenant)) return;
    for (uint32_t i = 0; i < f->shards_n; i++) shard_do(&f->shards[i], count_stages, &a);
}

/* What open devices do. Whoever is open in a stopped roll-out has been asked to cancel. */
static void overlay_open(const rollout *r, rollout_live *l, uint32_t i, judge_counts *c) {
    uint64_t closed = c->succeeded + c->failed + c->silent + c->canceled;
    if (r->state == ROLLOUT_STOPPED) c->canceling = c->assigned > closed ? c->assigned - closed : 0;
    if (r->state == ROLLOUT_STOPPED || r->state == ROLLOUT_DONE) return;
    c->downloading = atomic_load(&l->downloading[i]);
    c->installing = atomic_load(&l->installing[i]);
    c->canceling = atomic_load(&l->canceling[i]);
}

int fleet_overlay(fleet *f, rollout *r) {
    rollout_live *l = fleet_live(f, r->id);
    if (!l) return 0;
    for (uint32_t i = 0; i < r->stages_n; i++) {
        r->stages[i].counts = (judge_counts){.total = atomic_load(&l->total[i]),
                                             .assigned = atomic_load(&l->assigned[i]),
                                             .succeeded = atomic_load(&l->succeeded[i]),
                                             .failed = atomic_load(&l->failed[i]),
                                             .silent = atomic_load(&l->silent[i]),
                                             .canceled = atomic_load(&l->canceled[i])};
        overlay_open(r, l, i, &r->stages[i].counts);
    }
    return 1;
}
