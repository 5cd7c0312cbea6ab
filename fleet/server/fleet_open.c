/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Opening a data folder, starting and ending the coroutines. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fleet_impl.h"

enum { ARTIFACT_NAME = 64 }; /* hex digits */

static int make_dir(const char *path, fleet_err *err) {
    int rc = sn_path_mkdir(path);
    if (rc == 0 || rc == SN_EEXIST) return 0;
    return fleet_fail(err, rc, "%s: %s", path, sn_strerror(rc));
}

static int make_dirs(fleet *f, const char *dir, fleet_err *err) {
    int n = snprintf(f->data_dir, sizeof f->data_dir, "%s", dir);
    if (n < 1 || (size_t)n >= sizeof f->data_dir)
        return fleet_fail(err, SN_EINVAL, "the path of the data folder is empty or too long");
    snprintf(f->artifact_dir, sizeof f->artifact_dir, "%s/artifacts", dir);
    int rc = make_dir(f->data_dir, err);
    return rc ? rc : make_dir(f->artifact_dir, err);
}

/* A process that was killed left what it had half done. */
struct left_over {
    const char *dir, *prefix;
};

static int remove_left(void *arg, const char *name) {
    const struct left_over *l = arg;
    char path[1400];
    if (strncmp(name, l->prefix, strlen(l->prefix))) return 0;
    int n = snprintf(path, sizeof path, "%s/%s", l->dir, name);
    int rc = n > 0 && (size_t)n < sizeof path ? sn_path_remove(path) : SN_E2BIG;
    if (rc) log_event(LOG_WARN, "fleet.left_over", log_s("path", path), log_e(rc));
    return 0;
}

static int sweep(fleet *f, fleet_err *err) {
    struct left_over exports = {f->data_dir, "export-"};
    int rc = sn_path_list(f->data_dir, remove_left, &exports);
    if (rc) return fleet_fail(err, rc, "%s: %s", f->data_dir, sn_strerror(rc));
    return artifact_clean(f->artifact_dir, err);
}

/* An artifact's file with no row: its upload died before the last step, or it was deleted. */
struct orphans {
    fleet *f;
    const char *name;
    int64_t named;
    uint32_t n;
};

static int is_named(sql *db, void *arg) {
    struct orphans *o = arg;
    o->named = 0;
    int rc =
        sql_int(db, &o->named, "SELECT 1 FROM artifact WHERE sha256 = ? LIMIT 1", "s", o->name);
    return rc < 0 ? rc : 0;
}

static int remove_orphan(void *arg, const char *name) {
    struct orphans *o = arg;
    char path[1400];
    o->name = name;
    if (strlen(name) != ARTIFACT_NAME || strspn(name, "0123456789abcdef") != ARTIFACT_NAME)
        return 0;
    int rc = store_read(o->f->store, is_named, o);
    if (!rc && !o->named) rc = artifact_path(o->f->artifact_dir, name, path, sizeof path);
    if (rc || o->named) return rc;
    o->n++;
    return sn_path_remove(path);
}

static int sweep_artifacts(fleet *f, fleet_err *err) {
    struct orphans o = {.f = f};
    int rc = sn_path_list(f->artifact_dir, remove_orphan, &o);
    if (o.n) log_event(LOG_INFO, "fleet.orphans_removed", log_i("files", o.n));
    return rc ? fleet_fail(err, rc, "%s: %s", f->artifact_dir, sn_strerror(rc)) : 0;
}

/* One server a folder: two would each have a truth in memory. The lock is SQLite's own on a file
 * that stays empty, so it works wherever the database does and ends with the process. */
static int take_folder(fleet *f, const fleet_config *cfg, fleet_err *err) {
    char path[1100];
    snprintf(path, sizeof path, "%s/server.lock", f->data_dir);
    int rc = sql_open(&f->lock, path, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE, cfg->vfs, err);
    if (rc) return rc;
    sqlite3_busy_timeout(f->lock.h, 2000); /* the one before may be on its way out */
    rc = sql_exec(&f->lock, "BEGIN EXCLUSIVE");
    if (!rc) return 0;
    return fleet_fail(err, rc, "%s: %s", f->data_dir,
                      rc == SN_EBUSY ? "another server uses this folder" : sn_strerror(rc));
}

