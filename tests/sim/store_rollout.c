/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* store-rollout: a roll-out in the fleet server's core, without HTTP: devices that poll and report
 * at once, twice or too late, an operator who interferes, an engine that judges and gives up on
 * the silent, a process that is killed and loses its power, and a disk that may fail.
 *
 * It holds at every look: no more open actions than are allowed; what is paused or stopped stays
 * so and gives nobody an action. And at every end: an acknowledged report is stored as it was
 * given, once; memory counts what the rows say; a stage that passed had the evidence; who was given
 * up had the time that is promised, not counting long absences of the server. */
#include "hold.h"

#include "backup.h"
#include "fleet_impl.h"
#include "log.h"

#include <sennit/sqlite.h>
#include <stdlib.h>
#include <string.h>

int store_rollout(void *arg);

enum { DEVICES = 12, BOOTS = 3, ACTIONS = 64, STAGES = 3, LONG_MS = 30000 };
#define MS SN_MILLISECOND
#define FOLDER "data"

static struct field {
    sn_host *host;
    fleet *f;
    fleet_actor by;
    int64_t rollout;
    rollout made; /* its policy */
    int faults, stopped, over;
    unsigned pace;     /* of the operator, ms */
    int settled;       /* enum rollout_state that an operator was promised, -1: none */
    uint64_t promises; /* counts changes of `settled` */
    struct {
        int64_t from, to; /* UTC ms */
    } away[BOOTS];        /* the server was, for long */
    int ended[ACTIONS];   /* enum action_status of an acknowledged closing report */
} field;

static sn_time some_ms(unsigned least, unsigned most) {
    return MS * (sn_time)(least + sn_sim_draw(most - least + 1));
}

/* Failures that a bad disk or the end of the process explain. */
static int excused(int rc) { return rc < 0 && (field.faults || field.stopped); }

/* ---- making it, in a process of its own without faults */

static int open_folder(void) {
    fleet_config cfg = {
        .data_dir = FOLDER, .vfs = SN_SQLITE_VFS, .tick_ms = 100, .assign_wait_ms = 2};
    fleet_err err = {{0}};
    int rc = fleet_open(&field.f, &cfg, &err);
    HOLD(!rc || excused(rc), "the folder cannot be opened: %s", err.text);
    if (rc) return rc;
    field.by = (fleet_actor){0, "operator", ROLE_ADMIN};
    OK(fleet_tenant(field.f, "default", &field.by.tenant));
    return 0;
}

static void set(const char *key, const char *value) {
    OK(fleet_setting_set(field.f, &field.by, key, value, NULL));
}

static int poll_as(int i, fleet_poll_reply *out) {
    char cid[32];
    fleet_cred cred = {CRED_GATEWAY, "gateway", 7};
    snprintf(cid, sizeof cid, "device-%d", i);
    return fleet_poll(field.f, field.by.tenant, cid, &cred, "10.0.0.9", out);
}

static int64_t make_set(void) {
    artifact_upload *u;
    artifact_hashes h;
    int64_t module, file, made;
    OK(artifact_begin(&u, fleet_artifact_dir(field.f), NULL));
    OK(artifact_add(u, "image", 5, NULL));
    OK(artifact_finish(u, &h, NULL));
    OK(fleet_module_create(field.f, &field.by, "os", "2", "os", &module, NULL));
    OK(fleet_artifact_create(field.f, &field.by, module, "image.swu", &h, &file, NULL));
    OK(fleet_set_create(field.f, &field.by, "board", "2", "os", &module, 1, &made, NULL));
    return made;
}

static void draw_policy(rollout *r) {
    static const uint32_t shares[STAGES] = {300000, 600000, 1000000};
    rollout_policy *p = &r->policy;
    rollout_defaults(r);
    p->judge = (judge_policy){.threshold_ppm = 400000, .confidence_ppm = 500000};
    p->judge.soak_s = (uint32_t)sn_sim_draw(2);
    p->on_fail = one_in(2) ? ON_FAIL_STOP : ON_FAIL_HOLD;
    p->manual = one_in(4);
    p->max_in_flight = (uint32_t)sn_sim_draw(4);
    p->action_timeout_s = 1 + (uint32_t)sn_sim_draw(2);
    r->stages_n = STAGES;
    for (int i = 0; i < STAGES; i++) r->stages[i] = (rollout_stage){.share_ppm = shares[i]};
}

