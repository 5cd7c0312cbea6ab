/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* sennit-fleet drive: the load driver from the command line. */
#include "commands.h"
#include "drive.h"

#include <sennit/sennit.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define AT(field) offsetof(struct drive_conf, field)
#define TEXT(name, field, arg, help)                                                               \
    {                                                                                              \
        name, CONFIG_TEXT, AT(field), 0, sizeof((struct drive_conf *)0)->field, arg, help,         \
            CONFIG_FLAG_ONLY                                                                       \
    }
#define NUMBER(name, type, field, min, max, arg, help)                                             \
    { name, type, AT(field), min, max, arg, help, CONFIG_FLAG_ONLY }

static const struct config_key keys[] = {
    TEXT("server", server, "URL", "the devices' listener, http://host:port"),
    NUMBER("devices", CONFIG_NUMBER, devices, 1, 1000000, "N", "how many (1000)"),
    NUMBER("fail-rate", CONFIG_REAL, fail_rate, 0, 1, "F", "share of installations that fail (0)"),
    NUMBER("seed", CONFIG_NUMBER, seed, 0, INT64_MAX, "S", "which ones fail, and all jitter (1)"),
    TEXT("tenant", tenant, "NAME", "(DEFAULT)"),
    TEXT("gateway-token", gateway_token, "TOKEN", "one for all; or $SENNIT_FLEET_GATEWAY_TOKEN"),
    TEXT("token-file", token_file, "FILE", "lines of \"device token\" instead"),
    TEXT("prefix", prefix, "TEXT", "of the device ids (dev-)"),
    TEXT("journal", journal, "FILE", "writes each acknowledged final feedback there"),
    NUMBER("duration", CONFIG_TIME, duration_s, 0, 365 * 86400, "TIME", "0: until Ctrl-C (0)"),
    NUMBER("ramp", CONFIG_TIME, ramp_s, 0, 86400, "TIME", "spreads the first polls (5)"),
    NUMBER("poll-max", CONFIG_TIME, poll_max_s, 0, 86400, "TIME",
           "polls at least this often (0: as the server says)"),
    NUMBER("install-ms", CONFIG_NUMBER, install_ms, 0, 3600000, "N",
           "time of an installation (200)"),
};

struct progress {
    const struct drive_stats *stats;
    sn_chan signals;
    sn_scope *scope;
};

static int until_signal(void *arg) {
    struct progress *p = arg;
    if (!sn_recv(&p->signals, NULL)) sn_scope_cancel(p->scope, SN_ECANCELED);
    return 0;
}

/* A line every five seconds, on standard error: standard output is for the summary. */
static int show(void *arg) {
    struct progress *p = arg;
    while (!sn_sleep(5 * SN_SECOND))
        fprintf(stderr, "online %llu polls %llu successes %llu failures %llu retries %llu\n",
                (unsigned long long)p->stats->online, (unsigned long long)p->stats->polls,
                (unsigned long long)p->stats->successes, (unsigned long long)p->stats->failures,
                (unsigned long long)p->stats->retries);
    return 0;
}

static int run(const struct drive_conf *conf, struct drive_stats *stats, const char **why) {
    sn_scope scope;
    struct progress progress = {.stats = stats, .scope = &scope};
    int rc = sn_chan_init(&progress.signals, sizeof(int), 4, NULL, NULL);
    if (rc) return rc;
    sn_scope_enter(&scope, SN_NEVER);
    rc = sn_signal_notify(&progress.signals, SIGINT);
    if (!rc) rc = sn_signal_notify(&progress.signals, SIGTERM);
    if (!rc) rc = sn_go(until_signal, &progress, 0);
    if (!rc) rc = sn_go(show, &progress, 0);
    if (!rc) rc = drive_run(conf, stats, why);
    sn_scope_cancel(&scope, SN_ECANCELED);
    int left = sn_scope_leave(&scope);
    sn_signal_stop(&progress.signals);
    sn_chan_free(&progress.signals);
    if (rc == SN_ECANCELED) rc = 0;
    return rc ? rc : left == SN_ECANCELED ? 0 : left;
}

static int drive(void *arg) {
    const struct drive_conf *conf = arg;
    static struct drive_stats stats;
    const char *why = NULL;
    sn_time start = sn_now();
    int rc = run(conf, &stats, &why);
    drive_print(&stats, sn_now() - start);
    if (rc) fprintf(stderr, "sennit-fleet drive: %s\n", why ? why : sn_strerror(rc));
    return rc ? 1 : 0;
}

int cmd_drive(int argc, char **argv) {
    static struct drive_conf conf = {.tenant = "DEFAULT",
                                     .prefix = "dev-",
                                     .devices = 1000,
                                     .seed = 1,
                                     .ramp_s = 5,
                                     .install_ms = 200};
    const char *token = getenv("SENNIT_FLEET_GATEWAY_TOKEN");
    if (token) snprintf(conf.gateway_token, sizeof conf.gateway_token, "%s", token);
    int go = cmd_options("drive --server URL --devices N --fail-rate F --seed S", keys,
                         sizeof keys / sizeof *keys, &conf, argc, argv);
    if (go <= 0) return go ? 2 : 0;
    if (!conf.server[0]) return cmd_usage_error("drive", "--server URL is needed");
    if (!conf.gateway_token[0] == !conf.token_file[0])
        return cmd_usage_error("drive", "either --gateway-token or --token-file is needed");
    int rc = sn_run(drive, &conf, NULL);
    return rc < 0 ? 1 : rc;
}
