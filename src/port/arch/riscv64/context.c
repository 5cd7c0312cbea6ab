/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Building and reading the frames that switch.S saves: ra s0 to s11, then fs0 to fs11 if the ABI
 * has them, upwards. */
#include "port/port.h"

void sn__ctx_start(void);

#if defined(__riscv_float_abi_double)
enum { WORDS = 26 };
#else
enum { WORDS = 14 };
#endif
enum { RA, S0, S1, S2 };

_Static_assert(offsetof(sn__ctx, sp) == 0 && offsetof(sn__ctx, busy) == 8, "as switch.S has them");

void sn__ctx_init(sn__ctx *c, void *top, void (*entry)(void *), void *arg) {
    uintptr_t *frame = (uintptr_t *)top - WORDS;
    for (int i = 0; i < WORDS; i++) frame[i] = 0;
    frame[S1] = (uintptr_t)entry;
    frame[S2] = (uintptr_t)arg;
    frame[RA] = (uintptr_t)sn__ctx_start;
    c->sp = frame;
}

/* It may be running by now. */
__attribute__((no_sanitize("address", "thread"))) void sn__ctx_frame(const sn__ctx *c,
                                                                     sn__frame *f) {
    const uintptr_t *frame = c->sp;
    f->pc = frame[RA];
    f->fp = frame[S0];
}

void sn__ctx_call(void *sp, void (*f)(void *), void *arg) {
    (void)sp;
    f(arg);
}
