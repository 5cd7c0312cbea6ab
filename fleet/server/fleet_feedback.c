/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Feedback: read, changed and written in one operation, so two reports of one device cannot
 * cross; counted once, by the commit that closed the action. */
#include <string.h>

#include "fleet_impl.h"

int feedback_exec_parse(const char *word, enum feedback_exec *out) {
    static const char *const words[] = {"closed",   "proceeding", "canceled",   "scheduled",
                                        "rejected", "resumed",    "downloaded", "download"};
    for (int i = 0; i < 8; i++) {
        if (strcmp(word, words[i])) continue;
        *out = (enum feedback_exec)i;
        return 0;
    }
    return SN_EINVAL;
}

struct report {
    fleet *f;
    const fleet_device_ref *d;
    int64_t action;
    const fleet_feedback *fb;
    int to_cancel;
    /* found out */
    action_row a;
    enum action_status next;
    device_change change;
    int repeated;
};

/* Tells a repeated report from a new one. */
static int64_t digest(const fleet_feedback *fb) {
    uint64_t h = cohort_key(fb->device_ms, fb->details ? fb->details : "",
                            fb->details ? strlen(fb->details) : 0);
    h = h * 31 + (uint64_t)fb->exec;
    h = h * 31 + (uint64_t)fb->result;
    h = h * 31 + (uint32_t)fb->code;
    return (int64_t)(h | 1); /* 0 is "no report yet" */
}

static enum action_status deployment_status(const action_row *a, const fleet_feedback *fb) {
    if (fb->exec == EXEC_CLOSED)
        return fb->result == RESULT_FAILURE ? ACTION_ERROR : ACTION_FINISHED;
    if (a->status == ACTION_CANCELING) return ACTION_CANCELING;
    if (fb->exec == EXEC_DOWNLOAD) return ACTION_DOWNLOAD;
    return fb->exec == EXEC_DOWNLOADED ? ACTION_DOWNLOADED : ACTION_RUNNING;
}

/* Only `closed` accepts a cancel; a refusal lets the deployment go on. */
static enum action_status cancel_status(const fleet_feedback *fb) {
    if (fb->exec == EXEC_REJECTED) return ACTION_RUNNING;
    if (fb->exec != EXEC_CLOSED) return ACTION_CANCELING;
    return fb->result == RESULT_FAILURE ? ACTION_ERROR : ACTION_CANCELED;
}

static int find(sql *db, struct report *r) {
    int rc = action_get(db, r->d->tenant, r->action, &r->a);
    if (rc != 1) return rc ? rc : SN_ENOENT;
    if (r->a.device != r->d->id) return SN_ENOENT;
    if (r->to_cancel && r->a.status != ACTION_CANCELING) return SN_ENOENT;
    return action_closed(r->a.status) ? FLEET_GONE : 0;
}

static int installed(sql *db, struct report *r) {
    r->change.set_known = 1;
    r->change.want_attrs = 1;
    r->change.set = (uint32_t)r->a.set_id;
    r->change.installed_action = r->a.id;
    return sql_run(db,
                   "UPDATE device SET installed_set = ?, installed_action = ?, want_attrs = 1"
                   " WHERE tenant_id = ? AND id = ?",
                   "iiii", r->a.set_id, r->a.id, r->d->tenant, r->a.device);
}

/* A refused cancel would leave two open actions beside each other if another one was assigned
 * meanwhile: then the newer one gives way, as if it had never been. */
static int drop_newer(sql *db, const struct report *r) {
    return sql_run(db,
                   "UPDATE action SET status = 8, active = 0, changed_ms = ? WHERE tenant_id = ?"
                   " AND device_id = ? AND active = 1 AND status <> 5 AND id <> ?"
                   " AND rollout_id IS NULL",
                   "iiii", sn_utc_ms(), r->d->tenant, r->a.device, r->a.id);
}

static int report_op(sql *db, void *arg) {
    struct report *r = arg;
    const fleet_feedback *fb = r->fb;
    int rc = find(db, r);
    if (rc) return rc;
    int64_t mark = digest(fb);
    if (r->a.digest == mark) {
        r->repeated = 1;
        return 0;
    }
    r->next = r->to_cancel ? cancel_status(fb) : deployment_status(&r->a, fb);
    if (r->a.statuses >= FLEET_STATUS_MAX && !action_closed(r->next)) return FLEET_QUOTA;
    r->a.digest = mark;
    rc = action_add_status(db, r->d->tenant, &r->a, r->next, fb->device_ms, fb->code, fb->details);
    if (!rc && r->to_cancel && fb->exec == EXEC_REJECTED) rc = drop_newer(db, r);
    if (!rc) rc = action_set_status(db, r->d->tenant, &r->a, r->next);
    if (!rc) rc = action_next(db, r->d->tenant, &r->a, &r->change);
    if (!rc && r->next == ACTION_FINISHED) rc = installed(db, r);
    return rc;
}

static void report_done(void *arg, int result) {
    struct report *r = arg;
    if (result || r->repeated) return;
    fleet_device_changed(r->f, &r->change);
    if (action_closed(r->next))
        fleet_count_closed(r->f, r->d->tenant, r->a.rollout, r->a.stage, r->next);
    fleet_changed(r->f);
}

static int post(fleet *f, const fleet_device_ref *d, int64_t action, const fleet_feedback *fb,
                int to_cancel) {
    struct report r = {.f = f, .d = d, .action = action, .fb = fb, .to_cancel = to_cancel};
    atomic_fetch_add_explicit(&f->feedbacks, 1, memory_order_relaxed);
    return store_write_then(f->store, report_op, report_done, &r);
}

int fleet_feedback_post(fleet *f, const fleet_device_ref *d, int64_t action,
                        const fleet_feedback *fb) {
    return post(f, d, action, fb, 0);
}

int fleet_cancel_post(fleet *f, const fleet_device_ref *d, int64_t action,
                      const fleet_feedback *fb) {
    return post(f, d, action, fb, 1);
}
