/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* The poll: credentials, registration, the shard's decision, and the action it may need.
 *
 * The action's row is made by an operation that checks the roll-out again, so that a roll-out
 * stopped in between gets no device. The handler waits for it only so long; the request that
 * both share is freed by whoever is the last. */
#include <stdlib.h>
#include <string.h>

#include "fleet_impl.h"
#include "utc.h"

int fleet_cid_check(const char *cid, size_t n, fleet_err *err) {
    if (n < 1 || n > FLEET_CID_MAX)
        return fleet_fail(err, SN_EINVAL, "a controllerId has 1 to %d bytes, not %zu",
                          FLEET_CID_MAX, n);
    for (size_t i = 0; i < n; i++)
        if (cid[i] < '!' || cid[i] > '~' || cid[i] == '/')
            return fleet_fail(err, SN_EINVAL,
                              "a controllerId has printable ASCII without space and slash");
    return 0;
}

/* ---- who is it
 * ------------------------------------------------------------------------------------ */

static int gateway_fits(fleet *f, tenant_live *t, const fleet_cred *cred) {
    uint8_t hash[TOKEN_HASH];
    token_hash(cred->token, cred->n, hash);
    sn_lock(&f->directory);
    int ok = token_equal(hash, t->gateway, sizeof hash) && t->gateway_set;
    sn_unlock(&f->directory);
    return ok && atomic_load(&t->gateway_on);
}

/* Fills in the ask. A target token is compared by the shard; the others here. */
static int prepare(fleet *f, int64_t tenant, const char *cid, const fleet_cred *cred, shard_ask *a,
                   uint8_t hash[TOKEN_HASH]) {
    size_t n = strlen(cid);
    memset(a, 0, sizeof *a);
    a->tenant = fleet_tenant_live(f, tenant, &a->tenant_index);
    if (!a->tenant || fleet_cid_check(cid, n, NULL)) return SN_EACCES;
    if (cred->kind != CRED_CERT && (!cred->token || cred->n < 1 || cred->n > TOKEN_MAX))
        return SN_EACCES;
    a->key = cohort_key(tenant, cid, n);
    a->cid = cid;
    switch (cred->kind) {
    case CRED_CERT:
        return 0;
    case CRED_GATEWAY:
        return gateway_fits(f, a->tenant, cred) ? 0 : SN_EACCES;
    case CRED_TARGET:
        if (!atomic_load(&a->tenant->target_on)) return SN_EACCES;
        token_hash(cred->token, cred->n, hash);
        a->token = hash;
        return 0;
    default:
        return SN_EACCES;
    }
}

static int refused(fleet *f) {
    atomic_fetch_add_explicit(&f->auth_failures, 1, memory_order_relaxed);
    return SN_EACCES;
}

static void refer(fleet_device_ref *ref, const shard_ask *a) {
    ref->tenant = a->tenant->id;
    ref->id = a->dev.row;
    strcpy(ref->cid, a->cid);
}

int fleet_device_auth(fleet *f, int64_t tenant, const char *cid, const fleet_cred *cred,
                      fleet_device_ref *out) {
    shard_ask a;
    uint8_t hash[TOKEN_HASH];
    if (prepare(f, tenant, cid, cred, &a, hash)) return refused(f);
    shard_do(fleet_shard(f, a.key), shard_poll, &a);
    if (a.result) return refused(f);
    refer(out, &a);
    return 0;
}

/* ---- registration
 * ----------------------------------------------------------------------------------- */

struct registration {
    fleet *f;
    const shard_ask *a;
    const char *address;
    int64_t id;
};

static int register_op(sql *db, void *arg) {
    struct registration *r = arg;
    int rc =
        sql_run(db,
                "INSERT INTO device(tenant_id, cid, name, address, created_ms, polled_ms)"
                " VALUES(?1, ?2, ?2, ?3, ?4, ?4)",
                "issi", r->a->tenant->id, r->a->cid, r->address ? r->address : "", sn_utc_ms());
    r->id = sql_last_id(db);
    return rc ? rc : r->id > UINT32_MAX ? FLEET_QUOTA : 0;
}

