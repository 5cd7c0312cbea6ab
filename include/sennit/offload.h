/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Calls on helper threads, which their caller can leave behind. */
#ifndef SENNIT_OFFLOAD_H
#define SENNIT_OFFLOAD_H

#include <sennit/base.h>

SN_BEGIN_C

/** Most bytes of an argument that sn_offload copies. */
#define SN_OFFLOAD_MAX 65536u

/**
 * Runs `f` on a helper thread with a copy of the n bytes at `arg` (aligned to at most 16, trivially
 * copyable, n >= 1), and copies them back over *arg when f has returned: results travel in them.
 *
 * The third kind of call, for what may hang: unlike sn_blocking it can be left behind. When `until`
 * passes (SN_NEVER: no deadline) or the scope is cancelled the call returns at once, and f goes on
 * alone on its thread until it returns. So f may use nothing that its caller could take away: only
 * the copy, and what the copy owns.
 *
 * *Who owns what the bytes own*: after 0 the caller, as f left it. After any error this call, which
 * gives it to `drop` (NULL: nothing to free), once: a call that was not begun, or not needed any
 * more before its turn came, before the return; of one that runs, on its thread after f. So on an
 * error the caller touches nothing that the bytes point at.
 *
 * f and drop run in no coroutine: they may use what is legal in foreign threads. drop may also run
 * in the caller. They must return; what never does keeps its helper thread for good. There are at
 * most SENNIT_OFFLOAD_THREADS (32) of these, made when needed and gone after ten idle seconds;
 * further calls wait in a queue, oldest first. Helpers outlive sn_run. While one is there, idle or
 * not, "all asleep" is not reported: it might wake somebody.
 *
 * Parks. From coroutines, and from foreign threads, which then block. 0: f has returned, even if
 * just after the deadline; SN_ETIMEDOUT, SN_ECANCELED from `until` or the scope; SN_EINVAL when n
 * is 0, SN_E2BIG above SN_OFFLOAD_MAX; SN_ENOMEM; SN_EAGAIN when no thread can be had.
 */
SN_API SN_PARKS int sn_offload(void (*f)(void *arg), void *arg, size_t n, void (*drop)(void *arg),
                               sn_time until);

SN_END_C
#endif
