/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Building and reading the frames that switch.S saves: d8 to d15 (two words each), r4 to r12, lr,
 * upwards. */
#include "port/port.h"

void sn__ctx_start(void);

enum { R4 = 16, R5, LR = R4 + 9, WORDS };

_Static_assert(offsetof(sn__ctx, sp) == 0 && offsetof(sn__ctx, busy) == 4, "as switch.S has them");
_Static_assert(ATOMIC_LLONG_LOCK_FREE == 2, "times and counters are exchanged without a lock");

void sn__ctx_init(sn__ctx *c, void *top, void (*entry)(void *), void *arg) {
    uintptr_t *frame = (uintptr_t *)top - WORDS;
    for (int i = 0; i < WORDS; i++) frame[i] = 0;
    frame[R4] = (uintptr_t)entry;
    frame[R5] = (uintptr_t)arg;
    frame[LR] = (uintptr_t)sn__ctx_start;
    c->sp = frame;
}

void sn__ctx_frame(const sn__ctx *c, sn__frame *f) {
    const uintptr_t *frame = c->sp;
    for (int i = 0; i < 9; i++) f->r[4 + i] = frame[R4 + i];
    f->r[SN__FRAME_SP] = (uintptr_t)(frame + WORDS);
    f->r[SN__FRAME_LR] = frame[LR];
    f->pc = sn__code_address(frame[LR]);
}

void sn__ctx_call(void *sp, void (*f)(void *), void *arg) {
    (void)sp;
    f(arg);
}
