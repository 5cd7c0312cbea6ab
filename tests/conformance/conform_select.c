/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Select against Go's specification: which case may go on, which one is chosen, what moves. */
#include "world.h"

#include <stdatomic.h>

static void make(sn_chan *c, size_t cap) {
    MUST(sn_chan_init(c, sizeof(int), cap, NULL, NULL) == 0);
}
static void put(sn_chan *c, int v) { CHECK_INT(sn_send(c, &v), 0); }

static int only_ready_case(void *arg) {
    sn_chan a, b;
    int va = -1, vb = -1, err = -1;
    (void)arg;
    make(&a, 1);
    make(&b, 1);
    put(&b, 5);
    CHECK_INT(sn_select(SN_NEVER, sn_rx(&a, &va, NULL), sn_rx(&b, &vb, &err)), 1);
    CHECK_INT(va, -1);
    CHECK_INT(vb, 5);
    CHECK_INT(err, 0);
    put(&b, 6);
    va = 9;
    CHECK_INT(sn_select(SN_NEVER, sn_tx(&b, &va), sn_tx(&a, &va), sn_tx(&b, &vb)), 1);
    CHECK_INT(sn_chan_len(&a), 1);
    CHECK_INT(sn_chan_len(&b), 1);
    sn_chan_free(&a);
    sn_chan_free(&b);
    return 0;
}

/* Four ready cases, one of which is a send and one a closed channel: each must be chosen a
 * quarter of the time. The bound is seven standard deviations. */
enum { DRAWS = 3000 };

static void check_even(const int *hits, int n) {
    double want = (double)DRAWS / n, bound = 49 * want * (1 - 1.0 / n);
    for (int i = 0; i < n; i++) {
        double off = hits[i] - want;
        if (off * off > bound) {
            fprintf(stderr, "case %d of %d chosen %d times of %d\n", i, n, hits[i], DRAWS);
            CHECK(!"chosen evenly");
        }
    }
}

static int even_choice(void *arg) {
    sn_chan full, room, closed, other, never;
    int v = 0, hits[4] = {0};
    (void)arg;
    make(&full, 1), make(&room, 1), make(&closed, 0), make(&other, 2), make(&never, 0);
    sn_chan_close(&closed);
    put(&full, 1), put(&other, 2);
    for (int i = 0; i < DRAWS; i++) {
        int k =
            sn_select(SN_NEVER, sn_rx(&full, &v, NULL), sn_tx(&room, &v), sn_rx(&closed, &v, NULL),
                      sn_rx(&other, &v, NULL), sn_rx(&never, &v, NULL), sn_rx(NULL, &v, NULL));
        MUST(k >= 0 && k < 4);
        hits[k]++;
        if (k == 0) put(&full, 1);
        if (k == 1) CHECK_INT(sn_recv(&room, &v), 0);
        if (k == 3) put(&other, 2);
    }
    check_even(hits, 4);
    sn_chan_free(&full), sn_chan_free(&room), sn_chan_free(&closed);
    sn_chan_free(&other), sn_chan_free(&never);
    return 0;
}

static int even_choice_of_two_in_eight(void *arg) {
    sn_chan c[8];
    int v = 0, hits[2] = {0};
    (void)arg;
    for (int i = 0; i < 8; i++) make(&c[i], 1);
    for (int i = 0; i < DRAWS; i++) {
        sn_case k[8];
        for (int j = 0; j < 8; j++) k[j] = sn_rx(&c[j], &v, NULL);
        if (sn_chan_len(&c[1]) == 0) put(&c[1], 1);
        if (sn_chan_len(&c[6]) == 0) put(&c[6], 6);
        int at = sn_selectv(k, 8, SN_NEVER);
        MUST(at == 1 || at == 6);
        CHECK_INT(v, at);
        hits[at == 6]++;
    }
    check_even(hits, 2);
    for (int i = 0; i < 8; i++) sn_chan_free(&c[i]);
    return 0;
}

