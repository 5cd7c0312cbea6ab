/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* The fleet with its coroutines: writer, readers, shards and engine under a thousand devices at
 * once; and polls that are answered while a commit is stuck in the disk. */
#include <pthread.h>
#include <stdatomic.h>
#include <unistd.h>

#include "backup.h"
#include "fleet_impl.h"
#include "memvfs.h"
#include "world.h"

enum { DEVICES = 300 };

static char dir[200];

/* ---- a roll-out under load ----------------------------------------------------------------------
 */

static atomic_int closed_jobs, twice;
static atomic_int stop_devices;

struct device {
    fleet *f;
    int number;
};

static int device_life(void *arg) {
    const struct device *d = arg;
    int64_t had = 0;
    while (!atomic_load(&stop_devices)) {
        fleet_poll_reply p;
        if (world_poll(d->f, d->number, &p)) return SN_EIO;
        if (p.link == POLL_DEPLOY) {
            if (had) atomic_fetch_add(&twice, 1);
            had = p.action;
            if (world_report(d->f, &p.device, p.action, EXEC_PROCEEDING, RESULT_NONE))
                return SN_EIO;
            if (world_report(d->f, &p.device, p.action, EXEC_CLOSED, RESULT_SUCCESS)) return SN_EIO;
            atomic_fetch_add(&closed_jobs, 1);
        }
        if (sn_sleep(2 * SN_MILLISECOND)) return 0;
    }
    return 0;
}

static int wait_for_end(fleet *f, int64_t id, rollout *r) {
    for (uint64_t seen = 0;;) {
        if (fleet_rollout_get(f, world_actor(f).tenant, id, r)) return SN_EIO;
        if (r->state != ROLLOUT_RUNNING) return 0;
        int rc = fleet_wait_change(f, seen, sn_now() + 60 * SN_SECOND, &seen);
        if (rc) return rc;
    }
}

static int everyone_registered(fleet *f) {
    fleet_stats st = {0};
    while (st.devices < DEVICES) {
        fleet_get_stats(f, &st);
        if (sn_sleep(5 * SN_MILLISECOND)) return SN_ECANCELED;
    }
    return 0;
}

/* A quarter, then everyone: so that three hundred devices can fill the first stage. */
static int64_t two_stages(fleet *f, int64_t set) {
    fleet_actor by = world_actor(f);
    rollout *r = calloc(1, sizeof *r);
    MUST(r != NULL);
    snprintf(r->name, sizeof r->name, "run");
    r->set_id = set;
    rollout_defaults(r);
    r->policy.judge.soak_s = 0;
    r->stages_n = 2;
    r->stages[0].share_ppm = 250000;
    r->stages[1].share_ppm = 1000000;
    MUST(fleet_rollout_create(f, &by, r, NULL, NULL) == 0);
    int64_t id = r->id;
    free(r);
    MUST(fleet_rollout_verb(f, &by, id, ROLLOUT_APPROVE, "", -1, NULL, NULL) == 0);
    MUST(fleet_rollout_verb(f, &by, id, ROLLOUT_START, "", -1, NULL, NULL) == 0);
    return id;
}

static int loaded_run(void *arg) {
    fleet *f = NULL;
    fleet_config cfg = {.data_dir = arg, .sync = STORE_SYNC_NORMAL, .tick_ms = 20};
    MUST(fleet_open(&f, &cfg, NULL) == 0);
    sn_scope core, load;
    sn_scope_enter(&core, SN_NEVER);
    MUST(fleet_start(f, &core) == 0);
    world_gateway(f);
    int64_t set = world_set(f, "2");
    sn_scope_enter(&load, SN_NEVER);
    for (int i = 0; i < DEVICES; i++) {
        struct device d = {f, i};
        MUST(sn_go(device_life, &d, sizeof d) == 0);
    }
    MUST(everyone_registered(f) == 0);
    rollout *r = malloc(sizeof *r);
    int64_t id = two_stages(f, set);
    MUST(wait_for_end(f, id, r) == 0);
    atomic_store(&stop_devices, 1);
    CHECK_INT(sn_scope_leave(&load), 0);
    CHECK_INT(r->state, ROLLOUT_DONE);
    CHECK_INT(atomic_load(&closed_jobs), DEVICES);
    CHECK_INT(atomic_load(&twice), 0);
    fleet_stats st;
    fleet_get_stats(f, &st);
    CHECK_INT(st.in_flight, 0);
    CHECK_INT(st.store.failed_commits, 0);
    CHECK(st.store.commits < st.store.ops); /* group commit: fewer commits than operations */
    fleet_stop(f);
    CHECK_INT(sn_scope_leave(&core), 0);
    fleet_close(f);
    free(r);
    return 0;
}