static int make_all(void *arg) {
    rollout *r = &field.made;
    (void)arg;
    OK(open_folder());
    set("authentication.gatewaytoken.enabled", "true");
    set("authentication.gatewaytoken.key", "gateway");
    for (int i = 0; i < DEVICES; i++) {
        fleet_poll_reply p;
        OK(poll_as(i, &p));
    }
    snprintf(r->name, sizeof r->name, "two");
    r->set_id = make_set();
    draw_policy(r);
    OK(fleet_rollout_create(field.f, &field.by, r, NULL, NULL));
    field.rollout = r->id;
    OK(fleet_rollout_verb(field.f, &field.by, r->id, ROLLOUT_APPROVE, "", -1, NULL, NULL));
    OK(fleet_rollout_verb(field.f, &field.by, r->id, ROLLOUT_START, "", -1, NULL, NULL));
    fleet_close(field.f);
    return 0;
}

/* ---- devices */

typedef struct closing {
    fleet_device_ref device;
    int64_t action;
    enum feedback_result result;
} closing;

/* One try. A device's clock goes on, so no two tries are the same report. */
static int post_end(const closing *c) {
    fleet_feedback fb = {.exec = EXEC_CLOSED, .result = c->result, .code = INT32_MIN};
    fb.device_ms = 1 + (int64_t)sn_sim_draw(1000000);
    int rc = fleet_feedback_post(field.f, &c->device, c->action, &fb);
    if (rc) return rc;
    HOLD(c->action < ACTIONS, "more actions than %d", ACTIONS);
    HOLD(!field.ended[c->action], "the end of action %lld was acknowledged twice",
         (long long)c->action);
    field.ended[c->action] = c->result == RESULT_FAILURE ? ACTION_ERROR : ACTION_FINISHED;
    return 0;
}

/* Until somebody says that it is closed. */
static int report_end(void *arg) {
    const closing *c = arg;
    for (;;) {
        int rc = post_end(c);
        if (!rc || rc == FLEET_GONE) return 0;
        HOLD(excused(rc), "a report: %s", fleet_result_name(rc));
        if (sn_sleep(some_ms(10, 100))) return 0;
    }
}

static void work_on(const fleet_poll_reply *p) {
    closing c = {p->device, p->action, one_in(6) ? RESULT_FAILURE : RESULT_SUCCESS};
    fleet_feedback fb = {.exec = EXEC_PROCEEDING, .code = INT32_MIN};
    if (one_in(2)) (void)!fleet_feedback_post(field.f, &p->device, p->action, &fb);
    /* some report when the server is about to give up on them */
    sn_time late = field.made.policy.action_timeout_s * SN_SECOND;
    if (sn_sleep(one_in(4) ? late + some_ms(0, 100) : some_ms(0, 300))) return;
    /* the first try may still be on its way when the second begins */
    if (one_in(3) && sn_go(report_end, &c, sizeof c)) return;
    report_end(&c);
}

static void accept_cancel(const fleet_poll_reply *p) {
    fleet_feedback fb = {.exec = EXEC_CLOSED, .result = RESULT_SUCCESS, .code = INT32_MIN};
    (void)!fleet_cancel_post(field.f, &p->device, p->action, &fb);
}

static int be_device(void *arg) {
    int i = *(int *)arg;
    while (!field.over && !sn_canceled()) {
        fleet_poll_reply p;
        int rc = poll_as(i, &p);
        HOLD(!rc || excused(rc), "a poll: %s", fleet_result_name(rc));
        if (!rc && p.link == POLL_DEPLOY) work_on(&p);
        if (!rc && p.link == POLL_CANCEL) accept_cancel(&p);
        if (sn_sleep(some_ms(50, 150))) break;
    }
    return 0;
}

/* ---- what is looked at again and again */

typedef struct look {
    int64_t open, late, state;
} look;

static int look_op(sql *db, void *arg) {
    look *l = arg;
    int rc =
        sql_int(db, &l->open, "SELECT count(*) FROM action WHERE rollout_id = ? AND active = 1",
                "i", field.rollout);
    if (rc == 1)
        rc = sql_int(db, &l->late,
                     "SELECT count(*) FROM action a JOIN rollout r ON r.id = a.rollout_id"
                     " WHERE r.id = ? AND r.state IN (3, 4, 5) AND a.created_ms > r.changed_ms",
                     "i", field.rollout);
    if (rc == 1)
        rc = sql_int(db, &l->state, "SELECT state FROM rollout WHERE id = ?", "i", field.rollout);
    return rc < 0 ? rc : 0;
}

static void look_once(void) {
    look l = {0};
    uint64_t promises = field.promises;
    uint32_t most = field.made.policy.max_in_flight;
    int rc = store_read(fleet_store(field.f), look_op, &l);
    HOLD(!rc || excused(rc), "a look: %s", fleet_result_name(rc));
    if (rc) return;
    HOLD(!most || l.open <= most, "%lld actions are open, of %u allowed", (long long)l.open, most);
    HOLD(!l.late, "%lld actions since the roll-out is %s", (long long)l.late,
         rollout_state_name((enum rollout_state)l.state));
    if (field.settled < 0 || promises != field.promises) return;
    HOLD(l.state == field.settled, "the roll-out was %s and is %s by itself",
         rollout_state_name((enum rollout_state)field.settled),
         rollout_state_name((enum rollout_state)l.state));
}

