/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* How many Ps there are: by the CPUs, by the quota of a control group (in a tree of files made
 * here), and by what the program asks for. */
#include "check.h"

#include <pthread.h>
#include <sennit/sennit.h>
#include <stdatomic.h>
#include <sys/stat.h>
#include <unistd.h>

#include "port/os/linux/cgroup_line.h"
#include "port/port.h"
#include "sched/smp/smp.h"

static char root[64];

static void make_folders(char *path) {
    for (char *at = strchr(path + strlen(root) + 1, '/'); at; at = strchr(at + 1, '/')) {
        *at = 0;
        mkdir(path, 0700);
        *at = '/';
    }
}

/* By a rename, so that who reads meanwhile sees the one or the other. */
static void put(const char *name, const char *text) {
    char path[512], fresh[520];
    snprintf(path, sizeof path, "%s%s", root, name);
    snprintf(fresh, sizeof fresh, "%s.new", path);
    make_folders(path);
    FILE *f = fopen(fresh, "w");
    MUST(f && fputs(text, f) >= 0 && fclose(f) == 0 && rename(fresh, path) == 0);
}

static const char *const mounts =
    "22 1 0:20 / /proc rw - proc proc rw\n"
    "31 23 0:28 / /sys/fs/cgroup rw,relatime - tmpfs tmpfs rw,mode=755\n"
    "34 31 0:31 / /sys/fs/cgroup/cpuset rw,relatime - cgroup cgroup rw,cpuset\n"
    "32 31 0:29 /docker /sys/fs/cgroup/my\\040cpu rw shared:9 - cgroup cgroup rw,cpuacct,cpu\n"
    "41 31 0:38 / /sys/fs/cgroup/unified rw,relatime - cgroup2 cgroup2 rw\n";

static void tree(const char *own) {
    put("/proc/self/mountinfo", mounts);
    put("/proc/self/cgroup", own);
}

static void no_files(void) {
    sn__os_root = "/nowhere/at/all";
    CHECK_INT(sn__os_cpu_limit(), 0);
    sn__os_root = root;
}

static void version_two(void) {
    tree("1:name=systemd:/\n0::/a/b\n");
    CHECK_INT(sn__os_cpu_limit(), 0);
    put("/sys/fs/cgroup/unified/a/b/cpu.max", "150000 100000\n");
    CHECK_INT(sn__os_cpu_limit(), 1500);
    put("/sys/fs/cgroup/unified/a/cpu.max", "25000 20000\n"); /* the least of all above */
    CHECK_INT(sn__os_cpu_limit(), 1250);
    put("/sys/fs/cgroup/unified/a/cpu.max", "max 100000\n");
    CHECK_INT(sn__os_cpu_limit(), 1500);
    put("/sys/fs/cgroup/unified/a/b/cpu.max", "max 100000\n");
    CHECK_INT(sn__os_cpu_limit(), 0);
}

static void version_one(void) {
    tree("4:cpuacct,cpu:/docker/x\n3:cpuset:/y\n");
    put("/sys/fs/cgroup/my cpu/x/cpu.cfs_quota_us", "-1\n");
    put("/sys/fs/cgroup/my cpu/x/cpu.cfs_period_us", "100000\n");
    CHECK_INT(sn__os_cpu_limit(), 0);
    put("/sys/fs/cgroup/my cpu/x/cpu.cfs_quota_us", "50000\n");
    CHECK_INT(sn__os_cpu_limit(), 500);
    /* a path that the mount does not show: all that is known is its top */
    tree("4:cpuacct,cpu:/elsewhere/x\n");
    CHECK_INT(sn__os_cpu_limit(), 0);
    put("/sys/fs/cgroup/my cpu/cpu.cfs_quota_us", "300000\n");
    put("/sys/fs/cgroup/my cpu/cpu.cfs_period_us", "100000\n");
    CHECK_INT(sn__os_cpu_limit(), 3000);
    /* both at once: the least */
    tree("4:cpuacct,cpu:/docker/x\n0::/c\n");
    put("/sys/fs/cgroup/unified/c/cpu.max", "20000 100000\n");
    CHECK_INT(sn__os_cpu_limit(), 200);
}

static void lines(void) {
    char a[SN__CGROUP_PATH], b[SN__CGROUP_PATH];
    CHECK(!sn__cgroup_own("4:cpuset:/x\n", false, a));
    CHECK(!sn__cgroup_own("4:cpu\n", false, a));
    CHECK(!sn__cgroup_own("4:cpu:x\n", false, a));
    CHECK(sn__cgroup_own("4:cpu:/x:y\n", false, a));
    CHECK_STR(a, "/x:y");
    CHECK(!sn__cgroup_own("10::/x\n", true, a));
    CHECK(!sn__cgroup_mount("32 31 0:29 / /x rw - cgroup cgroup rw,cpuset\n", false, a, b));
    CHECK(!sn__cgroup_mount("32 31 0:29 / - cgroup cgroup rw,cpu\n", false, a, b));
    CHECK(!sn__cgroup_mount(" - cgroup2\n", true, a, b));
    CHECK_INT(sn__cgroup_max("max 100000\n"), 0);
    CHECK_INT(sn__cgroup_max("1 0\n"), 0);
    CHECK_INT(sn__cgroup_max("0 5\n"), 0);
    CHECK_INT(sn__cgroup_max("100000"), 0);
    CHECK_INT(sn__cgroup_max("1 100000\n"), 1);
    CHECK_INT(sn__cgroup_max("999999999999999999999 1\n"), 0);
    CHECK_INT(sn__cgroup_max("999999999999999999 1\n"), 1000000000);
    CHECK_INT(sn__cgroup_quota("-1\n", "100000\n"), 0);
    CHECK_INT(sn__cgroup_quota("", ""), 0);
}

