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
/** Gives one. Never parks. From coroutines and foreign threads. */
SN_API void sn_sem_post(sn_sem *s);

/** Adds n (may be negative) to a wait group. Below zero stops the program. Never parks. */
SN_API void sn_wg_add(sn_wg *w, long n);
SN_INLINE void sn_wg_done(sn_wg *w) { sn_wg_add(w, -1); }
/** Waits until the count is zero. 0, SN_ECANCELED or SN_ETIMEDOUT from the scope. */
SN_API SN_PARKS int sn_wg_wait(sn_wg *w);

/** Runs `f(arg)` once for all callers; others wait till it has returned. Not cancellable. */
SN_API void sn_once_do(sn_once *o, void (*f)(void *), void *arg);

SN_END_C
#endif
