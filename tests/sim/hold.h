/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* What scenarios say of a run: it must hold, or the run has failed. */
#ifndef TESTS_SIM_HOLD_H
#define TESTS_SIM_HOLD_H

#include <sennit/sim.h>

/** Fails the run with a printf text unless `cond` holds. */
#define HOLD(cond, ...)                                                                            \
    do {                                                                                           \
        if (!(cond)) sn_sim_fail(__VA_ARGS__);                                                     \
    } while (0)
/** A call that cannot fail in this scenario. */
#define OK(call)                                                                                   \
    do {                                                                                           \
        int ok_rc_ = (call);                                                                       \
        if (ok_rc_) sn_sim_fail("%s:%d: %s: %s", __func__, __LINE__, #call, sn_errname(ok_rc_));   \
    } while (0)

/** True in one of n cases. */
static inline int one_in(uint64_t n) { return sn_sim_draw(n) == 0; }
/** A time of 0 … max - 1. */
static inline sn_time some_time(sn_time max) { return (sn_time)sn_sim_draw((uint64_t)max); }
static inline int cut_short(int rc) { return rc == SN_ECANCELED || rc == SN_ETIMEDOUT; }

#endif
