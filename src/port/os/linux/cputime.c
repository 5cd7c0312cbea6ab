/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* A thread's CPU time, its state and its slice, on Linux. */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "lacks.h"

void sn__os_self(sn__os_ref *r) {
    clockid_t id;
    r->clock = pthread_getcpuclockid(pthread_self(), &id) ? -1 : (int)id;
    r->tid = (int)syscall(SYS_gettid);
}

/* A thread's clock has a negative number, as any number of a clock that is made up. */
sn_time sn__os_cpu_time(const sn__os_ref *r) {
    struct timespec t;
    if (r->clock == -1 || clock_gettime((clockid_t)r->clock, &t)) return -1;
    return (sn_time)t.tv_sec * SN_SECOND + t.tv_nsec;
}

/* The state is the letter after the name, which is in parentheses and may hold any. */
bool sn__os_runnable(const sn__os_ref *r) {
    char at[64], text[128];
    snprintf(at, sizeof at, "/proc/self/task/%d/stat", r->tid);
    int fd = open(at, O_RDONLY | O_CLOEXEC);
    if (fd < 0) return false;
    ssize_t n = read(fd, text, sizeof text - 1);
    close(fd);
    if (n <= 0) return false;
    text[n] = 0;
    const char *end = strrchr(text, ')');
    return end && end[1] == ' ' && end[2] == 'R';
}

/* The first version of the kernel's struct. Its runtime is the slice of ordinary threads since
 * Linux 6.12; kernels before read and write 0 there. */
typedef struct attributes {
    uint32_t size, policy;
    uint64_t flags;
    int32_t nice;
    uint32_t priority;
    uint64_t runtime, deadline, period;
} attributes;

/* What the first thread had that was given another; 0: none was. */
static _Atomic sn_time usual;

static void note_usual(sn_time slice) {
    sn_time none = 0;
    atomic_compare_exchange_strong(&usual, &none, slice);
}

sn_time sn__os_slice(const sn__os_ref *r, sn_time slice) {
    attributes a;
    memset(&a, 0, sizeof a);
    if (sn__lacks(SN__SLICE)) return -1;
    long rc = syscall(SYS_sched_getattr, r->tid, &a, sizeof a, 0);
    if (rc || a.policy) {
        if (rc && errno == ENOSYS) sn__os_forgo(SN__SLICE);
        return -1;
    }
    sn_time was = (sn_time)a.runtime;
    if (!was) sn__os_forgo(SN__SLICE);
    note_usual(was);
    a.runtime = (uint64_t)slice;
    a.size = sizeof a;
    return was && !syscall(SYS_sched_setattr, r->tid, &a, 0) ? was : -1;
}

/* Sanitizers keep books, in memory that a child before exec shares. */
__attribute__((no_sanitize("thread"), no_sanitize("address"))) void sn__os_slice_usual(void) {
    attributes a = {0};
    sn_time slice = atomic_load_explicit(&usual, memory_order_relaxed);
    if (!slice || syscall(SYS_sched_getattr, 0, &a, sizeof a, 0) || a.policy) return;
    if (a.runtime == (uint64_t)slice) return;
    a.size = sizeof a;
    a.runtime = (uint64_t)slice;
    syscall(SYS_sched_setattr, 0, &a, 0);
}

void sn__os_precise(void) { prctl(PR_SET_TIMERSLACK, 1UL, 0, 0, 0); }
