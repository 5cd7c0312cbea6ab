/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* The trace of a run as text, a line an event. Lines gather in a buffer that is written when it is
 * full, at the end, and from the handler of a crash: nothing of it is lost. */
#ifndef SN_SEARCH_TRACE_H
#define SN_SEARCH_TRACE_H

#include <sennit/sim.h>

/** From now on lines go to `fd`. */
void sn__trace_start(int fd);
/** For sn_sim_config.trace. `arg` is not used. */
void sn__trace_event(void *arg, const sn_sim_event *e);
/** Writes what has gathered. Signal-safe. */
void sn__trace_flush(void);

#endif
