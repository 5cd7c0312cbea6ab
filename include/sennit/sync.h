/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Locks and counters that park coroutines instead of threads. Zero bytes are a valid start of
 * each ("= {0}"): no init call, nothing to free. On a foreign thread they park that thread. */
#ifndef SENNIT_SYNC_H
#define SENNIT_SYNC_H

#include <sennit/base.h>

SN_BEGIN_C

typedef struct sn_mutex {
    uintptr_t w_[4];
} sn_mutex;
typedef struct sn_rwmutex {
    uintptr_t w_[12];
} sn_rwmutex;
typedef struct sn_cond {
    uintptr_t w_[4];
} sn_cond;
typedef struct sn_sem {
    uintptr_t w_[4];
} sn_sem;
typedef struct sn_wg {
    uintptr_t w_[4];
} sn_wg;
typedef struct sn_once {
    uintptr_t w_[5];
} sn_once;

/** Locks; parks while another holds it. Who runs may take it before one that waits is awake; once
 *  somebody has waited for 1 ms it is handed on in order, so that nobody starves (Go's rules). Not
 *  cancellable, so it cannot fail unseen. */
SN_API void sn_lock(sn_mutex *m);
/** 1 if locked now, 0 if another holds it. Never parks. */
SN_API SN_MUST int sn_trylock(sn_mutex *m);
/** Unlocks, and wakes the first waiter or hands on to it. Unlocking an unlocked mutex stops the
 *  program. */
SN_API void sn_unlock(sn_mutex *m);
/** As sn_lock, cancellable and with a deadline: 0, SN_ECANCELED, SN_ETIMEDOUT (not locked). */
SN_API SN_PARKS int sn_lock_until(sn_mutex *m, sn_time until);

/** Locks for reading, beside other readers; parks while a writer has it, or waits for readers to
 *  leave. When that one is done, all readers that wait go before the next writer: neither side
 *  starves (Go's rules). So who has it for reading may not lock it for reading again: a writer that
 * came between waits for the first, and keeps the second waiting. Not cancellable. (What only
 * readers have used last is not to be freed by them: who frees it has had it for writing, or knows
 * that all calls have returned.) */
SN_API void sn_rlock(sn_rwmutex *m);
/** Locks for writing, alone; parks while others have it. Not cancellable. */
SN_API void sn_wlock(sn_rwmutex *m);
/** 1 if locked now; 0 if another has it, or waits for it. Never park. */
SN_API SN_MUST int sn_tryrlock(sn_rwmutex *m);
SN_API SN_MUST int sn_trywlock(sn_rwmutex *m);
/** Unlocks, and hands it on to those whose turn it is. Never parks. Unlocking what is not locked in
 *  that way stops the program. */
SN_API void sn_runlock(sn_rwmutex *m);
SN_API void sn_wunlock(sn_rwmutex *m);
/** As sn_rlock, sn_wlock, cancellable and with a deadline: 0, SN_ECANCELED, SN_ETIMEDOUT (not
 *  locked; until 0: at once). A writer that gives up lets the readers in that it kept out. */
SN_API SN_PARKS int sn_rlock_until(sn_rwmutex *m, sn_time until);
SN_API SN_PARKS int sn_wlock_until(sn_rwmutex *m, sn_time until);

/**
 * Unlocks `m`, waits for a signal, locks `m` again; `m` is held again in every case.
 * Returns 0, SN_ETIMEDOUT, SN_ECANCELED. No spurious wake-ups.
 */
SN_API SN_PARKS int sn_cond_wait(sn_cond *c, sn_mutex *m, sn_time until);
/** Wakes one waiter, or all. Never parks. From coroutines and foreign threads. */
SN_API void sn_cond_signal(sn_cond *c);
SN_API void sn_cond_broadcast(sn_cond *c);

/** Sets the count of a semaphore that nobody uses yet. */
SN_API void sn_sem_init(sn_sem *s, long count);
/** Takes one; parks while there is none; FIFO. 0, SN_ETIMEDOUT (until 0: at once), SN_ECANCELED. */
SN_API SN_PARKS int sn_sem_wait(sn_sem *s, sn_time until);
/** Takes n (0 or more) at once, or none. FIFO too: while the first waits for many, those behind it
 *  wait for it, so that it does not starve. As sn_sem_wait otherwise; SN_EINVAL when n is below 0.
 */
SN_API SN_PARKS int sn_sem_wait_n(sn_sem *s, long n, sn_time until);
/** Gives one, or n. Never parks. From coroutines and foreign threads. A number below 0, or a count
 *  beyond its range, stops the program. */
SN_API void sn_sem_post(sn_sem *s);
SN_API void sn_sem_post_n(sn_sem *s, long n);

/** Adds n (may be negative) to a wait group. A count below zero, or beyond its range, stops the
 *  program. Never parks. */
SN_API void sn_wg_add(sn_wg *w, long n);
SN_INLINE void sn_wg_done(sn_wg *w) { sn_wg_add(w, -1); }
/** Waits until the count is zero. 0, SN_ECANCELED or SN_ETIMEDOUT from the scope. */
SN_API SN_PARKS int sn_wg_wait(sn_wg *w);

/** Runs `f(arg)` once for all callers; others wait till it has returned. Not cancellable. */
SN_API void sn_once_do(sn_once *o, void (*f)(void *), void *arg);

SN_END_C
#endif
