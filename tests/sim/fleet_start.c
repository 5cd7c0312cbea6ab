/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* A first start that is killed again and again, and uploads that are: in the end somebody must be
 * able to get in, and the disk must hold the bytes that the database names, and no others. */
#include "fleet_sim.h"

#include "backup.h"
#include "json_in.h"
#include "sql.h"

#include <stdio.h>
#include <stdlib.h>

int fleet_start_scenario(void *arg);

struct starting {
    struct site site;
    struct desk desk;
    int over, taken;
};

/* What was not answered may have been done: then the name is taken, and the next one is tried. */
static int desk_main(void *arg) {
    struct starting *t = *(struct starting **)arg;
    struct desk *d = &t->desk;
    for (int v = 1; !t->over; v++) {
        char body[120];
        cJSON *json = NULL;
        int64_t module = 0;
        snprintf(body, sizeof body, "[{\"name\":\"os\",\"version\":\"%d\",\"type\":\"os\"}]", v);
        int status = desk_call(d, "POST", "/rest/v1/softwaremodules", body, NULL, &json);
        if (status != 201 && status != 409) sn_sim_fail("a module: %d", status);
        if (status == 201 && !json_in_int(cJSON_GetArrayItem(json, 0), "id", &module))
            sn_sim_fail("a module without an id");
        cJSON_Delete(json);
        d->image_n = 3000 + (uint32_t)v;
        d->gives_up = sn_sim_draw(2) != 0;
        if (module) status = desk_upload(d, module);
        d->gives_up = 0;
        if (status != 201 && status != 409 && status != 599) sn_sim_fail("an image: %d", status);
        t->taken += status == 201;
        if (sn_sleep(100 * SN_MILLISECOND)) return SN_ECANCELED;
    }
    return 0;
}

static int count_file(void *n, const char *name) {
    (void)name;
    ++*(int64_t *)n;
    return 0;
}

static int audit_main(void *arg) {
    struct starting *t = *(struct starting **)arg;
    const char *data = t->site.conf.data;
    char path[300];
    fleet_err err = {""};
    sql db;
    int64_t named = 0, files = 0;
    if (backup_check(data, NULL, &err)) sn_sim_fail("check: %s", err.text);
    snprintf(path, sizeof path, "%s/fleet.db", data);
    if (sql_open(&db, path, SQLITE_OPEN_READWRITE, NULL, &err)) sn_sim_fail("%s", err.text);
    int rc = sql_int(&db, &named, "SELECT count(DISTINCT sha256) FROM artifact", "");
    sql_close(&db);
    snprintf(path, sizeof path, "%s/artifacts", data);
    if (rc != 1 || sn_path_list(path, count_file, &files)) sn_sim_fail("the audit cannot read");
    if (files != named || named < t->taken)
        sn_sim_fail("%lld files of artifacts, %lld are named, %d were taken", (long long)files,
                    (long long)named, t->taken);
    return 0;
}

static void start_and_drain(struct starting *t) {
    t->site.closing = 0;
    site_boot(&t->site);
    if (sn_sleep(5 * SN_SECOND)) sn_sim_fail("the test is cancelled");
    site_drain(&t->site);
}

int fleet_start_scenario(void *arg) {
    (void)arg;
    int64_t kills = sn_param_int("kills", 15);
    sn_disk disk = {.size = sizeof disk,
                    .latency = 200 * SN_MICROSECOND,
                    .sync = sn_param_time("disk_sync", 8 * SN_MILLISECOND)};
    struct starting *t = calloc(1, sizeof *t);
    int rc = t ? 0 : SN_ENOMEM;
    if (rc) return rc;
    site_make(&t->site);
    t->desk.site = &t->site;
    t->desk.call_time = SN_SECOND;
    rc = sn_host_disk(t->site.host, &disk);
    if (!rc) rc = sn_host_new(&t->desk.host, "desk", "10.1.0.2");
    if (!rc) rc = sn_host_start(t->desk.host, desk_main, &t, sizeof t);
    if (rc) return rc;
    site_boot(&t->site);
    for (int64_t i = 0; i < kills || !t->taken; i++) {
        int soon = !t->taken || sn_sim_draw(2);
        sn_time most = soon ? 300 * SN_MILLISECOND : 4 * SN_SECOND;
        if (sn_sleep((sn_time)sn_sim_draw((uint64_t)most))) return SN_ECANCELED;
        enum sn_stop how = sn_sim_draw(2) ? SN_STOP_POWER : SN_STOP_PROCESS;
        site_kill(&t->site, how, SN_SECOND);
    }
    t->over = 1;
    rc = sn_host_wait(t->desk.host, NULL);
    if (rc) return rc;
    site_drain(&t->site);
    start_and_drain(t); /* which takes away what the kills have left */
    rc = sn_host_start(t->site.host, audit_main, &t, sizeof t);
    if (!rc) rc = sn_host_wait(t->site.host, NULL);
    free(t);
    return rc;
}
