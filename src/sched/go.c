/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* The public ways to start a coroutine, and to name it. */
#include "sched/g.h"

int sn_go(sn_fn f, const void *arg, size_t n) {
    uintptr_t site = (uintptr_t)__builtin_return_address(0);
    SN__HB_IN();
    sn__g *g = sn__enter_parks();
    int rc = g->foreign ? SN_EPERM : sn__spawn(g->scope, NULL, f, arg, n, site);
    SN__HB_OUT();
    sn__leave(g);
    return rc;
}

int sn_go_root(sn_fn f, const void *arg, size_t n) {
    uintptr_t site = (uintptr_t)__builtin_return_address(0);
    SN__HB_IN();
    sn__g *g = sn__enter_parks();
    int rc = sn__spawn_root(f, arg, n, site);
    SN__HB_OUT();
    sn__leave(g);
    return rc;
}

int sn_scope_go(sn_scope *s, const sn_attr *attr, sn_fn f, const void *arg, size_t n) {
    uintptr_t site = (uintptr_t)__builtin_return_address(0);
    SN__HB_IN();
    sn__g *g = sn__enter_parks();
    int rc = g->foreign ? SN_EPERM : sn__spawn(sn__scope_of(s), attr, f, arg, n, site);
    SN__HB_OUT();
    sn__leave(g);
    return rc;
}

void sn_set_name(const char *name) {
    sn__g *g = sn__enter();
    atomic_store_explicit(&g_of(g)->name, name, memory_order_relaxed);
    sn__leave(g);
}

uint64_t sn_id(void) {
    sn__g *g = sn__current(); /* its own number touches neither M nor P: no bracket */
    return g && !g->foreign ? g_of(g)->id : 0;
}