static int with_default(void *arg) {
    sn_chan a, full;
    int v = 3, w = 8;
    (void)arg;
    make(&a, 0), make(&full, 1);
    put(&full, 1);
    CHECK_INT(sn_select(0, sn_rx(&a, &v, NULL), sn_tx(&a, &v), sn_tx(&full, &v)), SN_ETIMEDOUT);
    CHECK_INT(v, 3);
    CHECK_INT(sn_chan_len(&full), 1);
    CHECK_INT(sn_select(0, sn_rx(&a, &v, NULL), sn_rx(&full, &w, NULL)), 1);
    CHECK_INT(w, 1);
    CHECK_INT(sn_selectv(NULL, 0, 0), SN_ETIMEDOUT);
    sn_chan_free(&a), sn_chan_free(&full);
    return 0;
}

static int blocks_for_ever(void *arg) {
    sn_chan a;
    sn_scope s;
    int v = 3;
    (void)arg;
    make(&a, 0);
    sn_scope_enter(&s, sn_now() + SN_MILLISECOND);
    CHECK_INT(sn_select(SN_NEVER, sn_rx(NULL, &v, NULL), sn_tx(NULL, &v)), SN_ETIMEDOUT);
    CHECK_INT(sn_scope_leave(&s), SN_ETIMEDOUT);
    sn_scope_enter(&s, sn_now() + SN_MILLISECOND);
    CHECK_INT(sn_selectv(NULL, 0, SN_NEVER), SN_ETIMEDOUT);
    CHECK_INT(sn_scope_leave(&s), SN_ETIMEDOUT);
    sn_scope_enter(&s, sn_now() + SN_MILLISECOND);
    CHECK_INT(sn_select(SN_NEVER, sn_rx(&a, &v, NULL), sn_tx(&a, &v)), SN_ETIMEDOUT);
    CHECK_INT(sn_scope_leave(&s), SN_ETIMEDOUT);
    CHECK_INT(v, 3);
    sn_chan_free(&a);
    return 0;
}

static int until_passes(void *arg) {
    sn_chan a;
    int v = 3;
    (void)arg;
    make(&a, 0);
    sn_time t = sn_now() + 2 * SN_MILLISECOND;
    CHECK_INT(sn_select(t, sn_rx(&a, &v, NULL), sn_tx(&a, &v)), SN_ETIMEDOUT);
    CHECK(sn_now() >= t);
    CHECK_INT(sn_canceled(), 0);
    CHECK_INT(sn_select(t, sn_rx(&a, &v, NULL)), SN_ETIMEDOUT);
    sn_chan_free(&a);
    return 0;
}

typedef struct two {
    sn_chan a, b;
    int n;
} two;

static int feed(void *arg) {
    two *t = arg;
    for (int i = 0; i < t->n; i++) put(i & 1 ? &t->b : &t->a, i);
    return 0;
}

static int waits_for_one(void *arg) {
    (void)arg;
    for (size_t cap = 0; cap < 2; cap++) {
        two t = {.n = 12};
        sn_scope s;
        make(&t.a, cap), make(&t.b, cap);
        sn_scope_enter(&s, SN_NEVER);
        GO(feed, &t);
        int seen = 0, next[2] = {0, 1};
        while (seen < t.n) {
            int va = -1, vb = -1;
            int k = sn_select(SN_NEVER, sn_rx(&t.a, &va, NULL), sn_rx(&t.b, &vb, NULL));
            MUST(k == 0 || k == 1);
            CHECK_INT(k ? vb : va, next[k]);
            CHECK_INT(k ? va : vb, -1);
            next[k] += 2;
            seen++;
        }
        CHECK_INT(sn_scope_leave(&s), 0);
        sn_chan_free(&t.a), sn_chan_free(&t.b);
    }
    return 0;
}

/* One operation and no more: with four receivers waiting on four channels, a select that sends
 * on all of them serves exactly one each time. */
static int take_one(void *arg) {
    int v = -1;
    CHECK_INT(sn_recv(arg, &v), 0);
    CHECK_INT(v, 42);
    return 0;
}

static int one_communication(void *arg) {
    sn_chan c[4];
    sn_scope s;
    int v = 42, served[4] = {0};
    (void)arg;
    sn_scope_enter(&s, SN_NEVER);
    for (int i = 0; i < 4; i++) {
        make(&c[i], 0);
        GO(take_one, &c[i]);
    }
    for (int n = 0; n < 4; n++) {
        sn_case k[4];
        for (int i = 0; i < 4; i++) k[i] = sn_tx(&c[i], &v);
        int at = sn_selectv(k, 4, SN_NEVER);
        MUST(at >= 0 && at < 4);
        served[at]++;
    }
    for (int i = 0; i < 4; i++) CHECK_INT(served[i], 1);
    CHECK_INT(sn_scope_leave(&s), 0);
    for (int i = 0; i < 4; i++) sn_chan_free(&c[i]);
    return 0;
}