static int keep_looking(void *arg) {
    (void)arg;
    while (!field.over && !sn_sleep(some_ms(20, 100))) look_once();
    return 0;
}

/* ---- the operator */

static void promise(int state) {
    field.promises++;
    field.settled = state;
}

/* 0 when it was done. What is resumed is no longer what was promised. */
static int tell(enum rollout_verb verb) {
    if (verb != ROLLOUT_PAUSE && verb != ROLLOUT_STOP) promise(-1);
    int rc = fleet_rollout_verb(field.f, &field.by, field.rollout, verb, "", -1, NULL, NULL);
    HOLD(!rc || rc == SN_EBUSY || excused(rc), "a verb: %s", fleet_result_name(rc));
    return rc;
}

static int operate(void *arg) {
    (void)arg;
    while (!field.over && !sn_sleep(some_ms(1, field.pace))) {
        if (one_in(20) && !tell(ROLLOUT_STOP)) {
            promise(ROLLOUT_STOPPED);
        } else if (!tell(ROLLOUT_PAUSE)) {
            promise(ROLLOUT_PAUSED);
            if (sn_sleep(some_ms(1, field.pace))) break;
            (void)!tell(ROLLOUT_RESUME);
        } else if (field.settled != ROLLOUT_STOPPED) {
            (void)!tell(one_in(2) ? ROLLOUT_ADVANCE : ROLLOUT_RESUME);
        }
    }
    return 0;
}

/* ---- what must be so at a start and at an end */

typedef struct rows {
    rollout r;
    int64_t open;
} rows;

static int rows_op(sql *db, void *arg) {
    rows *x = arg;
    int rc = rollout_load(db, field.by.tenant, field.rollout, &x->r);
    if (!rc) rc = rollout_recount(db, &x->r);
    if (!rc) rc = sql_int(db, &x->open, "SELECT count(*) FROM action WHERE active = 1", "");
    return rc < 0 ? rc : 0;
}

static void check_stage(const rollout *mem, const rollout *r, int i) {
    const judge_counts *m = &mem->stages[i].counts, *c = &r->stages[i].counts;
    uint64_t sample = c->succeeded + c->failed + c->silent;
    HOLD(m->assigned == c->assigned && m->succeeded == c->succeeded && m->failed == c->failed &&
             m->silent == c->silent && m->canceled == c->canceled,
         "stage %d: memory counts %llu %llu %llu %llu %llu, the rows %llu %llu %llu %llu %llu", i,
         (unsigned long long)m->assigned, (unsigned long long)m->succeeded,
         (unsigned long long)m->failed, (unsigned long long)m->silent,
         (unsigned long long)m->canceled, (unsigned long long)c->assigned,
         (unsigned long long)c->succeeded, (unsigned long long)c->failed,
         (unsigned long long)c->silent, (unsigned long long)c->canceled);
    if (r->stages[i].outcome != JUDGE_PASS || !r->stages[i].closed_ms) return;
    uint64_t all = 0;
    for (int k = 0; k <= i; k++) {
        const judge_counts *d = &r->stages[k].counts;
        all += d->succeeded + d->failed + d->silent;
    }
    HOLD(sample >= judge_sample_needed(&r->policy.judge, 0) && all >= sample,
         "stage %d passed on %llu reports", i, (unsigned long long)sample);
}

/* Nobody polls or reports meanwhile. */
static void check_counts(void) {
    rows x;
    rollout mem;
    fleet_stats st;
    int rc = store_read(fleet_store(field.f), rows_op, &x);
    if (!rc) rc = fleet_rollout_get(field.f, field.by.tenant, field.rollout, &mem);
    HOLD(!rc || excused(rc), "the roll-out cannot be read: %s", fleet_result_name(rc));
    if (rc || field.stopped) return;
    for (int i = 0; i < STAGES; i++) check_stage(&mem, &x.r, i);
    fleet_get_stats(field.f, &st);
    HOLD(st.in_flight == (uint64_t)x.open, "memory counts %llu open actions, the rows %lld",
         (unsigned long long)st.in_flight, (long long)x.open);
}

static int ended_op(sql *db, void *arg) {
    (void)arg;
    for (int64_t i = 0; i < ACTIONS; i++) {
        int64_t status = 0;
        if (!field.ended[i]) continue;
        int rc = sql_int(db, &status, "SELECT status FROM action WHERE id = ?", "i", i);
        if (rc < 0) return rc;
        HOLD(status == field.ended[i], "action %lld was acknowledged as %s and is %s", (long long)i,
             action_status_name((enum action_status)field.ended[i]),
             action_status_name((enum action_status)status));
    }
    return 0;
}

