/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* The system calls for child processes: see sys.h for their rules. */
#ifndef SENNIT_IO_SYS_CHILD_H
#define SENNIT_IO_SYS_CHILD_H

#include <sennit/child.h>
#include <stdbool.h>

/* All that a child is made of, ready before it is: between clone and exec nothing is allocated. */
typedef struct sn__birth {
    const char *const *argv, *const *env;
    const char *dir;
    bool group;
    size_t fds_n;
    sn_child_fd fds[SN_CHILD_FDS_MAX + 3];
    /* filled in by sn__sys_child_start */
    const char *search; /* where argv[0] is looked for; NULL: it is a path */
    int fds_most;       /* no descriptor is above */
    int eno;            /* what went wrong there; 0 */
} sn__birth;

/* Starts it, and returns when the program has begun: its process id, or SN_E…. *pidfd: its
 * descriptor, or -1 where the kernel has none (or `no_pidfd`). */
int sn__sys_child_start(sn__birth *b, bool no_pidfd, int *pidfd);
/* 1 and *status as in sn_child_wait; 0 while it lives; SN_EIO when it is not there to be waited
 * for. */
int sn__sys_child_reap(int pid, int *status);
/* Stands still until it has ended; it has still to be reaped. */
void sn__sys_child_await(int pid);
int sn__sys_child_kill(int pid, bool group, int signo);
/* A pipe: end[0] to read from, end[1] to write to, both close-on-exec and blocking. */
int sn__sys_pipe(int end[2]);
/* Two connected stream sockets, close-on-exec and blocking. */
int sn__sys_socketpair(int end[2]);

#endif
