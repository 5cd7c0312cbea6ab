/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Opening, closing and the two ways in: at once (no coroutines yet) or through the queues. */
#include "store.h"

#include <sennit/file.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "log.h"
#include "migrate.h"
#include "store_impl.h"

enum { QUEUE_CAP = 4096, READERS = 2, READERS_MAX = 16, BATCH = 1000, PIECE = 65536 };

static int exists(const char *path) {
    sn_file_info info;
    return sn_path_stat(path, &info) == 0;
}

/* WAL: readers do not stop the writer. FULL is SQLite's EXTRA: each commit is synced before it is
 * answered, and when the file is made and turned to WAL the folder is synced too; else a power
 * cut could bring the old journal back, and with it the file as it was before. */
static int set_up(sql *c, const store_config *cfg) {
    int rc = sql_exec(c, "PRAGMA foreign_keys = ON; PRAGMA temp_store = MEMORY;"
                         "PRAGMA cache_size = -16000; PRAGMA trusted_schema = OFF");
    if (!rc)
        rc = sql_exec(c, cfg->sync == STORE_SYNC_FULL ? "PRAGMA synchronous = EXTRA"
                                                      : "PRAGMA synchronous = NORMAL");
    if (!rc && !cfg->read_only) rc = sql_exec(c, "PRAGMA journal_mode = WAL");
    return rc;
}

/* A sync that fails leaves what it should have written in the machine's memory as if it were on the
 * disk, for a while. A server that starts again reads it there and goes on behind it; the next
 * power cut tears a hole into the log, and all that was acknowledged since is behind the hole. So
 * the log of whoever was before is moved into the database, which writes it anew, and begins
 * again. If that fails the log must not be moved on closing either: it was read before the failed
 * sync, and may read otherwise now. */
static int begin_log(sql *c) {
    sqlite3_db_config(c->h, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, NULL);
    int rc = sql_exec(c, "PRAGMA wal_checkpoint(TRUNCATE)");
    if (!rc) sqlite3_db_config(c->h, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 0, NULL);
    return rc;
}

static int open_writer(store *s, const store_config *cfg, fleet_err *err) {
    int flags = cfg->read_only ? SQLITE_OPEN_READONLY : SQLITE_OPEN_READWRITE;
    if (cfg->create) flags |= SQLITE_OPEN_CREATE;
    int rc = sql_open(&s->writer, cfg->path, flags, cfg->vfs, err);
    if (rc) return rc;
    rc = set_up(&s->writer, cfg);
    if (!rc && !cfg->read_only) rc = begin_log(&s->writer);
    if (rc) return fleet_fail(err, rc, "%s: %s", cfg->path, sqlite3_errmsg(s->writer.h));
    if (!cfg->read_only) return migrate_forward(&s->writer, cfg->path, err);
    int64_t version = 0;
    rc = migrate_version(&s->writer, &version);
    if (rc) return fleet_fail(err, rc, "%s is not a database of sennit-fleet", cfg->path);
    if (version == migrate_newest()) return 0;
    return fleet_fail(err, FLEET_SCHEMA, "%s has schema %lld, not %lld", cfg->path,
                      (long long)version, (long long)migrate_newest());
}

static int open_readers(store *s, const store_config *cfg, fleet_err *err) {
    for (; s->readers_n < s->readers_want; s->readers_n++) {
        sql *c = &s->readers[s->readers_n].db;
        int rc = sql_open(c, cfg->path, SQLITE_OPEN_READWRITE, cfg->vfs, err);
        if (rc) return rc;
        rc = sql_exec(c, "PRAGMA query_only = ON; PRAGMA temp_store = MEMORY");
        if (rc) {
            sql_close(c);
            return fleet_fail(err, rc, "%s: %s", cfg->path, sqlite3_errstr(c->failed));
        }
    }
    return 0;
}

static int write_again(sn_file *f, char *piece) {
    uint64_t at = 0;
    size_t n = PIECE, done;
    int rc = 0;
    while (!rc && n == PIECE) {
        rc = sn_file_read(f, piece, PIECE, at, &n);
        if (!rc && n) rc = sn_file_write(f, piece, n, at, &done);
        at += n;
    }
    return rc ? rc : sn_file_sync(f);
}

int store_settle(const char *path) {
    char wal[1200];
    sn_file *f;
    int n = snprintf(wal, sizeof wal, "%s-wal", path);
    if (n < 0 || (size_t)n >= sizeof wal) return SN_E2BIG;
    int rc = sn_file_open(&f, wal, SN_F_READ | SN_F_WRITE);
    if (rc) return rc == SN_ENOENT ? 0 : rc;
    char *piece = malloc(PIECE);
    rc = piece ? write_again(f, piece) : SN_ENOMEM;
    free(piece);
    sn_file_close(f);
    return rc;
}

