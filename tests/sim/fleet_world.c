/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* See fleet_world.h. */
#include "fleet_world.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

#define HOUR (3600 * SN_SECOND)

/* ---- parameters ---- */

static struct habits habits_given(void) {
    struct habits h = {.devices = (uint32_t)sn_param_int("devices", 100),
                       .night = sn_param_share("night", 300000),
                       .cut = sn_param_share("cut", 30000),
                       .drop = sn_param_share("drop", 50000),
                       .deaf = sn_param_share("deaf", 20000),
                       .refuse = sn_param_share("refuse", 200000),
                       .install = sn_param_time("install", 180 * SN_SECOND),
                       .boot = sn_param_time("boot", 20 * SN_SECOND),
                       .first = sn_param_time("first", HOUR)};
    uint32_t fail = sn_param_share("fail", 0), then = sn_param_share("fail_then", fail);
    int64_t from = sn_param_int("then_stage", 2);
    for (int i = 0; i < STAGES; i++) h.fail[i] = i + 1 < from ? fail : then;
    return h;
}

static struct policy policy_given(void) {
    return (struct policy){.threshold = sn_param_share("threshold", 50000) / 1e6,
                           .confidence = sn_param_share("confidence", 900000) / 1e6,
                           .min_sample = sn_param_int("min_sample", 0),
                           .soak_s = sn_param_time("soak", 600 * SN_SECOND) / SN_SECOND,
                           .action_timeout_s =
                               sn_param_time("action_timeout", 48 * HOUR) / SN_SECOND,
                           .stop = sn_param_int("stop", 1) != 0};
}

static void set_link(const char *from, const char *to, const sn_link *l) {
    if (sn_sim_link(from, to, l)) sn_sim_fail("no link from %s to %s", from, to);
}

static void set_links(void) {
    sn_link l = {.size = sizeof l,
                 .latency = sn_param_time("latency", 30 * SN_MILLISECOND),
                 .jitter = sn_param_time("jitter", 40 * SN_MILLISECOND),
                 .loss = sn_param_share("loss", 0),
                 .reset = sn_param_share("reset", 0),
                 .half_open = sn_param_share("half_open", 0),
                 .refuse = sn_param_share("refused", 0)};
    set_link("field", "server", &l);
    set_link("server", "field", &l);
    l.latency = SN_MILLISECOND;
    l.jitter = 0;
    set_link("desk", "server", &l);
    set_link("server", "desk", &l);
}

sn_disk world_disk(void) {
    return (sn_disk){.size = sizeof(sn_disk),
                     .latency = sn_param_time("disk_latency", 0),
                     .sync = sn_param_time("disk_sync", 2 * SN_MILLISECOND),
                     .fail_sync = sn_param_share("disk_fail_sync", 0),
                     .fail_write = sn_param_share("disk_fail_write", 0)};
}

static void set_server(struct world *w) {
    struct serve_conf *c = &w->site.conf;
    c->poll_s = sn_param_time("poll", HOUR) / SN_SECOND;
    c->tick_ms = sn_param_time("tick", 10 * SN_SECOND) / SN_MILLISECOND;
    sn_disk disk = world_disk();
    if (sn_host_disk(w->site.host, &disk)) sn_sim_fail("no such disk");
}

/* ---- the operator's day ---- */

static void await_devices(struct world *w) {
    while (w->field.online < w->field.habits.devices)
        if (sn_sleep(10 * SN_SECOND)) sn_sim_fail("the desk is cancelled");
}

static int desk_main(void *arg) {
    struct world *w = *(struct world **)arg;
    struct desk *d = &w->desk;
    int64_t set = desk_publish(d, 2);
    await_devices(w);
    desk_start(d, set);
    while (!w->over) {
        desk_look(d);
        if (sn_sleep(w->look)) sn_sim_fail("the desk is cancelled");
    }
    if (sn_param_int("figures", 0)) desk_figures(d);
    return 0;
}

/* ---- the world ---- */

static uint64_t cpu_us(void) {
    struct rusage u;
    getrusage(RUSAGE_SELF, &u);
    return (uint64_t)(u.ru_utime.tv_sec + u.ru_stime.tv_sec) * 1000000u +
           (uint64_t)(u.ru_utime.tv_usec + u.ru_stime.tv_usec);
}

static void make_desk(struct world *w) {
    struct desk *d = &w->desk;
    d->site = &w->site;
    d->field = &w->field;
    d->image_n = w->field.image_n;
    d->policy = policy_given();
    d->meddle = sn_param_share("meddle", 0);
    d->stop_after = sn_param_int("stop_after", 0);
    w->field.patience = d->policy.action_timeout_s * SN_SECOND;
    d->advance = sn_param_int("advance", 0) != 0;
    if (sn_host_new(&d->host, "desk", "10.1.0.2")) sn_sim_fail("no desk");
}

static void make_image(struct world *w) {
    uint32_t n = (uint32_t)sn_param_int("image", 20000);
    w->image = malloc(n);
    if (!w->image) sn_sim_fail("no memory for an image");
    image_fill(w->image, n);
    w->field.image = w->image;
    w->field.image_n = n;
}

