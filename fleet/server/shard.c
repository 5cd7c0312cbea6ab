/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* The shard's tables: devices, index, ids, plans. */
#include "shard.h"

#include <stdlib.h>
#include <string.h>

#include "cohort.h"

enum { ARENA_CHUNK = 65536, START = 64 };

static size_t bit_words(uint32_t cap) { return (size_t)(cap + 63) / 64; }

static void count_bytes(shard *s) {
    uint64_t n = (uint64_t)s->cap * sizeof *s->devs + (uint64_t)s->index_cap * sizeof *s->index +
                 (uint64_t)s->arena_n * ARENA_CHUNK;
    n += (uint64_t)s->seen_cap * sizeof *s->seen;
    for (uint32_t i = 0; i < s->plans_n; i++)
        n += bit_words(s->cap) * 8 * (s->plans[i].filtered ? 2 : 1);
    atomic_store_explicit(&s->bytes, n, memory_order_relaxed);
}

static void index_put(shard *s, uint64_t key, uint32_t slot) {
    uint32_t mask = s->index_cap - 1, i = (uint32_t)key & mask;
    while (s->index[i]) i = (i + 1) & mask;
    s->index[i] = slot + 1;
}

static int index_grow(shard *s, uint32_t cap) {
    uint32_t *bigger = calloc(cap, sizeof *bigger);
    if (!bigger) return SN_ENOMEM;
    free(s->index);
    s->index = bigger;
    s->index_cap = cap;
    for (uint32_t i = 0; i < s->n; i++)
        if (s->devs[i].flags & DEV_USED) index_put(s, s->devs[i].key, i);
    return 0;
}

static int bits_grow(uint64_t **bits, uint32_t from, uint32_t to) {
    uint64_t *bigger = realloc(*bits, bit_words(to) * 8);
    if (!bigger) return SN_ENOMEM;
    memset(bigger + bit_words(from), 0, (bit_words(to) - bit_words(from)) * 8);
    *bits = bigger;
    return 0;
}

static int devs_grow(shard *s, uint32_t cap) {
    int rc = 0;
    for (uint32_t i = 0; i < s->plans_n && !rc; i++) {
        rc = bits_grow(&s->plans[i].had, s->cap, cap);
        if (!rc && s->plans[i].filtered) rc = bits_grow(&s->plans[i].match, s->cap, cap);
    }
    shard_dev *bigger = rc ? NULL : realloc(s->devs, (size_t)cap * sizeof *bigger);
    if (!bigger) return SN_ENOMEM;
    s->devs = bigger;
    s->cap = cap;
    return 0;
}

static int make_room(shard *s) {
    int rc = 0;
    if (s->n == s->cap) rc = devs_grow(s, s->cap ? s->cap + s->cap / 2 : START);
    uint32_t used = s->n + 1;
    if (!rc && used > s->index_cap / 4 * 3)
        rc = index_grow(s, s->index_cap ? s->index_cap * 2 : START * 2);
    if (!rc) count_bytes(s);
    return rc;
}

int shard_init(shard *s, fleet *f, uint32_t expect) {
    memset(s, 0, sizeof *s);
    s->f = f;
    uint32_t cap = START * 2;
    while (cap / 4 * 3 < expect) cap *= 2;
    int rc = devs_grow(s, expect > START ? expect : START);
    if (!rc) rc = index_grow(s, cap);
    count_bytes(s);
    return rc;
}

void shard_free(shard *s) {
    while (s->plans_n) shard_plan_drop(s, s->plans[0].rollout);
    for (uint32_t i = 0; i < s->arena_n; i++) free(s->arena[i]);
    free(s->plans);
    free(s->arena);
    free(s->index);
    free(s->devs);
    free(s->seen);
    if (s->queue) sn_chan_free(s->queue);
    memset(s, 0, sizeof *s);
}

/* Ids are at most 128 bytes, so a chunk wastes little at its end. */
static int arena_put(shard *s, const char *cid, uint32_t *at) {
    uint32_t len = (uint32_t)strlen(cid) + 1;
    if (!s->arena_n || s->arena_used + len > ARENA_CHUNK) {
        char **more = realloc(s->arena, (s->arena_n + 1) * sizeof *more);
        if (!more) return SN_ENOMEM;
        s->arena = more;
        s->arena[s->arena_n] = malloc(ARENA_CHUNK);
        if (!s->arena[s->arena_n]) return SN_ENOMEM;
        s->arena_n++;
        s->arena_used = 0;
        count_bytes(s);
    }
    *at = (s->arena_n - 1) * ARENA_CHUNK + s->arena_used;
    memcpy(s->arena[s->arena_n - 1] + s->arena_used, cid, len);
    s->arena_used += len;
    return 0;
}

const char *shard_cid(const shard *s, const shard_dev *d) {
    return s->arena[d->name / ARENA_CHUNK] + d->name % ARENA_CHUNK;
}

uint32_t shard_slot(const shard *s, const shard_dev *d) { return (uint32_t)(d - s->devs); }

shard_dev *shard_find(shard *s, uint64_t key, uint16_t tenant, const char *cid) {
    uint32_t mask = s->index_cap - 1;
    for (uint32_t i = (uint32_t)key & mask; s->index[i]; i = (i + 1) & mask) {
        shard_dev *d = &s->devs[s->index[i] - 1];
        if (d->key == key && d->tenant == tenant && strcmp(shard_cid(s, d), cid) == 0) return d;
    }
    return NULL;
}

