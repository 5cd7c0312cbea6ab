/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* The simulated network without memory: each allocation of a whole exchange fails once; the call
 * says so, nothing is left behind, and the next try works. Linked with --wrap. */
#include "net_kit.h"

static int fail_in = -1; /* allocations until the one that fails; below 0: none */

static int runs_out(void) {
    if (fail_in < 0) return 0;
    return fail_in-- == 0;
}

#define WRAP_ALLOC(name, params, args)                                                             \
    void *__real_##name params;                                                                    \
    void *__wrap_##name params;                                                                    \
    void *__wrap_##name params { return runs_out() ? NULL : __real_##name args; }

WRAP_ALLOC(malloc, (size_t n), (n))
WRAP_ALLOC(calloc, (size_t k, size_t n), (k, n))

char *__real_strdup(const char *s);
char *__wrap_strdup(const char *s);
char *__wrap_strdup(const char *s) { return runs_out() ? NULL : __real_strdup(s); }

/* Listens, dials, accepts, sends more than a small buffer holds, and a datagram. */
static int whole_way(const char *net, const char *at) {
    static char block[50000];
    sn_listener *l = NULL;
    sn_conn *a = NULL, *b = NULL;
    sn_dgram *d = NULL;
    sn_addr own;
    char addr[128];
    size_t n;
    int err = sn_listen(&l, net, at);
    if (!err) err = sn_listener_addr(l, addr, sizeof addr);
    if (!err) err = sn_dial(&a, net, addr);
    if (!err) err = sn_accept(l, &b);
    if (!err) err = sn_write(a, block, sizeof block, &n);
    if (!err) err = sn_read_full(b, block, sizeof block, &n);
    if (!err) err = sn_dgram_open(&d, "127.0.0.1:0");
    if (!err) err = sn_dgram_addr(d, addr, sizeof addr);
    if (!err) err = sn_addr_parse(&own, addr);
    if (!err) err = sn_dgram_send(d, &own, "x", 1);
    if (!err) err = sn_dgram_recv(d, block, 1, &n, NULL, SN_NEVER);
    sn_conn_free(a);
    sn_conn_free(b);
    sn_listener_free(l);
    sn_dgram_free(d);
    return err;
}

/* How many sites there were. The run is new each time, so that no pool hides a site. */
static int way_n, failures;

static int tries(void *arg) {
    const char *const *way = *(const char *const **)arg;
    fail_in = way_n;
    int err = whole_way(way[0], way[1]);
    int untouched = fail_in >= 0;
    fail_in = -1;
    CHECK_INT(err, untouched ? 0 : SN_ENOMEM);
    failures = untouched ? -1 : failures + 1;
    CHECK_INT(whole_way(way[0], way[1]), 0);
    return 0;
}

static int test(void *arg) {
    sn_host *h = kit_host("h", "10.0.0.1");
    MUST(sn_host_start(h, tries, &arg, sizeof arg) == 0);
    MUST(sn_host_wait(h, NULL) == 0);
    return 0;
}

static void no_memory(const char *net, const char *at) {
    const char *way[2] = {net, at};
    sn_sim_config c = {.size = sizeof c, .seed = 1};
    failures = 0;
    for (way_n = 0; failures >= 0 && !check_failed_; way_n++)
        MUST(sn_sim_run(&c, test, way, NULL) == 0);
    CHECK(way_n > 8);
}

static void no_memory_for_tcp(void) { no_memory("tcp", "127.0.0.1:0"); }
static void no_memory_for_unix(void) { no_memory("unix", "@somewhere"); }

int main(void) {
    CASE(no_memory_for_tcp);
    CASE(no_memory_for_unix);
    return check_done();
}
