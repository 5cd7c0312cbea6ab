/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* SQLite's mutexes, owned by coroutines (or by threads that are not ours).
 *
 *   FREE     nobody's
 *   TAKEN    somebody's, nobody waits
 *   WANTED   somebody's, and perhaps one waits on the semaphore: who leaves posts it
 *
 * Who comes by may take a free one before those that wait: handing it over would make a queue of
 * all coroutines at the allocator's mutex, which is taken for every allocation, out of a single
 * clash. A mutex that nobody else wants makes no call into the scheduler, so that what SQLite's
 * allocator went through before does not decide a simulated run.
 *
 * `owner` is written by the owner alone; whoever reads its own number there is the owner. */
#include <sennit/go.h>
#include <sennit/sync.h>
#include <stdatomic.h>
#include <stdlib.h>

#include "sqlite/vfs.h"

struct sqlite3_mutex {
    _Atomic uint64_t owner;
    _Atomic uint32_t state;
    uint32_t depth; /* the owner's */
    int kind;
    sn_sem waiting;
};

enum { FREE, TAKEN, WANTED };
enum { SPINS = 100 }; /* an owner that runs is soon done */
enum { STATIC_FIRST = 2, STATIC_END = 16 };
static sqlite3_mutex statics[STATIC_END];

/* A coroutine's number is odd here, a thread's is an even address. */
static uint64_t me(void) {
    static _Thread_local uint64_t mine;
    uint64_t id = sn_id();
    return id ? id << 1 | 1 : (uint64_t)(uintptr_t)&mine;
}

static bool is_mine(sqlite3_mutex *m, uint64_t who) {
    return atomic_load_explicit(&m->owner, memory_order_relaxed) == who;
}

static void take(sqlite3_mutex *m, uint64_t who) {
    atomic_store_explicit(&m->owner, who, memory_order_relaxed);
    m->depth = 1;
}

static int init(void) { return SQLITE_OK; }
static int end(void) { return SQLITE_OK; }

static sqlite3_mutex *make(int kind) {
    if (kind >= STATIC_FIRST) return kind < STATIC_END ? &statics[kind] : NULL;
    sqlite3_mutex *m = calloc(1, sizeof *m);
    if (m) m->kind = kind;
    return m;
}

static void release(sqlite3_mutex *m) { free(m); }

static bool grab(sqlite3_mutex *m) {
    uint32_t free_ = FREE;
    return atomic_load_explicit(&m->state, memory_order_relaxed) == FREE &&
           atomic_compare_exchange_strong(&m->state, &free_, TAKEN);
}

/* Cannot be cancelled: SQLite has no way to say so. A post that came for somebody who needed it no
 * more is taken by the next, who then looks once more. */
static void wait_for(sqlite3_mutex *m) {
    for (int i = 0; i < SPINS; i++)
        if (grab(m)) return;
    uint32_t was = sn_shield(1);
    while (atomic_exchange(&m->state, WANTED) != FREE)
        while (sn_sem_wait(&m->waiting, SN_NEVER))
            ;
    (void)sn_shield(was);
}

static void enter(sqlite3_mutex *m) {
    uint64_t who = me();
    if (is_mine(m, who)) {
        m->depth++;
        return;
    }
    if (!grab(m)) wait_for(m);
    take(m, who);
}

static int try(sqlite3_mutex *m) {
    uint64_t who = me();
    if (is_mine(m, who)) {
        m->depth++;
        return SQLITE_OK;
    }
    if (!grab(m)) return SQLITE_BUSY;
    take(m, who);
    return SQLITE_OK;
}

static void leave(sqlite3_mutex *m) {
    if (--m->depth) return;
    atomic_store_explicit(&m->owner, 0, memory_order_relaxed);
    if (atomic_exchange(&m->state, FREE) == WANTED) sn_sem_post(&m->waiting);
}

static int held(sqlite3_mutex *m) { return is_mine(m, me()); }
static int not_held(sqlite3_mutex *m) { return !is_mine(m, me()); }

const sqlite3_mutex_methods sn__sqlite_mutexes = {
    .xMutexInit = init,
    .xMutexEnd = end,
    .xMutexAlloc = make,
    .xMutexFree = release,
    .xMutexEnter = enter,
    .xMutexTry = try,
    .xMutexLeave = leave,
    .xMutexHeld = held,
    .xMutexNotheld = not_held,
};