static int any_record(sql *db, void *n) {
    int rc = sql_int(db, n, "SELECT count(*) FROM (SELECT 1 FROM record LIMIT 1)", "");
    return rc < 0 ? rc : 0;
}

/* A signing key that was named must be there once there is a record: a new one in its place, made
 * for a misspelt name, would go unnoticed until somebody verifies. */
static int named_key_is_there(fleet *f, const char *path, fleet_err *err) {
    sn_file_info info;
    int64_t records = 0;
    if (!path || sn_path_stat(path, &info) != SN_ENOENT) return 0;
    int rc = store_read(f->store, any_record, &records);
    if (rc || !records) return rc;
    return fleet_fail(err, SN_ENOENT, "%s: no such signing key, but %s has signed records", path,
                      f->data_dir);
}

static int open_store(fleet *f, const fleet_config *cfg, fleet_err *err) {
    char path[1100], key[1100];
    snprintf(path, sizeof path, "%s/fleet.db", f->data_dir);
    snprintf(key, sizeof key, "%s/record.key", f->data_dir);
    store_config sc = {.path = path,
                       .vfs = cfg->vfs,
                       .sync = cfg->sync,
                       .window_us = cfg->commit_window_us,
                       .batch_max = cfg->commit_max,
                       .create = 1};
    int rc = store_settle(path); /* before anything is moved out of the old journal */
    if (rc) return fleet_fail(err, rc, "%s-wal: %s", path, sn_strerror(rc));
    rc = store_open(&f->store, &sc, err);
    if (!rc) rc = named_key_is_there(f, cfg->key_file, err);
    if (!rc) rc = record_key_open(&f->key, cfg->key_file ? cfg->key_file : key, err);
    return rc;
}

static int count_devices(sql *db, void *n) {
    int rc = sql_int(db, n, "SELECT count(*) FROM device", "");
    return rc < 0 ? rc : 0;
}

static int make_shards(fleet *f, uint32_t expect) {
    int64_t stored = 0;
    int rc = store_read(f->store, count_devices, &stored);
    if (rc) return rc;
    uint64_t most = stored > expect ? (uint64_t)stored : expect;
    uint32_t n = (uint32_t)((most + FLEET_SHARD_DEVICES - 1) / FLEET_SHARD_DEVICES);
    if (!n) n = 1;
    f->shards = calloc(n, sizeof *f->shards);
    if (!f->shards) return SN_ENOMEM;
    for (; f->shards_n < n && !rc; f->shards_n++)
        rc = shard_init(&f->shards[f->shards_n], f, (uint32_t)(most / n));
    return rc;
}

/* The token is shown first and stored then: one that was stored and never shown would lock the
 * folder for good. */
static int introduce(fleet *f, const fleet_config *cfg, fleet_err *err) {
    int is_new = 0;
    int rc = store_read(f->store, fleet_is_new, &is_new);
    if (rc) return fleet_fail(err, rc, "%s: %s", f->data_dir, fleet_result_name(rc));
    if (!is_new) return 0;
    token_make(f->first_token);
    return cfg->tell ? cfg->tell(cfg->tell_arg, f->first_token, err) : 0;
}

/* While the server was down nobody could report: deadlines and soak times move by the time it was
 * away. The server's own absence is not a device's failure, nor its success. */
static int forgive_absence(sql *db, void *arg) {
    int64_t last = 0, now = sn_utc_ms();
    (void)arg;
    int rc = sql_int(db, &last, "SELECT utc_ms FROM alive", "");
    return rc < 0 ? rc : fleet_forgive(db, now, last && now > last ? now - last : 0);
}

