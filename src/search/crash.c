/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Crashes of the run in this process; see crash.h. */
#include "search/crash.h"

#include <signal.h>
#include <stddef.h>
#include <string.h>

#include "sched/g.h"

static const int crashes[] = {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGABRT};
enum { CRASHES = sizeof crashes / sizeof *crashes };
static struct sigaction before[CRASHES];
static void (*last_act)(void);

/* With the old handlers back, a fault happens again when this returns; what was sent does not. */
static void crashed(int signo, siginfo_t *info, void *context) {
    (void)context;
    for (int i = 0; i < CRASHES; i++) sigaction(crashes[i], &before[i], NULL);
    last_act();
    if (info->si_code <= 0) raise(signo);
}

void sn__crash_watch(void (*last)(void)) {
    static void *stack;
    struct sigaction a;
    memset(&a, 0, sizeof a);
    a.sa_sigaction = crashed;
    a.sa_flags = SA_SIGINFO | SA_ONSTACK;
    last_act = last;
    for (int i = 0; i < CRASHES; i++) sigaction(crashes[i], &a, &before[i]);
    if (!stack) stack = sn__os_sigstack_new();
    sn__faults_start(); /* comes first: it knows the overflow of a coroutine's stack */
}
