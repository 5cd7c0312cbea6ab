/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Calls of Linux that not all its C libraries have a function for, or a slow one. Results and
 * errors are those of syscall(), -1 and errno, unless said otherwise. */
#ifndef SENNIT_IO_LINUX_CALLS_H
#define SENNIT_IO_LINUX_CALLS_H

#include <stdint.h>
#include <sys/epoll.h>
#include <sys/types.h>
#include <sys/uio.h>

enum { SN__RWF_NOWAIT = 8 };

/** As epoll_wait, with a time-out {seconds, nanoseconds}: of 64 bits on all machines. Linux 5.11.
 */
int sn__epoll_pwait2(int ep, struct epoll_event *ev, int n, const int64_t t[2]);
/** As preadv, with flags. Linux 4.6. */
ssize_t sn__preadv2(int fd, const struct iovec *v, int n, uint64_t at, int flags);

/** As recv and send without flags, but that send never raises SIGPIPE, and that an error is the
 *  result: its number with a minus sign. The C library's are points where a thread may be
 *  cancelled, which none of ours is: that costs four atomic operations a request as soon as there
 *  are several threads. (Sanitizers know the C library's, and get them.) */
ssize_t sn__recv(int fd, void *buf, size_t n);
ssize_t sn__send(int fd, const void *buf, size_t n);

#endif
