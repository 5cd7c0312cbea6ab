/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* What the domain core does without HTTP: feedbacks stored a second by group commit, polls
 * answered a second by the shards, and polls while every commit hangs in the disk for 200 ms
 * (beside a device that reports all the time). One key=value line each; no assertion on speed.
 * SENNIT_PROCS sets the number of Ps.
 *
 *   bench_core [feedback|poll|stuck] [full|normal] [coroutines] [seconds] [devices] */
#include <unistd.h>

#include "fleet_impl.h"
#include "memvfs.h"
#include "world.h"

enum { SAMPLES = 2000000, STUCK_US = 200000 };

static struct bench {
    const char *what;
    enum store_sync sync;
    int coroutines, seconds, devices;
    fleet *f;
    sn_time until;
    atomic_uint_fast64_t done;
    uint32_t *took_ns; /* of the first SAMPLES */
    fleet_device_ref *refs;
    int64_t *actions;
} b;

static void took(sn_time begun) {
    uint64_t at = atomic_fetch_add_explicit(&b.done, 1, memory_order_relaxed);
    sn_time ns = sn_now() - begun;
    if (at < SAMPLES) b.took_ns[at] = ns < UINT32_MAX ? (uint32_t)ns : UINT32_MAX;
}

static int by_size(const void *x, const void *y) {
    uint32_t a = *(const uint32_t *)x, c = *(const uint32_t *)y;
    return (a > c) - (a < c);
}

static double percentile(uint64_t n, double share) {
    return n ? b.took_ns[(uint64_t)((double)(n - 1) * share)] / 1e6 : 0;
}

static int post_feedback(void *arg) {
    int i = *(int *)arg;
    for (int64_t n = 0; sn_now() < b.until; n++) {
        int at = (i + (int)(n % (b.devices / b.coroutines)) * b.coroutines) % b.devices;
        fleet_feedback fb = {.exec = EXEC_PROCEEDING,
                             .code = INT32_MIN,
                             .device_ms = n + 1,
                             .details = "Installing"};
        sn_time begun = sn_now();
        int rc = fleet_feedback_post(b.f, &b.refs[at], b.actions[at], &fb);
        if (rc) fprintf(stderr, "feedback: %s\n", fleet_result_name(rc));
        if (rc) return rc;
        took(begun);
    }
    return 0;
}

static int post_polls(void *arg) {
    int i = *(int *)arg;
    fleet_cred cred = {CRED_GATEWAY, "gateway", 7};
    for (int64_t n = 0; sn_now() < b.until; n++) {
        fleet_poll_reply p;
        int at = (i + (int)(n % (b.devices / b.coroutines)) * b.coroutines) % b.devices;
        sn_time begun = sn_now();
        int rc = fleet_poll(b.f, b.refs[at].tenant, b.refs[at].cid, &cred, NULL, &p);
        if (rc) return rc;
        took(begun);
    }
    return 0;
}

static int register_some(void *arg) {
    for (int i = *(int *)arg; i < b.devices; i += b.coroutines) {
        fleet_poll_reply p;
        int rc = world_poll(b.f, i, &p);
        if (rc) return rc;
        b.refs[i] = p.device;
    }
    return 0;
}

static int hanging; /* set before the coroutines that read it start */

static void slow_disk(void) {
    if (hanging) usleep(STUCK_US);
}

/* One device that reports all the time, so that the writer always hangs in a commit. */
static int keep_committing(void *arg) {
    (void)arg;
    for (int64_t n = 1; sn_now() < b.until; n++) {
        fleet_feedback fb = {.exec = EXEC_PROCEEDING, .code = INT32_MIN, .device_ms = n};
        int rc = fleet_feedback_post(b.f, &b.refs[0], b.actions[0], &fb);
        if (rc) return rc;
    }
    return 0;
}

static void in_parallel(sn_fn fn) {
    sn_scope s;
    sn_scope_enter(&s, SN_NEVER);
    for (int i = 0; i < b.coroutines; i++) MUST(sn_go(fn, &i, sizeof i) == 0);
    MUST(sn_scope_leave(&s) == 0);
}

