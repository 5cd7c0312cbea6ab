/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Coroutines that stay on their thread, and stretches of code that must not park: what does not
 * depend on who runs next. */
#include <stdlib.h>

#include "core/print.h"
#include "sched/g.h"

void sn_pin(void) {
    sn__g *g = sn__enter();
    if (!g->foreign) {
        G *self = g_of(g);
        if (self->pins == UINT16_MAX) sn__fatal("sn_pin too deep");
        if (!self->pins++) sn__pin(self);
    }
    sn__leave(g);
}

void sn_unpin(void) {
    sn__g *g = sn__enter();
    if (!g->foreign) {
        G *self = g_of(g);
        if (!self->pins) sn__fatal("sn_unpin of a coroutine that is not pinned");
        if (!--self->pins) sn__unpin(self);
    }
    sn__leave(g);
}

void sn_nopark_begin(void) {
    sn__g *g = sn__enter();
    if (!g->foreign) {
        G *self = g_of(g);
        if (self->noparks == UINT16_MAX) sn__fatal("sn_nopark_begin too deep");
        if (!self->noparks++) self->nopark_site = (uintptr_t)__builtin_return_address(0);
        g->odd |= SN__ODD_NOPARK;
        self->leaves = true;
        sn__nopark(self);
    }
    sn__leave(g);
}

void sn_nopark_end(void) {
    sn__g *g = sn__enter();
    if (!g->foreign) {
        G *self = g_of(g);
        if (!self->noparks) sn__fatal("sn_nopark_end without sn_nopark_begin");
        if (!--self->noparks) g->odd &= (uint8_t)~SN__ODD_NOPARK;
    }
    sn__leave(g);
}

typedef struct broken {
    const G *g;
    const char *what;
} broken;

static void nopark_broken(void *arg) {
    const broken *b = arg;
    uintptr_t offset = 0, at = sn__code_address(b->g->nopark_site) - 1;
    const char *name = sn__os_symbol(at, &offset);
    sn__text t = {.n = 0};
    sn__put(&t, b->what);
    sn__put(&t, " between sn_nopark_begin (called at ");
    sn__put(&t, name ? name : "0x");
    if (name) sn__put(&t, "+0x");
    sn__put_u(&t, name ? offset : at, 16);
    sn__put(&t, ") and sn_nopark_end");
    t.at[t.n] = 0;
    sn__fatal(t.at);
}

void sn__nopark_broken(const G *g, const char *what) {
    broken b = {g, what};
    sn__far(nopark_broken, &b);
    abort();
}

void sn__g_ends(G *g) {
    if (g->noparks) sn__nopark_broken(g, "coroutine returned");
    sn__locals_end(g);
    if (g->pins) sn__unpin(g);
    g->pins = 0;
    g->core.odd &= SN__ODD_PACKED;
    g->leaves = false;
}
