/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* A hand-off, a cancel and a deadline, all for one wait, on real threads. One coroutine of each
 * lane waits at a channel in a scope of its own, again and again, as a receiver, as a sender or in
 * a select; two others, who know nothing of each other, hand over and cancel. What counts as a
 * collision is that two have tried for the same wait and one of them has lost; the claims are
 * counted (count_claims.h). No value may be lost or doubled, and each wait must end as one thing.
 *
 * Until $SENNIT_STRESS_COUNT collisions, else 100,000, or for a few seconds if that is not set. */
#include "core/sched.h"
#include "stress.h"

enum { LANES = 4, RIVALS = 2, USUAL = 100000, SECONDS = 4 };
_Atomic long claims_lost[SN__CANCELED + 1][SN__CANCELED + 1];
static atomic_int stop;

enum kind { RECEIVES, SENDS, SELECTS, KINDS };

typedef struct sum {
    long n;
    uint64_t of; /* of the values: each is used once in its lane */
} sum;

typedef struct lane {
    sn_chan c, other; /* nobody uses the other */
    enum kind kind;
    sn_scope scope;
    sn_mutex lock; /* guards open: the scope may be cancelled */
    bool open;
    atomic_uint_fast64_t next;
    long waits, handed, canceled, timed_out;
    sum in, out; /* the waiter's own: what it received, what it sent */
    struct rival {
        struct lane *lane;
        uint64_t chance;
        sum in, out;
    } rivals[RIVALS];
} lane;

static void add(sum *s, uint64_t v) {
    s->n++;
    s->of += v * v;
}

static long lost_to(enum sn__cause loser, enum sn__cause winner) {
    return atomic_load_explicit(&claims_lost[loser][winner], memory_order_relaxed);
}

/* Of a hand-off with a cancel or a deadline. */
static long collisions(void) {
    long n = 0;
    for (int other = SN__TIMED_OUT; other <= SN__CANCELED; other++)
        n += lost_to(SN__WOKEN, other) + lost_to(other, SN__WOKEN) + lost_to(other, SN__IDLE);
    return n + lost_to(SN__WOKEN, SN__IDLE);
}

/* --- the one who waits */

static int wait_once(lane *l, uint64_t *v) {
    int nothing;
    switch (l->kind) {
    case SENDS:
        return sn_send(&l->c, v);
    case SELECTS: {
        int at = sn_select(SN_NEVER, sn_rx(&l->other, &nothing, NULL), sn_rx(&l->c, v, NULL));
        return at == 1 ? 0 : at;
    }
    default:
        return sn_recv(&l->c, v);
    }
}

static void set_open(lane *l, bool open) {
    sn_lock(&l->lock);
    l->open = open;
    sn_unlock(&l->lock);
}

static void settle(lane *l, int rc, uint64_t v, int over, int left) {
    l->waits++;
    l->handed += rc == 0;
    l->canceled += rc == SN_ECANCELED;
    l->timed_out += rc == SN_ETIMEDOUT;
    if (rc == 0) add(l->kind == SENDS ? &l->out : &l->in, v);
    if (rc) {
        CHECK_INT(rc, over);
        CHECK(l->kind == SENDS || v == 0); /* nothing moved */
    }
    if (over) CHECK(left < 0);
}

static int wait_again(void *arg) {
    lane *l = arg;
    uint64_t chance = 7;
    while (!atomic_load_explicit(&stop, memory_order_relaxed)) {
        bool hasty = pick(&chance, 4) == 0;
        uint64_t v = l->kind == SENDS ? atomic_fetch_add(&l->next, 1) : 0;
        sn_scope_enter(&l->scope, hasty ? sn_now() + pick(&chance, 2000) : SN_NEVER);
        set_open(l, true);
        int rc = wait_once(l, &v), over = sn_canceled();
        set_open(l, false);
        settle(l, rc, v, over, sn_scope_leave(&l->scope));
    }
    return 0;
}

/* --- its rivals */

static void cancel(lane *l) {
    sn_lock(&l->lock);
    if (l->open) sn_scope_cancel(&l->scope, SN_ECANCELED);
    sn_unlock(&l->lock);
}

static void hand_over(struct rival *r) {
    lane *l = r->lane;
    uint64_t v = 0;
    if (l->kind == SENDS) {
        if (sn_try_recv(&l->c, &v) == 0) add(&r->in, v);
        return;
    }
    v = atomic_fetch_add(&l->next, 1);
    if (sn_try_send(&l->c, &v) == 0) add(&r->out, v);
}