static void rollout_under_load(void) {
    world_dir(dir);
    sn_attr attr = {.size = sizeof attr, .procs = 2};
    CHECK_INT(sn_run(loaded_run, dir, &attr), 0);
    fleet_err err = {{0}};
    CHECK_INT(backup_check(dir, NULL, &err), 0);
    world_remove(dir);
}

/* ---- polls while a commit is stuck
 * ------------------------------------------------------------------ */

static pthread_mutex_t gate = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t opened = PTHREAD_COND_INITIALIZER;
static int shut, stuck;

/* The disk: a sync waits while the gate is shut. */
static void slow_sync(void) {
    pthread_mutex_lock(&gate);
    while (shut) {
        stuck = 1;
        pthread_cond_wait(&opened, &gate);
    }
    pthread_mutex_unlock(&gate);
}

static void set_gate(int to) {
    pthread_mutex_lock(&gate);
    shut = to;
    pthread_cond_broadcast(&opened);
    pthread_mutex_unlock(&gate);
}

static int is_stuck(void) {
    pthread_mutex_lock(&gate);
    int is = stuck;
    pthread_mutex_unlock(&gate);
    return is;
}

static atomic_int answered;

static int report_now(void *arg) {
    const fleet_poll_reply *p = ((const fleet_poll_reply *const *)arg)[0];
    fleet *f = ((fleet *const *)arg)[1];
    int rc = world_report(f, &p->device, p->action, EXEC_CLOSED, RESULT_SUCCESS);
    atomic_store(&answered, 1);
    return rc;
}

static int stuck_run(void *arg) {
    fleet *f = NULL;
    fleet_config cfg = {.data_dir = arg, .vfs = MEMVFS_NAME, .tick_ms = 3600000};
    MUST(fleet_open(&f, &cfg, NULL) == 0);
    sn_scope core, load;
    sn_scope_enter(&core, SN_NEVER);
    MUST(fleet_start(f, &core) == 0);
    world_gateway(f);
    fleet_actor by = world_actor(f);
    fleet_poll_reply p, q;
    MUST(world_poll(f, 1, &p) == 0);
    MUST(world_poll(f, 2, &p) == 0);
    const char *cid = "veh-1";
    int64_t set = world_set(f, "2"), id;
    MUST(fleet_assign(f, &by, set, &cid, 1, 1, &id, NULL) == 0);
    MUST(world_poll(f, 1, &p) == 0);
    MUST(p.action == id);
    set_gate(1);
    sn_scope_enter(&load, SN_NEVER);
    const void *args[] = {&p, f};
    MUST(sn_go(report_now, args, sizeof args) == 0);
    while (!is_stuck()) MUST(sn_sleep(SN_MILLISECOND) == 0);
    for (int i = 0; i < 1000; i++) { /* on one P, beside a thread that hangs in a sync */
        MUST(world_poll(f, 2, &q) == 0);
        MUST(world_poll(f, 1, &q) == 0);
        CHECK_INT(q.action, id); /* the report is not stored, so the job is still offered */
    }
    CHECK_INT(atomic_load(&answered), 0); /* nothing is acknowledged before the commit */
    set_gate(0);
    CHECK_INT(sn_scope_leave(&load), 0);
    CHECK_INT(atomic_load(&answered), 1);
    MUST(world_poll(f, 1, &q) == 0);
    CHECK_INT(q.link, POLL_NOTHING);
    fleet_stop(f);
    CHECK_INT(sn_scope_leave(&core), 0);
    fleet_close(f);
    return 0;
}

static void polls_pass_a_stuck_commit(void) {
    world_dir(dir);
    memvfs_on_sync(slow_sync);
    sn_attr attr = {.size = sizeof attr, .procs = 1};
    CHECK_INT(sn_run(stuck_run, dir, &attr), 0);
    memvfs_on_sync(NULL);
    memvfs_reset();
    world_remove(dir);
}

/* ---- half-done files ---- */

static int count_entry(void *arg, const char *name) {
    int *n = arg;
    *n += !strncmp(name, "upload-", 7) || !strncmp(name, "export-", 7);
    return 0;
}

static int left_over(fleet *f) {
    int n = 0;
    MUST(sn_path_list(fleet_artifact_dir(f), count_entry, &n) == 0);
    MUST(sn_path_list(fleet_data_dir(f), count_entry, &n) == 0);
    return n;
}

