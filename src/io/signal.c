/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Signals on channels. The handler only sets a bit and writes an eventfd; the pump, a coroutine of
 * the root scope, waits for that descriptor and sends.
 *
 * The pump starts with the first subscription. It ends when the last one goes (its descriptor is
 * closed under it) or when the run ends (it is cancelled): then it clears all subscriptions.
 *
 * `state.lock` guards `state`. It is held over sn_try_send, so that after sn_signal_stop nothing
 * is sent; nothing parks under it. The handler takes no lock: it announces itself in `in_handler`
 * before it reads `event_fd`, and who closes the descriptor first takes it out of `event_fd` and
 * then waits for that count to be 0, so no handler writes to a descriptor that is closed. */
#include "io/poll.h"
#include "io/sys.h"

#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <sennit/go.h>
#include <sennit/signal.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <unistd.h>

#include "core/sched.h"

#define SIGNALS 65 /* 1 … 64 */

typedef struct sub {
    struct sub *next;
    sn_chan *chan;
    int signo;
} sub;

static struct {
    pthread_mutex_t lock;
    sn__pd *pd; /* of the pump; NULL: none runs */
    sub *subs;
    unsigned users[SIGNALS];
    struct sigaction former[SIGNALS]; /* where users > 0 */
} state = {.lock = PTHREAD_MUTEX_INITIALIZER};

static _Atomic int event_fd = -1;
static atomic_uint in_handler;
static _Atomic uint64_t pending; /* bit signo - 1 */

static void on_signal(int signo) {
    int saved = errno;
    const uint64_t one = 1;
    atomic_fetch_add(&in_handler, 1);
    atomic_fetch_or(&pending, UINT64_C(1) << (signo - 1));
    int fd = atomic_load(&event_fd);
    /* EAGAIN: the count is at its limit, so the pump has been woken long ago. */
    while (fd >= 0 && write(fd, &one, sizeof one) < 0 && errno == EINTR) continue;
    atomic_fetch_sub(&in_handler, 1);
    errno = saved;
}

/* Catchable, and neither raised by the code that runs nor the runtime's own. */
static int may_notify(int signo) {
    static const int refused[] = {SIGKILL, SIGSTOP, SIGSEGV, SIGBUS, SIGFPE,
                                  SIGILL,  SIGTRAP, SIGABRT, SIGSYS, SIGQUIT};
    if (signo < 1 || signo >= SIGNALS) return 0;
    for (size_t i = 0; i < sizeof refused / sizeof *refused; i++) {
        if (signo == refused[i]) return 0;
    }
    return 1;
}

static void deliver(uint64_t bits) {
    pthread_mutex_lock(&state.lock);
    for (sub *s = state.subs; s; s = s->next) {
        if (!(bits & UINT64_C(1) << (s->signo - 1))) continue;
        if (sn_try_send(s->chan, &s->signo) < 0) continue; /* full: dropped, as said */
    }
    pthread_mutex_unlock(&state.lock);
}

/* The four below: with the lock. */

static void release_signal(int signo) {
    if (--state.users[signo] == 0) sigaction(signo, &state.former[signo], NULL);
}

static int claim_signal(int signo) {
    struct sigaction sa = {.sa_handler = on_signal, .sa_flags = SA_RESTART | SA_ONSTACK};
    sigfillset(&sa.sa_mask);
    if (state.users[signo] == 0 && sigaction(signo, &sa, &state.former[signo]) < 0) {
        return SN_EINVAL; /* the C library keeps a few for itself */
    }
    state.users[signo]++;
    return 0;
}

static void retire_pump(void) {
    atomic_store(&event_fd, -1);
    while (atomic_load(&in_handler) > 0) sched_yield();
    atomic_store(&pending, 0);
    sn__pd_close(state.pd);
    state.pd = NULL;
}

/* Takes out the subscriptions of `c` (NULL: of all), and the pump with the last one. */
static void unsubscribe(const sn_chan *c) {
    for (sub **at = &state.subs; *at;) {
        sub *s = *at;
        if (c && s->chan != c) {
            at = &s->next;
            continue;
        }
        *at = s->next;
        release_signal(s->signo);
        free(s);
    }
    if (!state.subs && state.pd) retire_pump();
}

/* Returns 0 at all times: an error of ours must not cancel the root scope. */
static int pump(void *arg) {
    sn__pd *pd = arg;
    sn_set_name("signals");
    if (sn__pd_ref(pd) == 0) {
        do {
            (void)sn__sys_eventfd_take(sn__pd_fd(pd));
            deliver(atomic_exchange(&pending, 0));
        } while (sn__pd_wait(pd, SN__PD_READ, SN_NEVER) == 0);
        sn__pd_unref(pd);
    }
    pthread_mutex_lock(&state.lock);
    if (state.pd == pd) unsubscribe(NULL);
    pthread_mutex_unlock(&state.lock);
    sn__pd_free(pd);
    return 0;
}

/* As sn_go_root, but lets nobody run before: the lock is held. */
static int spawn_pump(sn__pd *pd) {
    sn__g *g = sn__enter();
    int err = sn__spawn_root(pump, pd, 0, (uintptr_t)sn_signal_notify);
    sn__leave(g);
    return err;
}

/* With the lock. */
static int start_pump(void) {
    if (state.pd) return 0;
    int fd = sn__sys_eventfd();
    if (fd < 0) return fd;
    sn__pd *pd;
    int err = sn__pd_open(&pd, fd);
    if (err) {
        sn__sys_close(fd);
        return err;
    }
    err = spawn_pump(pd);
    if (err) {
        sn__pd_free(pd);
        return err;
    }
    state.pd = pd;
    atomic_store(&event_fd, fd);
    return 0;
}

static int is_subscribed(const sn_chan *c, int signo) {
    for (const sub *s = state.subs; s; s = s->next) {
        if (s->chan == c && s->signo == signo) return 1;
    }
    return 0;
}

/* With the lock. */
static int subscribe(sn_chan *c, int signo) {
    if (is_subscribed(c, signo)) return 0;
    sub *s = malloc(sizeof *s);
    int err = s ? start_pump() : SN_ENOMEM;
    if (err == 0) err = claim_signal(signo);
    if (err) {
        free(s);
        if (!state.subs && state.pd) retire_pump();
        return err;
    }
    *s = (sub){state.subs, c, signo};
    state.subs = s;
    return 0;
}

int sn_signal_notify(sn_chan *c, int signo) {
    if (!c || !may_notify(signo)) return SN_EINVAL;
    pthread_mutex_lock(&state.lock);
    int err = subscribe(c, signo);
    pthread_mutex_unlock(&state.lock);
    return err;
}

void sn_signal_stop(sn_chan *c) {
    if (!c) return;
    pthread_mutex_lock(&state.lock);
    unsubscribe(c);
    pthread_mutex_unlock(&state.lock);
}
