/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* SQLite's mutexes, owned by coroutines (or by threads that are not ours).
 *
 * `users` counts the owner and those who wait. Who finds it 0 is the owner; the others wait on the
 * semaphore, and each owner that leaves lets one of them in. A mutex that nobody else wants makes
 * no call into the scheduler: SQLite locks its allocator for every allocation, and what went on in
 * there before must not be what decides a simulated run.
 *
 * `owner` is written by the owner alone; whoever reads its own number there is the owner. */
#include <sennit/go.h>
#include <sennit/sync.h>
#include <stdatomic.h>
#include <stdlib.h>

#include "sqlite/vfs.h"

struct sqlite3_mutex {
    _Atomic uint64_t owner;
    _Atomic uint32_t users;
    uint32_t depth; /* the owner's */
    int kind;
    sn_sem waiting;
};

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

/* Cannot be cancelled: SQLite has no way to say so. */
static void wait_for(sqlite3_mutex *m) {
    uint32_t was = sn_shield(1);
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
    if (atomic_fetch_add(&m->users, 1) > 0) wait_for(m);
    take(m, who);
}

static int try(sqlite3_mutex *m) {
    uint64_t who = me();
    uint32_t zero = 0;
    if (is_mine(m, who)) {
        m->depth++;
        return SQLITE_OK;
    }
    if (!atomic_compare_exchange_strong(&m->users, &zero, 1)) return SQLITE_BUSY;
    take(m, who);
    return SQLITE_OK;
}

static void leave(sqlite3_mutex *m) {
    if (--m->depth) return;
    atomic_store_explicit(&m->owner, 0, memory_order_relaxed);
    if (atomic_fetch_sub(&m->users, 1) > 1) sn_sem_post(&m->waiting);
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
