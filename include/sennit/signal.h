/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Signals as values on a channel. */
#ifndef SENNIT_SIGNAL_H
#define SENNIT_SIGNAL_H

#include <sennit/chan.h>

SN_BEGIN_C

/**
 * Delivers signal `signo` as an int on `c` (element size sizeof(int); a full channel drops it,
 * as Go does, so give it room). A signal channel counts as something that can wake us: no
 * deadlock is reported while one exists. From a coroutine; never parks.
 * Send with kill, not raise: raise means the calling thread, and the runtime's threads block.
 * Signals of one kind that come faster than they are taken are one. Asking twice for the same is
 * asking once. `c` must live until sn_signal_stop; at the end of the run all is stopped.
 * Returns 0; SN_EINVAL for SIGKILL, SIGSTOP, SIGSEGV, SIGQUIT and the like (the runtime's or the
 * kernel's); SN_ENOMEM, SN_EMFILE; SN_ECANCELED when the run is ending.
 */
SN_API SN_MUST int sn_signal_notify(sn_chan *c, int signo);
/** Stops all deliveries to `c`; the signals it alone had get their former disposition again.
 *  After it nothing is sent to `c` any more. From a coroutine; never parks. */
SN_API void sn_signal_stop(sn_chan *c);

SN_END_C
#endif
