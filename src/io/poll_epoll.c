/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Edges by epoll: a descriptor is registered once, edge-triggered, for life. Owns: the epoll set,
 * and the eventfd that interrupts it. */
#include <errno.h>
#include <stdint.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "io/backend.h"
#include "io/linux_calls.h"
#include "sched/smp/settings.h"

static int set = -1, wake = -1;
static _Atomic int no_pwait2;

/* In nanoseconds where the kernel can (5.11), else in milliseconds, rounded up. */
static int kernel_wait(sn__event *ev, int n, sn_time until) {
    sn_time left = until == SN_NEVER ? -1 : until <= 0 ? 0 : until - sn__now();
    if (left < 0 && until != SN_NEVER) left = 0;
    if (left > 0 && !atomic_load_explicit(&no_pwait2, memory_order_relaxed)) {
        int64_t t[2] = {left / SN_SECOND, left % SN_SECOND};
        int rc = sn__epoll_pwait2(set, ev, n, t);
        if (rc >= 0 || errno != ENOSYS) return rc;
        atomic_store_explicit(&no_pwait2, 1, memory_order_relaxed);
    }
    sn_time ms = left < 0 ? -1 : (left + SN_MILLISECOND - 1) / SN_MILLISECOND;
    return epoll_wait(set, ev, n, ms > INT32_MAX ? INT32_MAX : (int)ms);
}

/* Only for who sleeps here: a mere look must leave it to wake the sleeper. */
static void take_interrupt(void) {
    uint64_t count;
    ssize_t r = read(wake, &count, sizeof count);
    (void)r; /* EAGAIN: another thread has taken it */
}

static void epoll_backend_wait(sn__poll_batch *b, sn_time until) {
    sn__event *ev = sn__events_of(b);
    int n = kernel_wait(ev, SN__POLL_BATCH, until);
    b->n = n < 0 ? 0 : n;
    if (until == 0) return;
    for (int i = 0; i < n; i++)
        if (SN__UNLIKELY(!ev[i].data.ptr)) take_interrupt();
}

/* Also in a signal handler. EAGAIN: it is awake already. */
static void epoll_interrupt(void) {
    uint64_t one = 1;
    int was = errno;
    while (write(wake, &one, sizeof one) < 0 && errno == EINTR) continue;
    errno = was;
}

static void epoll_forget(void) {
    if (set >= 0) close(set);
    if (wake >= 0) close(wake);
    set = wake = -1;
}

static int epoll_up(void) {
    struct epoll_event e = {.events = EPOLLIN, .data.ptr = NULL};
    atomic_store(&no_pwait2, (int)sn__set.no_epoll_pwait2);
    set = epoll_create1(EPOLL_CLOEXEC);
    wake = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    if (set >= 0 && wake >= 0 && !epoll_ctl(set, EPOLL_CTL_ADD, wake, &e)) return 0;
    epoll_forget();
    return SN_EMFILE;
}

static int epoll_add(sn__pd *pd, int fd) {
    struct epoll_event e = {.events = EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLPRI | EPOLLET,
                            .data.ptr = pd};
    if (!epoll_ctl(set, EPOLL_CTL_ADD, fd, &e)) return 0;
    return errno == ENOMEM || errno == ENOSPC ? SN_ENOMEM : SN_EPERM;
}

const sn__backend sn__epoll = {
    .up = epoll_up,
    .add = epoll_add,
    .wait = epoll_backend_wait,
    .interrupt = epoll_interrupt,
    .forget = epoll_forget,
};