static int closed_is_ready(void *arg) {
    sn_chan a, b;
    int va = 7, vb = 7, ea = 1, eb = 1;
    (void)arg;
    make(&a, 2), make(&b, 0);
    put(&a, 1), put(&a, 2);
    sn_chan_close(&a);
    for (int want = 1; want <= 2; want++) {
        CHECK_INT(sn_select(SN_NEVER, sn_rx(&b, &vb, &eb), sn_rx(&a, &va, &ea)), 1);
        CHECK_INT(va, want);
        CHECK_INT(ea, 0);
    }
    for (int i = 0; i < 3; i++) {
        va = 7;
        CHECK_INT(sn_select(i ? SN_NEVER : 0, sn_rx(&b, &vb, &eb), sn_rx(&a, &va, &ea)), 1);
        CHECK_INT(ea, SN_ECLOSED);
        CHECK_INT(va, 7);
        CHECK_INT(eb, 1);
    }
    sn_chan_free(&a), sn_chan_free(&b);
    return 0;
}

static int close_it(void *arg) {
    sn_chan_close(arg);
    return 0;
}

static int close_wakes(void *arg) {
    sn_chan a, b;
    sn_scope s;
    int v = 7, err = 1;
    (void)arg;
    make(&a, 0), make(&b, 0);
    sn_scope_enter(&s, SN_NEVER);
    GO(close_it, &b);
    CHECK_INT(sn_select(SN_NEVER, sn_rx(&a, &v, NULL), sn_rx(&b, &v, &err), sn_tx(&a, &v)), 1);
    CHECK_INT(err, SN_ECLOSED);
    CHECK_INT(v, 7);
    CHECK_INT(sn_scope_leave(&s), 0);
    sn_chan_free(&a), sn_chan_free(&b);
    return 0;
}

/* Setting a drained channel's variable to nil takes its case out: the merge of two streams. */
static int produce(void *arg) {
    for (int i = 1; i <= 8; i++) put(arg, i);
    sn_chan_close(arg);
    return 0;
}

static int nil_disables(void *arg) {
    sn_chan a, b, *pa = &a, *pb = &b;
    sn_scope s;
    int sum = 0;
    (void)arg;
    make(&a, 0), make(&b, 3);
    sn_scope_enter(&s, SN_NEVER);
    GO(produce, &a);
    GO(produce, &b);
    while (pa || pb) {
        int va = 0, vb = 0, err = 0;
        int k = sn_select(SN_NEVER, sn_rx(pa, &va, &err), sn_rx(pb, &vb, &err));
        MUST(k == 0 || k == 1);
        CHECK((k ? pb : pa) != NULL);
        if (err) *(k ? &pb : &pa) = NULL;
        sum += va + vb;
    }
    CHECK_INT(sum, 72);
    CHECK_INT(sn_scope_leave(&s), 0);
    sn_chan_free(&a), sn_chan_free(&b);
    return 0;
}

static int same_channel_twice(void *arg) {
    sn_chan a;
    int v1 = 0, v2 = 0, hits[2] = {0};
    (void)arg;
    make(&a, 1);
    for (int i = 0; i < DRAWS; i++) {
        put(&a, 1);
        int k = sn_select(SN_NEVER, sn_rx(&a, &v1, NULL), sn_rx(&a, &v2, NULL));
        MUST(k == 0 || k == 1);
        hits[k]++;
        CHECK_INT(sn_chan_len(&a), 0);
    }
    check_even(hits, 2);
    sn_chan_free(&a);
    return 0;
}

/* A select that both sends and receives on one unbuffered channel never meets itself; two such
 * selects meet each other, in either direction. */
typedef struct peer {
    sn_chan *c;
    int mine, got, sent;
} peer;

