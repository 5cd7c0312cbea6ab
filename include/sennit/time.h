/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* The clock, sleeping, tickers. */
#ifndef SENNIT_TIME_H
#define SENNIT_TIME_H

#include <sennit/base.h>

SN_BEGIN_C

/** Monotonic time now. From anywhere. Virtual under simulation. */
SN_API sn_time sn_now(void);
/** Wall clock: milliseconds since 1970 in UTC, for records. May jump. From anywhere. */
SN_API int64_t sn_utc_ms(void);
/** Fills n bytes from the entropy seam (the kernel's; the seed's under simulation). From a
 *  coroutine or thread; never parks. Stops the program if the kernel has none to give. */
SN_API void sn_random(void *buf, size_t n);

/** Sleeps for `d` ns (<= 0: as sn_yield). 0, or SN_ECANCELED / SN_ETIMEDOUT from the scope. */
SN_API SN_PARKS int sn_sleep(sn_time d);
/** Sleeps until the absolute time `t`. As sn_sleep otherwise. */
SN_API SN_PARKS int sn_sleep_until(sn_time t);

/** A ticker for one coroutine: period, next tick, misses counted. */
typedef struct sn_ticker {
    sn_time period, next;
} sn_ticker;
/** Starts with the first tick one period (> 0) from now. Ticks are whole periods from the start,
 *  however late one is seen: it does not drift. */
SN_API void sn_ticker_init(sn_ticker *t, sn_time period);
/** Waits for the next tick that nobody has seen, at once if it was before now: 0, and *missed (may
 *  be NULL) says how many ticks before it passed unseen. SN_ECANCELED, SN_ETIMEDOUT from the scope:
 *  then no tick was seen. */
SN_API SN_PARKS int sn_tick(sn_ticker *t, uint64_t *missed);
/** As sn_tick, but does not wait: SN_EAGAIN. For a select, which waits until sn_ticker_next. Never
 *  parks. */
SN_API SN_MUST int sn_try_tick(sn_ticker *t, uint64_t *missed);
/** When the next tick is that nobody has seen. */
SN_INLINE sn_time sn_ticker_next(const sn_ticker *t) { return t->next; }

SN_END_C
#endif
