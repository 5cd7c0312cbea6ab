/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * Dumps: every coroutine with its state, what it waits for, since when, its stack as the port
 * walks it and where it was started; the text is shaped like Go's, which people and tools read
 * already. Parked stacks are read while others run: a coroutine that wakes meanwhile may show
 * frames of two instants, never memory that is not its own.
 */
#include <signal.h>
#include <stdlib.h>
#include <unistd.h>

#include "core/print.h"
#include "sched/stack_use.h"

enum { FRAMES_MAX = 64 };

static void flush(int fd, sn__text *t) {
    sn__os_write(fd, t->at, t->n);
    t->n = 0;
}

static void put_code(sn__text *t, uintptr_t pc) {
    uintptr_t offset = 0;
    const char *name = sn__os_symbol(pc, &offset);
    sn__put(t, name ? name : "0x");
    if (!name) {
        sn__put_u(t, pc, 16);
        return;
    }
    sn__put(t, "+0x");
    sn__put_u(t, offset, 16);
}

static void put_frame(int fd, uintptr_t pc) {
    sn__text t = {.n = 0};
    sn__put(&t, "\t");
    put_code(&t, pc);
    sn__put(&t, "\n");
    flush(fd, &t);
}

/* From f up, as long as its callers are on the stack [lo, hi). */
static void put_frames(int fd, sn__frame f, uintptr_t lo, uintptr_t hi) {
    put_frame(fd, f.pc);
    for (int i = 1; i < FRAMES_MAX && sn__frame_up(&f, lo, hi); i++) put_frame(fd, f.pc);
}

static const char *status_text(const G *g, uint8_t status) {
    switch (status) {
    case SN__RUNNABLE:
        return "runnable";
    case SN__RUNNING:
        return "running";
    default:
        return sn__reason_text(atomic_load(&((G *)(uintptr_t)g)->core.reason));
    }
}

static void put_head(int fd, G *g, uint8_t status) {
    sn__text t = {.n = 0};
    const char *name = atomic_load(&g->name);
    sn__put(&t, "\ncoroutine ");
    sn__put_u(&t, g->id, 10);
    if (name) {
        sn__put(&t, " \"");
        sn__put(&t, name);
        sn__put(&t, "\"");
    }
    if (sn__place_of(g)) {
        sn__put(&t, " on ");
        sn__put(&t, sn__place_of(g));
    }
    sn__put(&t, " [");
    sn__put(&t, status_text(g, status));
    if (status == SN__WAITING) {
        const void *object = atomic_load(&g->core.object);
        uint32_t minutes = sn__minutes_parked(g);
        if (object) {
            sn__put(&t, " 0x");
            sn__put_u(&t, (uintptr_t)object, 16);
        }
        if (minutes) {
            sn__put(&t, ", ");
            sn__put_u(&t, minutes, 10);
            sn__put(&t, " minutes");
        }
    }
    if (g->pin) sn__put(&t, ", pinned");
    sn__put(&t, "]:\n");
    flush(fd, &t);
}

static void put_site(int fd, const G *g) {
    sn__text t = {.n = 0};
    sn__put(&t, "started as ");
    put_code(&t, sn__code_address((uintptr_t)g->fn));
    sn__put(&t, " by ");
    put_code(&t, sn__code_address(g->site) - 1);
    sn__put(&t, "\n");
    flush(fd, &t);
}

typedef struct dump {
    int fd;
    G *self; /* whose stack is being run on: the dumper's own */
    unsigned most, left_out;
} dump;

/* Reads a stack that may be changing: no sanitizer is to judge that. */
__attribute__((no_sanitize("address", "thread"))) static void dump_one(void *arg, G *g) {
    dump *d = arg;
    uint8_t status = atomic_load(&g->core.status);
    uintptr_t lo = (uintptr_t)g->ctx.lo;
    sn__frame f;
    if (status == SN__DEAD) return;
    if (!d->most) {
        d->left_out++;
        return;
    }
    d->most--;
    put_head(d->fd, g, status);
    if (g == d->self) {
        put_frames(d->fd, sn__frame_here(), lo, lo + g->ctx.size);
    } else if (!(atomic_load(&g->ctx.busy) & 1)) {
        sn__ctx_frame(&g->ctx, &f);
        put_frames(d->fd, f, lo, lo + g->ctx.size);
    } else {
        sn__os_write(d->fd, "\t(on a thread: stack not read)\n", 31);
    }
    put_site(d->fd, g);
}

