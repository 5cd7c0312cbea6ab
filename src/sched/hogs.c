/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * Hogs by where they were started: how often a coroutine from there held a P for too long, and for
 * how long. Only the monitor writes, anybody reads; a place in the table is taken by its site,
 * which is written last, and stays until the run is over.
 *
 * No stack is told. To get one, the hog's thread would have to be interrupted by a signal, and a
 * call that blocks there (it may have begun to, since it was seen to compute) would fail with
 * EINTR.
 */
#include <string.h>

#include "core/print.h"
#include "sched/g.h"

enum { SITES = 256 };

typedef struct hogs {
    _Atomic uintptr_t site; /* 0: free */
    _Atomic uint64_t count;
    _Atomic sn_time total, longest;
} hogs;

static hogs table[SITES];
static hogs others; /* from sites for which there was no place */

static hogs *place_of(uintptr_t site) {
    for (int i = 0; i < SITES; i++) {
        uintptr_t there = atomic_load_explicit(&table[i].site, memory_order_relaxed);
        if (there == site) return &table[i];
        if (there) continue;
        atomic_store_explicit(&table[i].site, site, memory_order_release);
        return &table[i];
    }
    return &others;
}

void sn__hogs_note(uintptr_t site, sn_time held) {
    hogs *h = place_of(site);
    atomic_fetch_add_explicit(&h->count, 1, memory_order_relaxed);
    atomic_fetch_add_explicit(&h->total, held, memory_order_relaxed);
    if (held > atomic_load_explicit(&h->longest, memory_order_relaxed))
        atomic_store_explicit(&h->longest, held, memory_order_relaxed);
}

void sn__hogs_reset(void) {
    memset(table, 0, sizeof table);
    memset(&others, 0, sizeof others);
}

static sn_hog read_one(const hogs *h, uintptr_t site) {
    sn_hog x = {.site = site};
    x.count = atomic_load_explicit(&h->count, memory_order_relaxed);
    x.total = atomic_load_explicit(&h->total, memory_order_relaxed);
    x.longest = atomic_load_explicit(&h->longest, memory_order_relaxed);
    return x;
}

/* The place at `i` if anything is known of it; `others` come last. */
static bool known(int i, sn_hog *x) {
    const hogs *h = i < SITES ? &table[i] : &others;
    *x = read_one(h, atomic_load_explicit(&h->site, memory_order_acquire));
    return x->count != 0;
}

/* Into at[0 … n), which is in order and of which `room` are kept. */
static void insert(sn_hog *at, size_t n, size_t room, const sn_hog *x) {
    size_t i = n < room ? n : room;
    for (; i > 0 && at[i - 1].total < x->total; i--)
        if (i < room) at[i] = at[i - 1];
    if (i < room) at[i] = *x;
}

size_t sn_hogs(sn_hog *at, size_t room) {
    size_t n = 0;
    sn_hog x;
    for (int i = 0; i <= SITES; i++)
        if (known(i, &x)) insert(at, n++, room, &x);
    return n;
}

static void put_time(sn__text *t, sn_time ns) { sn__put_u(t, (uint64_t)ns, 10); }

static void put_site(sn__text *t, uintptr_t site) {
    uintptr_t offset = 0;
    const char *name = site ? sn__os_symbol(site - 1, &offset) : NULL;
    sn__put(t, name ? name : "others");
    if (!name) return;
    sn__put(t, "+0x");
    sn__put_u(t, offset, 16);
}

/* "total count @ address" for pprof, then a comment for people. */
static void put_hog(int fd, const sn_hog *h) {
    sn__text t = {.n = 0};
    put_time(&t, h->total);
    sn__put(&t, " ");
    sn__put_u(&t, h->count, 10);
    sn__put(&t, " @ 0x");
    sn__put_u(&t, h->site, 16);
    sn__put(&t, "\n#\tstarted by ");
    put_site(&t, h->site);
    sn__put(&t, ", longest ");
    put_time(&t, h->longest);
    sn__put(&t, " ns\n");
    sn__os_write(fd, t.at, t.n);
}

void sn_hog_profile(int fd) {
    static const char head[] = "--- contention:\ncycles/second=1000000000\n";
    sn_hog x;
    sn__os_write(fd, head, sizeof head - 1);
    for (int i = 0; i <= SITES; i++)
        if (known(i, &x)) put_hog(fd, &x);
    sn__os_mappings(fd);
}

void sn__hogs_dump(int fd) {
    sn_hog x;
    for (int i = 0; i <= SITES; i++) {
        if (!known(i, &x)) continue;
        sn__text t = {.n = 0};
        sn__put(&t, "\nhogs started by ");
        put_site(&t, x.site);
        sn__put(&t, ": lost a P ");
        sn__put_u(&t, x.count, 10);
        sn__put(&t, " times, after ");
        put_time(&t, x.longest / SN_MICROSECOND);
        sn__put(&t, " us at most\n");
        sn__os_write(fd, t.at, t.n);
    }
}
