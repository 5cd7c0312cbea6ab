/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Polls keep being answered on one P while a commit blocks its thread for 200 ms, and while a
 * handler of the same process spins for 2 s without a call of ours. What is checked is that
 * polls are answered meanwhile; how fast is printed. */
#include "kit.h"
#include "memvfs.h"

#include <sennit/http.h>
#include <sqlite3.h>
#include <stdatomic.h>
#include <time.h>
#include <unistd.h>

enum { POLLS_MAX = 200000, POLLERS = 4, BLOCKED_MS = 200, SPUN_MS = 2000 };

static atomic_int blocking, committed, polling;
static sn_time latency[POLLS_MAX];
static atomic_size_t polled;

/* In the writer's sync: the disk has stopped. */
static void slow_disk(void) {
    if (atomic_load(&blocking)) usleep(BLOCKED_MS * 1000);
}

/* One device's polls over one connection, timed, until told to stop. */
static int poll_on(void *arg) {
    const char *cid = arg;
    char target[80];
    sn_http_client *c;
    sn_http_response *r;
    sn_http_pair auth = {"Authorization", kit.gateway_header};
    snprintf(target, sizeof target, "/DEFAULT/controller/v1/%s", cid);
    MUST(!sn_http_client_dial(&c, "tcp", server_addr(kit.server, APP_DEVICES), NULL));
    while (atomic_load(&polling)) {
        sn_http_call call = {
            .size = sizeof call, .target = target, .headers = &auth, .header_count = 1};
        char *body;
        size_t n;
        sn_time t = sn_now();
        MUST(!sn_http_do(c, &call, &r) && sn_http_response_status(r) == 200);
        MUST(!sn_http_response_all(r, 65536, &body, &n));
        size_t at = atomic_fetch_add(&polled, 1);
        if (at < POLLS_MAX) latency[at] = sn_now() - t;
        MUST(!sn_sleep(SN_MILLISECOND));
    }
    sn_http_client_free(c);
    return 0;
}

static int by_time(const void *a, const void *b) {
    sn_time x = *(const sn_time *)a, y = *(const sn_time *)b;
    return (x > y) - (x < y);
}

/* Polls while `stall` runs; how many were answered in that time. */
static size_t polls_during(const char *what, int (*stall)(void *)) {
    static const char *const cids[POLLERS] = {"p-0", "p-1", "p-2", "p-3"};
    sn_scope s, during;
    atomic_store(&polling, 1);
    sn_scope_enter(&s, SN_NEVER);
    for (int i = 0; i < POLLERS; i++)
        MUST(!sn_scope_go(&s, NULL, poll_on, (void *)(uintptr_t)cids[i], 0));
    MUST(!sn_sleep(50 * SN_MILLISECOND));
    atomic_store(&polled, 0);
    sn_time t = sn_now();
    sn_scope_enter(&during, SN_NEVER);
    MUST(!sn_go(stall, NULL, 0));
    MUST(!sn_scope_leave(&during));
    t = sn_now() - t;
    size_t n = atomic_load(&polled);
    atomic_store(&polling, 0);
    MUST(!sn_scope_leave(&s));
    if (n > POLLS_MAX) n = POLLS_MAX;
    if (n) qsort(latency, n, sizeof *latency, by_time);
    printf("%s: ms=%lld polls=%zu p50_us=%lld p99_us=%lld max_us=%lld\n", what,
           (long long)(t / SN_MILLISECOND), n, (long long)(n ? latency[n / 2] / 1000 : 0),
           (long long)(n ? latency[n * 99 / 100] / 1000 : 0),
           (long long)(n ? latency[n - 1] / 1000 : 0));
    return n;
}

static int commit(void *arg) {
    (void)arg;
    atomic_store(&blocking, 1);
    int status = kit_api("POST", "/rest/v1/targets", "[{\"controllerId\":\"late\"}]");
    atomic_store(&blocking, 0);
    atomic_store(&committed, status);
    return 0;
}

static void a_commit_that_blocks(void) {
    size_t n = polls_during("blocked commit", commit);
    CHECK_INT(atomic_load(&committed), 201);
    CHECK(n >= POLLERS * 10); /* each several times over while the disk stood still */
}

static void spin(sn_http_writer *w, sn_http_request *r, void *arg) {
    (void)r;
    (void)arg;
    struct timespec t;
    int64_t end = 0, now;
    do { /* the kernel's clock: a call of ours would let others run */
        clock_gettime(CLOCK_MONOTONIC, &t);
        now = (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
        if (!end) end = now + SPUN_MS;
    } while (now < end);
    sn_http_reply(w, 200, "text/plain", "spun", 4);
}

struct site {
    sn_http_server *server;
    sn_listener *listener;
};
static struct site site;

static int serve_site(void *arg) {
    struct site *s = arg;
    return sn_http_serve(s->server, s->listener);
}

static int ask_to_spin(void *arg) {
    (void)arg;
    char addr[64];
    sn_http_client *c;
    sn_http_response *r;
    sn_http_call call = {.size = sizeof call, .target = "/"};
    sn_listener_addr(site.listener, addr, sizeof addr);
    MUST(!sn_http_client_dial(&c, "tcp", addr, NULL));
    MUST(!sn_http_do(c, &call, &r) && sn_http_response_status(r) == 200);
    sn_http_client_free(c);
    return 0;
}

static void a_handler_that_spins(void) {
    sn_scope s;
    MUST(!sn_listen(&site.listener, "tcp", "127.0.0.1:0"));
    MUST(!sn_http_server_new(&site.server, spin, NULL, NULL));
    sn_scope_enter(&s, SN_NEVER);
    MUST(!sn_scope_go(&s, NULL, serve_site, &site, 0));
    size_t n = polls_during("spinning handler", ask_to_spin);
    CHECK(n >= POLLERS * 50);
    MUST(!sn_http_shutdown(site.server, SN_NEVER));
    MUST(!sn_scope_leave(&s));
    sn_http_server_free(site.server);
    sn_listener_free(site.listener);
}

static int cases(void) {
    sn_stats st = {.size = sizeof st};
    sn_get_stats(&st);
    MUST(st.procs == 1);
    CASE(a_commit_that_blocks);
    CASE(a_handler_that_spins);
    sn_get_stats(&st);
    CHECK(st.handovers > 0);
    return check_done();
}

static void with_durable_commits(struct serve_conf *c) {
    snprintf(c->sync, sizeof c->sync, "full");
}

int main(void) {
    memvfs_register();
    memvfs_on_sync(slow_disk);
    MUST(sqlite3_vfs_register(sqlite3_vfs_find(MEMVFS_NAME), 1) == SQLITE_OK);
    kit_configure = with_durable_commits;
    return kit_main("stall", 0, cases);
}