static int send_or_receive(void *arg) {
    peer *p = arg;
    int v = -1;
    int k =
        sn_select(SN_NEVER, sn_rx(p->c, &v, NULL), sn_tx(p->c, &p->mine), sn_rx(p->c, &v, NULL));
    if (k == 1) p->sent = 1;
    if (k == 0 || k == 2) p->got = v;
    return k < 0 ? k : 0;
}

static int meets_the_other(void *arg) {
    sn_chan c;
    sn_scope s;
    (void)arg;
    make(&c, 0);
    peer a = {&c, 1, 0, 0}, b = {&c, 2, 0, 0};
    sn_scope_enter(&s, SN_NEVER);
    GO(send_or_receive, &a);
    GO(send_or_receive, &b);
    CHECK_INT(sn_scope_leave(&s), 0);
    CHECK_INT(a.sent + b.sent, 1);
    CHECK_INT(a.sent ? b.got : a.got, a.sent ? 1 : 2);
    CHECK_INT(a.sent ? a.got : b.got, 0);
    sn_chan_free(&c);
    return 0;
}

static int evaluations;
static sn_chan *once(sn_chan *c) {
    evaluations++;
    return c;
}
static int *value_once(int *v) {
    evaluations += 100;
    return v;
}

static int evaluated_once(void *arg) {
    sn_chan a, b;
    int v = 1, w = 2;
    (void)arg;
    make(&a, 1), make(&b, 1);
    evaluations = 0;
    CHECK_INT(
        sn_select(SN_NEVER, sn_tx(once(&a), value_once(&v)), sn_rx(once(&b), value_once(&w), NULL)),
        0);
    CHECK_INT(evaluations, 202);
    evaluations = 0;
    CHECK_INT(sn_select(0, sn_rx(once(NULL), value_once(&w), NULL)), SN_ETIMEDOUT);
    CHECK_INT(evaluations, 101);
    sn_chan_free(&a), sn_chan_free(&b);
    return 0;
}

/* The value of a send is the one at the moment of the select: both before it waits and after. */
static int value_at_entry(void *arg) {
    sn_chan a;
    int v = 1, got = 0;
    (void)arg;
    make(&a, 1);
    CHECK_INT(sn_select(SN_NEVER, sn_tx(&a, &v)), 0);
    v = 2;
    CHECK_INT(sn_recv(&a, &got), 0);
    CHECK_INT(got, 1);
    sn_chan_free(&a);
    return 0;
}

/* Many cases: the path that needs memory of its own. */
static int answer_last(void *arg) {
    put(arg, 77);
    return 0;
}

static int many_cases(void *arg) {
    enum { N = 200 };
    static sn_chan c[N];
    static sn_case k[N];
    static int v[N];
    sn_scope s;
    (void)arg;
    for (int i = 0; i < N; i++) {
        make(&c[i], 0);
        k[i] = sn_rx(&c[i], &v[i], NULL);
        v[i] = -1;
    }
    CHECK_INT(sn_selectv(k, N, 0), SN_ETIMEDOUT);
    sn_scope_enter(&s, SN_NEVER);
    GO(answer_last, &c[N - 3]);
    CHECK_INT(sn_selectv(k, N, SN_NEVER), N - 3);
    CHECK_INT(sn_scope_leave(&s), 0);
    for (int i = 0; i < N; i++) CHECK_INT(v[i], i == N - 3 ? 77 : -1);
    CHECK_INT(sn_selectv(k, SN_CASES_MAX + 1, 0), SN_EINVAL);
    for (int i = 0; i < N; i++) sn_chan_free(&c[i]);
    return 0;
}

/* A ring of selects that both take and give: nothing is lost however the choices fall. */
typedef struct ring {
    sn_chan *in, *out, *stop;
    sn_mutex *lock;
    int *held;
} ring;

static int hold_and_pass(void *arg) {
    ring *r = arg;
    int mine[16], n = 0;
    for (;;) {
        int v = 0, err = 0;
        int k = sn_select(SN_NEVER, sn_rx(n < 16 ? r->in : NULL, &v, &err),
                          sn_tx(n ? r->out : NULL, mine), sn_rx(r->stop, NULL, &err));
        if (k == 0) mine[n++] = v;
        if (k == 1) memmove(mine, mine + 1, (size_t)--n * sizeof *mine);
        if (k == 2) break;
        MUST(k >= 0);
    }
    sn_lock(r->lock);
    for (int i = 0; i < n; i++) r->held[mine[i]]++;
    sn_unlock(r->lock);
    return 0;
}