int fleet_open(fleet **out, const fleet_config *cfg, fleet_err *err) {
    *out = NULL;
    fleet *f = calloc(1, sizeof *f);
    if (!f) return fleet_fail(err, SN_ENOMEM, "out of memory");
    f->tick = (cfg->tick_ms ? cfg->tick_ms : 1000) * SN_MILLISECOND;
    f->assign_wait = (cfg->assign_wait_ms ? cfg->assign_wait_ms : 50) * SN_MILLISECOND;
    int rc = make_dirs(f, cfg->data_dir, err);
    if (!rc) rc = take_folder(f, cfg, err);
    if (!rc) rc = sweep(f, err);
    if (!rc) rc = open_store(f, cfg, err);
    if (!rc) rc = sweep_artifacts(f, err);
    if (!rc) rc = introduce(f, cfg, err);
    if (!rc) {
        rc = make_shards(f, cfg->expect_devices);
        if (!rc && f->first_token[0]) rc = store_write(f->store, fleet_found, f);
        if (!rc) rc = store_write(f->store, forgive_absence, f);
        if (!rc) rc = store_read(f->store, fleet_load, f);
        if (rc)
            fleet_fail(err, rc, "%s cannot be loaded: %s (try check)", f->data_dir,
                       fleet_result_name(rc));
    }
    if (rc) {
        fleet_close(f);
        return rc;
    }
    *out = f;
    return 0;
}

void fleet_close(fleet *f) {
    if (!f) return;
    store_close(f->store);
    sql_close(&f->lock);
    record_key_free(f->key);
    for (uint32_t i = 0; i < f->shards_n; i++) shard_free(&f->shards[i]);
    free(f->shards);
    while (f->live) {
        rollout_live *next = f->live->next;
        free(f->live);
        f->live = next;
    }
    for (unsigned i = 0; i < atomic_load(&f->tenants_n); i++) free(f->tenants[i]);
    free(f->users);
    if (f->stop) sn_chan_free(f->stop);
    memset(f->first_token, 0, sizeof f->first_token);
    free(f);
}

static int start_engine(fleet *f, sn_scope *scope) {
    f->stop = sn_chan_new(0, 0, NULL);
    if (!f->stop) return SN_ENOMEM;
    sn_attr attr = {.size = sizeof attr, .name = "engine", .flags = SN_FOREIGN};
    sn_wg_add(&f->running, 1);
    int rc = sn_scope_go(scope, &attr, fleet_engine, f, 0);
    if (rc) sn_wg_done(&f->running);
    return rc;
}

int fleet_start(fleet *f, sn_scope *scope) {
    int rc = store_start(f->store, scope);
    if (rc) return rc;
    f->started = 1;
    for (uint32_t i = 0; i < f->shards_n && !rc; i++) rc = shard_start(&f->shards[i], scope);
    if (!rc) rc = start_engine(f, scope);
    if (rc) fleet_stop(f);
    return rc;
}

/* Engine first (it submits), then the store (its done functions tell the shards), shards last. */
void fleet_stop(fleet *f) {
    if (!f->started) return;
    uint32_t was = sn_shield(1);
    if (f->stop) sn_chan_close(f->stop);
    if (sn_wg_wait(&f->running)) log_event(LOG_ERROR, "fleet.stop", log_s("why", "not ended"));
    fleet_flush_polls(f, UINT32_MAX);
    store_stop(f->store);
    for (uint32_t i = 0; i < f->shards_n; i++)
        if (f->shards[i].queue) sn_chan_close(f->shards[i].queue);
    f->started = 0;
    sn_shield(was);
}

const char *fleet_first_token(const fleet *f) { return f->first_token[0] ? f->first_token : NULL; }

store *fleet_store(fleet *f) { return f->store; }

const record_key *fleet_record_key(const fleet *f) { return f->key; }

const char *fleet_data_dir(const fleet *f) { return f->data_dir; }

const char *fleet_artifact_dir(const fleet *f) { return f->artifact_dir; }
