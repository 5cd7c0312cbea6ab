/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Building and reading the frames that switch.S saves: r15 r14 r13 r12 rbx rbp rip, upwards. */
#include "port/port.h"

void sn__ctx_start(void);

enum { R15, R14, R13, R12, RBX, RBP, RIP, WORDS };

_Static_assert(offsetof(sn__ctx, sp) == 0 && offsetof(sn__ctx, busy) == 8, "as switch.S has them");

void sn__ctx_init(sn__ctx *c, void *top, void (*entry)(void *), void *arg) {
    /* The jump to sn__ctx_start leaves rsp at `top`; its call then aligns as the ABI wants. */
    uintptr_t *frame = (uintptr_t *)top - WORDS;
    for (int i = 0; i < WORDS; i++) frame[i] = 0;
    frame[RBX] = (uintptr_t)entry;
    frame[R12] = (uintptr_t)arg;
    frame[RIP] = (uintptr_t)sn__ctx_start;
    c->sp = frame;
}

/* It may be running by now. */
__attribute__((no_sanitize("address", "thread"))) void sn__ctx_frame(const sn__ctx *c,
                                                                     sn__frame *f) {
    const uintptr_t *frame = c->sp;
    f->pc = frame[RIP];
    f->fp = frame[RBP];
}
