/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* The inside of a scope, for scope.c and the schedulers' spawn and exit. */
#ifndef SN_CORE_SCOPE_H
#define SN_CORE_SCOPE_H

#include <sennit/go.h>

#include "core/sched.h"

/*
 * lock guards members, children, live, first_error and the leaver's ticket. `canceled` is written
 * under it and read without. A parent's lock is taken before its child's.
 */
typedef struct sn__scope {
    _Atomic int canceled; /* 0, or the first reason; first, for sn__interrupted */
    sn__lockw lock;
    int first_error;          /* what leave returns */
    struct sn__scope *parent; /* current scope of the owner before this one; NULL: the root */
    sn__link sibling;         /* in parent->children */
    sn__link children;        /* scopes entered inside this one and not left */
    sn__link members;         /* coroutines started here and not ended */
    size_t live;              /* how many those are */
    sn__g *owner;             /* who entered; NULL for the root */
    sn__ticket leaver;        /* the owner's ticket while it waits in leave; 0: it does not */
    sn__timer deadline;
    const void *_Atomic values; /* what is bound here, the last first: value.c */
    bool background;            /* the root: its members' errors are their own */
} sn__scope;
_Static_assert(offsetof(sn__scope, canceled) == 0, "where sn__interrupted looks");
_Static_assert(sizeof(sn__scope) <= sizeof(sn_scope), "sn_scope has room for a scope");

static inline sn__scope *sn__scope_of(sn_scope *s) { return (sn__scope *)s; }

void sn__scope_init(sn__scope *s);
/** Counts g as a member; refuses with the cancel code when s is cancelled. */
int sn__scope_add(sn__scope *s, sn__g *g);
/** g has ended with rc: takes it out, notes and spreads an error, wakes the leaver. */
void sn__scope_done(sn__scope *s, sn__g *g, int rc);
/** Cancels s and everything inside. In a bracket. */
void sn__scope_cancel(sn__scope *s, int why);
/** Parks g until s has no members. Not cancellable. */
void sn__scope_wait(sn__scope *s, sn__g *g);

#endif
