/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Inside of the fleet, for its own files.
 *
 * Who owns what: shards own the devices' state; the store's writer runs all operations and then
 * their `done` functions, in the order of the commits, which is the order in which shards and
 * counters learn what happened. Locks, none held while another is taken: `directory` (tenants,
 * users, gateway tokens), `live_lock` (list of roll-outs' counters), `change_lock`. */
#ifndef FLEET_FLEET_IMPL_H
#define FLEET_FLEET_IMPL_H

#include <sennit/sennit.h>
#include <stdatomic.h>

#include "cohort.h"
#include "fleet.h"
#include "json.h"
#include "log.h"
#include "shard.h"

typedef struct user_entry {
    fleet_user user;
    uint8_t hash[TOKEN_HASH];
} user_entry;

struct fleet {
    char data_dir[1024], artifact_dir[1056];
    sql lock; /**< held while the folder is ours */
    store *store;
    record_key *key;
    shard *shards;
    uint32_t shards_n;
    sn_mutex directory;
    tenant_live *tenants[FLEET_TENANTS_MAX];
    atomic_uint tenants_n; /**< entries below it never change place or go away */
    user_entry *users;
    uint32_t users_n;
    sn_mutex live_lock;
    rollout_live *live;
    sn_mutex change_lock;
    sn_cond changed;
    uint64_t change;
    sn_time tick, assign_wait;
    sn_time clock_mono; /**< the engine's last look at both clocks; 0: none yet */
    int64_t clock_utc;
    sn_chan *stop; /**< closed to end the engine */
    sn_wg running;
    int started;
    char first_token[TOKEN_CHARS + 1];
    atomic_uint_fast64_t assigned, feedbacks, registered, auth_failures;
};

/* ---- fleet_util.c ---- */

/** Tells who waits in fleet_wait_change. May park briefly. */
void fleet_changed(fleet *f);
/** Appends a record inside an operation. `before` and `after` are json_done's, or NULL; freed. */
int fleet_note(fleet *f, sql *db, const fleet_actor *by, const char *event, char *before,
               char *after, const char *reason, const char *object, ...)
    __attribute__((format(printf, 8, 9)));
/** The server itself as an actor in `tenant`. */
fleet_actor fleet_system(int64_t tenant);
/** 0, or SN_EINVAL naming `what`: 1 to max bytes, no control characters. */
int fleet_text_check(const char *text, size_t max, const char *what, fleet_err *err);

/** A list: statements with numbered parameters ?1 tenant, ?2 id, ?3 match or other text (NULL:
 *  all), ?4 limit, ?5 offset, ?6 another number. */
typedef struct list_spec {
    const char *rows, *count; /**< count NULL: no total wanted */
    size_t size;              /**< of a row */
    int (*read)(sqlite3_stmt *st, void *row);
    int64_t tenant, id, extra;
    const char *text;
    const fleet_page *page; /**< NULL: FLEET_PAGE_MAX rows from the start */
} list_spec;
/** Runs it on a reader. *rows is malloc'ed also when empty. SN_EINVAL for a bad page. */
int fleet_list(fleet *f, const list_spec *spec, void **rows, uint32_t *n, uint64_t *total);
/** One row into *row: 0 or SN_ENOENT. */
int fleet_one(fleet *f, const list_spec *spec, void *row);

/* ---- fleet_load.c ---- */

/** Fills tenants, users, shards, plans and counters from the rows. Runs as a store_op. */
int fleet_load(sql *db, void *f);
/** Is there no tenant yet? Runs as a store_op. */
int fleet_is_new(sql *db, void *is_new);
/** Makes the first tenant and its admin, who has f->first_token. Runs as a store_op. */
int fleet_found(sql *db, void *f);

/* ---- fleet_tenant.c ---- */

tenant_live *fleet_tenant_live(fleet *f, int64_t id, uint16_t *index);
/** Enters a tenant with default settings. SN_ENOMEM, FLEET_QUOTA. Loading, or on the writer. */
int fleet_tenant_enter(fleet *f, int64_t id, const char *name, tenant_live **out);
/** Lets a setting take effect. SN_EINVAL as fleet_setting_set; `hash` for the gateway token. */
int fleet_setting_apply(fleet *f, tenant_live *t, const char *key, const char *value);

/* ---- fleet_user.c ---- */

int fleet_user_enter(fleet *f, const fleet_user *u, const uint8_t hash[TOKEN_HASH]);

/* ---- fleet_shards.c ---- */

shard *fleet_shard(fleet *f, uint64_t key);
rollout_live *fleet_live(fleet *f, int64_t rollout);
/** Makes and enters counters of a roll-out. NULL: out of memory. */
rollout_live *fleet_live_add(fleet *f, int64_t tenant, int64_t rollout, uint32_t max_in_flight);
/** The open action of a device after a commit; `freed` 1: a roll-out's slot came free. */
typedef struct device_change {
    uint64_t key;
    uint32_t row, rollout;
    int64_t action, installed_action;
    uint32_t set;
    uint8_t status, want_attrs, set_known, created;
} device_change;
/** Tells the device's shard. */
void fleet_device_changed(fleet *f, const device_change *c);
/** Gives every shard the plan of *r (or takes it away when final). After its commit. */
void fleet_plan_changed(fleet *f, const rollout *r);
/** Devices of each stage that can have the roll-out, counted by the shards. */
void fleet_count_stages(fleet *f, const rollout *r, uint64_t total[FLEET_STAGES_MAX]);
/** Roll-out *r with the counts of memory where it has them. 0 if it has none. */
int fleet_overlay(fleet *f, rollout *r);

/* ---- action_sql.c: used by several files, inside operations ---- */

typedef struct action_row {
    int64_t id, device, set_id, rollout;
    uint32_t stage, forced;
    enum action_status status;
    int64_t statuses, digest;
    char cid[FLEET_CID_MAX + 1];
} action_row;
/** 1, 0: no such action of the tenant, < 0. */
int action_get(sql *db, int64_t tenant, int64_t id, action_row *out);
/** Adds to its history. */
int action_add_status(sql *db, int64_t tenant, action_row *a, enum action_status s,
                      int64_t device_ms, int32_t code, const char *details);
/** Sets its status (closing it if that is a closed one). */
int action_set_status(sql *db, int64_t tenant, const action_row *a, enum action_status s);
/** What the device's shard must know after a change: its next open action. */
int action_next(sql *db, int64_t tenant, const action_row *a, device_change *out);

/** A closed action's place in its roll-out's counters. */
void fleet_count_closed(fleet *f, int64_t tenant, int64_t rollout, uint32_t stage,
                        enum action_status s);

/* ---- rollout_sql.c, inside operations ---- */

int rollout_load(sql *db, int64_t tenant, int64_t id, rollout *out);
int rollout_insert(sql *db, rollout *r);
int rollout_save(sql *db, const rollout *r);
/** Counts of all stages from the rows. */
int rollout_recount(sql *db, rollout *r);
/** Lets the actions of a stopped roll-out be cancelled. */
int rollout_cancel_open(sql *db, const rollout *r);
/** State, stage, counts and reason as JSON for the record. */
char *rollout_json(const rollout *r);

/* ---- fleet_clock.c ---- */

/** Inside an operation: the clock went on by `away` ms in which no device could do anything. What
 *  was due and is from before `before` (UTC ms) moves along, if it was long. Notes that the server
 *  lives. */
int fleet_forgive(sql *db, int64_t before, int64_t away);
/** A look at the clocks, each tick: a wall clock that was set forward makes nobody late. */
void fleet_mind_clock(fleet *f);

/* ---- engine.c ---- */

int fleet_engine(void *f);
/** Judges one roll-out on its rows and stores what follows; *r is it afterwards. 1: changed. */
int fleet_judge(fleet *f, int64_t tenant, int64_t id, const uint64_t total[FLEET_STAGES_MAX],
                rollout *r);
/** One look at all roll-outs: silent devices, judgements. What the engine does each tick. */
void fleet_tick(fleet *f);
/** Writes last polls of up to `max` devices a shard. */
void fleet_flush_polls(fleet *f, uint32_t max);

#endif