static int meddle(void *arg) {
    struct rival *r = arg;
    while (!atomic_load_explicit(&stop, memory_order_relaxed)) {
        unsigned how = pick(&r->chance, 8);
        if (how < 5) cancel(r->lane);
        if (how > 1) hand_over(r);
        if (how == 7) cancel(r->lane);
        CHECK_INT(sn_yield(), 0);
    }
    return 0;
}

/* --- all of it */

static void open_lane(lane *l, enum kind kind) {
    *l = (lane){.kind = kind, .next = 1};
    MUST(sn_chan_init(&l->c, sizeof(uint64_t), 0, NULL, NULL) == 0);
    MUST(sn_chan_init(&l->other, sizeof(int), 0, NULL, NULL) == 0);
    for (int i = 0; i < RIVALS; i++) {
        l->rivals[i].lane = l;
        l->rivals[i].chance = (uint64_t)kind * 7919 + (uint64_t)i;
    }
}

static void start_lane(lane *l) {
    GO(wait_again, l);
    for (int i = 0; i < RIVALS; i++) GO(meddle, &l->rivals[i]);
}

/* Cancels what still waits when all rivals have gone. */
static void close_lane(lane *l) {
    sum in = l->in, out = l->out;
    for (int i = 0; i < RIVALS; i++) {
        in.n += l->rivals[i].in.n, in.of += l->rivals[i].in.of;
        out.n += l->rivals[i].out.n, out.of += l->rivals[i].out.of;
    }
    CHECK_INT(in.n, out.n);
    CHECK(in.of == out.of);
    CHECK_INT(l->handed, l->kind == SENDS ? in.n : out.n);
    CHECK_INT(l->waits, l->handed + l->canceled + l->timed_out);
    sn_chan_free(&l->c);
    sn_chan_free(&l->other);
}

static void tell(const lane *l, int n) {
    static const char *const name[] = {"", "", "", "hand-off", "", "deadline", "cancel"};
    long waits = 0, handed = 0, canceled = 0, timed_out = 0;
    for (int i = 0; i < n; i++) {
        waits += l[i].waits, handed += l[i].handed;
        canceled += l[i].canceled, timed_out += l[i].timed_out;
    }
    printf("          %ld waits: %ld handed over, %ld cancelled, %ld timed out; %ld collisions:\n",
           waits, handed, canceled, timed_out, collisions());
    for (int lost = SN__WOKEN; lost <= SN__CANCELED; lost++) {
        for (int won = SN__IDLE; won <= SN__CANCELED; won++) {
            if (lost == SN__CLOSED || !lost_to(lost, won)) continue;
            printf("          %9ld of a %s that lost to a %s\n", lost_to(lost, won), name[lost],
                   won == SN__IDLE ? "wait that was over" : name[won]);
        }
    }
}

static void run_till_enough(lane *all, int n) {
    const char *asked = getenv("SENNIT_STRESS_COUNT");
    long enough = asked ? atol(asked) : USUAL;
    sn_time end = asked ? SN_NEVER : sn_now() + SECONDS * SN_SECOND;
    while (collisions() < enough && sn_now() < end && !check_failed_)
        CHECK_INT(sn_sleep(SN_MILLISECOND), 0);
    atomic_store(&stop, 1);
    for (bool waiting = true; waiting;) {
        CHECK_INT(sn_sleep(SN_MILLISECOND), 0);
        waiting = false;
        for (int i = 0; i < n; i++) {
            sn_lock(&all[i].lock);
            waiting |= all[i].open;
            sn_unlock(&all[i].lock);
            cancel(&all[i]);
        }
    }
}

static int collide(void *arg) {
    enum { N = LANES * KINDS };
    lane *all = calloc(N, sizeof *all);
    sn_scope s;
    (void)arg;
    MUST(all);
    for (int i = 0; i < N; i++) open_lane(&all[i], (enum kind)(i % KINDS));
    sn_scope_enter(&s, SN_NEVER);
    for (int i = 0; i < N; i++) start_lane(&all[i]);
    run_till_enough(all, N);
    CHECK_INT(sn_scope_leave(&s), 0);
    for (int i = 0; i < N; i++) close_lane(&all[i]);
    CHECK(collisions() > 0);
    tell(all, N);
    free(all);
    return 0;
}

int main(void) {
    setvbuf(stdout, NULL, _IOLBF, 0);
    stress_case("hand-offs that collide with cancels and deadlines", collide);
    return check_done();
}
