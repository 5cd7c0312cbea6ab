/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* The live feed: server-sent events for the console. First the whole picture, then what changed.
 *
 *   event: fleet    {"devices","online","open_actions","rollouts","polls","now_ms"}
 *   event: rollout  a roll-out as GET /api/v1/rollouts/{id} shows it, without its plan
 *   event: ready    {}: the first picture is complete
 *
 * Changes are gathered for half a second, so that a fleet that reports all at once costs a
 * console two events a second and no more. A roll-out is sent when its text differs from what
 * this client got last. */
#include "api.h"

#include "metrics.h"
#include "reply.h"
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#define GATHER (500 * SN_MILLISECOND)
#define PING (15 * SN_SECOND)
#define CLIENTS_MAX 256
#define ROLLOUTS_MAX 50

struct feed {
    struct app *app;
    sn_http_writer *w;
    int64_t tenant;
    uint64_t fleet_hash;
    struct {
        int64_t id;
        uint64_t hash;
    } sent[ROLLOUTS_MAX];
};

static uint64_t hash_of(const char *s) {
    uint64_t h = 0xcbf29ce484222325ull;
    for (; *s; s++) h = (h ^ (unsigned char)*s) * 0x100000001b3ull;
    return h;
}

/* Sends the text unless the client has just that. 0, or the connection's error. */
static int send_if_new(struct feed *f, const char *event, json *j, uint64_t *hash) {
    char *text = json_done(j, NULL);
    if (!text) return SN_ENOMEM;
    uint64_t h = hash_of(text);
    int rc = h == *hash ? 0 : sn_http_sse_send(f->w, event, NULL, text);
    *hash = h;
    free(text);
    return rc;
}

static int send_fleet(struct feed *f) {
    fleet_counts counts;
    json j = {0};
    int rc = fleet_counts_get(f->app->fleet, f->tenant, &counts);
    if (rc) return rc;
    json_obj(&j, NULL);
    json_int(&j, "devices", (int64_t)counts.devices);
    json_int(&j, "polled_recently", (int64_t)fleet_polled_recently(f->app->fleet, f->tenant));
    json_int(&j, "in_flight", (int64_t)counts.open_actions);
    json_int(&j, "rollouts", (int64_t)counts.rollouts);
    json_num(&j, "polls_per_s", metrics_polls_per_s());
    json_obj_end(&j);
    return send_if_new(f, "fleet", &j, &f->fleet_hash);
}

/* The hash of what was sent last of a roll-out; the oldest slot is reused for a new one. */
static uint64_t *sent_slot(struct feed *f, int64_t id) {
    for (size_t i = 0; i < ROLLOUTS_MAX; i++)
        if (f->sent[i].id == id) return &f->sent[i].hash;
    size_t free_at = 0;
    for (size_t i = 0; i < ROLLOUTS_MAX; i++)
        if (f->sent[i].id < f->sent[free_at].id) free_at = i;
    f->sent[free_at].id = id;
    f->sent[free_at].hash = 0;
    return &f->sent[free_at].hash;
}

static int send_rollouts(struct feed *f) {
    const fleet_page page = {.limit = ROLLOUTS_MAX};
    rollout *rows;
    uint32_t n;
    uint64_t total;
    int rc = fleet_rollouts(f->app->fleet, f->tenant, &page, &rows, &n, &total);
    if (rc) return rc;
    for (uint32_t i = 0; !rc && i < n; i++) {
        fleet_set set;
        json j = {0};
        int has_set = !fleet_set_get(f->app->fleet, f->tenant, rows[i].set_id, &set);
        api_render_rollout(&j, NULL, &rows[i], has_set ? &set : NULL, NULL);
        rc = send_if_new(f, "rollout", &j, sent_slot(f, rows[i].id));
    }
    free(rows);
    return rc;
}

/* Waits for a change, the time of a ping, or the drain, which is looked for each second; 0 or a
 * cancel. */
static int wait_for_news(struct feed *f, uint64_t *seen) {
    for (sn_time slice = 0; slice < PING && !reply_draining(f->app); slice += SN_SECOND) {
        int rc = fleet_wait_change(f->app->fleet, *seen, sn_now() + SN_SECOND, seen);
        if (!rc) return sn_sleep(GATHER);
        if (rc != SN_ETIMEDOUT || sn_canceled()) return rc;
    }
    return sn_http_sse_ping(f->w);
}

static void run(struct feed *f) {
    uint64_t seen = 0;
    int rc = sn_http_sse_begin(f->w);
    if (!rc) rc = send_fleet(f);
    if (!rc) rc = send_rollouts(f);
    if (!rc) rc = sn_http_sse_send(f->w, "ready", NULL, "{}");
    while (!rc && !reply_draining(f->app)) {
        rc = wait_for_news(f, &seen);
        if (!rc) rc = send_fleet(f);
        if (!rc) rc = send_rollouts(f);
    }
}

API_HANDLER(api_events) {
    static _Atomic int clients;
    (void)r;
    struct feed *f = calloc(1, sizeof *f);
    if (f && ++clients <= CLIENTS_MAX) {
        *f = (struct feed){.app = app, .w = w, .tenant = who->tenant};
        run(f);
        clients--;
    } else if (f) {
        clients--;
        sn_http_problemf(w, 503, "more than %d consoles are open", CLIENTS_MAX);
    } else {
        sn_http_problem(w, 500, NULL, NULL, "out of memory");
    }
    free(f);
}
