/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Signals of simulated processes: a list of channels for each host, empty again with every boot.
 * The lock is held over a delivery, so that a channel gets nothing after sn_signal_stop. */
#include <sennit/signal.h>
#include <signal.h>
#include <stdlib.h>

#include "sched/sim/world.h"
#include "world/parts.h"

enum { SIGNALS = 65 }; /* 1 … 64 */

typedef struct sub {
    struct sub *next;
    sn_chan *chan;
    int signo;
} sub;

typedef struct signals {
    sn__lockw lock;
    sub *subs;
} signals;

static signals *of(const sn_host *h) { return h->signals; }

/* As with libsennit: catchable, and neither raised by the code that runs nor the runtime's own. */
static bool may_notify(int signo) {
    static const int refused[] = {SIGKILL, SIGSTOP, SIGSEGV, SIGBUS, SIGFPE,
                                  SIGILL,  SIGTRAP, SIGABRT, SIGSYS, SIGQUIT};
    if (signo < 1 || signo >= SIGNALS) return false;
    for (size_t i = 0; i < sizeof refused / sizeof *refused; i++)
        if (signo == refused[i]) return false;
    return true;
}

static int subscribe(signals *all, sn_chan *c, int signo) {
    sub **at = &all->subs;
    for (; *at; at = &(*at)->next)
        if ((*at)->chan == c && (*at)->signo == signo) return 0;
    sub *s = malloc(sizeof *s);
    if (!s) return SN_ENOMEM;
    *s = (sub){NULL, c, signo};
    *at = s;
    return 0;
}

int sn_signal_notify(sn_chan *c, int signo) {
    const sn_host *h = sn__sim_host();
    if (!c || !may_notify(signo)) return SN_EINVAL;
    if (!h) return SN_ENOSYS; /* the test is no process */
    sn__lock(&of(h)->lock);
    int err = h->frozen ? SN_ECANCELED : subscribe(of(h), c, signo);
    sn__unlock(&of(h)->lock);
    return err;
}

/* Takes out the subscriptions of `c`; NULL: all. */
static void unsubscribe(signals *all, const sn_chan *c) {
    for (sub **at = &all->subs; *at;) {
        sub *s = *at;
        if (c && s->chan != c) {
            at = &s->next;
            continue;
        }
        *at = s->next;
        free(s);
    }
}

void sn_signal_stop(sn_chan *c) {
    const sn_host *h = sn__sim_host();
    if (!c || !h) return;
    sn__lock(&of(h)->lock);
    unsubscribe(of(h), c);
    sn__unlock(&of(h)->lock);
}

static const sub *nth(const signals *all, size_t n) {
    const sub *s = all->subs;
    while (s && n--) s = s->next;
    return s;
}

int sn_host_signal(sn_host *h, int signo) {
    if (signo < 1 || signo >= SIGNALS) return SN_EINVAL;
    if (!h->up || h->frozen) return SN_ECLOSED;
    sn__sim_told("host.signal", h->index, (uint64_t)signo);
    sn__lock(&of(h)->lock);
    /* counted, since the host may be stopped while we send, and its list emptied */
    const sub *s;
    for (size_t i = 0; (s = nth(of(h), i)); i++)
        if (s->signo == signo && sn_try_send(s->chan, &signo) < 0) continue; /* full: dropped */
    sn__unlock(&of(h)->lock);
    return 0;
}

static int host_new(sn_host *h) {
    h->signals = calloc(1, sizeof(signals));
    return h->signals ? 0 : SN_ENOMEM;
}

static void host_stop(sn_host *h, enum sn_stop how) {
    (void)how;
    unsubscribe(of(h), NULL);
}

static void host_down(sn_host *h) { unsubscribe(of(h), NULL); }

static void host_free(sn_host *h) {
    if (h->signals) unsubscribe(of(h), NULL);
    free(h->signals);
}

const sn__part sn__signal_part = {
    .host_new = host_new, .host_stop = host_stop, .host_down = host_down, .host_free = host_free};
