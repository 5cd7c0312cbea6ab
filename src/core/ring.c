/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * Rings. head and tail count elements; each side keeps what it last saw of the other's, so that the
 * two share a line only when the ring looks full or empty.
 *
 * Waiting. `waits` is 0; 1 while {g, ticket} are those of a consumer that has published them; 2
 * while a producer reads them. Who turns 1 into 0 or 2 has them to itself: the producer to claim
 * the ticket, the consumer to take it back. The consumer writes them only while it is 0.
 */
#include <sennit/ring.h>

#include "core/mem.h"
#include "core/sched.h"

enum { LINE = 64, N_MAX = 1 << 30 };

typedef struct waiting {
    _Atomic uint32_t waits;
    sn__g *g;
    sn__ticket ticket;
} waiting;

/* A line apart, wherever the first lies. */
typedef struct ring {
    char *mem;
    size_t elem, cap;
    _Atomic size_t tail; /* the producer's */
    size_t head_seen;
    char apart[LINE - 2 * sizeof(size_t)];
    _Atomic size_t head; /* the consumer's */
    size_t tail_seen;
    char apart_too[LINE - 2 * sizeof(size_t)];
    waiting w;
    _Atomic uint32_t closed; /* the producer's last word */
} ring;
_Static_assert(sizeof(ring) <= sizeof(sn_ring), "sn_ring has room for a ring");

typedef struct funnel {
    char *mem;
    size_t elem, stride, cap;
    _Atomic size_t tail; /* the producers' */
    char apart[LINE - sizeof(size_t)];
    size_t head; /* the consumer's */
    char apart_too[LINE - sizeof(size_t)];
    waiting w;
} funnel;
_Static_assert(sizeof(funnel) <= sizeof(sn_funnel), "sn_funnel has room for a funnel");

/* ---- waiting, for both kinds ---- */

static void wake(waiting *w) {
    uint32_t one = 1;
    atomic_thread_fence(memory_order_seq_cst);
    if (SN__LIKELY(!atomic_load_explicit(&w->waits, memory_order_relaxed))) return;
    if (!atomic_compare_exchange_strong(&w->waits, &one, 2)) return;
    sn__g *g = w->g;
    sn__ticket t = w->ticket;
    atomic_store(&w->waits, 0);
    if (sn__claim(g, t, SN__WOKEN)) sn__ready_foreign(g);
}

/* True: nobody has seen that we wait. Else a producer is about to claim the ticket, or has. */
static bool withdraw(waiting *w) {
    uint32_t one = 1;
    if (atomic_compare_exchange_strong(&w->waits, &one, 0)) return true;
    while (atomic_load(&w->waits)) sn__point();
    return false;
}

/* Parks g until woken, unless `ready` once it has said that it waits. */
static int wait(waiting *w, sn__g *g, sn_time until, bool (*ready)(const void *of),
                const void *of) {
    w->g = g;
    w->ticket = sn__arm(g, !g->shield);
    atomic_store(&w->waits, 1);
    atomic_thread_fence(memory_order_seq_cst);
    if (ready(of) && withdraw(w) && sn__disarm(g, w->ticket, SN__WOKEN)) return 0;
    enum sn__cause cause = sn__park(g, until, SN__R_RECV, w);
    if (cause == SN__WOKEN) return 0;
    (void)withdraw(w);
    return sn__cause_code(g, cause);
}

/* Until `ready`, which is also true of what is closed. */
static int wait_ready(waiting *w, sn_time until, bool (*ready)(const void *of), const void *of) {
    sn__g *g = sn__enter_parks();
    int rc = sn__interrupted(g);
    sn__expect_outside();
    while (!rc && !ready(of)) rc = until == 0 ? SN_ETIMEDOUT : wait(w, g, until, ready, of);
    sn__leave(g);
    return rc;
}

static bool bad_size(size_t elem, size_t n) {
    return !elem || elem > N_MAX || !n || n & (n - 1) || n > N_MAX;
}

/* ---- one producer ---- */

static ring *ring_of(const sn_ring *r) { return (ring *)(uintptr_t)r; }

int sn_ring_init(sn_ring *pub, void *mem, size_t elem, size_t n) {
    if (bad_size(elem, n) || !mem) return SN_EINVAL;
    memset(pub, 0, sizeof *pub);
    ring *r = ring_of(pub);
    r->mem = mem;
    r->elem = elem;
    r->cap = n;
    return 0;
}

/* From element `from`, of `n`: those up to the end of the memory. */
static size_t in_one_piece(const ring *r, size_t from, size_t n) {
    size_t to_end = r->cap - (from & (r->cap - 1));
    return n < to_end ? n : to_end;
}

static char *at(const ring *r, size_t i) { return r->mem + (i & (r->cap - 1)) * r->elem; }

void *sn_ring_reserve(sn_ring *pub, size_t *n) {
    ring *r = ring_of(pub);
    size_t tail = atomic_load_explicit(&r->tail, memory_order_relaxed);
    if (r->cap - (tail - r->head_seen) < *n)
        r->head_seen = atomic_load_explicit(&r->head, memory_order_acquire);
    sn__hb_acquire(&r->head);
    size_t room = in_one_piece(r, tail, r->cap - (tail - r->head_seen));
    if (room < *n) *n = room;
    return *n ? at(r, tail) : NULL;
}

void sn_ring_commit(sn_ring *pub, size_t n) {
    ring *r = ring_of(pub);
    size_t tail = atomic_load_explicit(&r->tail, memory_order_relaxed);
    if (r->cap - (tail - r->head_seen) < n) sn__fatal("commit of more than was reserved");
    sn__hb_release(&r->tail);
    atomic_store_explicit(&r->tail, tail + n, memory_order_release);
    wake(&r->w);
    sn__point();
}

