/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* sennit-fleet demo: server, driven devices and one real client in one process, and a roll-out
 * to watch. Goes on serving until Ctrl-C. */
#include "commands.h"
#include "demo.h"

#include "log.h"
#include <sennit/sennit.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define AT(field) offsetof(struct demo_conf, field)
#define TEXT(name, field, arg, help)                                                               \
    { name, CONFIG_TEXT, AT(field), 0, sizeof((struct demo_conf *)0)->field, arg, help, 0 }
static const struct config_key keys[] = {
    TEXT("data", data, "DIR", "folder of its own, emptied at start (demo-data)"),
    TEXT("firmware", firmware, "DIR", "the two images (beside the program's folder)"),
    TEXT("operators", operators, "ADDR:PORT", "console and API (127.0.0.1:8081, or a free port)"),
    TEXT("device-listener", device_listener, "ADDR:PORT", "(127.0.0.1:8080, or a free port)"),
    {"devices", CONFIG_NUMBER, AT(devices), 1, 15000, "N", "driven devices (1000)", 0},
    {"fail-rate", CONFIG_REAL, AT(fail_rate), 0, 1, "F", "share of updates that fail (0)", 0},
    {"seed", CONFIG_NUMBER, AT(seed), 0, INT64_MAX, "S", "which ones (1)", 0},
    {"soak", CONFIG_TIME, AT(soak_s), 0, 3600, "TIME", "a passing stage is watched so long (10)",
     0},
    {"install-ms", CONFIG_NUMBER, AT(install_ms), 0, 600000, "N", "time of an update (2000)", 0},
    {"exit-when-done", CONFIG_SWITCH, AT(exit_when_done), 0, 0, "",
     "ends when the roll-out has; status 3 when it was held or stopped", 0},
    {"no-swupdate", CONFIG_SWITCH, AT(no_swupdate), 0, 0, "", "without the real client", 0},
};

/* build/firmware for build/bin/sennit-fleet, share/sennit/firmware for bin/sennit-fleet. */
static void find_firmware(struct demo_conf *c) {
    static const char *const places[] = {"../firmware", "../share/sennit/firmware"};
    char exe[200], path[300];
    sn_file_info info;
    ssize_t n = readlink("/proc/self/exe", exe, sizeof exe - 1);
    if (c->firmware[0] || n < 0) return;
    exe[n] = 0;
    *strrchr(exe, '/') = 0;
    for (int i = 0; i < 2; i++) {
        snprintf(path, sizeof path, "%.200s/%s", exe, places[i]);
        int there = !sn_path_stat(path, &info);
        if (!i || there) snprintf(c->firmware, sizeof c->firmware, "%.255s", path);
        if (there) return;
    }
}

static int run_server(void *arg) { return server_run(arg); }

static int run_drive(void *arg) {
    struct demo *d = arg;
    const char *why;
    int rc = drive_run(&d->drive_conf, &d->drive, &why);
    if (rc) fprintf(stderr, "the driven devices ended: %s\n", why ? why : sn_strerror(rc));
    return rc;
}

static void fill_drive_conf(struct demo *d) {
    struct drive_conf *c = &d->drive_conf;
    *c = (struct drive_conf){.tenant = "DEFAULT",
                             .prefix = "dev-",
                             .installed_name = "blinkd",
                             .installed_version = "1.0.0",
                             .devices = d->conf->devices,
                             .fail_rate = d->conf->fail_rate,
                             .seed = d->conf->seed,
                             .ramp_s = 3,
                             .install_ms = d->conf->install_ms};
    snprintf(c->server, sizeof c->server, "%s", server_addr(d->server, APP_DEVICES));
    snprintf(c->gateway_token, sizeof c->gateway_token, "%s", d->gateway_token);
}

static int start_devices(struct demo *d) {
    const char *why;
    fill_drive_conf(d);
    int rc = sn_go(run_drive, d, 0);
    if (rc) return rc;
    if (demo_swupdate_possible(d->conf, &why)) return sn_go(demo_swupdate_run, d, 0);
    printf("  no stock SWUpdate takes part: %s\n", why);
    return 0;
}

/* The stages' shares are of the devices that are known: wait for all to have polled. */
static int wait_for_fleet(struct demo *d) {
    fleet_counts counts = {0};
    printf("\n%lld devices come online ...\n", (long long)d->conf->devices);
    fflush(stdout);
    for (int i = 0; i < 600; i++) {
        int rc = fleet_counts_get(d->fleet, d->actor.tenant, &counts);
        if (rc || counts.devices >= (uint64_t)d->conf->devices) return rc;
        rc = sn_sleep(100 * SN_MILLISECOND);
        if (rc) return rc;
    }
    printf("  only %llu came within a minute\n", (unsigned long long)counts.devices);
    return 0;
}

static void print_end(const rollout *ro) {
    printf("\nroll-out %s: %s\n", rollout_state_name(ro->state), ro->reason);
    fflush(stdout);
}

/* The show, once the server answers. *held becomes 1 when the roll-out did not get through. */
static int show(struct demo *d, int *held) {
    fleet_err err = {""};
    rollout ro;
    int rc = demo_make_data(d, &err);
    if (!rc) rc = start_devices(d);
    if (!rc) rc = wait_for_fleet(d);
    if (!rc) rc = demo_make_rollout(d, &err);
    if (!rc) rc = demo_watch(d, &ro);
    if (!rc) print_end(&ro);
    if (!rc) *held = ro.state != ROLLOUT_DONE;
    if (rc && err.text[0]) fprintf(stderr, "sennit-fleet demo: %s\n", err.text);
    return rc;
}