static int ring_of_selects(void *arg) {
    sn_chan c[4], stop;
    sn_mutex lock = {0};
    sn_scope s;
    int held[10] = {0};
    (void)arg;
    for (int i = 0; i < 4; i++) make(&c[i], (size_t)i & 1);
    make(&stop, 0);
    sn_scope_enter(&s, SN_NEVER);
    for (int i = 0; i < 4; i++) {
        ring r = {&c[i], &c[(i + 1) % 4], &stop, &lock, held};
        MUST(sn_go(hold_and_pass, &r, sizeof r) == 0);
    }
    for (int v = 0; v < 10; v++) put(&c[v % 4], v);
    for (int i = 0; i < 20; i++) CHECK_INT(sn_yield(), 0);
    sn_chan_close(&stop);
    CHECK_INT(sn_scope_leave(&s), 0);
    for (int i = 0, v; i < 4; i++) {
        while (sn_try_recv(&c[i], &v) == 0) held[v]++;
    }
    for (int v = 0; v < 10; v++) CHECK_INT(held[v], 1);
    for (int i = 0; i < 4; i++) sn_chan_free(&c[i]);
    sn_chan_free(&stop);
    return 0;
}

/* A token goes from one channel to the other by being in both for a while. So at every instant one
 * of the two has it, and a select with a default finds it. */
typedef struct relay {
    sn_chan a, b;
    atomic_int stop;
} relay;

static int pass_about(void *arg) {
    relay *r = arg;
    int v;
    while (!atomic_load(&r->stop)) {
        put(&r->b, 1);
        CHECK_INT(sn_recv(&r->a, &v), 0);
        put(&r->a, 1);
        CHECK_INT(sn_recv(&r->b, &v), 0);
    }
    return 0;
}

static int at_one_instant(void *arg) {
    relay r = {.stop = 0};
    sn_scope s;
    (void)arg;
    make(&r.a, 2), make(&r.b, 2);
    put(&r.a, 1);
    sn_scope_enter(&s, SN_NEVER);
    GO(pass_about, &r);
    for (int i = 0; i < 20; i++) {
        int v, k = sn_select(0, sn_rx(&r.a, &v, NULL), sn_rx(&r.b, &v, NULL));
        CHECK(k == 0 || k == 1);
        if (k >= 0) put(k ? &r.b : &r.a, v);
    }
    atomic_store(&r.stop, 1);
    CHECK_INT(sn_scope_leave(&s), 0);
    sn_chan_free(&r.a);
    sn_chan_free(&r.b);
    return 0;
}

int main(void) {
    world_case("spec: the case that can go on is chosen, the others move nothing", only_ready_case,
               50);
    world_case("spec: among several that can, one is chosen evenly at random", even_choice, 20);
    world_case("spec: the choice is even wherever the ready cases stand",
               even_choice_of_two_in_eight, 20);
    world_case("spec: with a default, nothing ready means the default", with_default, 50);
    world_case("select: the default is chosen of one instant", at_one_instant, 300);
    world_case("spec: with nil channels only, or none at all, it blocks for ever", blocks_for_ever,
               100);
    world_case("select: its own deadline is no cancel", until_passes, 100);
    world_case("spec: without a default it waits until one can go on", waits_for_one, 1000);
    world_case("spec: one communication is done and no other", one_communication, 1000);
    world_case("spec: a receive from a closed channel can always go on", closed_is_ready, 50);
    world_case("spec: a close lets a waiting select go on", close_wakes, 500);
    world_case("spec: a nil channel takes its case out", nil_disables, 500);
    world_case("spec: one channel in several cases", same_channel_twice, 20);
    world_case("spec: send and receive on one channel meet another select, never themselves",
               meets_the_other, 1000);
    world_case("spec: operands are evaluated exactly once", evaluated_once, 20);
    world_case("spec: the value sent is the one the select was given", value_at_entry, 20);
    world_case("select: more cases than fit on the stack", many_cases, 100);
    world_case("select: a ring of selects that take and give loses nothing", ring_of_selects, 1000);
    return check_done();
}
