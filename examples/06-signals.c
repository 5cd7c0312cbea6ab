/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Signals arrive as values on a channel, so a select waits for them beside everything else. This
 * program counts ticks until it is interrupted; it interrupts itself after ten of them. */
#include <sennit/sennit.h>
#include <signal.h>
#include <stdio.h>
#include <unistd.h>

static int tick(void *arg) {
    sn_chan *ticks = *(sn_chan **)arg;
    sn_ticker t;
    sn_ticker_init(&t, 5 * SN_MILLISECOND);
    for (int n = 1;; n++) {
        int rc = sn_tick(&t, NULL);
        if (!rc) rc = sn_send(ticks, &n);
        if (rc) return rc;
    }
}

/** Returns the signal that came, or an error. */
static int wait_for_signal(sn_chan *ticks, sn_chan *signals) {
    for (;;) {
        int n, signo;
        int which = sn_select(SN_NEVER, sn_rx(ticks, &n, NULL), sn_rx(signals, &signo, NULL));
        if (which < 0) return which;
        if (which == 1) return signo;
        if (n == 10) kill(getpid(), SIGINT); /* as Ctrl-C would */
    }
}

static int app(void *arg) {
    (void)arg;
    sn_chan *ticks = sn_chan_new(sizeof(int), 0, NULL);
    sn_chan *signals = sn_chan_new(sizeof(int), 1, NULL);
    if (!ticks || !signals) return SN_ENOMEM;
    int rc = sn_signal_notify(signals, SIGINT);
    if (rc) return rc;
    sn_scope s;
    sn_scope_enter(&s, sn_now() + 10 * SN_SECOND);
    rc = sn_go(tick, &ticks, sizeof ticks);
    int signo = rc ? rc : wait_for_signal(ticks, signals);
    sn_signal_stop(signals);
    sn_scope_cancel(&s, SN_ECANCELED);
    int left = sn_scope_leave(&s);
    printf(signo == SIGINT ? "interrupted, ending in good order\n" : "no signal came\n");
    sn_chan_free(ticks);
    sn_chan_free(signals);
    return signo == SIGINT && left == SN_ECANCELED ? 0 : 1;
}

SN_MAIN(app)
