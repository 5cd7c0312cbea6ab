/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * Who tells the netpoller of edges: epoll or io_uring. pd.c keeps the waiters and knows neither.
 *
 * Events have the bits of epoll, which poll(2) has too.
 */
#ifndef SN_IO_BACKEND_H
#define SN_IO_BACKEND_H

#include <sys/epoll.h>

#include "core/poller.h"
#include "io/poll.h"

/* What a batch holds: as epoll_wait writes it, so that nobody copies it. */
typedef struct epoll_event sn__event;
_Static_assert(sizeof(sn__event) <= SN__POLL_EVENT, "room in a batch");
static inline sn__event *sn__events_of(const sn__poll_batch *b) {
    return (sn__event *)(uintptr_t)b->at;
}

typedef struct sn__backend {
    /** Makes what it needs: 0, SN_EMFILE, SN_ENOSYS: this kernel cannot. Once a process. */
    int (*up)(void);
    /** From now on every edge of fd, in both directions, comes as an event for pd; also what is
     * there already. 0, SN_ENOMEM, SN_EPERM. */
    int (*add)(sn__pd *pd, int fd);
    /** No more: its last event (SN__LAST_EVENT) says that the kernel has let go of the descriptor,
     *  which is closed next. NULL: closing it does that. */
    void (*remove)(sn__pd *pd);
    /** As sn__poller's. An event of no pd is an interrupt, seen already. */
    void (*wait)(sn__poll_batch *b, sn_time until);
    void (*interrupt)(void);
    /** In a forked child, whose parent keeps all of it: lets go. */
    void (*forget)(void);
} sn__backend;

extern const sn__backend sn__epoll;
extern const sn__backend sn__uring;

/** Among an event's bits: none comes any more unless the pd is added again. */
#define SN__LAST_EVENT (1u << 31)

#endif
