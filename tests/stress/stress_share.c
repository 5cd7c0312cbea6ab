/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Reader-writer mutexes, batches, flights, groups and pools under everybody: nothing is lost, held
 * twice or left behind. */
#include "stress.h"

enum { PEOPLE = 24 };

/* --- readers and writers of a pair of numbers that belong together */

typedef struct book {
    sn_rwmutex m;
    long left, right; /* always the same for who may read */
    atomic_long reads, writes, gave_up;
    atomic_int stop;
} book;

typedef struct scholar {
    book *b;
    uint64_t chance;
} scholar;

static void read_book(book *b) {
    CHECK_INT(b->left, b->right);
    atomic_fetch_add_explicit(&b->reads, 1, memory_order_relaxed);
    sn_runlock(&b->m);
}

static void write_book(book *b) {
    b->left++;
    b->right++;
    atomic_fetch_add_explicit(&b->writes, 1, memory_order_relaxed);
    sn_wunlock(&b->m);
}

static void study_once(scholar *s) {
    book *b = s->b;
    sn_time soon = sn_now() + pick(&s->chance, 20) * SN_MICROSECOND;
    int rc = 0;
    switch (pick(&s->chance, 6)) {
    case 0:
        rc = sn_wlock_until(&b->m, soon);
        if (!rc) write_book(b);
        break;
    case 1:
        rc = sn_rlock_until(&b->m, soon);
        if (!rc) read_book(b);
        break;
    case 2:
        sn_wlock(&b->m);
        write_book(b);
        break;
    default:
        sn_rlock(&b->m);
        read_book(b);
    }
    CHECK(rc == 0 || rc == SN_ETIMEDOUT);
    if (rc) atomic_fetch_add_explicit(&b->gave_up, 1, memory_order_relaxed);
}

static int study(void *arg) {
    scholar *s = arg;
    while (!atomic_load_explicit(&s->b->stop, memory_order_relaxed)) {
        study_once(s);
        if (pick(&s->chance, 8) == 0) CHECK_INT(sn_yield(), 0);
    }
    return 0;
}

static int books(void *arg) {
    book *b = calloc(1, sizeof *b);
    sn_scope s;
    (void)arg;
    MUST(b);
    sn_scope_enter(&s, SN_NEVER);
    for (int i = 0; i < PEOPLE; i++) {
        scholar one = {b, (uint64_t)i * 31 + 1};
        MUST(sn_go(study, &one, sizeof one) == 0);
    }
    CHECK_INT(sn_sleep(stress_time() / 2), 0);
    atomic_store(&b->stop, 1);
    CHECK_INT(sn_scope_leave(&s), 0);
    CHECK_INT(b->left, atomic_load(&b->writes));
    CHECK_INT(b->right, b->left);
    CHECK(sn_trywlock(&b->m));
    printf("          %ld reads, %ld writes, %ld gave up\n", atomic_load(&b->reads),
           atomic_load(&b->writes), atomic_load(&b->gave_up));
    free(b);
    return 0;
}

/* --- batches: sums in and out, whoever is cut off */

enum { HANDFUL = 16 };
typedef struct belt {
    sn_chan c;
    sn_wg senders;
    atomic_llong in, out, n;
    atomic_int stop;
} belt;

static int load(void *arg) {
    belt *b = arg;
    int64_t v[HANDFUL], next = 1;
    while (!atomic_load_explicit(&b->stop, memory_order_relaxed)) {
        size_t n = (size_t)(next % HANDFUL) + 1, done = 0;
        int64_t sum = 0;
        sn_scope s;
        for (size_t i = 0; i < n; i++) v[i] = next++;
        sn_scope_enter(&s, next % 7 ? SN_NEVER : sn_now() + 5 * SN_MICROSECOND);
        int rc = sn_send_many(&b->c, v, n, &done), left = sn_scope_leave(&s);
        CHECK(rc == 0 ? done == n : rc == SN_ETIMEDOUT && left == SN_ETIMEDOUT && done < n);
        for (size_t i = 0; i < done; i++) sum += v[i];
        atomic_fetch_add_explicit(&b->in, sum, memory_order_relaxed);
    }
    sn_wg_done(&b->senders);
    return 0;
}

