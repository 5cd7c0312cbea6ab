/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * Every setting that a run takes from the environment. Read once, when sn_run begins and before any
 * thread or P is there; never written afterwards, so anybody may read it without a lock.
 *
 * A new setting: a member here, a line in the table of settings.c, a row in docs/guide/settings.md.
 */
#ifndef SN_SMP_SETTINGS_H
#define SN_SMP_SETTINGS_H

#include <stdint.h>

enum sn__names_wish { SN__NAMES_AUTO, SN__NAMES_LIBC };
enum sn__poller_wish { SN__POLLER_AUTO, SN__POLLER_EPOLL, SN__POLLER_URING };

enum { SN__STEAL_ALL, SN__STEAL_FRESH, SN__STEAL_NONE };

typedef struct sn__settings {
    uint32_t procs;           /* SENNIT_PROCS; 0: not set */
    uint32_t migrate;         /* SENNIT_MIGRATE: 1: always resume on another M */
    uint32_t max_threads;     /* SENNIT_MAX_THREADS */
    uint32_t max_blocked;     /* SENNIT_MAX_BLOCKED: calls of sn_blocking at a time */
    uint32_t steal;           /* SENNIT_STEAL: what a P without work takes from others */
    uint32_t numa_off;        /* SENNIT_NUMA: 1: as if there were one node */
    uint32_t no_membarrier;   /* SENNIT_NO_MEMBARRIER: owners of a P pay a fence of their own */
    uint32_t offload_threads; /* SENNIT_OFFLOAD_THREADS; 0: no run has begun */
    uint32_t poller;          /* SENNIT_POLLER: enum sn__poller_wish */
    uint32_t no_epoll_pwait2; /* SENNIT_NO_EPOLL_PWAIT2: milliseconds, as on older kernels */
    uint32_t names;           /* SENNIT_NAMES: enum sn__names_wish */
    uint32_t no_pidfd;        /* SENNIT_NO_PIDFD: a helper thread waits for each child */
    uint32_t no_getrandom;    /* SENNIT_NO_GETRANDOM: chance from the device */
    uint32_t no_futex_time64; /* SENNIT_NO_FUTEX_TIME64: deadlines in machine words */
    uint32_t no_sched_attr;   /* SENNIT_NO_SCHED_ATTR: the kernel chooses how long threads run */

    /* stacks */
    uint32_t no_guard_install; /* SENNIT_NO_GUARD_INSTALL: guards split mappings */
    uint32_t guard_splits;     /* SENNIT_GUARD_SPLITS: … so many at most */
    uint32_t trim_ms;          /* SENNIT_TRIM_MS: unused for so long, a stack is trimmed; 0: none */
    uint32_t learn_stacks;     /* SENNIT_LEARN_STACKS */
} sn__settings;

extern sn__settings sn__set;

/** Reads all of them. A value that cannot be used is told on standard error, in one line that names
 *  the variable, the value and what is used instead. */
void sn__settings_read(void);

#endif
