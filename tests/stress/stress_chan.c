/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Channels and selects on many threads: random programs with their ledger, storms with counts,
 * cancels that meet hand-offs. Nothing is lost or doubled, nothing stays asleep. */
#include "program.h"
#include "stress.h"

static uint64_t programs_run;

/* Random programs, one after another. */
static int programs(void *arg) {
    static const program_size sizes[] = {
        {1, 2, 4, 200, 1}, {2, 4, 4, 200, 2}, {4, 4, 8, 400, 4}, {3, 8, 4, 100, 0}};
    program_tally tally = {0};
    sn_time end = sn_now() + stress_time();
    (void)arg;
    while (sn_now() < end && !check_failed_) {
        uint64_t seed = ++programs_run;
        CHECK_INT(program_run(seed, &sizes[seed % 4], &tally), 0);
    }
    CHECK_INT(tally.handed, tally.received + tally.dropped);
    printf("          %llu programs, %ld values handed over, %ld cancelled waits\n",
           (unsigned long long)programs_run, tally.handed, tally.canceled);
    return 0;
}

/* --- a storm: many senders, many receivers, one channel; sums must agree */

typedef struct storm {
    sn_chan c;
    sn_wg senders;
    atomic_llong in, out;
    atomic_int stop;
} storm;

static int storm_send(void *arg) {
    storm *s = arg;
    int64_t v = 1;
    while (!atomic_load_explicit(&s->stop, memory_order_relaxed)) {
        CHECK_INT(sn_send(&s->c, &v), 0);
        atomic_fetch_add_explicit(&s->in, v, memory_order_relaxed);
        v = v * 3 % 1009;
    }
    sn_wg_done(&s->senders);
    return 0;
}

static int storm_recv(void *arg) {
    storm *s = arg;
    int64_t v;
    while (sn_recv(&s->c, &v) == 0) atomic_fetch_add_explicit(&s->out, v, memory_order_relaxed);
    return 0;
}

static void storm_run(size_t cap, int senders, int receivers, sn_time d) {
    storm *s = calloc(1, sizeof *s);
    sn_scope scope;
    MUST(s && sn_chan_init(&s->c, sizeof(int64_t), cap, NULL, NULL) == 0);
    sn_wg_add(&s->senders, senders);
    sn_scope_enter(&scope, SN_NEVER);
    for (int i = 0; i < receivers; i++) GO(storm_recv, s);
    for (int i = 0; i < senders; i++) GO(storm_send, s);
    CHECK_INT(sn_sleep(d), 0);
    atomic_store(&s->stop, 1);
    CHECK_INT(sn_wg_wait(&s->senders), 0);
    sn_chan_close(&s->c);
    CHECK_INT(sn_scope_leave(&scope), 0);
    CHECK(atomic_load(&s->in) > 0);
    CHECK_INT(atomic_load(&s->in), atomic_load(&s->out));
    sn_chan_free(&s->c);
    free(s);
}

static int storms(void *arg) {
    (void)arg;
    storm_run(0, 1, 1, stress_time() / 5);
    storm_run(0, 16, 16, stress_time() / 5);
    storm_run(1, 4, 9, stress_time() / 5);
    storm_run(64, 50, 3, stress_time() / 5);
    storm_run(1000, 3, 50, stress_time() / 5);
    return 0;
}

/* --- cancels under hand-offs: scopes of one sender and one receiver, cancelled at once */

typedef struct duel {
    sn_chan c;
    sn_scope s;
    atomic_int sent, got;
} duel;

static int duel_send(void *arg) {
    duel *d = arg;
    for (int v = 1;; v++) {
        if (sn_send(&d->c, &v)) return 0;
        atomic_fetch_add(&d->sent, 1);
    }
}

static int duel_recv(void *arg) {
    duel *d = arg;
    int v, last = 0;
    while (sn_select(SN_NEVER, sn_rx(&d->c, &v, NULL), sn_rx(NULL, &v, NULL)) == 0) {
        CHECK_INT(v, ++last);
        atomic_fetch_add(&d->got, 1);
    }
    return 0;
}

static int duel_fight(void *arg) {
    uint64_t rng = *(uint64_t *)arg;
    duel d = {.sent = 0};
    MUST(sn_chan_init(&d.c, sizeof(int), pick(&rng, 2), NULL, NULL) == 0);
    sn_scope_enter(&d.s, SN_NEVER);
    int rc = sn_go(duel_send, &d, 0);
    if (!rc) rc = sn_go(duel_recv, &d, 0);
    CHECK_INT(rc, 0);
    for (unsigned i = pick(&rng, 5); i; i--) (void)!sn_yield();
    sn_scope_cancel(&d.s, SN_ECANCELED);
    CHECK_INT(sn_scope_leave(&d.s), SN_ECANCELED);
    CHECK_INT(atomic_load(&d.sent), atomic_load(&d.got) + (int)sn_chan_len(&d.c));
    sn_chan_free(&d.c);
    return 0;
}

static int duels(void *arg) {
    sn_time end = sn_now() + stress_time();
    uint64_t rng = 5;
    long n = 0;
    (void)arg;
    while (sn_now() < end && !check_failed_) {
        sn_scope s;
        sn_scope_enter(&s, SN_NEVER);
        for (int i = 0; i < 20; i++) {
            uint64_t seed = draw(&rng);
            MUST(sn_go(duel_fight, &seed, sizeof seed) == 0);
        }
        CHECK_INT(sn_scope_leave(&s), 0);
        n += 20;
    }
    printf("          %ld duels\n", n);
    return 0;
}

