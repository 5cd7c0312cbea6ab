/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * Scopes: structured concurrency and cancellation in one tree.
 *
 * A cancel sets `canceled` in every scope of the subtree and tries to claim the ticket of every
 * coroutine in it. A coroutine arms its ticket first and looks at `canceled` afterwards (in
 * sn__park); the canceller writes first and looks at tickets afterwards, with sn__fence_tickets
 * between the two. So at least one of the two sees the other and no wait outlives its scope's
 * cancel.
 */
#include "core/scope.h"

#include "core/trace.h"

int sn__cause_code(const sn__g *g, enum sn__cause cause) {
    if (cause != SN__CANCELED) return SN_ETIMEDOUT;
    int rc = sn__interrupted(g);
    return rc ? rc : SN_ECANCELED;
}

void sn__scope_init(sn__scope *s) {
    *s = (sn__scope){0};
    sn__list_init(&s->children);
    sn__list_init(&s->members);
}

int sn__scope_add(sn__scope *s, sn__g *g) {
    sn__lock(&s->lock);
    int why = atomic_load_explicit(&s->canceled, memory_order_relaxed);
    if (!why) {
        g->home = g->scope = s;
        sn__list_push(&s->members, &g->member);
        s->live++;
    }
    sn__unlock(&s->lock);
    return why ? sn__code_of(why) : 0;
}

/* Wakes g if it is in a wait that may be cancelled. */
static void interrupt(sn__g *g) {
    sn__ticket t = atomic_load(&g->wait);
    if ((t & 0xff) == SN__ARMED && sn__claim(g, t, SN__CANCELED)) sn__ready(g);
}

static void mark(sn__scope *s, int why) {
    if (atomic_load_explicit(&s->canceled, memory_order_relaxed)) return;
    SN__EV_CANCEL(s, why);
    sn__hb_release(s); /* who is told that s is cancelled acquires it: sn__interrupted */
    atomic_store(&s->canceled, why);
    if (!s->first_error) s->first_error = why;
}

static void wake(sn__scope *s, int why) {
    (void)why;
    if (s->owner) interrupt(s->owner);
    for (sn__link *l = s->members.next; l != &s->members; l = l->next)
        interrupt(SN__OF(l, sn__g, member));
}

/* Visits top, locked, and every scope inside. Depth first without recursion (the caller's stack
 * is small, the tree may be deep): the locks of the path from `top` down stay held, so nothing on
 * it can be left meanwhile. */
static void each_in_tree(sn__scope *top, int why, void (*visit)(sn__scope *, int)) {
    sn__scope *s = top;
    visit(s, why);
    for (;;) {
        if (!sn__list_empty(&s->children)) {
            s = SN__OF(s->children.next, sn__scope, sibling);
        } else {
            while (s != top && s->sibling.next == &s->parent->children) {
                sn__scope *up = s->parent;
                sn__unlock(&s->lock);
                s = up;
            }
            if (s == top) return;
            sn__scope *next = SN__OF(s->sibling.next, sn__scope, sibling);
            sn__unlock(&s->lock);
            s = next;
        }
        sn__lock(&s->lock);
        visit(s, why);
    }
}

/* First all are marked, then their coroutines are woken: a coroutine woken on behalf of an outer
 * scope must find its own, inner one cancelled, and for the same reason. */
static void cancel_tree(sn__scope *top, int why) {
    if (atomic_load_explicit(&top->canceled, memory_order_relaxed)) return;
    each_in_tree(top, why, mark);
    sn__fence_tickets();
    each_in_tree(top, why, wake);
}

void sn__scope_cancel(sn__scope *s, int why) {
    sn__lock(&s->lock);
    cancel_tree(s, why);
    sn__unlock(&s->lock);
}

/* Under s->lock: the owner, claimed and to be readied, if it waits for the last member. */
static sn__g *claim_leaver(sn__scope *s) {
    if (s->live || !s->leaver || !sn__claim(s->owner, s->leaver, SN__WOKEN)) return NULL;
    return s->owner;
}

