/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Any bytes as lines of the files in which the kernel tells of quotas: values within their bounds,
 * paths within their room. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "port/os/linux/cgroup_line.h"
#include "port/os/linux/cpulist.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

static void must(int ok) {
    if (!ok) abort();
}

static void groups(const char *text, bool v2) {
    static char own[SN__CGROUP_PATH], point[SN__CGROUP_PATH], root[SN__CGROUP_PATH];
    static char folder[SN__CGROUP_PATH];
    if (sn__cgroup_own(text, v2, own)) must(own[0] == '/');
    if (!sn__cgroup_mount(text, v2, point, root)) return;
    must(point[0] == '/' && root[0] == '/');
    if (!sn__cgroup_folder(point, root, own[0] == '/' ? own : "/", folder)) return;
    must(strlen(folder) < sizeof folder && !strncmp(folder, point, strlen(point)));
}

static void limits(const char *text) {
    const char *rest = strchr(text, '\n');
    must(sn__cgroup_max(text) <= 1000000000);
    must(sn__cgroup_quota(text, rest ? rest + 1 : "100000") <= 1000000000);
}

static void lists(const char *text) {
    uint8_t far[8];
    sn__cpus set;
    (void)sn__cpulist(text, &set);
    must(sn__distances(text, far, sizeof far) <= sizeof far);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n) {
    char *text = malloc(n + 1);
    if (!text) return 0;
    memcpy(text, data, n);
    text[n] = 0;
    groups(text, false);
    groups(text, true);
    limits(text);
    lists(text);
    free(text);
    return 0;
}
