/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Connections on which everything happens at once: streams that are written and read while their
 * deadlines move, their scope is cancelled, either end is closed, listeners come and go. Whatever
 * happens, what is read is the beginning of what was written, and everybody comes back. */
#include "net_util.h"

#include <stdatomic.h>

static uint32_t next(uint32_t *x) {
    *x ^= *x << 13;
    *x ^= *x >> 17;
    *x ^= *x << 5;
    return *x;
}

/** How long: $SENNIT_STRESS_SECONDS, else one second. */
static sn_time stress_end(void) {
    const char *s = getenv("SENNIT_STRESS_SECONDS");
    return sn_now() + (sn_time)((s ? atof(s) : 1.0) * 1e9);
}

typedef struct link {
    sn_conn *a, *b; /* a writes, b reads */
    uint32_t seed;
    _Atomic uint64_t written; /* upper bound of what may be read: stored before each write */
    atomic_int orderly;       /* the writer ended the stream itself, all of it */
    uint64_t size;
} link;

/* Errors that a meddler brings about. */
static int is_expected(int err) {
    return err == SN_ECANCELED || err == SN_ECLOSED || err == SN_ECONNRESET;
}

static int write_on(void *arg) {
    link *k = *(link **)arg;
    unsigned char buf[3000];
    uint32_t x = k->seed;
    int err = 0;
    for (uint64_t at = 0; at < k->size && (err == 0 || err == SN_ETIMEDOUT);) {
        size_t n = 1 + next(&x) % sizeof buf, done;
        if (n > k->size - at) n = (size_t)(k->size - at);
        for (size_t i = 0; i < n; i++) buf[i] = stream_byte(k->seed, at + i);
        atomic_store(&k->written, at + n);
        err = sn_write(k->a, buf, n, &done);
        CHECK(done <= n && (err || done == n));
        at += done;
    }
    if (err == 0 && (err = sn_shutdown_write(k->a)) == 0) atomic_store(&k->orderly, 1);
    if (err) CHECK(is_expected(err));
    return 0;
}

static int read_on(void *arg) {
    link *k = *(link **)arg;
    unsigned char buf[2500];
    uint32_t x = k->seed * 3 + 1;
    uint64_t at = 0;
    for (;;) {
        size_t n = 1 + next(&x) % sizeof buf, done;
        int err = sn_read(k->b, buf, n, &done);
        if (err == SN_ETIMEDOUT) continue;
        if (err) CHECK(is_expected(err));
        if (err || done == 0) {
            if (!err && atomic_load(&k->orderly)) CHECK_INT(at, k->size);
            return 0;
        }
        CHECK(at + done <= atomic_load(&k->written));
        for (size_t i = 0; i < done; i++) {
            if (buf[i] == stream_byte(k->seed, at + i)) continue;
            CHECK(!"the bytes that were written, in order");
            return 0;
        }
        at += done;
    }
}

/* Moves the deadlines about, then leaves them, or the whole, at rest, closed or cancelled. */
static void meddle(link *k, sn_scope *s, uint32_t *x) {
    for (uint32_t i = next(x) % 40; i > 0; i--) {
        sn_time until = sn_now() + (sn_time)(next(x) % 300) * SN_MICROSECOND;
        if (next(x) % 2)
            sn_set_read_deadline(k->b, until);
        else
            sn_set_write_deadline(k->a, until);
        if (next(x) % 4 == 0) MUST(sn_sleep((sn_time)(next(x) % 200) * SN_MICROSECOND) == 0);
    }
    switch (next(x) % 5) {
    case 0:
        sn_close(k->a);
        break;
    case 1:
        sn_close(k->b);
        break;
    case 2:
        sn_scope_cancel(s, SN_ECANCELED);
        break;
    default: /* may come to its own end */
        sn_set_read_deadline(k->b, SN_NEVER);
        sn_set_write_deadline(k->a, SN_NEVER);
    }
    /* Who timed out for ever must be let go too: a moved deadline does it. */
    sn_set_read_deadline(k->b, SN_NEVER);
    sn_set_write_deadline(k->a, SN_NEVER);
}

static int one_link(void *arg) {
    uint32_t x = *(uint32_t *)arg;
    net_pair p = pair_of(next(&x) % 2 ? "tcp" : "unix");
    link k = {.a = p.a, .b = p.b, .seed = next(&x) | 1, .size = next(&x) % 600000};
    link *at = &k;
    sn_scope s;
    sn_scope_enter(&s, SN_NEVER);
    MUST(sn_go(write_on, &at, sizeof at) == 0);
    MUST(sn_go(read_on, &at, sizeof at) == 0);
    uint32_t was = sn_shield(1);
    meddle(&k, &s, &x);
    sn_shield(was);
    int err = sn_scope_leave(&s);
    CHECK(err == 0 || err == SN_ECANCELED);
    free_pair(p);
    return 0;
}

NET_CASE(links_under_meddlers) {
    uint32_t x = 12345;
    sn_time end = stress_end();
    while (sn_now() < end) {
        sn_scope s;
        sn_scope_enter(&s, SN_NEVER);
        for (int i = 0; i < 24; i++) {
            uint32_t seed = next(&x);
            MUST(sn_go(one_link, &seed, sizeof seed) == 0);
        }
        CHECK_INT(sn_scope_leave(&s), 0);
    }
}