void sn__scope_done(sn__scope *s, sn__g *g, int rc) {
    sn__hb_release(&s->live);
    sn__lock(&s->lock);
    sn__list_del(&g->member);
    s->live--;
    if (rc < 0 && !s->background) {
        if (!s->first_error) s->first_error = rc;
        cancel_tree(s, rc);
    }
    sn__g *leaver = claim_leaver(s);
    sn__unlock(&s->lock);
    /* s may be gone once the leaver runs */
    if (leaver) sn__ready(leaver);
}

void sn__scope_wait(sn__scope *s, sn__g *g) {
    sn__lock(&s->lock);
    if (s->live) {
        s->owner = g;
        s->leaver = sn__arm(g, false);
        sn__unlock(&s->lock);
        (void)sn__park(g, SN_NEVER, SN__R_SCOPE, s);
        sn__lock(&s->lock);
    }
    sn__unlock(&s->lock);
    sn__hb_acquire(&s->live);
}

static void deadline_passed(sn__timer *t) {
    sn__scope_cancel(SN__OF(t, sn__scope, deadline), SN_ETIMEDOUT);
}

/* One that has passed shows at once, also to a caller that never parks. Nobody is in s yet. */
static void set_deadline(sn__scope *s, sn_time until) {
    if (until <= sn__now()) {
        sn__lock(&s->lock);
        mark(s, SN_ETIMEDOUT);
        sn__unlock(&s->lock);
        return;
    }
    s->deadline.when = until;
    s->deadline.fire = deadline_passed;
    sn__timer_add(&s->deadline);
}

static void need_coroutine(const sn__g *g, const char *message) {
    if (g->foreign) sn__fatal(message);
}

void sn_scope_enter(sn_scope *pub, sn_time until) {
    sn__scope *s = sn__scope_of(pub);
    sn__g *g = sn__enter();
    need_coroutine(g, "sn_scope_enter outside a coroutine");
    sn__scope_init(s);
    s->owner = g;
    s->parent = g->scope;
    sn__lock(&s->parent->lock);
    int why = atomic_load_explicit(&s->parent->canceled, memory_order_relaxed);
    if (why) {
        atomic_store(&s->canceled, why);
        s->first_error = why;
    }
    sn__list_push(&s->parent->children, &s->sibling);
    sn__unlock(&s->parent->lock);
    g->scope = s;
    if (until != SN_NEVER) set_deadline(s, until);
    sn__leave(g);
}

int sn_scope_leave(sn_scope *pub) {
    sn__scope *s = sn__scope_of(pub);
    sn__g *g = sn__enter_parks();
    need_coroutine(g, "sn_scope_leave outside a coroutine");
    if (g->scope != s) sn__fatal("sn_scope_leave of a scope that is not the current one");
    sn__scope_wait(s, g);
    if (s->deadline.fire) sn__timer_del(&s->deadline);
    sn__lock(&s->parent->lock);
    sn__list_del(&s->sibling);
    sn__unlock(&s->parent->lock);
    /* A canceller that found s through its parent is done with it: it held the parent's lock.
     * One that was given s directly may hold s's own. */
    sn__lock(&s->lock);
    int rc = s->first_error;
    sn__unlock(&s->lock);
    g->scope = s->parent;
    sn__leave(g);
    return rc;
}

void sn_scope_cancel(sn_scope *pub, int why) {
    sn__g *g = sn__enter();
    if (why >= 0) sn__fatal("sn_scope_cancel with a reason that is not an error");
    sn__scope_cancel(sn__scope_of(pub), why);
    sn__leave(g);
}

int sn_canceled(void) {
    sn__g *g = sn__enter();
    int rc = sn__interrupted(g);
    sn__leave(g);
    return rc;
}

uint32_t sn_shield(uint32_t on) {
    sn__g *g = sn__enter();
    uint32_t was = g->shield;
    g->shield = on != 0;
    sn__leave(g);
    return was;
}
