/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* The brake of examples/brake and its promises (brake.timed), in virtual time: what a disk and a
 * link may take is what the scenario file says. The runner is that of sennit-timed. */
#include <sennit/scenario.h>
#include <sennit/sennit.h>
#include <stdio.h>
#include <string.h>

#include "brake/brake.h"
#include "brake_script.h"
#include "timed/timed.h"

int brake_scenario(void *arg);

static int brake_host(void *arg) {
    const brake_conf *conf = arg;
    sn_listener *l;
    int rc = sn_listen(&l, "tcp", "0.0.0.0:9000");
    return rc ? rc : brake_serve(l, conf);
}

/** What did not hold first, and the verdict last. */
static void keep_failure(void *arg, const char *line) {
    char *why = arg;
    if (why[0] == 0 && strncmp(line, "FAIL", 4) == 0) snprintf(why, 400, "%s", line + 6);
    if (strncmp(line, "broken", 6) == 0) snprintf(why, 400, "%s", line);
}

static void tell_failure(const timed_result *r) {
    char why[400] = "";
    timed_report(r, keep_failure, why);
    sn_sim_fail("%s", why);
}

static int run_script(timed_result *r) {
    sn_conn *c;
    int rc = sn_dial(&c, "tcp", "brake:9000");
    if (rc) return rc;
    rc = timed_run(r, c);
    sn_conn_free(c);
    if (rc == 0 && !timed_passed(r)) tell_failure(r);
    return rc;
}

static int tester_host(void *arg) {
    timed_script script;
    timed_result r = {0};
    timed_error e;
    (void)arg;
    int rc = timed_parse(&script, brake_script, sizeof brake_script - 1, &e);
    if (rc == 0) rc = timed_result_init(&r, &script, 0);
    if (rc == 0) rc = sn_sleep(100 * SN_MILLISECOND); /* by then it listens */
    if (rc == 0) rc = run_script(&r);
    if (rc == 0) sn_sim_note("brake.took", (uint64_t)r.outcomes[2].samples[0], 0);
    timed_result_free(&r);
    timed_script_free(&script);
    return rc;
}

int brake_scenario(void *arg) {
    sn_host *brake, *tester;
    int why = 0;
    (void)arg;
    const brake_conf conf = {"record", (uint32_t)sn_param_int("record_first", 0)};
    const sn_link link = {.size = sizeof link,
                          .latency = sn_param_time("latency", 8 * SN_MILLISECOND),
                          .jitter = sn_param_time("jitter", 6 * SN_MILLISECOND)};
    const sn_disk disk = {.size = sizeof disk, .sync = sn_param_time("sync", 40 * SN_MILLISECOND)};
    int rc = sn_host_new(&brake, "brake", "10.0.0.1");
    if (rc == 0) rc = sn_host_new(&tester, "tester", "10.0.0.2");
    if (rc == 0) rc = sn_sim_link("*", "*", &link);
    if (rc == 0) rc = sn_host_disk(brake, &disk);
    if (rc == 0) rc = sn_host_start(brake, brake_host, &conf, sizeof conf);
    if (rc == 0) rc = sn_host_start(tester, tester_host, NULL, 0);
    if (rc == 0) rc = sn_faults_start();
    if (rc == 0) rc = sn_host_wait(tester, &why);
    return rc ? rc : why;
}
