/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* The nodes of a machine whose memory is not equally far from all CPUs, from sysfs; and threads
 * that stay on some CPUs. */
#include <sched.h>
#include <stdio.h>
#include <string.h>

#include "port/os/linux/cpulist.h"

enum { LINE = 8192 };
static const char sysfs[] = "/sys/devices/system/node";

/* The first line of a file that begins with `head`, without it; false: none. */
static bool line_of(const char *path, const char *head, char line[LINE]) {
    char full[4096];
    int n = snprintf(full, sizeof full, "%s%s", sn__os_root, path);
    FILE *f = n > 0 && (size_t)n < sizeof full ? fopen(full, "re") : NULL;
    size_t skip = strlen(head);
    bool found = false;
    while (f && !found && fgets(line, LINE, f)) found = !strncmp(line, head, skip);
    if (f) fclose(f);
    if (found) memmove(line, line + skip, strlen(line + skip) + 1);
    return found;
}

static bool list_of(const char *path, const char *head, sn__cpus *set) {
    char line[LINE];
    return line_of(path, head, line) && sn__cpulist(line, set);
}

static bool has(const sn__cpus *set, uint32_t i) { return set->bits[i / 64] >> i % 64 & 1; }

/* Those of the node that the process may use. */
static bool cpus_of(uint32_t id, const sn__cpus *allowed, sn__mem_node *node) {
    char path[96];
    snprintf(path, sizeof path, "%s/node%u/cpulist", sysfs, id);
    if (!list_of(path, "", &node->cpus)) return false;
    node->count = 0;
    for (uint32_t i = 0; i < SN__CPUS_MAX / 64; i++) {
        node->cpus.bits[i] &= allowed->bits[i];
        node->count += (uint32_t)__builtin_popcountll(node->cpus.bits[i]);
    }
    return node->count > 0;
}

/* Distances stand in the order of all nodes online; `place` says which of those are ours. */
static void distances_of(uint32_t id, sn__mem_node *node, const uint32_t *place, uint32_t n) {
    char path[96], line[LINE];
    uint8_t all[SN__CPUS_MAX];
    snprintf(path, sizeof path, "%s/node%u/distance", sysfs, id);
    uint32_t known = line_of(path, "", line) ? sn__distances(line, all, SN__CPUS_MAX) : 0;
    for (uint32_t i = 0; i < n; i++) node->far[i] = place[i] < known ? all[place[i]] : 20;
}

uint32_t sn__os_nodes(sn__mem_node at[SN__NODES_MAX]) {
    sn__cpus online, allowed;
    uint32_t id[SN__NODES_MAX], place[SN__NODES_MAX], n = 0, nth = 0;
    char path[64];
    snprintf(path, sizeof path, "%s/online", sysfs);
    if (!list_of(path, "", &online)) return 0;
    if (!list_of("/proc/self/status", "Cpus_allowed_list:", &allowed)) return 0;
    for (uint32_t i = 0; i < SN__CPUS_MAX && n < SN__NODES_MAX; i++) {
        if (!has(&online, i)) continue;
        place[n] = nth++;
        id[n] = i;
        if (cpus_of(i, &allowed, &at[n])) n++;
    }
    for (uint32_t i = 0; i < n; i++) distances_of(id[i], &at[i], place, n);
    return n;
}

bool sn__os_bind(const sn__cpus *cpus) {
    cpu_set_t set;
    CPU_ZERO(&set);
    for (uint32_t i = 0; i < SN__CPUS_MAX && i < CPU_SETSIZE; i++)
        if (has(cpus, i)) CPU_SET(i, &set);
    return sched_setaffinity(0, sizeof set, &set) == 0;
}

bool sn__os_bound(sn__cpus *cpus) {
    cpu_set_t set;
    memset(cpus, 0, sizeof *cpus);
    if (sched_getaffinity(0, sizeof set, &set)) return false;
    for (uint32_t i = 0; i < SN__CPUS_MAX && i < CPU_SETSIZE; i++)
        if (CPU_ISSET(i, &set)) cpus->bits[i / 64] |= UINT64_C(1) << i % 64;
    return true;
}
