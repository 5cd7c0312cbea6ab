/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Fault and quit signals on Linux. Handlers run on a stack of their own, since a coroutine's may
 * be what overflowed. What a handler does not end is passed to whoever was there before. */
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "frame_of.h"
#include "port/port.h"

enum { SIGSTACK = 128 * 1024 };

static sn__fault_fn on_fault;
static sn__quit_fn on_quit;
static struct sigaction was_segv, was_bus, was_quit;

static void fault(int signo, siginfo_t *info, void *context) {
    sn__frame f = sn__frame_of(context);
    on_fault(signo, (uintptr_t)info->si_addr, &f);
    /* Not ours: back to the former handler, which sees the fault again when we return. */
    sigaction(signo, signo == SIGSEGV ? &was_segv : &was_bus, NULL);
}

static void quit(int signo) {
    (void)signo;
    on_quit();
}

void sn__os_faults_init(sn__fault_fn f, sn__quit_fn q) {
    struct sigaction a;
    memset(&a, 0, sizeof a);
    on_fault = f;
    on_quit = q;
    a.sa_flags = SA_SIGINFO | SA_ONSTACK;
    a.sa_sigaction = fault;
    sigaction(SIGSEGV, &a, &was_segv);
    sigaction(SIGBUS, &a, &was_bus);
    a.sa_flags = SA_ONSTACK | SA_RESTART;
    a.sa_handler = quit;
    sigaction(SIGQUIT, &a, &was_quit);
}

void sn__os_faults_end(void) {
    sigaction(SIGSEGV, &was_segv, NULL);
    sigaction(SIGBUS, &was_bus, NULL);
    sigaction(SIGQUIT, &was_quit, NULL);
}

typedef struct alt_stack {
    stack_t was;
    void *memory;
} alt_stack;

void *sn__os_sigstack_new(void) {
    alt_stack *s = calloc(1, sizeof *s);
    if (!s) return NULL;
    s->memory = mmap(NULL, SIGSTACK, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (s->memory == MAP_FAILED) {
        free(s);
        return NULL;
    }
    stack_t own = {.ss_sp = s->memory, .ss_size = SIGSTACK};
    sigaltstack(&own, &s->was);
    return s;
}

void sn__os_sigstack_free(void *p) {
    alt_stack *s = p;
    if (!s) return;
    sigaltstack(&s->was, NULL);
    munmap(s->memory, SIGSTACK);
    free(s);
}