static void assign_all(int64_t set) {
    fleet_actor by = world_actor(b.f);
    for (int i = 0; i < b.devices; i += 500) {
        const char *cids[500];
        int n = b.devices - i < 500 ? b.devices - i : 500;
        for (int k = 0; k < n; k++) cids[k] = b.refs[i + k].cid;
        MUST(fleet_assign(b.f, &by, set, cids, (uint32_t)n, 1, b.actions + i, NULL) == 0);
    }
}

static void report(sn_time lasted, const store_stats *before) {
    fleet_stats st;
    fleet_get_stats(b.f, &st);
    uint64_t done = atomic_load(&b.done), commits = st.store.commits - before->commits;
    uint64_t n = done < SAMPLES ? done : SAMPLES;
    double s = (double)lasted / 1e9;
    qsort(b.took_ns, n, sizeof *b.took_ns, by_size);
    printf(
        "bench=%s sync=%s coroutines=%d devices=%d per_s=%.0f p50_ms=%.4f p99_ms=%.4f max_ms=%.2f "
        "commits_per_s=%.0f "
        "per_commit=%.1f mean_commit_ms=%.2f shard_bytes_per_device=%.1f\n",
        b.what, b.sync == STORE_SYNC_FULL ? "full" : "normal", b.coroutines, b.devices,
        (double)done / s, percentile(n, 0.5), percentile(n, 0.99), percentile(n, 1),
        (double)commits / s, commits ? (double)(st.store.ops - before->ops) / (double)commits : 0,
        commits ? (double)(st.store.commit_ns_sum - before->commit_ns_sum) / 1e6 / (double)commits
                : 0,
        (double)st.shard_bytes / b.devices);
}

static int run(void *arg) {
    int stuck = strcmp(b.what, "stuck") == 0;
    fleet_config cfg = {.data_dir = arg,
                        .vfs = stuck ? MEMVFS_NAME : NULL,
                        .sync = b.sync,
                        .expect_devices = (uint32_t)b.devices};
    fleet_err err = {{0}};
    MUST(fleet_open(&b.f, &cfg, &err) == 0);
    sn_scope core;
    sn_scope_enter(&core, SN_NEVER);
    MUST(fleet_start(b.f, &core) == 0);
    world_gateway(b.f);
    in_parallel(register_some);
    int feedback = strcmp(b.what, "feedback") == 0;
    if (feedback || stuck) assign_all(world_set(b.f, "1"));
    fleet_stats before;
    fleet_get_stats(b.f, &before);
    sn_time begun = sn_now();
    b.until = begun + b.seconds * SN_SECOND;
    hanging = stuck;
    if (stuck) MUST(sn_go(keep_committing, NULL, 0) == 0);
    in_parallel(feedback ? post_feedback : post_polls);
    report(sn_now() - begun, &before.store);
    hanging = 0;
    fleet_stop(b.f);
    MUST(sn_scope_leave(&core) == 0);
    fleet_close(b.f);
    return 0;
}

static int number(int argc, char **argv, int i, int preset) {
    return argc > i && atoi(argv[i]) > 0 ? atoi(argv[i]) : preset;
}

int main(int argc, char **argv) {
    char dir[200];
    b.what = argc > 1 ? argv[1] : "feedback";
    b.sync = argc > 2 && strcmp(argv[2], "normal") == 0 ? STORE_SYNC_NORMAL : STORE_SYNC_FULL;
    b.coroutines = number(argc, argv, 3, 256);
    b.seconds = number(argc, argv, 4, 3);
    b.devices = number(argc, argv, 5, 10000);
    b.refs = calloc((size_t)b.devices, sizeof *b.refs);
    b.actions = calloc((size_t)b.devices, sizeof *b.actions);
    b.took_ns = calloc(SAMPLES, sizeof *b.took_ns);
    memvfs_register();
    memvfs_on_sync(slow_disk);
    MUST(b.refs && b.actions && b.took_ns && b.coroutines <= b.devices);
    world_dir(dir);
    int rc = sn_run(run, dir, NULL);
    world_remove(dir);
    memvfs_reset();
    free(b.took_ns);
    free(b.refs);
    free(b.actions);
    CHECK_INT(rc, 0);
    return check_failed_;
}