static int unload(void *arg) {
    belt *b = arg;
    int64_t v[HANDFUL];
    size_t done;
    for (int rc = 0; !rc;) {
        rc = sn_recv_many(&b->c, v, HANDFUL, &done);
        CHECK(rc == 0 ? done > 0 : rc == SN_ECLOSED && !done);
        int64_t sum = 0;
        for (size_t i = 0; i < done; i++) sum += v[i];
        atomic_fetch_add_explicit(&b->out, sum, memory_order_relaxed);
        atomic_fetch_add_explicit(&b->n, (long long)done, memory_order_relaxed);
    }
    return 0;
}

static void run_belt(size_t cap, int senders, int receivers, sn_time d) {
    belt *b = calloc(1, sizeof *b);
    sn_scope s;
    MUST(b && sn_chan_init(&b->c, sizeof(int64_t), cap, NULL, NULL) == 0);
    sn_wg_add(&b->senders, senders);
    sn_scope_enter(&s, SN_NEVER);
    for (int i = 0; i < receivers; i++) GO(unload, b);
    for (int i = 0; i < senders; i++) GO(load, b);
    CHECK_INT(sn_sleep(d), 0);
    atomic_store(&b->stop, 1);
    CHECK_INT(sn_wg_wait(&b->senders), 0);
    sn_chan_close(&b->c);
    CHECK_INT(sn_scope_leave(&s), 0);
    CHECK_INT(atomic_load(&b->in), atomic_load(&b->out));
    printf("          room for %zu: %lld values\n", cap, (long long)atomic_load(&b->n));
    sn_chan_free(&b->c);
    free(b);
}

static int belts(void *arg) {
    (void)arg;
    run_belt(0, 4, 4, stress_time() / 8);
    run_belt(1, 3, 5, stress_time() / 8);
    run_belt(10, 8, 2, stress_time() / 8);
    run_belt(256, 4, 4, stress_time() / 8);
    return 0;
}

/* --- flights: few keys, many askers, most of whom have little time */

enum { KEYS = 4 };
typedef struct desk {
    sn_flight f;
    atomic_int on[KEYS];
    atomic_long calls, cut, asked, answered;
    atomic_int stop;
} desk;

static int find_out(void *ctx, const void *key, size_t n, void *result) {
    desk *d = ctx;
    int k;
    memcpy(&k, key, n);
    long nth = atomic_fetch_add(&d->calls, 1);
    int rc = nth % 3 ? sn_yield() : sn_sleep(nth % 50 * SN_MICROSECOND);
    if (rc) {
        CHECK_INT(rc, SN_ECANCELED);
        atomic_fetch_add(&d->cut, 1);
        return rc;
    }
    *(long *)result = k * 1000003L;
    return k;
}

static int ask(void *arg) {
    const scholar *s = arg;
    desk *d = (desk *)s->b;
    uint64_t chance = s->chance;
    while (!atomic_load_explicit(&d->stop, memory_order_relaxed)) {
        int k = (int)pick(&chance, KEYS);
        long r = -1;
        sn_scope one;
        sn_time until = sn_now() + pick(&chance, 30) * SN_MICROSECOND;
        sn_scope_enter(&one, pick(&chance, 2) ? until : SN_NEVER);
        int rc = sn_flight_do(&d->f, &k, sizeof k, &r), over = sn_canceled();
        int left = sn_scope_leave(&one);
        CHECK(left == 0 || left == SN_ETIMEDOUT);
        CHECK(rc == k ? r == k * 1000003L : rc == SN_ETIMEDOUT && over && r == -1);
        atomic_fetch_add(&d->asked, 1);
        atomic_fetch_add(&d->answered, rc == k);
    }
    return 0;
}