static void add_device(shard *s, void *arg) {
    struct registration *r = arg;
    shard_dev d = {.key = r->a->key,
                   .row = (uint32_t)r->id,
                   .tenant = r->a->tenant_index,
                   .flags = DEV_WANT_ATTRS};
    int rc = shard_add(s, &d, r->a->cid);
    if (rc) log_event(LOG_ERROR, "device.enter", log_s("device", r->a->cid), log_e(rc));
}

static void register_done(void *arg, int result) {
    struct registration *r = arg;
    if (result) return;
    atomic_fetch_add(&r->f->registered, 1);
    atomic_fetch_add(&r->a->tenant->devices, 1);
    shard_do(fleet_shard(r->f, r->a->key), add_device, r);
    fleet_changed(r->f);
}

/* Two first polls at once: the second finds the first one's row, which is as good. */
static int register_device(fleet *f, const shard_ask *a, const char *address) {
    tenant_live *t = a->tenant;
    if (a->token || !atomic_load(&t->register_on)) return refused(f);
    if (atomic_load(&t->devices) >= (int64_t)atomic_load(&t->max_devices)) return FLEET_QUOTA;
    struct registration r = {f, a, address, 0};
    int rc = store_write_then(f->store, register_op, register_done, &r);
    return rc == SN_EEXIST ? 0 : rc;
}

/* ---- the action that a slot needs
 * --------------------------------------------------------------------- */

typedef struct assign_request {
    fleet *f;
    int64_t tenant, rollout, id;
    uint32_t row, stage;
    uint64_t key;
    tenant_live *t;
    rollout_live *live;
    int result;
    sn_sem done;
    atomic_int owners;
} assign_request;

static void leave(assign_request *r) {
    if (atomic_fetch_sub(&r->owners, 1) == 1) free(r);
}

/* Refused by an index: because of this roll-out, or of another action that came in between? */
static int had_its_turn(sql *db, const assign_request *r) {
    int64_t id;
    int rc = sql_int(db, &id,
                     "SELECT id FROM action WHERE tenant_id = ? AND rollout_id = ?"
                     " AND device_id = ?",
                     "iii", r->tenant, r->rollout, (int64_t)r->row);
    return rc < 0 ? rc : rc == 1 ? SN_EEXIST : SN_EBUSY;
}

static int assign_op(sql *db, void *arg) {
    assign_request *r = arg;
    int64_t now = sn_utc_ms();
    int rc = sql_run(db,
                     "INSERT INTO action(tenant_id, device_id, set_id, rollout_id, stage, status,"
                     " active, forced, created_ms, changed_ms, deadline_ms)"
                     " SELECT tenant_id, ?3, set_id, id, ?4, 1, 1, forced, ?5, ?5,"
                     " ?5 + action_timeout_s * 1000 FROM rollout"
                     " WHERE tenant_id = ?1 AND id = ?2 AND state = 2 AND stage >= ?4",
                     "iiiii", r->tenant, r->rollout, (int64_t)r->row, (int64_t)r->stage, now);
    if (rc == SN_EEXIST) return had_its_turn(db, r);
    if (rc) return rc;
    if (!sql_changes(db)) return SN_EBUSY;
    r->id = sql_last_id(db);
    return 0;
}

/* Nothing was stored: the slot goes back. A device that had its turn (SN_EEXIST) keeps the mark. */
static void unassign(shard *s, void *arg) {
    const assign_request *r = *(assign_request **)arg;
    shard_dev *d = shard_find_row(s, r->key, r->row);
    shard_plan *p = shard_plan_find(s, r->rollout);
    if (d) d->flags &= (uint8_t)~DEV_CREATING;
    if (d && p && r->result != SN_EEXIST) shard_bit_set(p->had, shard_slot(s, d), 0);
    atomic_fetch_sub(&r->live->in_flight, 1);
    atomic_fetch_sub(&r->t->in_flight, 1);
}

