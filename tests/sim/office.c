/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* A courier brings letters to an office, which counts them in a file and stamps each. It stamps
 * before the file is synced (unless `sync` is 1): a power cut makes it forget letters that it has
 * stamped. A known failure that needs one fault of a plan, which has many. */
#include <sennit/scenario.h>
#include <sennit/sennit.h>
#include <stdlib.h>
#include <string.h>

int office_scenario(void *arg);

enum { PATIENCE_S = 2, COUNT_MAX = 64 };

static uint64_t stamped; /* what the courier has seen stamped */

/* ---- The office ---- */

static int count_letter(sn_file *f, uint64_t *count) {
    size_t n;
    ++*count;
    int rc = sn_file_write(f, count, sizeof *count, 0, &n);
    return rc || !sn_param_int("sync", 0) ? rc : sn_file_sync(f);
}

static void serve(sn_conn *c, sn_file *f, uint64_t *count) {
    char letter;
    size_t n;
    sn_set_read_deadline(c, sn_now() + PATIENCE_S * SN_SECOND);
    if (sn_read_full(c, &letter, 1, &n) || count_letter(f, count)) return;
    if (sn_write(c, &letter, 1, &n)) return;
}

static int open_count(sn_file **f, uint64_t *count) {
    size_t n;
    *count = 0;
    int rc = sn_file_open(f, "count", SN_F_READ | SN_F_WRITE | SN_F_CREATE);
    return rc ? rc : sn_file_read(*f, count, sizeof *count, 0, &n);
}

static int office(void *arg) {
    sn_listener *l = NULL;
    sn_conn *c;
    sn_file *f;
    uint64_t count;
    (void)arg;
    int rc = open_count(&f, &count);
    if (!rc) rc = sn_listen(&l, "tcp", "0.0.0.0:7");
    while (!rc && !(rc = sn_accept(l, &c))) {
        serve(c, f, &count);
        sn_conn_free(c);
    }
    sn_listener_free(l);
    sn_file_close(f);
    return rc;
}

/* ---- The courier ---- */

static int hand_over(void) {
    sn_scope patience;
    sn_conn *c;
    char letter = 'l';
    size_t n;
    sn_scope_enter(&patience, sn_now() + PATIENCE_S * SN_SECOND);
    int rc = sn_dial(&c, "tcp", "office:7");
    if (!rc) rc = sn_write(c, &letter, 1, &n);
    if (!rc) rc = sn_read_full(c, &letter, 1, &n);
    sn_conn_free(c);
    int left = sn_scope_leave(&patience);
    return rc ? rc : left;
}

static int courier(void *arg) {
    (void)arg;
    int64_t letters = sn_param_int("letters", 30);
    sn_time pause = sn_param_time("pause", 60 * SN_SECOND);
    for (int64_t i = 0; i < letters; i++) {
        int rc = sn_sleep(pause);
        while (!rc && hand_over()) rc = sn_sleep(SN_SECOND);
        if (rc) return rc;
        stamped++;
    }
    return 0;
}

/* ---- The test ---- */

static int count_after_all(sn_host *h, uint64_t *count) {
    char *text;
    size_t n;
    int rc = sn_host_get(h, "count", COUNT_MAX, &text, &n);
    if (rc) return rc;
    *count = 0;
    memcpy(count, text, n < sizeof *count ? n : sizeof *count);
    free(text);
    return 0;
}

static int work(sn_host *o, sn_host *c) {
    sn_scope faults;
    int failed;
    int rc = sn_host_start(o, office, NULL, 0);
    if (!rc) rc = sn_host_start(c, courier, NULL, 0);
    if (rc) return rc;
    sn_scope_enter(&faults, SN_NEVER);
    rc = sn_faults_start();
    if (!rc) rc = sn_host_wait(c, &failed);
    if (!rc) rc = failed;
    sn_scope_cancel(&faults, SN_ECANCELED);
    int left = sn_scope_leave(&faults);
    return rc ? rc : left == SN_ECANCELED ? 0 : left;
}

int office_scenario(void *arg) {
    sn_host *o, *c;
    uint64_t count;
    (void)arg;
    stamped = 0;
    int rc = sn_host_new(&o, "office", "10.0.0.1");
    if (!rc) rc = sn_host_new(&c, "courier", "10.0.0.2");
    if (!rc) rc = work(o, c);
    if (!rc) sn_host_stop(o, SN_STOP_PROCESS);
    if (!rc) rc = count_after_all(o, &count);
    if (!rc && count < stamped)
        sn_sim_fail("%llu of %llu stamped letters are forgotten",
                    (unsigned long long)(stamped - count), (unsigned long long)stamped);
    return rc;
}