void sn_ring_close(sn_ring *pub) {
    ring *r = ring_of(pub);
    sn__hb_release(&r->tail);
    atomic_store(&r->closed, 1);
    wake(&r->w);
    sn__point();
}

const void *sn_ring_peek(sn_ring *pub, size_t *n) {
    ring *r = ring_of(pub);
    size_t head = atomic_load_explicit(&r->head, memory_order_relaxed);
    if (r->tail_seen == head) r->tail_seen = atomic_load_explicit(&r->tail, memory_order_acquire);
    *n = in_one_piece(r, head, r->tail_seen - head);
    sn__hb_acquire(&r->tail);
    return *n ? at(r, head) : NULL;
}

void sn_ring_release(sn_ring *pub, size_t n) {
    ring *r = ring_of(pub);
    size_t head = atomic_load_explicit(&r->head, memory_order_relaxed);
    if (r->tail_seen - head < n) sn__fatal("release of more than was seen");
    sn__hb_release(&r->head);
    atomic_store_explicit(&r->head, head + n, memory_order_release);
    sn__point();
}

static bool ring_empty(const ring *r) {
    return atomic_load_explicit(&r->tail, memory_order_acquire) ==
           atomic_load_explicit(&r->head, memory_order_relaxed);
}

static bool ring_ready(const void *of) {
    const ring *r = of;
    return atomic_load(&r->closed) || !ring_empty(r);
}

int sn_ring_wait(sn_ring *pub, sn_time until) {
    ring *r = ring_of(pub);
    int rc = wait_ready(&r->w, until, ring_ready, r);
    sn__hb_acquire(&r->tail);
    return !rc && ring_empty(r) ? SN_ECLOSED : rc;
}

/* ---- many producers ---- */

/* Positions go up in twos, and wrap. The tail's lowest bit says that the funnel is closed, so that
 * no producer can slip in between. A slot's number says whose turn it is: its position for the
 * producer, one more for the consumer, then its position in the next round. */
enum { CLOSED = 1, STEP = 2 };

typedef struct slot {
    _Atomic size_t turn;
    char value[];
} slot;

static funnel *funnel_of(const sn_funnel *f) { return (funnel *)(uintptr_t)f; }

static slot *slot_at(const funnel *f, size_t position) {
    return (slot *)(void *)(f->mem + (position / STEP & (f->cap - 1)) * f->stride);
}

int sn_funnel_init(sn_funnel *pub, void *mem, size_t elem, size_t n) {
    if (bad_size(elem, n) || n < 2 || !mem || (uintptr_t)mem % sizeof(size_t)) return SN_EINVAL;
    memset(pub, 0, sizeof *pub);
    funnel *f = funnel_of(pub);
    f->mem = mem;
    f->elem = elem;
    f->stride = SN_FUNNEL_BYTES(elem, 1);
    f->cap = n;
    for (size_t i = 0; i < n; i++) atomic_init(&slot_at(f, i * STEP)->turn, i * STEP);
    return 0;
}

/* The slot of the next element, now the caller's alone: 0, SN_EAGAIN, SN_ECLOSED. */
static int take_slot(funnel *f, size_t *position) {
    size_t tail = atomic_load_explicit(&f->tail, memory_order_relaxed);
    while (!(tail & CLOSED)) {
        size_t turn = atomic_load_explicit(&slot_at(f, tail)->turn, memory_order_acquire);
        *position = tail;
        if (turn == tail) {
            if (atomic_compare_exchange_weak_explicit(&f->tail, &tail, tail + STEP,
                                                      memory_order_relaxed, memory_order_relaxed))
                return 0;
        } else if ((ptrdiff_t)(turn - tail) < 0) {
            return SN_EAGAIN;
        } else {
            tail = atomic_load_explicit(&f->tail, memory_order_relaxed);
        }
    }
    return SN_ECLOSED;
}

int sn_funnel_put(sn_funnel *pub, const void *v) {
    funnel *f = funnel_of(pub);
    size_t position;
    sn__point();
    int rc = take_slot(f, &position);
    if (rc) return rc;
    sn__point();
    slot *s = slot_at(f, position);
    sn__hb_reads(v, f->elem);
    sn__copy(s->value, v, f->elem);
    sn__hb_turn(&s->turn);
    atomic_store_explicit(&s->turn, position + 1, memory_order_release);
    wake(&f->w);
    sn__point();
    return 0;
}

void sn_funnel_close(sn_funnel *pub) {
    funnel *f = funnel_of(pub);
    sn__hb_release(&f->tail);
    atomic_fetch_or(&f->tail, CLOSED);
    wake(&f->w);
    sn__point();
}

static bool funnel_has(const funnel *f) {
    return atomic_load_explicit(&slot_at(f, f->head)->turn, memory_order_acquire) == f->head + 1;
}

/* An element whose producer is still at it is waited for. */
static bool funnel_ready(const void *of) {
    const funnel *f = of;
    return funnel_has(f) || atomic_load(&f->tail) == (f->head | CLOSED);
}

int sn_funnel_get(sn_funnel *pub, void *v, sn_time until) {
    funnel *f = funnel_of(pub);
    int rc = wait_ready(&f->w, until, funnel_ready, f);
    if (rc) return rc;
    if (!funnel_has(f)) {
        sn__hb_acquire(&f->tail);
        return SN_ECLOSED;
    }
    slot *s = slot_at(f, f->head);
    sn__hb_turn(&s->turn);
    sn__copy(v, s->value, f->elem);
    sn__hb_writes(v, f->elem);
    atomic_store_explicit(&s->turn, f->head + STEP * f->cap, memory_order_release);
    f->head += STEP;
    return 0;
}