static int cut_off_run(void *arg) {
    fleet *f = world_open(arg, NULL);
    artifact_upload *u, *killed;
    char path[300];
    sn_scope scope;
    sn_scope_enter(&scope, SN_NEVER);
    MUST(artifact_begin(&killed, fleet_artifact_dir(f), NULL) == 0);
    MUST(artifact_begin(&u, fleet_artifact_dir(f), NULL) == 0);
    MUST(left_over(f) == 2);
    sn_scope_cancel(&scope, SN_ECANCELED);
    artifact_abort(u); /* as a drain cuts a handler off */
    CHECK_INT(sn_scope_leave(&scope), SN_ECANCELED);
    CHECK_INT(left_over(f), 1);
    snprintf(path, sizeof path, "%s/export-0123", (const char *)arg);
    MUST(sn_path_write(path, "x", 1) == 0);
    fleet_close(f);
    f = world_open(arg, NULL); /* as after a kill: nobody cleaned up */
    CHECK_INT(left_over(f), 0);
    artifact_abort(killed);
    fleet_close(f);
    return 0;
}

static void half_done_files_go_away(void) {
    world_dir(dir);
    CHECK_INT(sn_run(cut_off_run, dir, NULL), 0);
    world_remove(dir);
}

/* A signing key of another name is made for a new folder, never for one with records. */
static void a_named_key_is_not_made_anew(void) {
    char key[260];
    fleet *f = NULL;
    fleet_err err = {{0}};
    world_dir(dir);
    f = world_open(dir, NULL);
    (void)world_set(f, "1.0");
    fleet_close(f);
    snprintf(key, sizeof key, "%s/mistyped.key", dir);
    fleet_config cfg = {.data_dir = dir, .key_file = key, .sync = STORE_SYNC_NORMAL};
    CHECK_INT(fleet_open(&f, &cfg, &err), SN_ENOENT);
    CHECK(strstr(err.text, "mistyped.key: no such signing key"));
    f = world_open(dir, NULL);
    fleet_close(f);
    world_remove(dir);
}

static int tell(void *seen, const char *token, fleet_err *err) {
    snprintf(seen, TOKEN_CHARS + 1, "%s", token);
    return err ? 0 : SN_EIO;
}

/* The server dies between showing the first token and storing it: the next start shows another,
 * and that one lets its reader in. */
static void a_token_nobody_saw_locks_nobody_out(void) {
    char first[TOKEN_CHARS + 1] = "", second[TOKEN_CHARS + 1] = "";
    fleet *f;
    fleet_user user;
    fleet_err err = {{0}};
    world_dir(dir);
    fleet_config cfg = {.data_dir = dir, .tell = tell, .tell_arg = first};
    CHECK_INT(fleet_open(&f, &cfg, NULL), SN_EIO);
    cfg.tell_arg = second;
    MUST(fleet_open(&f, &cfg, &err) == 0);
    CHECK(strlen(second) == TOKEN_CHARS && strcmp(first, second) != 0);
    CHECK_INT(fleet_user_auth(f, second, strlen(second), &user), 0);
    CHECK_INT(fleet_user_auth(f, first, strlen(first), &user), SN_EACCES);
    fleet_close(f);
    second[0] = 0;
    MUST(fleet_open(&f, &cfg, &err) == 0);
    CHECK_STR(second, ""); /* once stored it is not shown again */
    fleet_close(f);
    world_remove(dir);
}

/* Bytes without a row: their upload was killed before its last step, or the artifact was deleted.
 * The next start takes them away, and leaves the others. */
static void bytes_that_nobody_names_go_away(void) {
    char orphan[300];
    artifact_upload *u;
    artifact_hashes h;
    sn_file_info info;
    world_dir(dir);
    fleet *f = world_open(dir, NULL);
    int64_t set = world_set(f, "1.0");
    MUST(artifact_begin(&u, fleet_artifact_dir(f), NULL) == 0);
    MUST(artifact_add(u, "orphan", 6, NULL) == 0);
    MUST(artifact_finish(u, &h, NULL) == 0);
    MUST(artifact_path(fleet_artifact_dir(f), h.sha256, orphan, sizeof orphan) == 0);
    MUST(sn_path_stat(orphan, &info) == 0);
    fleet_close(f);
    f = world_open(dir, NULL);
    CHECK_INT(sn_path_stat(orphan, &info), SN_ENOENT);
    CHECK(set > 0);
    fleet_close(f);
    CHECK_INT(backup_check(dir, NULL, NULL), 0); /* which reads the bytes of the others */
    world_remove(dir);
}

int main(void) {
    log_set_level(LOG_ERROR);
    memvfs_register();
    CASE(rollout_under_load);
    CASE(polls_pass_a_stuck_commit);
    CASE(half_done_files_go_away);
    CASE(a_named_key_is_not_made_anew);
    CASE(a_token_nobody_saw_locks_nobody_out);
    CASE(bytes_that_nobody_names_go_away);
    return check_done();
}