shard_dev *shard_find_row(shard *s, uint64_t key, uint32_t row) {
    uint32_t mask = s->index_cap - 1;
    for (uint32_t i = (uint32_t)key & mask; s->index[i]; i = (i + 1) & mask) {
        shard_dev *d = &s->devs[s->index[i] - 1];
        if (d->key == key && d->row == row) return d;
    }
    return NULL;
}

/* Without memory for the list it is as if it had not polled: its row stays older. */
void shard_seen(shard *s, shard_dev *d) {
    d->seen_s = (uint32_t)(sn_utc_ms() / 1000);
    if (d->flags & DEV_SEEN) return;
    if (s->seen_n == s->seen_cap) {
        uint32_t cap = s->seen_cap ? s->seen_cap * 2 : START;
        uint32_t *more = realloc(s->seen, cap * sizeof *more);
        if (!more) return;
        s->seen = more;
        s->seen_cap = cap;
        count_bytes(s);
    }
    s->seen[s->seen_n++] = shard_slot(s, d);
    d->flags |= DEV_SEEN;
}

static int free_slot(shard *s, uint32_t *slot) {
    if (s->free_n) {
        for (*slot = 0; s->devs[*slot].flags & DEV_USED;) ++*slot;
        s->free_n--;
        return 0;
    }
    int rc = make_room(s);
    if (!rc) *slot = s->n++;
    return rc;
}

int shard_add(shard *s, const shard_dev *d, const char *cid) {
    uint32_t slot = 0, name = 0;
    if (shard_find(s, d->key, d->tenant, cid)) return SN_EEXIST;
    int rc = arena_put(s, cid, &name);
    if (!rc) rc = free_slot(s, &slot);
    if (rc) return rc;
    s->devs[slot] = *d;
    s->devs[slot].name = name;
    s->devs[slot].flags |= DEV_USED;
    index_put(s, d->key, slot);
    for (uint32_t i = 0; i < s->plans_n; i++) {
        shard_bit_set(s->plans[i].had, slot, 0);
        if (s->plans[i].filtered) shard_bit_set(s->plans[i].match, slot, 0);
    }
    return 0;
}

/* Closes the gap at i: what probed past it moves up. */
static void index_delete(shard *s, uint32_t i) {
    uint32_t mask = s->index_cap - 1;
    s->index[i] = 0;
    for (uint32_t j = (i + 1) & mask; s->index[j]; j = (j + 1) & mask) {
        uint32_t slot = s->index[j] - 1;
        s->index[j] = 0;
        index_put(s, s->devs[slot].key, slot);
    }
}

/* The counter that the device's open action is in; NULL when there is none for it. */
static atomic_uint_fast64_t *counter_of(shard *s, const shard_dev *d) {
    shard_plan *p = d->action && d->rollout ? shard_plan_find(s, d->rollout) : NULL;
    if (!p || !p->live) return NULL;
    uint32_t i = cohort_stage(cohort_place(d->key, p->rollout), p->shares, p->stages_n);
    if (i >= p->stages_n) return NULL;
    switch (d->status) {
    case ACTION_DOWNLOAD:
    case ACTION_DOWNLOADED:
        return &p->live->downloading[i];
    case ACTION_RUNNING:
        return &p->live->installing[i];
    case ACTION_CANCELING:
        return &p->live->canceling[i];
    default:
        return NULL;
    }
}

void shard_set_action(shard *s, shard_dev *d, int64_t action, uint32_t ro, uint8_t status) {
    atomic_uint_fast64_t *was = counter_of(s, d);
    d->action = action;
    d->rollout = ro;
    d->status = status;
    atomic_uint_fast64_t *is = counter_of(s, d);
    if (was) atomic_fetch_sub(was, 1);
    if (is) atomic_fetch_add(is, 1);
}

/* The id's bytes stay in the arena until the server is started again. */
void shard_remove(shard *s, uint64_t key, uint32_t row) {
    shard_dev *d = shard_find_row(s, key, row);
    if (!d) return;
    shard_set_action(s, d, 0, 0, ACTION_NONE);
    uint32_t mask = s->index_cap - 1, slot = shard_slot(s, d), i = (uint32_t)key & mask;
    while (s->index[i] != slot + 1) i = (i + 1) & mask;
    index_delete(s, i);
    memset(d, 0, sizeof *d);
    s->free_n++;
}

shard_plan *shard_plan_find(shard *s, int64_t id) {
    for (uint32_t i = 0; i < s->plans_n; i++)
        if (s->plans[i].rollout == id) return &s->plans[i];
    return NULL;
}

shard_plan *shard_plan_add(shard *s, int64_t id, int filtered) {
    shard_plan *more = realloc(s->plans, (s->plans_n + 1) * sizeof *more);
    if (!more) return NULL;
    s->plans = more;
    shard_plan *p = &s->plans[s->plans_n];
    memset(p, 0, sizeof *p);
    p->rollout = id;
    p->filtered = filtered;
    p->had = calloc(bit_words(s->cap), 8);
    p->match = filtered ? calloc(bit_words(s->cap), 8) : NULL;
    if (!p->had || (filtered && !p->match)) {
        free(p->had);
        return NULL;
    }
    s->plans_n++;
    count_bytes(s);
    return p;
}

void shard_plan_drop(shard *s, int64_t id) {
    shard_plan *p = shard_plan_find(s, id);
    if (!p) return;
    free(p->had);
    free(p->match);
    s->plans_n--;
    memmove(p, p + 1, (size_t)(&s->plans[s->plans_n] - p) * sizeof *p);
    count_bytes(s);
}