/* The time from one instant to another that the server was not away for long. */
static int64_t time_given(int64_t from, int64_t to) {
    int64_t ms = to - from;
    for (int i = 0; i < BOOTS; i++)
        if (field.away[i].from >= from && field.away[i].to <= to)
            ms -= field.away[i].to - field.away[i].from;
    return ms;
}

static int silent_op(sql *db, void *arg) {
    sqlite3_stmt *st;
    (void)arg;
    int64_t least = (int64_t)field.made.policy.action_timeout_s * 1000;
    int rc =
        sql_query(db, &st, "SELECT id, created_ms, changed_ms FROM action WHERE status = 9", "");
    while (!rc && (rc = sql_step(db, st)) == 1) {
        int64_t ms = time_given(sqlite3_column_int64(st, 1), sqlite3_column_int64(st, 2));
        HOLD(ms >= least, "action %lld was given up after %lld ms, not %lld",
             (long long)sqlite3_column_int64(st, 0), (long long)ms, (long long)least);
        rc = 0;
    }
    sql_end(st);
    return rc;
}

static void check_ended(void) {
    int rc = store_read(fleet_store(field.f), ended_op, NULL);
    if (!rc) rc = store_read(fleet_store(field.f), silent_op, NULL);
    HOLD(!rc || excused(rc), "the actions cannot be read: %s", fleet_result_name(rc));
}

/* ---- the process */

static int run_all(void) {
    sn_scope inner, outer;
    sn_scope_enter(&inner, SN_NEVER);
    int rc = fleet_start(field.f, &inner);
    sn_scope_enter(&outer, SN_NEVER);
    for (int i = 0; !rc && i < DEVICES; i++) rc = sn_go(be_device, &i, sizeof i);
    if (!rc) rc = sn_go(keep_looking, NULL, 0);
    if (!rc) rc = sn_go(operate, NULL, 0);
    (void)!sn_scope_leave(&outer);
    if (!rc && !field.stopped) check_counts();
    fleet_stop(field.f);
    (void)!sn_scope_leave(&inner);
    return rc;
}

static int process(void *arg) {
    (void)arg;
    if (open_folder()) return 0;
    check_ended();
    (void)run_all();
    if (!field.stopped) check_ended();
    fleet_close(field.f);
    return 0;
}

/* ---- the test */

static void set_disk(int faults) {
    sn_disk d = {.size = sizeof d};
    d.sync = some_ms(0, 3);
    if (faults) d.fail_sync = 5000;
    OK(sn_host_disk(field.host, &d));
}

static void boot(sn_time life, int to_its_end) {
    field.stopped = field.over = 0;
    OK(sn_host_start(field.host, process, NULL, 0));
    OK(sn_sleep(life));
    if (to_its_end) {
        field.over = 1;
        OK(sn_host_wait(field.host, NULL));
    } else {
        field.stopped = 1;
        sn_host_stop(field.host, one_in(2) ? SN_STOP_POWER : SN_STOP_PROCESS);
    }
}

static void be_away(int i) {
    field.away[i].from = sn_utc_ms();
    OK(sn_sleep(one_in(3) ? some_ms(31000, 60000) : some_ms(0, 500)));
    field.away[i].to = sn_utc_ms();
    if (field.away[i].to - field.away[i].from < LONG_MS)
        field.away[i].from = field.away[i].to = 0; /* not forgiven */
}

static int check_folder(void *arg) {
    fleet_err err = {{0}};
    (void)arg;
    int rc = backup_check(FOLDER, NULL, &err);
    HOLD(!rc, "the folder is damaged: %s", err.text);
    return 0;
}

static void run_on_host(sn_fn f) {
    int rc;
    OK(sn_host_start(field.host, f, NULL, 0));
    OK(sn_host_wait(field.host, &rc));
    OK(rc);
}

int store_rollout(void *arg) {
    (void)arg;
    memset(&field, 0, sizeof field);
    log_set_level((enum log_level)(LOG_ERROR + 1));
    OK(sn_sqlite_init());
    field.settled = -1;
    OK(sn_host_new(&field.host, "server", "10.0.0.1"));
    run_on_host(make_all);
    field.faults = one_in(3);
    field.pace = one_in(2) ? 700 : 40;
    for (int i = 0; i < BOOTS; i++) {
        set_disk(field.faults);
        sn_time life = some_ms(100, 3000);
        boot(life, one_in(3));
        be_away(i);
    }
    field.faults = 0;
    set_disk(0);
    boot(4 * SN_SECOND, 1);
    run_on_host(check_folder);
    return 0;
}
