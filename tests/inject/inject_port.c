/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* What the port answers when the system tells it nothing, or nonsense. */
#include "inject.h"

#include "port/os/linux/cgroup_line.h"
#include "port/port.h"

static void no_cpus_known(void) {
    sn__cpus set;
    CHECK(sn__os_bound(&set));
    inject_refuse("sched_getaffinity");
    CHECK(!sn__os_bound(&set));
    CHECK_INT(sn__os_cpus(), 1);
}

static void no_thread_there(void) {
    sn__os_ref self, nobody = {.clock = -1, .tid = 0x7fffffff};
    sn__os_self(&self);
    CHECK(sn__os_runnable(&self));
    CHECK(!sn__os_runnable(&nobody));
    CHECK_INT(sn__os_cpu_time(&nobody), -1);
    inject_refuse("read"); /* its file is open, and it has ended */
    CHECK(!sn__os_runnable(&self));
}

static void code_of_others(void) {
    uintptr_t offset;
    CHECK_STR(sn__os_symbol((uintptr_t)no_thread_there, &offset), "no_thread_there");
    CHECK(sn__os_symbol((uintptr_t)&offset, &offset) == NULL);
}

/* Lines that break off, or are longer than paths can be. */
static void lines_of_groups(void) {
    static char longer[2 * SN__CGROUP_PATH], a[SN__CGROUP_PATH], b[SN__CGROUP_PATH];
    char *end = longer + sizeof longer - 16;
    CHECK(sn__cgroup_mount("30 23 0:26 / /sys/fs/cgroup rw - cgroup2 cgroup2 rw", true, a, b));
    CHECK_STR(a, "/sys/fs/cgroup");
    CHECK(!sn__cgroup_mount("30 23 0:26 / /sys/fs/cgroup rw - cgroup2", true, a, b));
    CHECK(!sn__cgroup_mount("30 23 0:26 root /sys/fs/cgroup rw - cgroup2 cgroup2 rw", true, a, b));
    CHECK(!sn__cgroup_mount("30 - cgroup2 cgroup2 rw", true, a, b));
    memset(longer, 'x', sizeof longer);
    memcpy(longer, "0::/", 4);
    strcpy(end, "\n");
    CHECK(!sn__cgroup_own(longer, true, a));
    longer[0] = longer[1] = longer[2] = '/';
    end[-1] = 0;
    CHECK(!sn__cgroup_folder("/sys/fs/cgroup", "/", longer, a));
}

int main(void) {
    CASE(lines_of_groups);
    CASE(code_of_others);
    CASE(no_cpus_known);
    CASE(no_thread_there);
    return check_done();
}
