/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Figures for metrics and the console's first page. */
#include <string.h>

#include "fleet_impl.h"

struct recent {
    fleet *f;
    int64_t tenant, now_s;
    uint64_t n;
};

static void count_recent(shard *s, void *arg) {
    struct recent *r = arg;
    for (uint32_t i = 0; i < s->n; i++) {
        const shard_dev *d = &s->devs[i];
        const tenant_live *t = r->f->tenants[d->tenant];
        if (!(d->flags & DEV_USED) || (r->tenant && t->id != r->tenant)) continue;
        r->n += (int64_t)d->seen_s + 3 * (int64_t)atomic_load(&t->poll_s) >= r->now_s;
    }
}

uint64_t fleet_polled_recently(fleet *f, int64_t tenant) {
    struct recent r = {f, tenant, sn_utc_ms() / 1000, 0};
    for (uint32_t i = 0; i < f->shards_n; i++) shard_do(&f->shards[i], count_recent, &r);
    return r.n;
}

void fleet_get_stats(fleet *f, fleet_stats *out) {
    memset(out, 0, sizeof *out);
    store_get_stats(f->store, &out->store);
    out->assigned = atomic_load(&f->assigned);
    out->feedbacks = atomic_load(&f->feedbacks);
    out->registered = atomic_load(&f->registered);
    out->auth_failures = atomic_load(&f->auth_failures);
    for (unsigned i = 0; i < atomic_load(&f->tenants_n); i++) {
        out->devices += (uint64_t)atomic_load(&f->tenants[i]->devices);
        out->in_flight += (uint64_t)atomic_load(&f->tenants[i]->in_flight);
    }
    out->shards = f->shards_n;
    for (uint32_t i = 0; i < f->shards_n; i++) {
        shard *s = &f->shards[i];
        out->polls += atomic_load_explicit(&s->polls, memory_order_relaxed);
        out->shard_bytes += atomic_load_explicit(&s->bytes, memory_order_relaxed);
        out->shard_waiting += s->queue ? sn_chan_len(s->queue) : 0;
    }
}

static int read_counts(sqlite3_stmt *st, void *row) {
    fleet_counts *c = row;
    c->open_actions = (uint64_t)sqlite3_column_int64(st, 0);
    c->modules = (uint64_t)sqlite3_column_int64(st, 1);
    c->sets = (uint64_t)sqlite3_column_int64(st, 2);
    c->rollouts = (uint64_t)sqlite3_column_int64(st, 3);
    return 0;
}

int fleet_counts_get(fleet *f, int64_t tenant, fleet_counts *out) {
    list_spec s = {.rows =
                       "SELECT (SELECT count(*) FROM action WHERE tenant_id = ?1 AND active = 1),"
                       " (SELECT count(*) FROM module WHERE tenant_id = ?1),"
                       " (SELECT count(*) FROM dset WHERE tenant_id = ?1),"
                       " (SELECT count(*) FROM rollout WHERE tenant_id = ?1)",
                   .size = sizeof *out,
                   .read = read_counts,
                   .tenant = tenant};
    const tenant_live *t = fleet_tenant_live(f, tenant, NULL);
    if (!t) return SN_ENOENT;
    int rc = fleet_one(f, &s, out);
    out->devices = (uint64_t)atomic_load(&t->devices);
    return rc;
}