static void rounding(void) {
    CHECK_INT(sn__procs_for(8, 0), 8);
    CHECK_INT(sn__procs_for(8, 1), 1);
    CHECK_INT(sn__procs_for(8, 1000), 1);
    CHECK_INT(sn__procs_for(8, 1001), 2);
    CHECK_INT(sn__procs_for(8, 2500), 3);
    CHECK_INT(sn__procs_for(8, 64000), 8);
    CHECK_INT(sn__procs_for(4000, 0), PROCS_MAX);
}

static uint32_t procs_now(void) {
    sn_stats st = {.size = sizeof st};
    sn_get_stats(&st);
    return st.procs;
}

static int procs_become(uint32_t n) {
    sn_time until = sn_now() + 60 * SN_SECOND; /* it is looked at once a second */
    while (procs_now() != n && sn_now() < until)
        if (sn_sleep(20 * SN_MILLISECOND)) return 0;
    return procs_now() == n;
}

static int follows(void *arg) {
    uint32_t all = *(uint32_t *)arg;
    CHECK_INT(procs_now(), 1);
    put("/sys/fs/cgroup/unified/c/cpu.max", "max 100000\n");
    CHECK(procs_become(all));
    put("/sys/fs/cgroup/unified/c/cpu.max", "100000 100000\n");
    CHECK(procs_become(1));
    /* what the program asks for stands */
    CHECK_INT(sn_set_procs(3), 0);
    CHECK_INT(sn_sleep(1200 * SN_MILLISECOND), 0);
    CHECK_INT(procs_now(), 3);
    CHECK_INT(sn_set_procs(0), 0);
    CHECK_INT(procs_now(), 1);
    return 0;
}

static void while_it_runs(void) {
    uint32_t all = sn__os_cpus();
    tree("0::/c\n");
    put("/sys/fs/cgroup/unified/c/cpu.max", "90000 100000\n");
    CHECK_INT(sn_run(follows, &all, NULL), 0);
}

static atomic_bool all_wait;

/* A thread that no call of ours has told of: it changes the quota, and sends when that has been
 * seen. Whoever follows the quota is no M, and must not take the thread for one of ours. */
static void *sends_then(void *c) {
    uint32_t n = 2;
    while (!atomic_load(&all_wait)) usleep(1000);
    put("/sys/fs/cgroup/unified/c/cpu.max", "100000 100000\n");
    for (int i = 0; i < 60000 && atomic_load(&sn__rt.nprocs) != 1; i++) usleep(1000);
    CHECK_INT(sn_send(c, &n), 0);
    return NULL;
}

/* Asleep just before the next look at the quota, so that the monitor has not gone to sleep yet. */
static int asleep_as_it_follows(void *arg) {
    sn_time begin = sn_now();
    sn_chan c;
    pthread_t t;
    uint32_t n = 0;
    (void)arg;
    atomic_store(&all_wait, false);
    MUST(sn_chan_init(&c, sizeof n, 0, NULL, NULL) == 0);
    MUST(pthread_create(&t, NULL, sends_then, &c) == 0);
    while (sn_now() - begin < 850 * SN_MILLISECOND) CHECK_INT(sn_yield(), 0);
    atomic_store(&all_wait, true);
    CHECK_INT(sn_recv(&c, &n), 0);
    CHECK_INT(n, 2);
    CHECK_INT(pthread_join(t, NULL), 0);
    sn_chan_free(&c);
    return 0;
}

static void no_deadlock_seen(void) {
    if (sn__os_cpus() == 1) return; /* the quota changes nothing */
    tree("0::/c\n");
    put("/sys/fs/cgroup/unified/c/cpu.max", "max 100000\n");
    CHECK_INT(sn_run(asleep_as_it_follows, NULL, NULL), 0);
}

static int tell_procs(void *arg) {
    *(uint32_t *)arg = procs_now();
    return 0;
}

/* $SENNIT_PROCS and the attribute turn the quota off. */
static void asked_for(void) {
    uint32_t n = 0;
    sn_attr attr = {.size = sizeof attr, .procs = 5};
    setenv("SENNIT_PROCS", "4", 1);
    CHECK_INT(sn_run(tell_procs, &n, NULL), 0);
    CHECK_INT(n, 4);
    CHECK_INT(sn_run(tell_procs, &n, &attr), 0);
    CHECK_INT(n, 5);
    unsetenv("SENNIT_PROCS");
    CHECK_INT(sn_run(tell_procs, &n, &attr), 0);
    CHECK_INT(n, 5);
    attr.procs = 1025; /* as sn_set_procs has it */
    CHECK_INT(sn_run(tell_procs, &n, &attr), SN_EINVAL);
}

int main(void) {
    const char *tmp = getenv("TMPDIR");
    unsetenv("SENNIT_PROCS");
    snprintf(root, sizeof root, "%s/sennit-procs-XXXXXX", tmp && strlen(tmp) < 40 ? tmp : "/tmp");
    MUST(mkdtemp(root));
    CASE(no_files);
    CASE(version_two);
    CASE(version_one);
    CASE(lines);
    CASE(rounding);
    CASE(while_it_runs);
    CASE(no_deadlock_seen);
    CASE(asked_for);
    char command[128];
    snprintf(command, sizeof command, "rm -r %s", root);
    return check_done() || system(command);
}
