/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* What is to be done when a run crashes, before whoever handled the crash before has his turn: a
 * sanitizer, a debugger, the system. */
#ifndef SN_SEARCH_CRASH_H
#define SN_SEARCH_CRASH_H

/** Calls `last` in the signal handler, once, on the signal stack. It must be signal-safe. */
void sn__crash_watch(void (*last)(void));

#endif
