/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* The inside of a channel, shared by chan.c and select.c. */
#ifndef SN_CORE_CHAN_H
#define SN_CORE_CHAN_H

#include <sennit/chan.h>

#include "core/wait.h"

/*
 * lock guards everything below it. Invariants while it is free:
 *   recvq not empty (of unclaimed waiters)  =>  len == 0 and not closed
 *   sendq not empty (of unclaimed waiters)  =>  len == cap and not closed
 */
typedef struct sn__chan {
    sn__lockw lock;
    uint32_t elem;
    size_t cap, len, head;
    char *buf;
    sn__link sendq, recvq;
    void (*drop)(void *);
    bool closed;
    bool own_buf;    /**< buf is ours to free */
    bool own_self;   /**< made by sn_chan_new */
    uintptr_t order; /**< whom to lock first: see sn__order */
} sn__chan;

_Static_assert(sizeof(sn__chan) <= sizeof(sn_chan), "sn_chan has room for a channel");

static inline sn__chan *sn__chan_of(const sn_chan *c) { return (sn__chan *)(uintptr_t)c; }

/** What a try found, with the channel locked before and after. */
enum sn__try { SN__TRY_NO, SN__TRY_DONE, SN__TRY_CLOSED };
/** Sends or receives if that needs no waiting. *wake: whom to ready once the lock is free. */
enum sn__try sn__chan_try_send(sn__chan *c, const void *v, sn__g **wake);
enum sn__try sn__chan_try_recv(sn__chan *c, void *v, sn__g **wake);
SN__COLD _Noreturn void sn__send_on_closed(void);

#endif