/* --- a web: every coroutine selects over a random few of many channels, both ways */

enum { KNOTS = 24, SPIDERS = 40 };
typedef struct web {
    sn_chan c[KNOTS];
    atomic_int stop, sent, got;
} web;
typedef struct spider {
    web *w;
    uint64_t rng;
} spider;

static int crawl(void *arg) {
    spider *p = arg;
    web *w = p->w;
    while (!atomic_load_explicit(&w->stop, memory_order_relaxed)) {
        int v = 1, in[4], n = 2 + (int)pick(&p->rng, 3);
        sn_case k[4];
        for (int i = 0; i < n; i++) {
            sn_chan *c = &w->c[pick(&p->rng, KNOTS)];
            k[i] = pick(&p->rng, 2) ? sn_tx(c, &v) : sn_rx(c, &in[i], NULL);
        }
        int at = sn_selectv(k, (size_t)n, sn_now() + pick(&p->rng, 300) * SN_MICROSECOND);
        CHECK(at == SN_ETIMEDOUT || (at >= 0 && at < n));
        if (at < 0) continue;
        atomic_fetch_add(k[at].op ? &w->sent : &w->got, 1);
        if (!k[at].op) CHECK_INT(in[at], 1);
    }
    return 0;
}

static int webs(void *arg) {
    web *w = calloc(1, sizeof *w);
    sn_scope s;
    (void)arg;
    MUST(w);
    for (int i = 0; i < KNOTS; i++) {
        MUST(sn_chan_init(&w->c[i], sizeof(int), (size_t)i % 3, NULL, NULL) == 0);
    }
    sn_scope_enter(&s, SN_NEVER);
    for (int i = 0; i < SPIDERS; i++) {
        spider p = {w, (uint64_t)i * 91 + 1};
        MUST(sn_go(crawl, &p, sizeof p) == 0);
    }
    CHECK_INT(sn_sleep(stress_time()), 0);
    atomic_store(&w->stop, 1);
    CHECK_INT(sn_scope_leave(&s), 0);
    int left = 0;
    for (int i = 0; i < KNOTS; i++) left += (int)sn_chan_len(&w->c[i]);
    CHECK(atomic_load(&w->got) > 0);
    CHECK_INT(atomic_load(&w->sent), atomic_load(&w->got) + left);
    printf("          %d through the web\n", atomic_load(&w->got));
    for (int i = 0; i < KNOTS; i++) sn_chan_free(&w->c[i]);
    free(w);
    return 0;
}

/* --- a mutex and a condition under everybody */

typedef struct shop {
    sn_mutex m;
    sn_cond full, room;
    sn_sem door;
    int shelf, most;
    long made, sold;
    atomic_int stop;
} shop;

static int bake(void *arg) {
    shop *s = arg;
    while (!atomic_load(&s->stop)) {
        sn_lock(&s->m);
        while (s->shelf == 5 && !atomic_load(&s->stop)) {
            int rc = sn_cond_wait(&s->room, &s->m, sn_now() + 200 * SN_MICROSECOND);
            CHECK(rc == 0 || rc == SN_ETIMEDOUT);
        }
        if (s->shelf < 5) {
            s->shelf++;
            s->made++;
        }
        sn_unlock(&s->m);
        sn_cond_signal(&s->full);
    }
    return 0;
}

static int buy(void *arg) {
    shop *s = arg;
    while (!atomic_load(&s->stop)) {
        if (sn_sem_wait(&s->door, sn_now() + SN_MILLISECOND)) continue;
        if (sn_lock_until(&s->m, sn_now() + 100 * SN_MICROSECOND) == 0) {
            while (s->shelf == 0 && !atomic_load(&s->stop)) {
                int rc = sn_cond_wait(&s->full, &s->m, sn_now() + SN_MILLISECOND);
                CHECK(rc == 0 || rc == SN_ETIMEDOUT);
            }
            CHECK(s->shelf >= 0 && s->shelf <= 5);
            if (s->shelf) {
                s->shelf--;
                s->sold++;
            }
            sn_unlock(&s->m);
            sn_cond_signal(&s->room);
        }
        sn_sem_post(&s->door);
    }
    return 0;
}

static int shops(void *arg) {
    shop *s = calloc(1, sizeof *s);
    sn_scope scope;
    int permits = 0;
    (void)arg;
    MUST(s);
    sn_sem_init(&s->door, 3);
    sn_scope_enter(&scope, SN_NEVER);
    for (int i = 0; i < 4; i++) GO(bake, s);
    for (int i = 0; i < 9; i++) GO(buy, s);
    CHECK_INT(sn_sleep(stress_time()), 0);
    atomic_store(&s->stop, 1);
    sn_cond_broadcast(&s->room);
    sn_cond_broadcast(&s->full);
    CHECK_INT(sn_scope_leave(&scope), 0);
    CHECK(s->sold > 0);
    CHECK_INT(s->made, s->sold + s->shelf);
    while (sn_sem_wait(&s->door, 0) == 0) permits++;
    CHECK_INT(permits, 3);
    free(s);
    return 0;
}

int main(void) {
    stress_case("random programs over channels, selects, scopes", programs);
    stress_case("channel storms", storms);
    stress_case("hand-offs that meet cancels", duels);
    stress_case("a web of selects", webs);
    stress_case("mutex, conditions and semaphore", shops);
    return check_done();
}