int store_open(store **out, const store_config *cfg, fleet_err *err) {
    *out = NULL;
    if (!cfg->create && !cfg->vfs && !exists(cfg->path))
        return fleet_fail(err, SN_ENOENT, "there is no database at %s", cfg->path);
    store *s = calloc(1, sizeof *s);
    if (!s) return fleet_fail(err, SN_ENOMEM, "out of memory");
    s->window = (sn_time)cfg->window_us * SN_MICROSECOND;
    s->batch_max = cfg->batch_max ? cfg->batch_max : BATCH;
    s->readers_want = cfg->readers ? cfg->readers : READERS;
    if (s->readers_want > READERS_MAX) s->readers_want = READERS_MAX;
    s->readers = calloc(s->readers_want, sizeof *s->readers);
    s->batch = calloc(s->batch_max, sizeof *s->batch);
    int rc = s->readers && s->batch ? open_writer(s, cfg, err)
                                    : fleet_fail(err, SN_ENOMEM, "out of memory");
    if (!rc && !cfg->read_only) rc = open_readers(s, cfg, err);
    if (rc) {
        store_close(s);
        return rc;
    }
    *out = s;
    return 0;
}

void store_close(store *s) {
    if (!s) return;
    for (uint32_t i = 0; i < s->readers_n; i++) sql_close(&s->readers[i].db);
    sql_close(&s->writer);
    if (s->writes) sn_chan_free(s->writes);
    if (s->reads) sn_chan_free(s->reads);
    free(s->readers);
    free(s->batch);
    free(s);
}

int store_start(store *s, sn_scope *scope) {
    s->writes = sn_chan_new(sizeof(store_request *), QUEUE_CAP, NULL);
    s->reads = sn_chan_new(sizeof(store_request *), QUEUE_CAP, NULL);
    if (!s->writes || !s->reads) return SN_ENOMEM;
    sn_attr attr = {.size = sizeof attr, .name = "store-writer", .flags = SN_FOREIGN};
    sn_wg_add(&s->running, 1);
    int rc = sn_scope_go(scope, &attr, store_writer, s, 0);
    if (rc) {
        sn_wg_done(&s->running);
        return rc;
    }
    s->started = 1;
    attr.name = "store-reader";
    for (uint32_t i = 0; i < s->readers_n; i++) {
        s->readers[i].s = s;
        sn_wg_add(&s->running, 1);
        rc = sn_scope_go(scope, &attr, store_reader, &s->readers[i], 0);
        if (rc) {
            sn_wg_done(&s->running);
            store_stop(s);
            return rc;
        }
    }
    return 0;
}

void store_stop(store *s) {
    if (!s->started) return;
    uint32_t was = sn_shield(1);
    sn_chan_close(s->writes);
    sn_chan_close(s->reads);
    if (sn_wg_wait(&s->running)) log_event(LOG_ERROR, "store.stop", log_s("why", "not ended"));
    s->started = 0;
    sn_shield(was);
}

/* Queues r and waits for its answer. The queue is drained until it is closed, so neither can
 * last for ever; not cancellable, since the answer says what is stored. */
static int ask(sn_chan *queue, store_request *r) {
    uint32_t was = sn_shield(1);
    int rc = sn_send(queue, &r);
    if (!rc) rc = sn_sem_wait(&r->answered, SN_NEVER);
    sn_shield(was);
    return rc ? rc : r->result;
}

int store_write_then(store *s, store_op op, store_done done, void *arg) {
    store_request r = {.op = op, .done = done, .arg = arg, .waits = 1};
    if (s->started) return ask(s->writes, &r);
    store_request *one = &r;
    store_run_batch(s, &one, 1);
    return r.result;
}

int store_write(store *s, store_op op, void *arg) { return store_write_then(s, op, NULL, arg); }

int store_submit(store *s, store_op op, store_done done, void *arg) {
    if (!s->started) {
        store_write_then(s, op, done, arg);
        return 0;
    }
    store_request *r = calloc(1, sizeof *r);
    if (!r) return SN_ENOMEM;
    *r = (store_request){.op = op, .done = done, .arg = arg};
    uint32_t was = sn_shield(1);
    int rc = sn_send(s->writes, &r);
    sn_shield(was);
    if (rc) free(r);
    return rc;
}

int store_read(store *s, store_op op, void *arg) {
    store_request r = {.op = op, .arg = arg, .waits = 1};
    if (s->started) return ask(s->reads, &r);
    store_run_read(s, s->readers_n ? &s->readers[0].db : &s->writer, &r);
    return r.result;
}

void store_get_stats(const store *s, store_stats *out) {
    *out = (store_stats){
        .commits = atomic_load_explicit(&s->commits, memory_order_relaxed),
        .ops = atomic_load_explicit(&s->ops, memory_order_relaxed),
        .failed_commits = atomic_load_explicit(&s->failed, memory_order_relaxed),
        .commit_ns_sum = atomic_load_explicit(&s->commit_ns_sum, memory_order_relaxed),
        .commit_ns_max = atomic_load_explicit(&s->commit_ns_max, memory_order_relaxed),
        .reads = atomic_load_explicit(&s->reads_done, memory_order_relaxed),
        .waiting = s->started ? sn_chan_len(s->writes) : 0,
    };
}
