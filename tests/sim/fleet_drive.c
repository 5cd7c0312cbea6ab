/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* The load driver of the program (fleet/drive), with the library's HTTP client and a coroutine for
 * each device, against the server over links that fail. Its journal has a line for each closing
 * report that was acknowledged: all of them must be stored. */
#include "fleet_sim.h"

#include "drive.h"
#include "sql.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int fleet_drive_scenario(void *arg);

#define JOURNAL "journal"

struct driven {
    struct site site;
    struct desk desk;
    sn_host *field;
    struct drive_conf conf;
    struct drive_stats stats;
    int64_t set;
    char *journal;
    sql db;
};

static int field_main(void *arg) {
    struct driven *v = *(struct driven **)arg;
    const char *why;
    int rc = drive_run(&v->conf, &v->stats, &why);
    if (rc) sn_sim_fail("the driver ended: %s", why ? why : sn_strerror(rc));
    return 0;
}

static int desk_main(void *arg) {
    struct driven *v = *(struct driven **)arg;
    struct desk *d = &v->desk;
    v->set = desk_publish(d, 2);
    while (atomic_load(&v->stats.online) < (uint64_t)v->conf.devices / 2)
        if (sn_sleep(SN_SECOND)) return SN_ECANCELED;
    desk_start(d, v->set);
    while (!desk_decided(d)) {
        desk_look(d);
        if (sn_sleep(20 * SN_SECOND)) return SN_ECANCELED;
    }
    return 0;
}

static void set_links(void) {
    sn_link l = {.size = sizeof l,
                 .latency = 5 * SN_MILLISECOND,
                 .jitter = 20 * SN_MILLISECOND,
                 .loss = sn_param_share("loss", 10000),
                 .reset = sn_param_share("reset", 20000),
                 .half_open = sn_param_share("half_open", 5000),
                 .refuse = sn_param_share("refused", 10000)};
    if (sn_sim_link("field", "server", &l) || sn_sim_link("server", "field", &l))
        sn_sim_fail("no links");
}

static void make(struct driven *v) {
    struct drive_conf *c = &v->conf;
    site_make(&v->site);
    v->site.conf.poll_s = 30;
    v->site.conf.tick_ms = 1000;
    *c = (struct drive_conf){.server = "http://server:8080",
                             .tenant = "DEFAULT",
                             .gateway_token = GATEWAY_TOKEN,
                             .prefix = "dev-",
                             .journal = JOURNAL,
                             .devices = sn_param_int("devices", 30),
                             .fail_rate = sn_param_share("fail", 50000) / 1e6,
                             .seed = (int64_t)sn_sim_draw(1000000),
                             .ramp_s = 20,
                             .install_ms = 5000,
                             .duration_s = sn_param_time("duration", 1200 * SN_SECOND) / SN_SECOND};
    v->desk.site = &v->site;
    v->desk.image_n = 30000;
    v->desk.advance = 1;
    v->desk.policy = (struct policy){
        .threshold = 0.5, .confidence = 0.9, .soak_s = 10, .action_timeout_s = 86400};
    if (sn_host_new(&v->desk.host, "desk", "10.1.0.2") ||
        sn_host_new(&v->field, "field", "10.64.0.0/10"))
        sn_sim_fail("no hosts");
}

/* One line of the journal: "dev-00001 17 success". */
static void check_line(struct driven *v, char *line) {
    char cid[32], result[16];
    long long action;
    int64_t status = 0;
    if (sscanf(line, "%31s %lld %15s", cid, &action, result) != 3)
        sn_sim_fail("not a line of the journal: %s", line);
    int rc = sql_int(&v->db, &status,
                     "SELECT a.status FROM action a JOIN device d ON d.id = a.device_id"
                     " WHERE a.id = ? AND d.cid = ?",
                     "is", (int64_t)action, cid);
    int64_t want = strcmp(result, "success") ? 7 : 6;
    if (rc != 1 || status != want)
        sn_sim_fail("%s was acknowledged, but status %lld is stored", line, (long long)status);
}

static int audit_main(void *arg) {
    struct driven *v = *(struct driven **)arg;
    char path[300], *save = NULL;
    uint64_t n = 0;
    fleet_err err = {""};
    snprintf(path, sizeof path, "%s/fleet.db", v->site.conf.data);
    if (sql_open(&v->db, path, SQLITE_OPEN_READWRITE, NULL, &err)) sn_sim_fail("%s", err.text);
    for (char *l = strtok_r(v->journal, "\n", &save); l; l = strtok_r(NULL, "\n", &save), n++)
        check_line(v, l);
    sql_close(&v->db);
    uint64_t told = atomic_load(&v->stats.successes) + atomic_load(&v->stats.failures);
    if (n != told)
        sn_sim_fail("%llu lines in the journal, not %llu", (unsigned long long)n,
                    (unsigned long long)told);
    if (atomic_load(&v->stats.corrupt)) sn_sim_fail("a download was corrupt");
    return 0;
}

static void run_to_end(sn_host *h, sn_fn f, struct driven *v, const char *what) {
    int rc = sn_host_start(h, f, &v, sizeof v), result = 0;
    if (!rc) rc = sn_host_wait(h, &result);
    if (rc || result) sn_sim_fail("%s ended with %s", what, sn_strerror(rc ? rc : result));
}

int fleet_drive_scenario(void *arg) {
    (void)arg;
    size_t n;
    sn_scope scope;
    struct driven *v = calloc(1, sizeof *v);
    if (!v) return SN_ENOMEM;
    make(v);
    set_links();
    site_boot(&v->site);
    sn_scope_enter(&scope, SN_NEVER);
    struct site *s = &v->site;
    int rc = sn_go(site_keep, &s, sizeof s);
    if (!rc) rc = sn_faults_start();
    if (!rc) rc = sn_host_start(v->desk.host, desk_main, &v, sizeof v);
    if (rc) return rc;
    run_to_end(v->field, field_main, v, "the driver");
    rc = sn_host_wait(v->desk.host, NULL);
    if (rc) return rc;
    sn_scope_cancel(&scope, SN_ECANCELED);
    rc = sn_scope_leave(&scope);
    if (rc && rc != SN_ECANCELED) return rc;
    if (!sn_host_up(v->site.host)) site_boot(&v->site);
    if (sn_sleep(SN_SECOND)) return SN_ECANCELED;
    site_drain(&v->site);
    if (sn_host_get(v->field, JOURNAL, 1 << 20, &v->journal, &n)) sn_sim_fail("no journal");
    run_to_end(v->site.host, audit_main, v, "the audit");
    free(v->journal);
    free(v);
    return 0;
}
