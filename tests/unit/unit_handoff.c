/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* A hand-off, a cancel of each side and a deadline, all at once, in every pairing of calls: the
 * value moves exactly once or not at all, and both sides agree. Over the seeds each outcome must
 * have been seen. */
#include "world.h"

typedef struct side {
    sn_scope scope;
    sn_wg entered;  /* both sides are in their scopes: they may be cancelled */
    sn_wg finished; /* the canceller is done with the scopes: they may be left */
    int rc, after, value;
} side;

typedef struct meeting {
    sn_chan c;
    int send_kind, recv_kind;
    sn_time deadline;
    side tx, rx;
} meeting;

enum { PLAIN, SELECT, SELECT_BOTH_WAYS, KINDS };

static int do_send(meeting *m, int *v) {
    int other = 0;
    if (m->send_kind == PLAIN) return sn_send(&m->c, v);
    if (m->send_kind == SELECT) return sn_select(SN_NEVER, sn_tx(&m->c, v));
    int k = sn_select(SN_NEVER, sn_rx(NULL, &other, NULL), sn_tx(&m->c, v), sn_tx(&m->c, v));
    return k > 0 ? 0 : k;
}

static int do_recv(meeting *m, int *v) {
    if (m->recv_kind == PLAIN) return sn_recv(&m->c, v);
    if (m->recv_kind == SELECT) return sn_select(SN_NEVER, sn_rx(&m->c, v, NULL));
    int k = sn_select(SN_NEVER, sn_rx(&m->c, v, NULL), sn_rx(&m->c, v, NULL));
    return k > 0 ? 0 : k;
}

static void in_scope(meeting *m, side *s, int (*act)(meeting *, int *)) {
    sn_scope_enter(&s->scope, m->deadline);
    sn_wg_done(&s->entered);
    s->rc = act(m, &s->value);
    s->after = sn_canceled();
    if (s->after) CHECK_INT(sn_yield(), s->after);
    if (s->rc) CHECK_INT(s->rc, s->after);
    sn_shield(1);
    CHECK_INT(sn_wg_wait(&s->finished), 0);
    sn_shield(0);
    int left = sn_scope_leave(&s->scope);
    if (s->after) CHECK(left < 0);
}

static int sender(void *arg) {
    meeting *m = arg;
    in_scope(m, &m->tx, do_send);
    return 0;
}
static int receiver(void *arg) {
    meeting *m = arg;
    in_scope(m, &m->rx, do_recv);
    return 0;
}

static int cancel_both(void *arg) {
    meeting *m = arg;
    uint64_t rng = world_round();
    side *first = pick(&rng, 2) ? &m->tx : &m->rx, *second = first == &m->tx ? &m->rx : &m->tx;
    CHECK_INT(sn_wg_wait(&first->entered), 0);
    CHECK_INT(sn_wg_wait(&second->entered), 0);
    for (unsigned i = pick(&rng, 4); i; i--) CHECK_INT(sn_yield(), 0);
    sn_scope_cancel(&first->scope, SN_ECANCELED);
    for (unsigned i = pick(&rng, 4); i; i--) CHECK_INT(sn_yield(), 0);
    sn_scope_cancel(&second->scope, SN_ECANCELED);
    sn_wg_done(&first->finished);
    sn_wg_done(&second->finished);
    return 0;
}

static long seen_moved, seen_kept, seen_buffered, seen_late_cancel;

static void judge(meeting *m) {
    int in_buffer = (int)sn_chan_len(&m->c);
    if (m->rx.rc == 0) CHECK_INT(m->rx.value, 77);
    if (m->rx.rc) CHECK_INT(m->rx.value, -1);
    CHECK_INT(m->tx.rc == 0, (m->rx.rc == 0) + in_buffer);
    CHECK_INT(m->tx.value, 77);
    seen_moved += m->rx.rc == 0;
    seen_kept += m->tx.rc != 0;
    seen_buffered += in_buffer;
    seen_late_cancel += m->rx.rc == 0 && (m->rx.after || m->tx.after);
}

