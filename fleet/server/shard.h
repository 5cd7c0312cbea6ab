/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* A shard: the devices of one part of the fleet in memory, owned by one coroutine with one queue.
 * Everybody else hands it functions to run on its state (shard_do, shard_post): nothing in here
 * is locked, and nothing that runs in here may wait for anything.
 *
 * A device is 64 bytes, its id in an arena, and about 6 bytes of index. Which roll-outs a device
 * had or matches is a bit per roll-out. */
#ifndef FLEET_SHARD_H
#define FLEET_SHARD_H

#include <sennit/sennit.h>
#include <stdatomic.h>

#include "fleet.h"

enum { SHARD_TOKEN = 16 };
enum {
    DEV_USED = 1,
    DEV_WANT_ATTRS = 2,
    DEV_SEEN = 4,     /**< polled since the last flush */
    DEV_CREATING = 8, /**< an action is being stored for it */
    DEV_HAS_TOKEN = 16
};

typedef struct shard_dev {
    uint64_t key;               /**< cohort_key of tenant and id */
    int64_t action;             /**< the open one, 0: none */
    int64_t installed_action;   /**< of installedBase, 0: none */
    uint8_t token[SHARD_TOKEN]; /**< first half of the hash: 128 bits */
    uint32_t row;               /**< device.id */
    uint32_t name;              /**< place in the arena */
    uint32_t seen_s;            /**< last poll, UTC seconds */
    uint32_t set;               /**< installed, 0: unknown */
    uint32_t rollout;           /**< of the open action */
    uint16_t tenant;            /**< index into the fleet's table */
    uint8_t status;             /**< enum action_status of the open action */
    uint8_t flags;
} shard_dev;
_Static_assert(sizeof(shard_dev) == 64, "a device is a cache line");

/** Counters of a roll-out, shared by all shards, engine and writer; lives as long as the fleet.
 *  They are derived from rows when the fleet is opened. */
typedef struct rollout_live {
    int64_t id, tenant;
    uint32_t max_in_flight;
    atomic_int state; /**< enum rollout_state */
    atomic_int_fast64_t in_flight;
    atomic_uint_fast64_t total[FLEET_STAGES_MAX], assigned[FLEET_STAGES_MAX],
        succeeded[FLEET_STAGES_MAX], failed[FLEET_STAGES_MAX], silent[FLEET_STAGES_MAX],
        canceled[FLEET_STAGES_MAX];
    /** Kept by the shards while they have the roll-out's plan: until it is stopped or done. */
    atomic_uint_fast64_t downloading[FLEET_STAGES_MAX], installing[FLEET_STAGES_MAX],
        canceling[FLEET_STAGES_MAX];
    struct rollout_live *next;
} rollout_live;

/** A tenant's figures that polls look at; lives as long as the fleet. */
typedef struct tenant_live {
    int64_t id;
    char name[FLEET_NAME_MAX + 1];
    atomic_uint poll_s, overdue_s, target_on, gateway_on, register_on, max_polls, max_in_flight,
        max_devices;
    atomic_int_fast64_t in_flight, devices;
    uint8_t gateway[TOKEN_HASH]; /**< under the fleet's directory lock */
    int gateway_set;
} tenant_live;

/** What a shard knows of a roll-out that is not final. */
typedef struct shard_plan {
    int64_t rollout;
    uint32_t set, open_ppm, stages_n;
    uint32_t shares[FLEET_STAGES_MAX];
    uint16_t tenant;
    int filtered;
    char filter_key[FLEET_ATTR_KEY_MAX + 1], filter_value[FLEET_ATTR_VALUE_MAX + 1];
    rollout_live *live;
    uint64_t *had, *match; /**< a bit a device slot */
} shard_plan;

typedef struct shard {
    fleet *f;
    shard_dev *devs;
    uint32_t n, cap, free_n; /**< slots used so far, room, slots given back */
    uint32_t *index;         /**< slot + 1, 0: empty; power of two, at most 3/4 full */
    uint32_t index_cap;
    char **arena;
    uint32_t arena_n, arena_used;
    shard_plan *plans;
    uint32_t plans_n;
    uint32_t *seen; /**< slots that polled since they were flushed, oldest first */
    uint32_t seen_n, seen_cap;
    sn_chan *queue;
    atomic_uint_fast64_t bytes, polls;
} shard;

/** A function that the shard's owner runs on its state. Must not park. */
typedef void (*shard_fn)(shard *s, void *arg);
enum { SHARD_DATA = 80 };

int shard_init(shard *s, fleet *f, uint32_t expect);
void shard_free(shard *s);
/** Starts the owner coroutine in `scope`. SN_ENOMEM. Close s->queue to end it. */
int shard_start(shard *s, sn_scope *scope);
/** The owner coroutine; ends when the queue is closed. */
int shard_run(void *s);
/** Runs fn on the shard and waits. Parks; not cancellable. Before the start: at once. */
void shard_do(shard *s, shard_fn fn, void *arg);
/** Lets the shard run fn on a copy of n <= SHARD_DATA bytes; does not wait for it. */
void shard_post(shard *s, shard_fn fn, const void *data, size_t n);

/* ---- on the shard (its owner, or before the start) ----------------------------------------- */

/** SN_EEXIST, SN_ENOMEM. d->key and d->tenant say which; the id is copied. */
int shard_add(shard *s, const shard_dev *d, const char *cid);
shard_dev *shard_find(shard *s, uint64_t key, uint16_t tenant, const char *cid);
/** It has polled: its row will be told so. */
void shard_seen(shard *s, shard_dev *d);
/** By key and row number, when the id's text is not at hand. */
shard_dev *shard_find_row(shard *s, uint64_t key, uint32_t row);
void shard_remove(shard *s, uint64_t key, uint32_t row);
const char *shard_cid(const shard *s, const shard_dev *d);
uint32_t shard_slot(const shard *s, const shard_dev *d);
/** Sets the device's open action (0: none), of roll-out `ro` (0: none), and counts what the
 *  roll-out's devices do. */
void shard_set_action(shard *s, shard_dev *d, int64_t action, uint32_t ro, uint8_t status);

shard_plan *shard_plan_find(shard *s, int64_t rollout);
/** Adds an empty plan. NULL: out of memory. */
shard_plan *shard_plan_add(shard *s, int64_t rollout, int filtered);
void shard_plan_drop(shard *s, int64_t rollout);

static inline int shard_bit(const uint64_t *bits, uint32_t i) {
    return (int)(bits[i / 64] >> (i % 64) & 1);
}
static inline void shard_bit_set(uint64_t *bits, uint32_t i, int on) {
    if (on)
        bits[i / 64] |= UINT64_C(1) << (i % 64);
    else
        bits[i / 64] &= ~(UINT64_C(1) << (i % 64));
}

/** A poll or an authentication, answered by shard_poll. */
typedef struct shard_ask {
    /* asked */
    uint64_t key;
    const char *cid;
    tenant_live *tenant;
    const uint8_t *token; /**< hash to compare; NULL: the caller has checked another credential */
    uint16_t tenant_index;
    int is_poll;
    /* answered */
    int result;     /**< 0, SN_EACCES, SN_ENOENT (unknown device) */
    shard_dev dev;  /**< copy */
    int64_t assign; /**< roll-out that has a slot for it, 0: none */
    uint32_t assign_stage, assign_set;
    rollout_live *live;
} shard_ask;
/** shard_fn; arg is a shard_ask. */
void shard_poll(shard *s, void *ask);

#endif
