/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* For how long the kernel lets the calling thread run at a time, by its own account. */
#ifndef SENNIT_TESTS_SLICE_H
#define SENNIT_TESTS_SLICE_H

#include <stdint.h>
#include <sys/syscall.h>
#include <unistd.h>

/* In nanoseconds; 0 where the kernel does not tell, -1 where it does not know the call. */
static inline long long slice_here(void) {
    struct {
        uint32_t size, policy;
        uint64_t flags;
        uint32_t nice, priority;
        uint64_t runtime, deadline, period;
    } a = {0};
    return syscall(SYS_sched_getattr, 0, &a, sizeof a, 0) ? -1 : (long long)a.runtime;
}

#endif
