/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Batches beside single sends, receives and selects: every value arrives once, in its sender's
 * order; what a cancelled batch says moved has moved, and the rest has not. */
#include "world.h"

#include <stdatomic.h>

enum { SENDERS = 3, EACH = 40, MOST = 9, CAPS = 4 };
static const size_t caps[CAPS] = {0, 1, 5, 64};

typedef struct item {
    uint32_t who, nth, check; /* 12 bytes: no power of two */
} item;

typedef struct road {
    sn_chan c;
    sn_wg senders;
    atomic_int got[SENDERS];  /* how many of each */
    atomic_int sent[SENDERS]; /* how many of each the senders say moved */
    atomic_int receivers;
} road;

typedef struct driver {
    road *r;
    uint32_t who;
    uint64_t chance;
} driver;

static size_t load(driver *d, uint32_t from, item *v) {
    size_t n = 1 + pick(&d->chance, MOST);
    if (n > EACH - from) n = EACH - from;
    for (size_t i = 0; i < n; i++) {
        uint32_t nth = from + (uint32_t)i;
        v[i] = (item){d->who, nth, d->who ^ nth ^ 0x5a5a};
    }
    return n;
}

static int send_some(driver *d, const item *v, size_t n, size_t *done) {
    unsigned how = pick(&d->chance, 4);
    sn_chan *c = &d->r->c;
    if (how == 0) {
        int rc = sn_send(c, v);
        *done = rc == 0;
        return rc;
    }
    if (how == 1) {
        int rc = sn_try_send_many(c, v, n, done);
        CHECK(rc == 0 ? *done > 0 && *done <= n : rc == SN_EAGAIN && !*done);
        if (rc) (void)!sn_yield();
        return sn_canceled();
    }
    int rc = sn_send_many(c, v, n, done);
    if (!rc) CHECK_INT(*done, n);
    return rc;
}

static int send_all(void *arg) {
    driver *d = arg;
    item v[MOST];
    int rc = 0;
    for (uint32_t next = 0; !rc && next < EACH;) {
        size_t n = load(d, next, v), done = 77;
        rc = send_some(d, v, n, &done);
        CHECK(done <= n && (!rc || rc == SN_ECANCELED));
        next += (uint32_t)done;
        atomic_store(&d->r->sent[d->who], (int)next);
    }
    sn_wg_done(&d->r->senders);
    return 0;
}

static int recv_some(driver *d, item *v, size_t *done) {
    size_t n = 1 + pick(&d->chance, MOST);
    int err = 0, rc;
    switch (pick(&d->chance, 5)) {
    case 0:
        rc = sn_recv(&d->r->c, v);
        break;
    case 1:
        rc = sn_select(SN_NEVER, sn_rx(&d->r->c, v, &err), sn_rx(NULL, NULL, NULL));
        if (!rc) rc = err;
        break;
    case 2:
        rc = sn_try_recv_many(&d->r->c, v, n, done);
        if (rc == SN_EAGAIN) (void)!sn_yield();
        CHECK(rc == 0 ? *done > 0 && *done <= n : !*done);
        return rc;
    default:
        rc = sn_recv_many(&d->r->c, v, n, done);
        CHECK(rc == 0 ? *done > 0 && *done <= n : !*done);
        return rc;
    }
    *done = rc == 0;
    return rc;
}

/* With one receiver, order too. */
static int recv_all(void *arg) {
    driver *d = arg;
    uint32_t next[SENDERS] = {0};
    int rc = 0, alone = atomic_load(&d->r->receivers) == 1;
    while (rc == 0 || rc == SN_EAGAIN) {
        item v[MOST];
        size_t n = 0;
        rc = recv_some(d, v, &n);
        for (size_t i = 0; i < n; i++) {
            MUST(v[i].who < SENDERS && v[i].check == (v[i].who ^ v[i].nth ^ 0x5a5a));
            if (alone) CHECK_INT(v[i].nth, next[v[i].who]++);
            atomic_fetch_add(&d->r->got[v[i].who], 1);
        }
    }
    CHECK_INT(rc, SN_ECLOSED);
    return 0;
}

/* Runs it; the senders are cancelled after a while, or not. */
static void traffic(int receivers, sn_time cut) {
    road r = {.receivers = receivers};
    uint64_t chance = world_round();
    sn_scope all, some;
    MUST(sn_chan_init(&r.c, sizeof(item), caps[pick(&chance, CAPS)], NULL, NULL) == 0);
    sn_wg_add(&r.senders, SENDERS);
    sn_scope_enter(&all, SN_NEVER);
    for (int i = 0; i < receivers; i++) {
        driver d = {&r, 0, draw(&chance)};
        MUST(sn_go(recv_all, &d, sizeof d) == 0);
    }
    sn_scope_enter(&some, SN_NEVER);
    for (uint32_t i = 0; i < SENDERS; i++) {
        driver d = {&r, i, draw(&chance)};
        MUST(sn_go(send_all, &d, sizeof d) == 0);
    }
    if (cut) {
        (void)!sn_sleep(cut);
        sn_scope_cancel(&some, SN_ECANCELED);
    }
    CHECK_INT(sn_scope_leave(&some), cut ? SN_ECANCELED : 0);
    CHECK_INT(sn_wg_wait(&r.senders), 0);
    sn_chan_close(&r.c);
    CHECK_INT(sn_scope_leave(&all), 0);
    for (int i = 0; i < SENDERS; i++) {
        CHECK_INT(atomic_load(&r.got[i]), atomic_load(&r.sent[i]));
        if (!cut) CHECK_INT(atomic_load(&r.got[i]), EACH);
    }
    sn_chan_free(&r.c);
}

