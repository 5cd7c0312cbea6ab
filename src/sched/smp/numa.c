/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * Machines of several nodes, each with memory of its own. With one node (rt.nodes is 1) nothing
 * here is called.
 *
 * Ps fill one node after the other, in the order of its CPUs: few Ps share a node and its memory.
 * An M that takes a P of another node than it last had binds its thread to that node's CPUs. So
 * what a coroutine touches first is memory of its P's node, by the kernel's first-touch rule and
 * with no mbind: its stack, which is carved by whoever starts it and used again from the list of
 * the same P; the P itself is touched by its maker bound to the node.
 *
 * Who has nothing to run looks at the Ps of its own node in the first passes, and only then at
 * those of others, the nearest first. A P that idles is woken on the waker's node if there is one.
 */
#include <stdlib.h>
#include <string.h>

#include "sched/smp/queue.h"
#include "sched/smp/settings.h"

enum { PAGE = 4096 };

static sn__mem_node nodes[SN__NODES_MAX];
static uint32_t cpus;       /* of all nodes */
static sn__cpus before_run; /* where the calling thread was bound */

void sn__numa_start(void) {
    runtime *rt = &sn__rt;
    uint32_t n = sn__set.numa_off ? 0 : sn__os_nodes(nodes);
    rt->nodes = n > 1 ? n : 1;
    cpus = 0;
    for (uint32_t i = 0; i < n; i++) cpus += nodes[i].count;
    if (rt->nodes > 1 && !sn__os_bound(&before_run)) rt->nodes = 1;
}

void sn__numa_end(void) {
    if (sn__rt.nodes > 1) (void)sn__os_bind(&before_run);
}

uint32_t sn__numa_cpus(void) { return cpus; }

uint32_t sn__numa_node(uint32_t index) {
    uint32_t node = 0;
    for (index %= cpus; index >= nodes[node].count; node++) index -= nodes[node].count;
    return node;
}

P *sn__numa_p_new(uint32_t node) {
    sn__cpus was;
    size_t n = (sizeof(P) + PAGE - 1) / PAGE * PAGE;
    P *p = aligned_alloc(PAGE, n);
    bool back = sn__os_bound(&was) && sn__os_bind(&nodes[node].cpus);
    if (p) memset(p, 0, n);
    if (back) (void)sn__os_bind(&was);
    return p;
}

/* Its CPUs may have gone: then it stays anywhere. */
static void bind(void *to) { (void)sn__os_bind(to); }

void sn__numa_follow(M *m, const P *p) {
    if (m->node == p->node + 1) return;
    m->node = p->node + 1;
    sn__far(bind, &nodes[p->node].cpus);
}

/* Nodes by their distance from one, that one first. */
static void by_distance(uint32_t from, uint32_t order[SN__NODES_MAX]) {
    uint32_t n = sn__rt.nodes;
    for (uint32_t i = 0; i < n; i++) order[i] = i;
    order[0] = from;
    order[from] = 0;
    for (uint32_t i = 2; i < n; i++) {
        uint32_t x = order[i], k = i;
        for (; k > 1 && nodes[from].far[order[k - 1]] > nodes[from].far[x]; k--)
            order[k] = order[k - 1];
        order[k] = x;
    }
}

uint32_t sn__numa_victims(const P *p, uint32_t start, bool near, uint16_t at[PROCS_MAX]) {
    runtime *rt = &sn__rt;
    uint32_t order[SN__NODES_MAX], made = rt->made, n = 0;
    by_distance(p->node, order);
    for (uint32_t k = 0; k < (near ? 1 : rt->nodes); k++)
        for (uint32_t i = 0; i < made; i++) {
            uint32_t index = (start % made + i) % made;
            if (rt->p[index]->node == order[k]) at[n++] = (uint16_t)index;
        }
    return n;
}

bool sn__numa_steal(P *p, uint32_t start, uint32_t pass, bool last, G **g) {
    enum { NEAR_PASSES = 2 };
    uint16_t at[PROCS_MAX];
    uint32_t n = sn__numa_victims(p, start, pass < NEAR_PASSES, at);
    for (uint32_t i = 0; i < n; i++)
        if (sn__steal_from(p, sn__rt.p[at[i]], last, g)) return true;
    return false;
}

P **sn__numa_idle(runtime *rt) {
    const M *m = sn__tls_get();
    for (P **at = &rt->idle_p; m && m->node && *at; at = &(*at)->next)
        if ((*at)->node + 1 == m->node) return at;
    return &rt->idle_p;
}
