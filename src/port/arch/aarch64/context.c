/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Building and reading the frames that switch.S saves: x29 x30 x19 to x28 d8 to d15, upwards. */
#include "port/port.h"

void sn__ctx_start(void);

enum { X29, X30, X19, X20, WORDS = 20 };

_Static_assert(offsetof(sn__ctx, sp) == 0 && offsetof(sn__ctx, busy) == 8, "as switch.S has them");

void sn__ctx_init(sn__ctx *c, void *top, void (*entry)(void *), void *arg) {
    uintptr_t *frame = (uintptr_t *)top - WORDS;
    for (int i = 0; i < WORDS; i++) frame[i] = 0;
    frame[X19] = (uintptr_t)entry;
    frame[X20] = (uintptr_t)arg;
    frame[X30] = (uintptr_t)sn__ctx_start;
    c->sp = frame;
}

/* It may be running by now. */
__attribute__((no_sanitize("address", "thread"))) void sn__ctx_frame(const sn__ctx *c,
                                                                     sn__frame *f) {
    const uintptr_t *frame = c->sp;
    f->pc = sn__code_address(frame[X30]);
    f->fp = frame[X29];
}

void sn__ctx_call(void *sp, void (*f)(void *), void *arg) {
    (void)sp;
    f(arg);
}