static void dump_some(int fd, unsigned most) {
    sn__g *self = sn__current();
    if (self && !sn__on_stack_of(g_of(self))) self = NULL; /* the scheduler dumps; self is parked */
    dump d = {fd, self ? g_of(self) : NULL, most, 0};
    sn__each_g(dump_one, &d);
    sn__hogs_dump(fd);
    if (!d.left_out) return;
    sn__text t = {.n = 0};
    sn__put(&t, "\n... and ");
    sn__put_u(&t, d.left_out, 10);
    sn__put(&t, " more\n");
    flush(fd, &t);
}

static void dump_all(int fd) {
    dump_some(fd, UINT32_MAX);
    sn__stack_use_dump(fd);
}

void sn_dump(int fd) { dump_all(fd); }

/* Another thread may be at it already: that one ends the program. */
static void first_only(void) {
    static _Atomic int once;
    if (atomic_exchange(&once, 1))
        for (;;) pause();
}

static void fatal(void *arg) {
    const char *message = arg;
    sn__text t = {.n = 0};
    first_only();
    sn__put(&t, "fatal error: ");
    sn__put(&t, message);
    sn__put(&t, "\n");
    flush(STDERR_FILENO, &t);
    sn__last_words(message);
    dump_some(STDERR_FILENO, sn__dump_most());
    abort();
}

void sn__fatal(const char *message) {
    sn__far(fatal, (void *)(uintptr_t)message);
    abort();
}

static void put_overflow(const G *g, const char *how) {
    sn__text t = {.n = 0};
    const char *name = atomic_load(&((G *)(uintptr_t)g)->name);
    sn__put(&t, "fatal error: stack overflow of coroutine ");
    sn__put_u(&t, g->id, 10);
    if (name) {
        sn__put(&t, " \"");
        sn__put(&t, name);
        sn__put(&t, "\"");
    }
    sn__put(&t, " (");
    sn__put_u(&t, sn__g_stack_size(g) / 1024, 10);
    sn__put(&t, " KiB");
    sn__put(&t, how);
    sn__put(&t, "; sn_attr.stack or SN_FOREIGN gives more)\n");
    flush(STDERR_FILENO, &t);
}

/* In a signal handler. A fault in a coroutine's guard is an overflow and ends here; any other is
 * somebody else's. */
static void on_fault(int signo, uintptr_t addr, const sn__frame *f) {
    bool guard = false;
    G *g = sn__g_at(addr, &guard);
    (void)signo;
    if (!g || !guard) return;
    put_overflow(g, "");
    put_head(STDERR_FILENO, g, SN__RUNNING);
    put_frames(STDERR_FILENO, *f, (uintptr_t)g->ctx.lo, (uintptr_t)g->ctx.lo + g->ctx.size);
    put_site(STDERR_FILENO, g);
    signal(SIGABRT, SIG_DFL);
    abort();
}

typedef struct broken {
    G *g;
    sn__frame at;
} broken;

static void stack_broken(void *arg) {
    const broken *b = arg;
    uintptr_t lo = (uintptr_t)b->g->ctx.lo;
    first_only();
    put_overflow(b->g, ", no guard: what lay below is overwritten");
    put_head(STDERR_FILENO, b->g, SN__RUNNING);
    put_frames(STDERR_FILENO, b->at, lo, lo + b->g->ctx.size);
    put_site(STDERR_FILENO, b->g);
    signal(SIGABRT, SIG_DFL);
    abort();
}

void sn__stack_broken(G *g) {
    broken b = {g, sn__frame_here()};
    sn__far(stack_broken, &b);
    abort();
}

static void on_quit(void) {
    sn__os_write(STDERR_FILENO, "SIGQUIT: quit\n", 14);
    dump_all(STDERR_FILENO);
    _exit(2);
}

void sn__faults_start(void) { sn__os_faults_init(on_fault, on_quit); }
