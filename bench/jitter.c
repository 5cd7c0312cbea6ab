/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* A thread that must keep a period of 1 ms (SCHED_FIFO where it is allowed) hands a time stamp to a
 * coroutine, beside a coroutine that never stops: by a ring, by a channel, by a mutex and a
 * condition. How long the hand-over holds the thread up, how late its period is, and how old the
 * stamp is when the coroutine has it. */
#include "bench.h"

#include <pthread.h>
#include <sched.h>
#include <sennit/ring.h>
#include <stdatomic.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum { PERIODS_USUAL = 5000, SLOTS = 64 };

typedef struct line {
    sn_ring ring;
    sn_time mem[SLOTS];
    sn_chan chan;
    sn_mutex lock;
    sn_cond filled;
    sn_time shelf[SLOTS];
    unsigned in, out;
    int64_t periods;
    sn_time *held, *late, *age; /* of each period */
    int fifo;
    int (*put)(struct line *l, sn_time stamp);
    int (*get)(struct line *l, sn_time *stamp);
} line;

static int put_ring(line *l, sn_time stamp) {
    size_t n = 1;
    sn_time *room = sn_ring_reserve(&l->ring, &n);
    if (!room) return 0;
    *room = stamp;
    sn_ring_commit(&l->ring, 1);
    return 1;
}

static int get_ring(line *l, sn_time *stamp) {
    size_t n;
    int rc = sn_ring_wait(&l->ring, SN_NEVER);
    if (rc) return rc;
    *stamp = *(const sn_time *)sn_ring_peek(&l->ring, &n);
    sn_ring_release(&l->ring, 1);
    return 0;
}

static int put_chan(line *l, sn_time stamp) { return sn_try_send(&l->chan, &stamp) == 0; }
static int get_chan(line *l, sn_time *stamp) { return sn_recv(&l->chan, stamp); }

static int put_cond(line *l, sn_time stamp) {
    sn_lock(&l->lock);
    int room = l->in - l->out < SLOTS;
    if (room) l->shelf[l->in++ % SLOTS] = stamp;
    sn_unlock(&l->lock);
    sn_cond_signal(&l->filled);
    return room;
}

static int get_cond(line *l, sn_time *stamp) {
    int rc = 0;
    sn_lock(&l->lock);
    while (!rc && l->in == l->out) rc = sn_cond_wait(&l->filled, &l->lock, SN_NEVER);
    if (!rc) *stamp = l->shelf[l->out++ % SLOTS];
    sn_unlock(&l->lock);
    return rc;
}

/* The thread with the period. */
static void *keep_time(void *arg) {
    line *l = arg;
    struct sched_param top = {.sched_priority = 50};
    l->fifo = pthread_setschedparam(pthread_self(), SCHED_FIFO, &top) == 0;
    sn_time next = sn_now() + 100 * SN_MILLISECOND;
    for (int64_t i = 0; i < l->periods; next += SN_MILLISECOND) {
        struct timespec t = {next / SN_SECOND, next % SN_SECOND};
        clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &t, NULL);
        sn_time woke = sn_now();
        if (!l->put(l, woke)) continue; /* full: the consumer got no CPU for 64 ms */
        l->held[i] = sn_now() - woke;
        l->late[i++] = woke - next;
    }
    return NULL;
}

static atomic_int stop;

static int spin(void *arg) {
    volatile uint64_t x = 1;
    (void)arg;
    while (!atomic_load_explicit(&stop, memory_order_relaxed)) x = x * 6364136223846793005u + 1;
    return 0;
}

static int by_time(const void *a, const void *b) {
    sn_time x = *(const sn_time *)a, y = *(const sn_time *)b;
    return (x > y) - (x < y);
}

static void print(const char *name, sn_time *v, int64_t n) {
    qsort(v, (size_t)n, sizeof *v, by_time);
    printf(" %s_p50_ns=%lld %s_p99_ns=%lld %s_max_ns=%lld", name, (long long)v[n / 2], name,
           (long long)v[n * 99 / 100], name, (long long)v[n - 1]);
}

static void measure(line *l, const char *name) {
    pthread_t t;
    bench_must(-pthread_create(&t, NULL, keep_time, l), "thread");
    for (int64_t i = 0; i < l->periods; i++) {
        sn_time stamp;
        bench_must(l->get(l, &stamp), name);
        l->age[i] = sn_now() - stamp;
    }
    pthread_join(t, NULL);
    printf("way=%s fifo=%d n=%lld", name, l->fifo, (long long)l->periods);
    print("held", l->held, l->periods);
    print("late", l->late, l->periods);
    print("age", l->age, l->periods);
    printf("\n");
    fflush(stdout);
}

int bench_jitter(void *args) {
    line *l = calloc(1, sizeof *l);
    int64_t n = bench_count(args, PERIODS_USUAL);
    if (!l) return SN_ENOMEM;
    l->periods = n;
    l->held = calloc((size_t)n * 3, sizeof *l->held);
    if (!l->held) {
        free(l);
        return SN_ENOMEM;
    }
    l->late = l->held + n;
    l->age = l->late + n;
    bench_must(sn_ring_init(&l->ring, l->mem, sizeof *l->mem, SLOTS), "ring");
    bench_must(sn_chan_init(&l->chan, sizeof(sn_time), SLOTS, NULL, NULL), "channel");
    bench_go(spin, NULL);
    l->put = put_ring, l->get = get_ring;
    measure(l, "ring");
    l->put = put_chan, l->get = get_chan;
    measure(l, "channel");
    l->put = put_cond, l->get = get_cond;
    measure(l, "condition");
    atomic_store(&stop, 1);
    sn_chan_free(&l->chan);
    free(l->held);
    free(l);
    return 0;
}