static int one_receiver(void *arg) {
    (void)arg;
    traffic(1, 0);
    return 0;
}
static int three_receivers(void *arg) {
    (void)arg;
    traffic(3, 0);
    return 0;
}
static int senders_cut_off(void *arg) {
    uint64_t chance = world_round() * 3;
    (void)arg;
    traffic(2, 1 + pick(&chance, 3));
    return 0;
}

/* --- one step at a time */

static int portions(void *arg) {
    sn_chan c;
    int v[10] = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9}, w[10] = {0};
    size_t done = 99;
    (void)arg;
    MUST(sn_chan_init(&c, sizeof(int), 4, NULL, NULL) == 0);
    CHECK_INT(sn_try_recv_many(&c, w, 10, &done), SN_EAGAIN);
    CHECK_INT(done, 0);
    CHECK_INT(sn_try_send_many(&c, v, 3, &done), 0);
    CHECK_INT(done, 3);
    CHECK_INT(sn_try_send_many(&c, v + 3, 5, &done), 0);
    CHECK_INT(done, 1);
    CHECK_INT(sn_try_send_many(&c, v + 4, 5, &done), SN_EAGAIN);
    CHECK_INT(done, 0);
    CHECK_INT(sn_recv_many(&c, w, 3, &done), 0);
    CHECK_INT(done, 3);
    CHECK_INT(sn_send_many(&c, v + 4, 3, NULL), 0); /* round the end of the ring */
    CHECK_INT(sn_recv_many(&c, w + 3, 10, &done), 0);
    CHECK_INT(done, 4);
    for (int i = 0; i < 7; i++) CHECK_INT(w[i], i);
    CHECK_INT(sn_send_many(&c, v, 0, &done), 0);
    CHECK_INT(done, 0);
    CHECK_INT(sn_recv_many(&c, w, 0, &done), SN_EINVAL);
    CHECK_INT(sn_send_many(&c, v, 2, &done), 0);
    sn_chan_close(&c);
    CHECK_INT(sn_recv_many(&c, w, 10, &done), 0);
    CHECK_INT(done, 2);
    CHECK_INT(sn_recv_many(&c, w, 10, &done), SN_ECLOSED);
    CHECK_INT(done, 0);
    CHECK_INT(sn_try_recv_many(&c, w, 10, &done), SN_ECLOSED);
    sn_chan_free(&c);
    return 0;
}

typedef struct crowd {
    sn_chan c;
    atomic_int sum, n;
} crowd;

static int take_one(void *arg) {
    crowd *w = arg;
    int v = 0;
    CHECK_INT(sn_recv(&w->c, &v), 0);
    atomic_fetch_add(&w->sum, v);
    atomic_fetch_add(&w->n, 1);
    return 0;
}

/* One batch wakes as many as it has values for. */
static int all_are_woken(void *arg) {
    crowd w = {.sum = 0};
    sn_scope s;
    int v[5] = {1, 2, 4, 8, 16};
    size_t done = 0;
    (void)arg;
    MUST(sn_chan_init(&w.c, sizeof(int), world_round() % 3, NULL, NULL) == 0);
    sn_scope_enter(&s, SN_NEVER);
    for (int i = 0; i < 5; i++) GO(take_one, &w);
    CHECK_INT(sn_send_many(&w.c, v, 5, &done), 0);
    CHECK_INT(done, 5);
    CHECK_INT(sn_scope_leave(&s), 0);
    CHECK_INT(atomic_load(&w.sum), 31);
    sn_chan_free(&w.c);
    return 0;
}

static int no_bytes(void *arg) {
    sn_chan c;
    size_t done = 0;
    char none;
    (void)arg;
    MUST(sn_chan_init(&c, 0, 3, NULL, NULL) == 0);
    CHECK_INT(sn_send_many(&c, NULL, 3, &done), 0);
    CHECK_INT(sn_recv_many(&c, &none, 9, &done), 0);
    CHECK_INT(done, 3);
    sn_chan_free(&c);
    return 0;
}

static int nil_channel(void *arg) {
    sn_scope s;
    size_t done = 9;
    int v = 0;
    (void)arg;
    sn_scope_enter(&s, sn_now() + SN_MICROSECOND);
    CHECK_INT(sn_send_many(NULL, &v, 1, &done), SN_ETIMEDOUT);
    CHECK_INT(sn_recv_many(NULL, &v, 1, &done), SN_ETIMEDOUT);
    CHECK_INT(done, 0);
    CHECK_INT(sn_scope_leave(&s), SN_ETIMEDOUT);
    CHECK_INT(sn_try_send_many(NULL, &v, 1, &done), SN_EAGAIN);
    CHECK_INT(sn_try_recv_many(NULL, &v, 1, &done), SN_EAGAIN);
    return 0;
}

int main(void) {
    world_case("one receiver: all of it, in order", one_receiver, 100);
    world_case("three receivers: all of it", three_receivers, 100);
    world_case("senders cut off: what they say moved has moved", senders_cut_off, 200);
    world_case("portions", portions, 1);
    world_case("one batch wakes all it has values for", all_are_woken, 50);
    world_case("values of no bytes", no_bytes, 1);
    world_case("a channel that is none", nil_channel, 1);
    return check_done();
}