static int meet(void *arg) {
    uint64_t rng = world_round();
    meeting m = {.tx = {.value = 77}, .rx = {.value = -1}};
    sn_scope s;
    (void)arg;
    m.send_kind = (int)(world_round() % KINDS);
    m.recv_kind = (int)(world_round() / KINDS % KINDS);
    m.deadline = pick(&rng, 3) ? SN_NEVER : sn_now() + pick(&rng, 2000);
    MUST(sn_chan_init(&m.c, sizeof(int), world_round() / KINDS / KINDS % 3, NULL, NULL) == 0);
    sn_wg_add(&m.tx.entered, 1), sn_wg_add(&m.rx.entered, 1);
    sn_wg_add(&m.tx.finished, 1), sn_wg_add(&m.rx.finished, 1);
    sn_scope_enter(&s, SN_NEVER);
    GO(sender, &m);
    GO(receiver, &m);
    GO(cancel_both, &m);
    CHECK_INT(sn_scope_leave(&s), 0);
    judge(&m);
    sn_chan_free(&m.c);
    return 0;
}

static void reached(void) {
    printf("%ld moved, %ld kept, %ld left in the buffer, %ld cancelled after they moved\n",
           seen_moved, seen_kept, seen_buffered, seen_late_cancel);
    CHECK(world_few() || (seen_moved > 100 && seen_kept > 100));
    CHECK(world_few() || (seen_buffered > 100 && seen_late_cancel > 100));
}

/* --- one value, many who want it, cancels among them */

typedef struct prize {
    sn_chan c;
    sn_scope scope;
    sn_mutex lock;
    int winners, losers;
} prize;

static int want(void *arg) {
    prize *p = arg;
    int v = 0, rc = sn_recv(&p->c, &v);
    sn_lock(&p->lock);
    p->winners += rc == 0;
    p->losers += rc == SN_ECANCELED;
    sn_unlock(&p->lock);
    if (rc == 0) CHECK_INT(v, 5);
    return 0;
}

static int cancel_scope(void *arg) {
    sn_scope_cancel(arg, SN_ECANCELED);
    return 0;
}

static int one_winner(void *arg) {
    prize p = {.winners = 0};
    sn_scope s;
    int v = 5, sent = 0;
    (void)arg;
    MUST(sn_chan_init(&p.c, sizeof v, 0, NULL, NULL) == 0);
    sn_scope_enter(&s, SN_NEVER);
    sn_scope_enter(&p.scope, SN_NEVER);
    for (int i = 0; i < 5; i++) GO(want, &p);
    MUST(sn_scope_go(&s, NULL, cancel_scope, &p.scope, 0) == 0);
    while (!sent && !sn_canceled()) sent = sn_send(&p.c, &v) == 0;
    CHECK_INT(sn_scope_leave(&p.scope), SN_ECANCELED);
    CHECK_INT(sn_scope_leave(&s), 0);
    CHECK_INT(p.winners, sent);
    CHECK_INT(p.winners + p.losers, 5);
    sn_chan_free(&p.c);
    return 0;
}

/* --- a close, a deadline and a value for one waiting select */

typedef struct last_call {
    sn_chan c, d;
    int sent;
} last_call;

static int send_once(void *arg) {
    last_call *l = arg;
    int v = 9;
    l->sent = sn_try_send(&l->c, &v) == 0;
    return 0;
}
static int close_d(void *arg) {
    last_call *l = arg;
    sn_chan_close(&l->d);
    return 0;
}

static int one_outcome(void *arg) {
    last_call l = {.sent = 0};
    sn_scope s;
    int v = -1, w = -1, err = 1;
    uint64_t rng = world_round();
    (void)arg;
    MUST(sn_chan_init(&l.c, sizeof v, 0, NULL, NULL) == 0);
    MUST(sn_chan_init(&l.d, sizeof v, 0, NULL, NULL) == 0);
    sn_scope_enter(&s, SN_NEVER);
    GO(send_once, &l);
    GO(close_d, &l);
    int k = sn_select(sn_now() + pick(&rng, 1000), sn_rx(&l.c, &v, NULL), sn_rx(&l.d, &w, &err));
    CHECK_INT(sn_scope_leave(&s), 0);
    CHECK(k == 0 || k == 1 || k == SN_ETIMEDOUT);
    CHECK_INT(l.sent, k == 0);
    CHECK_INT(v, k == 0 ? 9 : -1);
    CHECK_INT(w, -1);
    if (k == 1) CHECK_INT(err, SN_ECLOSED);
    sn_chan_free(&l.c), sn_chan_free(&l.d);
    return 0;
}

int main(void) {
    world_case("hand-off, cancel and deadline: the value moves once and both sides know", meet,
               9000);
    CASE(reached);
    world_case("one value for many receivers that are being cancelled", one_winner, 3000);
    world_case("a value, a close and a deadline: one of them ends the select", one_outcome, 3000);
    return check_done();
}