struct world *world_make(void) {
    struct world *w = calloc(1, sizeof *w);
    struct habits h = habits_given();
    if (!w) sn_sim_fail("no memory for a world");
    w->cpu_us = cpu_us();
    w->look = sn_param_time("look", 600 * SN_SECOND);
    site_make(&w->site);
    make_image(w);
    set_server(w);
    make_desk(w);
    field_make(&w->field, &h);
    set_links();
    site_boot(&w->site);
    sn_scope_enter(&w->scope, SN_NEVER);
    struct site *s = &w->site;
    if (sn_go(site_keep, &s, sizeof s)) sn_sim_fail("nobody keeps the server");
    if (sn_host_start(w->desk.host, desk_main, &w, sizeof w))
        sn_sim_fail("the desk does not start");
    return w;
}

void world_await_start(struct world *w) {
    while (!w->desk.started)
        if (sn_sleep(SN_SECOND)) sn_sim_fail("the test is cancelled");
}

int world_await_decision(struct world *w, sn_time until) {
    while (!w->desk.decided && sn_now() < until)
        if (sn_sleep(w->look)) sn_sim_fail("the test is cancelled");
    return w->desk.decided != 0;
}

static void end_faults(struct world *w) {
    sn_link good = {.size = sizeof good, .latency = SN_MILLISECOND};
    sn_disk disk = {.size = sizeof disk};
    set_link("field", "server", &good);
    set_link("server", "field", &good);
    if (sn_host_disk(w->site.host, &disk)) sn_sim_fail("no such disk");
}

void world_settle(struct world *w) {
    sn_time most = sn_now() + 14 * 24 * HOUR, least = sn_now();
    end_faults(w);
    least += w->site.conf.poll_s * SN_SECOND * 3 + (w->field.habits.night ? 9 * HOUR : 0);
    while (w->field.busy || sn_now() < least) {
        if (sn_now() > most) sn_sim_fail("%u devices do not come to an end", w->field.busy);
        if (sn_sleep(60 * SN_SECOND)) sn_sim_fail("the test is cancelled");
    }
    w->field.rested = 1;
}

/* Which devices the operator's decision came too late for. */
static void print_report(const struct world *w, FILE *out) {
    const struct ledger *l = &w->field.ledger;
    const struct desk *d = &w->desk;
    uint64_t offered = 0, good = 0, bad = 0, canceled = 0;
    struct rusage u;
    getrusage(RUSAGE_SELF, &u);
    for (int i = 0; i < STAGES; i++) {
        offered += l->offered[i];
        good += l->good[i];
        bad += l->bad[i];
        canceled += l->canceled[i];
    }
    fprintf(out,
            "fleet devices=%u hours=%.1f state=%s stage=%lld decided_h=%.2f exposed=%llu "
            "installed=%llu offered=%llu good=%llu bad=%llu canceled=%llu polls=%llu sessions=%llu "
            "broken=%llu repeated=%llu gone=%llu boots=%u kills=%llu cpu_s=%.2f rss_mb=%ld "
            "server_bytes=%llu reason=%s\n",
            w->field.habits.devices, (double)sn_now() / HOUR, d->state, (long long)d->stage + 1,
            d->decided ? (double)(d->decided - d->started) / HOUR : -1.0,
            (unsigned long long)d->exposed, (unsigned long long)d->installed,
            (unsigned long long)offered, (unsigned long long)good, (unsigned long long)bad,
            (unsigned long long)canceled, (unsigned long long)l->polls,
            (unsigned long long)l->sessions, (unsigned long long)l->broken,
            (unsigned long long)l->repeated, (unsigned long long)l->gone, w->site.boots,
            (unsigned long long)w->kills, (double)(cpu_us() - w->cpu_us) / 1e6, u.ru_maxrss / 1024,
            (unsigned long long)d->server_bytes, d->reason);
}

void world_report(struct world *w) {
    static int allowed; /* for the life of the process */
    const char *to = sn_param_text("report", "");
    if (!*to) return;
    if (!allowed && sn_sim_allow("fopen", "world_report", "figures, for people"))
        sn_sim_fail("no report may be written");
    allowed = 1;
    FILE *out = strcmp(to, "-") ? fopen(to, "a") : stdout;
    if (!out) sn_sim_fail("no report can be written to %s", to);
    print_report(w, out);
    if (out == stdout)
        fflush(out);
    else
        fclose(out);
}

void world_end(struct world *w) {
    int rc, left;
    w->over = 1;
    if (sn_host_wait(w->desk.host, &rc) || rc) sn_sim_fail("the desk ended with %d", rc);
    site_drain(&w->site);
    field_stop(&w->field);
    sn_scope_cancel(&w->scope, SN_ECANCELED);
    left = sn_scope_leave(&w->scope);
    if (left && left != SN_ECANCELED) sn_sim_fail("the test ended with %s", sn_strerror(left));
    audit(&w->site, &w->field, &w->desk);
    world_report(w);
    field_free(&w->field);
    free(w->image);
    free(w);
}
