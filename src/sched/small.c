/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Packed stacks are for functions whose whole call graph was proven by tools/stack-report, which
 * writes what they need into the program (sn_small). */
#include "core/print.h"
#include "sched/g.h"

enum { SPARE = 16 };

static bool stamped(const sn_small *s) {
    return s->depth && s->stamp == (s->depth ^ SN_SMALL_STAMP);
}

/* Once: a program that lacks the proof of one mostly lacks them all. */
static void complain(sn_fn f) {
    static _Atomic uint32_t said; /* a byte cannot be exchanged everywhere */
    if (atomic_exchange(&said, 1)) return;
    sn__text t = {.n = 0};
    uintptr_t offset = 0;
    const char *name = sn__os_symbol((uintptr_t)f, &offset);
    sn__put(&t, "sennit: SN_SMALL refused: the stack of ");
    sn__put(&t, name ? name : "a function");
    sn__put(&t, " is not proven; run `sennit-stack-report --stamp` on the program\n");
    sn__os_write(2, t.at, t.n);
}

int sn__klass_packed(const sn_attr *a, sn_fn f, size_t n) {
    const sn_small *s = a->small;
    if (!s || s->fn != f) return SN_EINVAL;
    if (!stamped(s)) {
        complain(f);
        return SN_EPERM;
    }
    size_t need = s->depth + ((n + 15) & ~(size_t)15) + SPARE;
    for (int k = 0; k < K_PAGED; k++)
        if (need <= sn__room_packed((unsigned)k)) return k;
    return SN_E2BIG;
}
