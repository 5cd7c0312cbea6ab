/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* /metrics in Prometheus' text format, and the rate of polls. */
#include "metrics.h"

#include "pages.h"
#include <sennit/sennit.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>

static _Atomic uint64_t polls_per_1000s;

double metrics_polls_per_s(void) { return (double)polls_per_1000s / 1000; }

int metrics_run(void *arg) {
    fleet *f = arg;
    fleet_stats stats;
    sn_ticker ticker;
    double average = 0;
    fleet_get_stats(f, &stats);
    uint64_t last = stats.polls;
    sn_ticker_init(&ticker, SN_SECOND);
    while (!sn_tick(&ticker, NULL)) {
        fleet_get_stats(f, &stats);
        average += ((double)(stats.polls - last) - average) / 5;
        last = stats.polls;
        polls_per_1000s = (uint64_t)(average * 1000);
    }
    return 0;
}

struct metric {
    const char *name, *type, *help;
    double value;
};

static void put(sn_http_writer *w, const struct metric *m, size_t n) {
    for (size_t i = 0; i < n; i++)
        sn_http_printf(w, "# HELP %s %s\n# TYPE %s %s\n%s %.15g\n", m[i].name, m[i].help, m[i].name,
                       m[i].type, m[i].name, m[i].value);
}

#define COUNTER(name, v, help)                                                                     \
    { "sennit_" name, "counter", help, (double)(v) }
#define GAUGE(name, v, help)                                                                       \
    { "sennit_" name, "gauge", help, (double)(v) }

static void put_fleet(sn_http_writer *w, fleet *f) {
    fleet_stats s;
    fleet_get_stats(f, &s);
    const struct metric m[] = {
        GAUGE("fleet_devices", s.devices, "Devices known."),
        GAUGE("fleet_devices_online", fleet_polled_recently(f, 0), "Devices that polled of late."),
        GAUGE("fleet_actions_open", s.in_flight, "Actions that are open."),
        COUNTER("fleet_polls_total", s.polls, "Polls answered."),
        COUNTER("fleet_registered_total", s.registered, "Devices registered by a poll."),
        COUNTER("fleet_actions_assigned_total", s.assigned, "Actions given to devices."),
        COUNTER("fleet_feedbacks_total", s.feedbacks, "Feedbacks stored."),
        COUNTER("fleet_auth_failures_total", s.auth_failures, "Wrong device credentials."),
        GAUGE("fleet_shards", s.shards, "Shards."),
        GAUGE("fleet_shard_waiting", s.shard_waiting, "Requests in the shards' queues."),
        GAUGE("fleet_shard_bytes", s.shard_bytes, "Memory of the shards' tables."),
        COUNTER("store_commits_total", s.store.commits, "Commits."),
        COUNTER("store_commits_failed_total", s.store.failed_commits, "Commits that failed."),
        COUNTER("store_operations_total", s.store.ops, "Operations committed."),
        COUNTER("store_commit_seconds_total", (double)s.store.commit_ns_sum / 1e9,
                "Time spent in transactions and their sync."),
        GAUGE("store_commit_seconds_max", (double)s.store.commit_ns_max / 1e9,
              "Longest transaction."),
        GAUGE("store_waiting", s.store.waiting, "Operations not yet taken by the writer."),
        COUNTER("store_reads_total", s.store.reads, "Reads."),
    };
    put(w, m, sizeof m / sizeof *m);
}

static void put_runtime(sn_http_writer *w, const struct app *app) {
    sn_stats s = {.size = sizeof s};
    sn_get_stats(&s);
    const struct metric m[] = {
        GAUGE("uptime_seconds", (double)(sn_now() - app->started) / 1e9, "Since the start."),
        GAUGE("runtime_procs", s.procs, "Ps."),
        GAUGE("runtime_threads", s.threads, "Threads."),
        GAUGE("runtime_coroutines", s.live, "Coroutines alive."),
        COUNTER("runtime_coroutines_total", s.spawned, "Coroutines ever started."),
        COUNTER("runtime_steals_total", s.steals, "Successful steals."),
        COUNTER("runtime_handovers_total", s.handovers, "Ps taken from hogs and blocked calls."),
        GAUGE("runtime_stack_bytes", s.stack_bytes, "Address space reserved for stacks."),
    };
    put(w, m, sizeof m / sizeof *m);
}

struct http_metric {
    const char *name, *type, *help;
    double value[APP_LISTENERS];
};

/* One line a listener that exists. */
static void put_http_one(sn_http_writer *w, const struct app *app, const struct http_metric *m) {
    static const char *const names[] = {"devices", "operators"};
    sn_http_printf(w, "# HELP %s %s\n# TYPE %s %s\n", m->name, m->help, m->name, m->type);
    for (int i = 0; i < APP_LISTENERS; i++)
        if (app->servers[i])
            sn_http_printf(w, "%s{listener=\"%s\"} %.15g\n", m->name,
                           app->servers[1] ? names[i] : "both", m->value[i]);
}

static void put_http(sn_http_writer *w, const struct app *app) {
    sn_http_stats s[APP_LISTENERS];
    memset(s, 0, sizeof s);
    for (int i = 0; i < APP_LISTENERS; i++) {
        s[i].size = sizeof s[i];
        if (app->servers[i]) sn_http_get_stats(app->servers[i], &s[i]);
    }
#define BOTH(field)                                                                                \
    { (double)s[0].field, (double)s[1].field }
    const struct http_metric m[] = {
        {"sennit_http_connections", "gauge", "Open connections.", BOTH(connections)},
        {"sennit_http_idle", "gauge", "Connections waiting for a request.", BOTH(idle)},
        {"sennit_http_accepted_total", "counter", "Connections accepted.", BOTH(accepted)},
        {"sennit_http_requests_total", "counter", "Requests.", BOTH(requests)},
        {"sennit_http_2xx_total", "counter", "Answers of 2xx.", BOTH(status[2])},
        {"sennit_http_3xx_total", "counter", "Answers of 3xx.", BOTH(status[3])},
        {"sennit_http_4xx_total", "counter", "Answers of 4xx.", BOTH(status[4])},
        {"sennit_http_5xx_total", "counter", "Answers of 5xx.", BOTH(status[5])},
        {"sennit_http_malformed_total", "counter", "Requests that were malformed.",
         BOTH(malformed)},
        {"sennit_http_timeouts_total", "counter", "Slow senders and readers.", BOTH(timeouts)},
        {"sennit_http_bytes_in_total", "counter", "Bytes received.", BOTH(bytes_in)},
        {"sennit_http_bytes_out_total", "counter", "Bytes sent.", BOTH(bytes_out)},
    };
#undef BOTH
    for (size_t i = 0; i < sizeof m / sizeof *m; i++) put_http_one(w, app, &m[i]);
}

void pages_metrics(struct app *app, sn_http_writer *w, sn_http_request *r, struct caller *who) {
    (void)r;
    (void)who;
    sn_http_set(w, "Content-Type", "text/plain; version=0.0.4; charset=utf-8");
    put_fleet(w, app->fleet);
    put_http(w, app);
    put_runtime(w, app);
}