typedef struct place {
    sn_listener *l;
    char addr[64];
    atomic_int accepted;
} place;

static int accept_on(void *arg) {
    place *p = *(place **)arg;
    sn_conn *c;
    char b;
    size_t n;
    int err;
    while ((err = sn_accept(p->l, &c)) == 0) {
        /* Others on this machine dial ports where they think that nobody listens: they say nothing.
         */
        if (sn_read(c, &b, 1, &n) == 0 && n == 1) {
            CHECK(b == '!');
            atomic_fetch_add(&p->accepted, 1);
            CHECK_INT(sn_write(c, "?", 1, &n), 0);
        }
        sn_conn_free(c);
    }
    CHECK(err == SN_ECLOSED || err == SN_ECANCELED);
    return 0;
}

static int dial_on(void *arg) {
    place *p = *(place **)arg;
    sn_conn *c;
    char b;
    size_t n;
    for (int i = 0; i < 8; i++) {
        MUST(sn_dial(&c, "tcp", p->addr) == 0);
        CHECK_INT(sn_write(c, "!", 1, &n), 0);
        CHECK_INT(sn_read(c, &b, 1, &n), 0);
        CHECK(n == 1 && b == '?');
        sn_conn_free(c);
    }
    return 0;
}

/* Everyone who dials is served exactly once; then the listener goes, by a close or a cancel. */
NET_CASE(listeners_come_and_go) {
    sn_time end = stress_end();
    for (int round = 0; sn_now() < end; round++) {
        enum { ACCEPTORS = 3, DIALERS = 5 };
        place p = {0}, *at = &p;
        sn_scope servers, clients;
        p.l = listen_any("tcp", p.addr, sizeof p.addr);
        sn_scope_enter(&servers, SN_NEVER);
        for (int i = 0; i < ACCEPTORS; i++) MUST(sn_go(accept_on, &at, sizeof at) == 0);
        sn_scope_enter(&clients, SN_NEVER);
        for (int i = 0; i < DIALERS; i++) MUST(sn_go(dial_on, &at, sizeof at) == 0);
        CHECK_INT(sn_scope_leave(&clients), 0);
        if (round % 2)
            sn_listener_close(p.l);
        else
            sn_scope_cancel(&servers, SN_ECANCELED);
        CHECK_INT(sn_scope_leave(&servers), round % 2 ? 0 : SN_ECANCELED);
        CHECK_INT(atomic_load(&p.accepted), DIALERS * 8);
        sn_listener_free(p.l);
    }
}

/* ---- Calls on helper threads, left at every moment ---- */

typedef struct call {
    uint32_t in, out;
    char *owned;
} call;

static atomic_uint begun, succeeded, dropped;

static void help(void *arg) {
    call *c = arg;
    for (volatile uint32_t i = c->in % 2000; i > 0; i--) continue;
    c->out = ~c->in;
    c->owned = malloc(8);
}

static void drop(void *arg) {
    free(((call *)arg)->owned);
    atomic_fetch_add(&dropped, 1);
}

static int call_on(void *arg) {
    uint32_t x = *(uint32_t *)arg;
    for (int err = 0; err != SN_ECANCELED;) {
        call c = {.in = next(&x)};
        sn_time until = x % 4 ? sn_now() + x % 30 * SN_MICROSECOND : SN_NEVER;
        atomic_fetch_add(&begun, 1);
        err = sn_offload(help, &c, sizeof c, drop, until);
        CHECK(err == 0 || err == SN_ETIMEDOUT || err == SN_ECANCELED);
        if (err) continue;
        CHECK(c.out == ~c.in && c.owned);
        free(c.owned);
        atomic_fetch_add(&succeeded, 1);
    }
    return 0;
}

/* Each ends as a success or as one drop, and nothing is left. */
NET_CASE(offloaded_calls_are_left) {
    sn_time end = stress_end();
    sn_scope s;
    for (uint32_t round = 1; sn_now() < end; round++) {
        sn_scope_enter(&s, SN_NEVER);
        for (uint32_t i = 1; i <= 20; i++) {
            uint32_t seed = round * 977 + i;
            MUST(sn_go(call_on, &seed, sizeof seed) == 0);
        }
        MUST(sn_sleep(round % 20 * SN_MILLISECOND / 2) == 0);
        sn_scope_cancel(&s, SN_ECANCELED);
        CHECK_INT(sn_scope_leave(&s), SN_ECANCELED);
    }
    while (atomic_load(&succeeded) + atomic_load(&dropped) < atomic_load(&begun))
        MUST(sn_sleep(SN_MILLISECOND) == 0);
    CHECK_INT(atomic_load(&succeeded) + atomic_load(&dropped), atomic_load(&begun));
    if (getenv("SENNIT_STRESS_SECONDS"))
        printf("%u calls, %u left\n", atomic_load(&begun), atomic_load(&dropped));
}

int main(void) {
    CASE(offloaded_calls_are_left);
    CASE(links_under_meddlers);
    CASE(listeners_come_and_go);
    return check_done();
}
