/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Machines of two to eight nodes, made of files: where Ps and threads are put, and whom a P steals
 * from. The kernel is not asked to bind threads to CPUs that are not there; what it would have been
 * asked is looked at. */
#include "check.h"

#include <sched.h>
#include <sennit/sennit.h>
#include <stdatomic.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "port/os/linux/cpulist.h"
#include "sched/smp/smp.h"

enum { EACH = 4 }; /* CPUs of a node */
static char root[64];
static uint32_t nodes;

int __wrap_sched_setaffinity(pid_t pid, size_t size, const cpu_set_t *set);

/* The node whose CPUs these are, + 1; 0: no one's. */
static int node_of(const cpu_set_t *set) {
    for (uint32_t node = 0; node < nodes; node++) {
        int all = CPU_COUNT(set) == EACH;
        for (int i = 0; i < EACH; i++) all &= !!CPU_ISSET(node * EACH + (uint32_t)i, set);
        if (all) return (int)node + 1;
    }
    return 0;
}

/* Of the thread, whoever runs there: no race between coroutines. */
#define OF_THREAD __attribute__((noinline, no_sanitize("thread"))) static
static _Thread_local int bound_to;
OF_THREAD int here(void) { return bound_to; }
OF_THREAD void note_bound(int node) { bound_to = node; }
/* The node of the P that this thread has, + 1; 0: it has none. */
OF_THREAD int node_here(void) {
    P *const *at = (P *const *)(const void *)&((const M *)sn__tls_get())->p;
    return *at ? (int)(*at)->node + 1 : 0;
}

int __wrap_sched_setaffinity(pid_t pid, size_t size, const cpu_set_t *set) {
    (void)size;
    CHECK_INT(pid, 0);
    note_bound(node_of(set));
    return 0;
}

static void put(const char *name, const char *text) {
    char path[256];
    snprintf(path, sizeof path, "%s%s", root, name);
    for (char *at = strchr(path + strlen(root) + 1, '/'); at; at = strchr(at + 1, '/')) {
        *at = 0;
        mkdir(path, 0700);
        *at = '/';
    }
    FILE *f = fopen(path, "w");
    MUST(f && fputs(text, f) >= 0 && fclose(f) == 0);
}

/* Distances as on a ring: 10 to itself, 20 to the next, 30 … */
static int ring_distance(uint32_t a, uint32_t b) {
    uint32_t d = a > b ? a - b : b - a;
    if (d > nodes - d) d = nodes - d;
    return 10 + (int)d * 10;
}

static void machine(uint32_t n, const char *allowed) {
    char name[80], text[256];
    nodes = n;
    snprintf(text, sizeof text, "0-%u\n", n - 1);
    put("/sys/devices/system/node/online", text);
    snprintf(text, sizeof text, "Name:\tx\nCpus_allowed_list:\t%s\n", allowed);
    put("/proc/self/status", text);
    for (uint32_t i = 0; i < n; i++) {
        snprintf(name, sizeof name, "/sys/devices/system/node/node%u/cpulist", i);
        snprintf(text, sizeof text, "%u-%u\n", i * EACH, i * EACH + EACH - 1);
        put(name, text);
        text[0] = 0;
        for (uint32_t k = 0; k < n; k++)
            snprintf(text + strlen(text), 8, "%d ", ring_distance(i, k));
        snprintf(name, sizeof name, "/sys/devices/system/node/node%u/distance", i);
        put(name, text);
    }
}

/* --- files */

static void lists(void) {
    sn__cpus set;
    uint8_t far[3];
    CHECK(sn__cpulist("0-2,5,63-64\n", &set));
    CHECK(set.bits[0] == (UINT64_C(1) << 63 | 0x27) && set.bits[1] == 1);
    CHECK(sn__cpulist("\n", &set) && !set.bits[0]);
    CHECK(sn__cpulist("1020-4000000000", &set) && set.bits[15] == UINT64_C(15) << 60);
    CHECK(!sn__cpulist("1-", &set) && !sn__cpulist("a", &set) && !sn__cpulist("1,,2", &set));
    CHECK_INT(sn__distances("10 21 999 7", far, 3), 3);
    CHECK(far[0] == 10 && far[1] == 21 && far[2] == 255);
}

static void node_files(void) {
    static sn__mem_node at[SN__NODES_MAX];
    machine(4, "0-5,12\n");
    CHECK_INT(sn__os_nodes(at), 3); /* the third has no CPU that is allowed */
    CHECK_INT(at[0].count, 4);
    CHECK_INT(at[1].count, 2);
    CHECK_INT(at[2].count, 1);
    CHECK_INT(at[0].far[0], 10);
    CHECK_INT(at[0].far[2], 20); /* that is node 3, the first one's neighbour */
    CHECK_INT(at[1].far[2], 30);
    sn__os_root = "/nowhere";
    CHECK_INT(sn__os_nodes(at), 0);
    sn__os_root = root;
}

