/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* What the simulated world does not have is refused by a result, and by name in the trace. */
#include "check.h"

#include <sennit/sennit.h>
#include <sennit/sim.h>

static char told[1000];

static void note(void *arg, const sn_sim_event *e) {
    (void)arg;
    if (strncmp(e->what, "refused.", 8) != 0) return;
    snprintf(told + strlen(told), sizeof told - strlen(told), "%s ", e->what + 8);
}

static int on_a_host(void *arg) {
    const char *argv[] = {"true", NULL};
    const sn_child_how how = {.size = sizeof how, .argv = argv};
    sn_child *c = (sn_child *)arg;
    sn_unix_dgram *d = (sn_unix_dgram *)arg;
    sn_conn *s = (sn_conn *)arg, *a, *b;
    sn_listener *l;
    sn_unix_cred who;
    char *out = arg, buf[4];
    int status;
    size_t n, k = 0;
    CHECK_INT(sn_child_start(&c, &how), SN_ENOSYS);
    CHECK_INT(sn_child_output(&how, 100, &out, &n, &status), SN_ENOSYS);
    CHECK_INT(sn_serial_open(&s, "/dev/ttyS0", NULL), SN_ENOSYS);
    CHECK_INT(sn_unix_dgram_open(&d, NULL), SN_ENOSYS);
    CHECK(!c && !out && !s && !d);
    MUST(sn_listen(&l, "unix", "@here") == 0 && sn_dial(&a, "unix", "@here") == 0);
    MUST(sn_accept(l, &b) == 0);
    CHECK_INT(sn_unix_peer(a, &who), SN_ENOSYS);
    CHECK_INT(sn_unix_send(a, "x", 1, NULL, 0, &n), SN_ENOSYS);
    CHECK_INT(sn_unix_recv(b, buf, 4, &n, NULL, &k), SN_ENOSYS);
    CHECK_INT(sn_serial_set(a, NULL), SN_EINVAL);
    sn_conn_free(a);
    sn_conn_free(b);
    sn_listener_free(l);
    return 0;
}

static int body(void *arg) {
    sn_host *h;
    int rc = SN_EINVAL;
    MUST(sn_host_new(&h, "solo", "10.0.0.1") == 0);
    MUST(sn_host_start(h, on_a_host, arg, 0) == 0);
    MUST(sn_host_wait(h, &rc) == 0);
    return rc;
}

static void refusals_have_names(void) {
    static int not_null;
    sn_sim_config c = {.size = sizeof c, .seed = 1, .trace = note};
    sn_sim_result r = {.size = sizeof r};
    MUST(sn_sim_run(&c, body, &not_null, &r) == 0);
    CHECK_INT(r.rc, 0);
    CHECK_STR(told, "sn_child_start sn_child_output sn_serial_open sn_unix_dgram_open sn_unix_peer "
                    "sn_unix_send sn_unix_recv ");
}

int main(void) {
    CASE(refusals_have_names);
    return check_done();
}
