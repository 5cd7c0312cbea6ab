/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * After fork() a child has the one thread that called it, and whatever the others had locked stays
 * locked. So a child of a process in which a runtime runs may exec or _exit, and nothing of ours:
 * it is stopped by name instead of hanging. What it costs: the child's thread has its M taken away,
 * so that every call goes the way of a foreign thread, and that one looks.
 *
 * A child of a process in which no runtime runs (a daemon that forks first) is as good as any: it
 * may run one of its own.
 *
 * Short slices of the CPU are an M's own: what a child executes does not inherit them.
 */
#include <stdlib.h>
#include <string.h>

#include "sched/smp/smp.h"

static bool forked;

static void in_child(void) {
    if (sn__tls_get()) sn__os_slice_usual();
    if (!atomic_load(&sn__rt.running)) return;
    forked = true;
    sn__tls_set(NULL);
}

void sn__watch_forks(void) { sn__os_at_fork(in_child); }

void sn__forked_check(void) {
    static const char text[] = "sennit: fatal: a call in a child that was forked while coroutines "
                               "ran: it may only exec or "
                               "_exit (start processes with sn_child_start)\n";
    if (SN__LIKELY(!forked)) return;
    sn__os_write(2, text, strlen(text));
    abort();
}