/* --- placement and order */

static uint32_t node_at(uint32_t index) { return sn__rt.p[index]->node; }

/* All of the own node come first, then the others by distance; each once. */
static void order_of(const P *p, uint32_t made) {
    uint16_t at[PROCS_MAX];
    char seen[PROCS_MAX] = {0};
    for (uint32_t start = 0; start < made; start += 3) {
        uint32_t n = sn__numa_victims(p, start, false, at);
        CHECK_INT(n, made);
        memset(seen, 0, sizeof seen);
        for (uint32_t i = 0; i < n; i++) {
            CHECK(!seen[at[i]]);
            seen[at[i]] = 1;
            if (i)
                CHECK(ring_distance(p->node, node_at(at[i - 1])) <=
                      ring_distance(p->node, node_at(at[i])));
        }
        n = sn__numa_victims(p, start, true, at);
        for (uint32_t i = 0; i < n; i++) CHECK_INT(node_at(at[i]), p->node);
        CHECK(n >= 1);
    }
}

static int look_at_all(void *arg) {
    uint32_t made = sn__rt.made;
    (void)arg;
    CHECK_INT(sn__rt.nodes, nodes);
    CHECK_INT(made, nodes * EACH);
    for (uint32_t i = 0; i < made; i++) CHECK_INT(node_at(i), i / EACH);
    for (uint32_t i = 0; i < made; i++) order_of(sn__rt.p[i], made);
    /* more than CPUs: they begin anew */
    CHECK_INT(sn_set_procs(made + 1), 0);
    CHECK_INT(node_at(made), 0);
    CHECK_INT(sn_set_procs(0), 0);
    CHECK_INT(sn__nprocs(), made);
    return 0;
}

static void placement(void) {
    for (uint32_t n = 2; n <= 8; n++) {
        char allowed[32];
        snprintf(allowed, sizeof allowed, "0-%u", n * EACH - 1);
        machine(n, allowed);
        CHECK_INT(sn_run(look_at_all, NULL, NULL), 0);
    }
}

/* --- threads */

static atomic_uint wrong, ran_on[8];

/* A thread whose P was taken meanwhile stays where it was until it has another. */
static int look_where(void *arg) {
    (void)arg;
    for (int i = 0; i < 300; i++) {
        int node = node_here();
        if (node) {
            atomic_fetch_add(&ran_on[node - 1], 1);
            if (here() != node) atomic_fetch_add(&wrong, 1);
        }
        if (i % 8 == 0) usleep(20);
        CHECK_INT(sn_yield(), 0);
    }
    return 0;
}

static int spread(void *arg) {
    sn_scope s;
    (void)arg;
    sn_scope_enter(&s, SN_NEVER);
    for (int i = 0; i < 64; i++) MUST(sn_go(look_where, NULL, 0) == 0);
    CHECK_INT(sn_scope_leave(&s), 0);
    sn_stats st = {.size = sizeof st};
    sn_get_stats(&st);
    CHECK(st.remote_steals <= st.steals);
    CHECK_INT(atomic_load(&wrong), 0);
    printf("%u Ps, %u nodes: %llu steals, %llu of them remote\n", st.procs, nodes,
           (unsigned long long)st.steals, (unsigned long long)st.remote_steals);
    return 0;
}

static void threads_follow(void) {
    machine(2, "0-7");
    CHECK_INT(sn_run(spread, NULL, NULL), 0);
    CHECK(atomic_load(&ran_on[0]) > 0);
    CHECK_INT(here(), 0); /* the caller is where it was */
}

static int nothing_of_it(void *arg) {
    (void)arg;
    CHECK_INT(sn__rt.nodes, 1);
    CHECK_INT(here(), 0);
    return 0;
}

static void off(void) {
    machine(4, "0-15");
    setenv("SENNIT_NUMA", "off", 1);
    CHECK_INT(sn_run(nothing_of_it, NULL, NULL), 0);
    unsetenv("SENNIT_NUMA");
    machine(1, "0-3");
    CHECK_INT(sn_run(nothing_of_it, NULL, NULL), 0);
}

int main(void) {
    const char *tmp = getenv("TMPDIR");
    unsetenv("SENNIT_PROCS");
    snprintf(root, sizeof root, "%s/sennit-numa-XXXXXX", tmp && strlen(tmp) < 40 ? tmp : "/tmp");
    MUST(mkdtemp(root));
    sn__os_root = root;
    CASE(lists);
    CASE(node_files);
    CASE(placement);
    CASE(threads_follow);
    CASE(off);
    char command[128];
    snprintf(command, sizeof command, "rm -r %s", root);
    return check_done() || system(command);
}