static int desks(void *arg) {
    desk *d = calloc(1, sizeof *d);
    sn_scope s;
    (void)arg;
    MUST(d && sn_flight_init(&d->f, find_out, d, sizeof(long)) == 0);
    sn_scope_enter(&s, SN_NEVER);
    for (int i = 0; i < PEOPLE; i++) {
        scholar one = {(book *)(void *)d, (uint64_t)i * 17 + 3};
        MUST(sn_go(ask, &one, sizeof one) == 0);
    }
    CHECK_INT(sn_sleep(stress_time() / 2), 0);
    atomic_store(&d->stop, 1);
    CHECK_INT(sn_scope_leave(&s), 0);
    sn_flight_end(&d->f);
    CHECK(atomic_load(&d->answered) > 0);
    printf("          %ld asked, %ld answered by %ld calls, of which %ld were cut\n",
           atomic_load(&d->asked), atomic_load(&d->answered), atomic_load(&d->calls),
           atomic_load(&d->cut));
    free(d);
    return 0;
}

/* --- pools: objects and buffers from hand to hand */

typedef struct shop {
    sn_pool p;
    sn_bufs bufs;
    atomic_long made, ended, turns;
    atomic_int stop;
} shop;

static void *make(void *ctx) {
    atomic_fetch_add(&((shop *)ctx)->made, 1);
    return calloc(1, sizeof(atomic_int));
}
static void end(void *ctx, void *object) {
    atomic_fetch_add(&((shop *)ctx)->ended, 1);
    free(object);
}

static void use_buffer(shop *s, uint64_t *chance) {
    enum { SIZE = 200 };
    sn_buf b;
    char mine[SIZE];
    size_t n = 1 + pick(chance, SIZE);
    memset(mine, 1 + (int)pick(chance, 255), sizeof mine);
    MUST(sn_bufs_get(&s->bufs, &b) == 0);
    CHECK_INT(sn_buf_append(&b, mine, n), 0);
    if (pick(chance, 4) == 0) CHECK_INT(sn_yield(), 0);
    CHECK(!memcmp(b.at, mine, n));
    sn_bufs_put(&s->bufs, &b);
}

static int trade(void *arg) {
    const scholar *one = arg;
    shop *s = (shop *)(void *)one->b;
    uint64_t chance = one->chance;
    while (!atomic_load_explicit(&s->stop, memory_order_relaxed)) {
        atomic_int *o[3];
        for (int i = 0; i < 3; i++) {
            MUST((o[i] = sn_pool_get(&s->p)) != NULL);
            CHECK_INT(atomic_fetch_add(o[i], 1), 0);
        }
        use_buffer(s, &chance);
        for (int i = 0; i < 3; i++) {
            CHECK_INT(atomic_fetch_sub(o[i], 1), 1);
            sn_pool_put(&s->p, o[i]);
        }
        atomic_fetch_add_explicit(&s->turns, 1, memory_order_relaxed);
    }
    return 0;
}

static int shops(void *arg) {
    shop *s = calloc(1, sizeof *s);
    sn_scope scope;
    (void)arg;
    MUST(s && sn_pool_init(&s->p, 8, make, end, s) == 0 && sn_bufs_init(&s->bufs, 200, 4) == 0);
    sn_scope_enter(&scope, SN_NEVER);
    for (int i = 0; i < PEOPLE; i++) {
        scholar one = {(book *)(void *)s, (uint64_t)i * 13 + 7};
        MUST(sn_go(trade, &one, sizeof one) == 0);
    }
    CHECK_INT(sn_sleep(stress_time() / 2), 0);
    atomic_store(&s->stop, 1);
    CHECK_INT(sn_scope_leave(&scope), 0);
    sn_pool_end(&s->p);
    sn_bufs_end(&s->bufs);
    CHECK_INT(atomic_load(&s->made), atomic_load(&s->ended));
    printf("          %ld turns, %ld objects made\n", atomic_load(&s->turns),
           atomic_load(&s->made));
    free(s);
    return 0;
}

int main(void) {
    stress_case("readers and writers", books);
    stress_case("batches", belts);
    stress_case("flights", desks);
    stress_case("pools and buffers", shops);
    return check_done();
}