/* Until Ctrl-C, which also cuts the show short: then its scope is cancelled. */
struct signals {
    sn_chan chan;
    sn_scope *scope;
};

static int on_signal(void *arg) {
    struct signals *s = arg;
    if (sn_recv(&s->chan, NULL)) return 0;
    sn_signal_stop(&s->chan);
    sn_scope_cancel(s->scope, SN_ECANCELED);
    return 0;
}

static int play(struct demo *d, int *held) {
    sn_scope scope;
    struct signals signals = {.scope = &scope};
    int rc = sn_chan_init(&signals.chan, sizeof(int), 4, NULL, NULL);
    if (rc) return rc;
    sn_scope_enter(&scope, SN_NEVER);
    rc = sn_signal_notify(&signals.chan, SIGINT);
    if (!rc) rc = sn_signal_notify(&signals.chan, SIGTERM);
    if (!rc) rc = sn_signal_notify(&signals.chan, SIGHUP);
    if (!rc) rc = sn_go(on_signal, &signals, 0);
    if (!rc) rc = show(d, held);
    if (!rc && !d->conf->exit_when_done) {
        printf("serving on; Ctrl-C ends it\n");
        fflush(stdout);
        rc = sn_sleep_until(SN_NEVER);
    }
    sn_scope_cancel(&scope, SN_ECANCELED);
    int left = sn_scope_leave(&scope);
    sn_signal_stop(&signals.chan);
    sn_chan_free(&signals.chan);
    if (rc == SN_ECANCELED) return 0;
    return rc ? rc : left == SN_ECANCELED ? 0 : left;
}

/* Server in its own coroutine, show beside it; the server drains last. */
static int stage(struct demo *d, int *held) {
    static const sn_attr attr = {.size = sizeof attr, .name = "server", .flags = SN_FOREIGN};
    sn_scope scope;
    sn_scope_enter(&scope, SN_NEVER);
    int rc = sn_scope_go(&scope, &attr, run_server, d->server, 0);
    if (!rc) rc = server_wait_ready(d->server);
    if (!rc) rc = play(d, held);
    server_stop(d->server);
    int left = sn_scope_leave(&scope);
    return rc ? rc : left;
}

static void fill_serve_conf(const struct demo_conf *c, struct serve_conf *s) {
    serve_conf_init(s);
    snprintf(s->data, sizeof s->data, "%.240s/fleet", c->data);
    snprintf(s->devices, sizeof s->devices, "%s",
             c->device_listener[0] ? c->device_listener : "127.0.0.1:8080");
    snprintf(s->operators, sizeof s->operators, "%s",
             c->operators[0] ? c->operators : "127.0.0.1:8081");
    s->tick_ms = 250;
    s->drain_s = 2;
}

/* The usual ports, or free ones when they are taken and none were asked for. */
static int open_server(struct demo *d, struct serve_conf *s, fleet_err *err) {
    fill_serve_conf(d->conf, s);
    struct config_error bad;
    int rc = serve_conf_check(s, &bad);
    if (rc) return fleet_fail(err, rc, "%s", bad.text);
    rc = server_open(&d->server, s, err);
    if (rc != SN_EADDRINUSE || d->conf->operators[0] || d->conf->device_listener[0]) return rc;
    snprintf(s->devices, sizeof s->devices, "127.0.0.1:0");
    snprintf(s->operators, sizeof s->operators, "127.0.0.1:0");
    rc = demo_clear(d->conf, err); /* again a first start, which is the one that tells a token */
    return rc ? rc : server_open(&d->server, s, err);
}

static int demo(void *arg) {
    static struct serve_conf serve_conf;
    static struct demo d;
    static char token[TOKEN_CHARS + 1];
    fleet_err err = {""};
    int held = 0;
    d.conf = arg;
    d.started = sn_now();
    d.actor = (fleet_actor){.name = "demo", .role = ROLE_ADMIN};
    token_make(d.gateway_token);
    int rc = demo_clear(d.conf, &err);
    if (!rc) rc = open_server(&d, &serve_conf, &err);
    if (rc) {
        fprintf(stderr, "sennit-fleet demo: %s\n", err.text);
        return 1;
    }
    d.fleet = server_fleet(d.server);
    const char *first = fleet_first_token(d.fleet);
    snprintf(token, sizeof token, "%s", first ? first : "");
    printf("console   http://%s/#token=%s\ndevices   http://%s  (gateway token %s)\n",
           server_addr(d.server, APP_OPERATORS), token, server_addr(d.server, APP_DEVICES),
           d.gateway_token);
    fflush(stdout);
    rc = stage(&d, &held);
    server_close(d.server);
    drive_print(&d.drive, sn_now() - d.started);
    return rc ? 1 : held ? 3 : 0;
}

int cmd_demo(int argc, char **argv) {
    static struct demo_conf conf = {
        .data = "demo-data", .devices = 1000, .seed = 1, .soak_s = 10, .install_ms = 2000};
    int go = cmd_options("demo [--devices N] [--fail-rate F]", keys, sizeof keys / sizeof *keys,
                         &conf, argc, argv);
    if (go <= 0) return go ? 2 : 0;
    find_firmware(&conf);
    log_set_level(LOG_WARN);
    const sn_attr attr = {.size = sizeof attr, .name = "demo", .flags = SN_FOREIGN};
    int rc = sn_run(demo, &conf, &attr);
    return rc < 0 ? 1 : rc;
}
