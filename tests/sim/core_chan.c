/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* core-handoff: a value, a cancel of either side and a deadline at once; it moves or it does not,
 * and both sides say the same. core-close: many wait for a channel that is closed. */
#include "core.h"
#include "hold.h"

#include <sennit/sennit.h>
#include <string.h>

/* ---- core-handoff */

enum { VALUE = 77, SIDES = 4 };

typedef struct side {
    struct meeting *m;
    sn_scope scope;
    sn_wg entered;  /* it is in its scope, which may be cancelled */
    sn_wg finished; /* nobody touches its scope any more */
    sn_time deadline;
    int sends, selects, rc, value;
} side;

typedef struct meeting {
    sn_chan c;
    side sides[SIDES];
} meeting;

static int exchange(side *s) {
    sn_chan *c = &s->m->c;
    int never = 0;
    if (!s->selects) return s->sends ? sn_send(c, &s->value) : sn_recv(c, &s->value);
    int at = s->sends ? sn_select(SN_NEVER, sn_rx(NULL, &never, NULL), sn_tx(c, &s->value))
                      : sn_select(SN_NEVER, sn_rx(NULL, &never, NULL), sn_rx(c, &s->value, NULL));
    return at > 0 ? 0 : at;
}

static int take_side(void *arg) {
    side *s = arg;
    sn_scope_enter(&s->scope, s->deadline);
    sn_wg_done(&s->entered);
    s->rc = exchange(s);
    int after = sn_canceled();
    HOLD(!s->rc || s->rc == after, "%s in a scope that says %s", sn_errname(s->rc),
         sn_errname(after));
    sn_shield(1);
    OK(sn_wg_wait(&s->finished));
    sn_shield(0);
    int left = sn_scope_leave(&s->scope);
    HOLD(!after || left == after, "the scope said %s and left with %s", sn_errname(after),
         sn_errname(left));
    return 0;
}

static int cancel_side(void *arg) {
    side *s = arg;
    OK(sn_wg_wait(&s->entered));
    if (!one_in(3)) OK(sn_yield());
    sn_scope_cancel(&s->scope, SN_ECANCELED);
    sn_wg_done(&s->finished);
    return 0;
}

static void judge_meeting(meeting *m) {
    int sent = 0, received = 0, left = (int)sn_chan_len(&m->c);
    for (int i = 0; i < SIDES; i++) {
        const side *s = &m->sides[i];
        if (s->sends)
            sent += !s->rc;
        else
            received += !s->rc;
        HOLD(s->value == (s->sends || !s->rc ? VALUE : -1), "side %d: a value of %d", i, s->value);
    }
    HOLD(sent == received + left, "%d sent, %d received, %d left", sent, received, left);
}

int core_handoff(void *arg) {
    meeting m;
    sn_scope all;
    (void)arg;
    memset(&m, 0, sizeof m);
    OK(sn_chan_init(&m.c, sizeof(int), (size_t)sn_sim_draw(2), NULL, NULL));
    sn_scope_enter(&all, SN_NEVER);
    for (int i = 0; i < SIDES; i++) {
        side *s = &m.sides[i];
        s->m = &m;
        s->sends = i % 2;
        s->selects = (int)sn_sim_draw(2);
        s->value = s->sends ? VALUE : -1;
        s->deadline = one_in(4) ? sn_now() + some_time(1000) : SN_NEVER;
        sn_wg_add(&s->entered, 1);
        sn_wg_add(&s->finished, 1);
        OK(sn_go(take_side, s, 0));
    }
    for (int i = 0; i < SIDES; i++) OK(sn_go(cancel_side, &m.sides[i], 0));
    OK(sn_scope_leave(&all));
    judge_meeting(&m);
    sn_chan_free(&m.c);
    return 0;
}

/* ---- core-close */

enum { WAITERS = 5 };

typedef struct hall {
    sn_chan open, other;
    sn_wg gone; /* all who wait have their answer */
    sn_wg gate;
    int told;
} hall;

static int wait_for_close(void *arg) {
    hall *h = arg;
    int value = 0, err = 0;
    if (one_in(2))
        err = sn_recv(&h->open, &value);
    else
        HOLD(sn_select(SN_NEVER, sn_rx(&h->other, &value, NULL), sn_rx(&h->open, &value, &err)) ==
                 1,
             "a select went on with a channel that nobody uses");
    HOLD(err == SN_ECLOSED && !value, "the end came as %s, %d", sn_errname(err), value);
    h->told++;
    sn_wg_done(&h->gone);
    return sn_wg_wait(&h->gate);
}

static int close_it(void *arg) {
    hall *h = arg;
    sn_chan_close(&h->open);
    return 0;
}

/* All of them are woken by one close, and then by one wait group. */
int core_close(void *arg) {
    hall h;
    sn_scope all;
    (void)arg;
    memset(&h, 0, sizeof h);
    OK(sn_chan_init(&h.open, sizeof(int), 0, NULL, NULL));
    OK(sn_chan_init(&h.other, sizeof(int), 0, NULL, NULL));
    sn_wg_add(&h.gone, WAITERS);
    sn_wg_add(&h.gate, 1);
    sn_scope_enter(&all, SN_NEVER);
    for (int i = 0; i < WAITERS; i++) OK(sn_go(wait_for_close, &h, 0));
    OK(sn_go(close_it, &h, 0));
    OK(sn_wg_wait(&h.gone));
    sn_wg_done(&h.gate);
    OK(sn_scope_leave(&all));
    HOLD(h.told == WAITERS, "%d of %d were told", h.told, WAITERS);
    sn_chan_free(&h.open);
    sn_chan_free(&h.other);
    return 0;
}