static void assign_done(void *arg, int result) {
    assign_request *r = arg;
    r->result = result;
    if (result) {
        shard_do(fleet_shard(r->f, r->key), unassign, &r);
    } else {
        atomic_fetch_add(&r->f->assigned, 1);
        atomic_fetch_add(&r->live->assigned[r->stage], 1);
        device_change c = {.key = r->key,
                           .row = r->row,
                           .rollout = (uint32_t)r->rollout,
                           .action = r->id,
                           .status = ACTION_PENDING,
                           .created = 1};
        fleet_device_changed(r->f, &c);
        fleet_changed(r->f);
    }
    sn_sem_post(&r->done);
    leave(r);
}

/* The new action's id, or 0: none, or not in time. */
static int64_t assign(fleet *f, const shard_ask *a) {
    assign_request *r = calloc(1, sizeof *r);
    assign_request lost = {.f = f,
                           .key = a->key,
                           .row = a->dev.row,
                           .rollout = a->assign,
                           .t = a->tenant,
                           .live = a->live,
                           .result = SN_ENOMEM};
    if (r) {
        *r = lost;
        r->tenant = a->tenant->id;
        r->stage = a->assign_stage;
        atomic_store(&r->owners, 2);
    }
    if (!r || store_submit(f->store, assign_op, assign_done, r)) {
        assign_request *p = &lost;
        free(r);
        shard_do(fleet_shard(f, a->key), unassign, &p);
        return 0;
    }
    /* before the start all of it has happened by now, and nothing must wait */
    int rc = f->started ? sn_sem_wait(&r->done, sn_now() + f->assign_wait) : 0;
    int64_t id = rc || r->result ? 0 : r->id;
    leave(r);
    return id;
}

/* ---- the poll
 * --------------------------------------------------------------------------------------------- */

/* The interval: the tenant's, longer when the fleet would poll more often than it may, spread by
 * a tenth so that devices that started together drift apart. */
static uint32_t interval(const tenant_live *t, uint64_t key) {
    uint32_t s = atomic_load(&t->poll_s), most = atomic_load(&t->max_polls);
    if (most) {
        uint64_t least = (uint64_t)atomic_load(&t->devices) / most;
        if (least > s) s = least > 86399 ? 86399 : (uint32_t)least;
    }
    uint32_t tenth = s / 10;
    return tenth ? s - tenth / 2 + (uint32_t)(key >> 20) % (tenth + 1) : s;
}

static void answer(const shard_ask *a, int64_t action, fleet_poll_reply *out) {
    uint32_t sleep = interval(a->tenant, a->key);
    refer(&out->device, a);
    out->action = action;
    out->link = !action                             ? POLL_NOTHING
                : a->dev.status == ACTION_CANCELING ? POLL_CANCEL
                                                    : POLL_DEPLOY;
    out->tag = (uint32_t)(action * 31) + a->dev.status;
    out->installed = a->dev.installed_action;
    out->want_attrs = (a->dev.flags & DEV_WANT_ATTRS) != 0;
    /* its action is being stored: soon there is something to fetch */
    if (!action && (a->assign || (a->dev.flags & DEV_CREATING)) && sleep > 5) sleep = 5;
    utc_hms(sleep, out->sleep);
}

int fleet_poll(fleet *f, int64_t tenant, const char *cid, const fleet_cred *cred,
               const char *address, fleet_poll_reply *out) {
    shard_ask a;
    uint8_t hash[TOKEN_HASH];
    memset(out, 0, sizeof *out);
    if (prepare(f, tenant, cid, cred, &a, hash)) return refused(f);
    a.is_poll = 1;
    shard_do(fleet_shard(f, a.key), shard_poll, &a);
    if (a.result == SN_ENOENT) {
        int rc = register_device(f, &a, address);
        if (rc) return rc;
        out->registered = 1;
        shard_do(fleet_shard(f, a.key), shard_poll, &a);
    }
    if (a.result) return refused(f);
    int64_t action = a.dev.action;
    if (a.assign) {
        action = assign(f, &a);
        a.dev.status = ACTION_PENDING;
    }
    answer(&a, action, out);
    return 0;
}
