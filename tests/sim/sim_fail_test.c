/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Runs that fail: each says what was wrong, where and under which seed, tells the callback, and
 * aborts. Each is a child of its own. */
#include <sennit/sennit.h>
#include <sennit/sim.h>

#include "child.h"

#define MS SN_MILLISECOND

static sn_host *host(const char *name, const char *addr) {
    sn_host *h;
    MUST(sn_host_new(&h, name, addr) == 0);
    return h;
}

static int says(void *arg) {
    (void)arg;
    CHECK_INT(sn_sleep(1500 * MS), 0);
    sn_sim_fail("the sum is %d, not %d", 4, 5);
}

static int deadlock(void *arg) {
    (void)arg;
    sn_set_name("lonely");
    return sn_recv(NULL, NULL);
}

static int endless(void *arg) {
    (void)arg;
    for (;;) MUST(sn_yield() == 0);
}

static int too_long(void *arg) {
    (void)arg;
    for (;;) MUST(sn_sleep(SN_SECOND) == 0);
}

static int waits_in_clean_up(void *arg) {
    (void)arg;
    int rc = sn_sleep(SN_SECOND);
    sn_shield(1);
    MUST(sn_recv(NULL, NULL) == 0);
    return rc;
}

static int never_thaws(void *arg) {
    sn_host *h = host("stuck", "10.0.0.1");
    (void)arg;
    MUST(sn_host_start(h, waits_in_clean_up, NULL, 0) == 0);
    MUST(sn_sleep(10 * MS) == 0);
    sn_host_stop(h, SN_STOP_POWER);
    return 0;
}

static int spins_in_clean_up(void *arg) {
    (void)arg;
    int rc = sn_sleep(SN_SECOND);
    sn_shield(1);
    for (;;) (void)!sn_sleep(MS);
    return rc;
}

static int never_ends(void *arg) {
    sn_host *h = host("busy", "10.0.0.1");
    (void)arg;
    MUST(sn_host_start(h, spins_in_clean_up, NULL, 0) == 0);
    MUST(sn_sleep(10 * MS) == 0);
    sn_host_stop(h, SN_STOP_PROCESS);
    return 0;
}

static int leaves_a_file(void *arg) {
    sn_file *f;
    (void)arg;
    return sn_file_open(&f, "forgotten.txt", SN_F_WRITE | SN_F_CREATE);
}

static int file_leak(void *arg) {
    sn_host *h = host("leaky", "10.0.0.1");
    (void)arg;
    MUST(sn_host_start(h, leaves_a_file, NULL, 0) == 0);
    return sn_host_wait(h, NULL);
}

static int leaves_a_listener(void *arg) {
    sn_listener *l;
    (void)arg;
    return sn_listen(&l, "tcp", "10.0.0.1:80");
}

static int listener_leak(void *arg) {
    sn_host *h = host("leaky", "10.0.0.1");
    (void)arg;
    MUST(sn_host_start(h, leaves_a_listener, NULL, 0) == 0);
    return sn_host_wait(h, NULL);
}

static int leaves_a_connection(void *arg) {
    sn_listener *l;
    sn_conn *c;
    (void)arg;
    MUST(sn_listen(&l, "tcp", "10.0.0.1:80") == 0);
    MUST(sn_dial(&c, "tcp", "10.0.0.1:80") == 0);
    sn_listener_free(l);
    return sn_recv(NULL, NULL);
}

/* Stopped, it is cut off: but its process must still free what it has. */
static int connection_leak(void *arg) {
    sn_host *h = host("leaky", "10.0.0.1");
    (void)arg;
    MUST(sn_host_start(h, leaves_a_connection, NULL, 0) == 0);
    MUST(sn_sleep(10 * MS) == 0);
    sn_host_stop(h, SN_STOP_POWER);
    return 0;
}

static int stops_itself(void *arg) {
    (void)arg;
    sn_host_stop(sn_host_self(), SN_STOP_PROCESS);
    return 0;
}

static int own_stop(void *arg) {
    sn_host *h = host("self", "10.0.0.1");
    (void)arg;
    MUST(sn_host_start(h, stops_itself, NULL, 0) == 0);
    return sn_host_wait(h, NULL);
}

static int leaves_a_scope(void *arg) {
    static sn_scope s;
    (void)arg;
    sn_scope_enter(&s, SN_NEVER);
    return 0;
}

static int open_scope(void *arg) {
    sn_host *h = host("careless", "10.0.0.1");
    (void)arg;
    MUST(sn_host_start(h, leaves_a_scope, NULL, 0) == 0);
    return sn_host_wait(h, NULL);
}

static const struct death {
    const char *name;
    sn_fn f;
    const char *words[6];
} deaths[] = {
    {"says", says, {"the sum is 4, not 5", "seed 77", "1.5000000", "told: the sum is 4, not 5"}},
    {"deadlock", deadlock, {"all coroutines are asleep", "seed 77", "lonely", "told: all"}},
    {"endless", endless, {"the run does not come to its end", "seed 77", "told: "}},
    {"too_long", too_long, {"the run does not come to its end in the time", "seed 77"}},
    {"never_thaws", never_thaws, {"host stuck was stopped", "1 of its coroutines", "seed 77"}},
    {"never_ends", never_ends, {"a stopped host does not come to its end", "seed 77"}},
    {"file_leak", file_leak, {"leaky", "forgotten.txt", "seed 77"}},
    {"listener_leak", listener_leak, {"leaky", "10.0.0.1:80", "seed 77"}},
    {"connection_leak", connection_leak, {"leaky", "connection", "seed 77"}},
    {"own_stop", own_stop, {"sn_host_stop of the caller's own host", "seed 77"}},
    {"open_scope", open_scope, {"main coroutine of a host returned with a scope open", "seed 77"}},
};
enum { DEATHS = sizeof deaths / sizeof *deaths };

static void told(void *arg, const char *why) { fprintf(stderr, "%s: %s\n", (char *)arg, why); }

static int die(const char *name) {
    char word[] = "told";
    sn_sim_config c = {.size = sizeof c, .seed = 77, .failed = told, .failed_arg = word};
    for (int i = 0; i < DEATHS; i++) {
        if (strcmp(deaths[i].name, name)) continue;
        if (deaths[i].f == endless) c.max_choices = 100000;
        if (deaths[i].f == too_long) c.max_time = 3600 * SN_SECOND;
        if (deaths[i].f == never_ends) c.mode = SN_SIM_PCT;
        return sn_sim_run(&c, deaths[i].f, NULL, NULL) ? 3 : 0;
    }
    return 2;
}

int main(int argc, char **argv) {
    if (argc == 3 && !strcmp(argv[1], "child")) return die(argv[2]);
    for (int i = 0; i < DEATHS; i++) child_dies(deaths[i].name, deaths[i].words);
    return check_done();
}
