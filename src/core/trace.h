/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Trace hooks: one macro for each event of each primitive, empty unless a header named by
 * SN_TRACE_HOOKS defines it. A hook may not park, lock or allocate. All run inside
 * the runtime's bracket but SN__EV_LOCK and SN__EV_UNLOCK, which may have none to run in. */
#ifndef SN_CORE_TRACE_H
#define SN_CORE_TRACE_H

#ifdef SN_TRACE_HOOKS
#include SN_TRACE_HOOKS
#else
#define SN__EV_GO(g, site)
#define SN__EV_START(g)
#define SN__EV_PARK(g, why, object)
#define SN__EV_READY(g)
#define SN__EV_YIELD(g)
#define SN__EV_END(g, rc)
#define SN__EV_STEAL(p, victim, n)
#define SN__EV_HANDOVER(p)
#define SN__EV_POLL(n)
#define SN__EV_SEND(g, c)
#define SN__EV_RECV(g, c)
#define SN__EV_CLOSE(c)
#define SN__EV_SELECT(g, n)
#define SN__EV_LOCK(m)
#define SN__EV_UNLOCK(m)
#define SN__EV_CANCEL(s, why)
#define SN__EV_TIMER(t)
#endif

#endif
