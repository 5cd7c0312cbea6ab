/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#ifndef SN_LINUX_FRAME_OF_H
#define SN_LINUX_FRAME_OF_H

#include <string.h>
#include <ucontext.h>

#include "port/port.h"

/** Where a signal interrupted its thread. */
static inline sn__frame sn__frame_of(const void *context) {
    const ucontext_t *u = context;
    sn__frame f = {.pc = u->uc_mcontext.arm_pc};
    memcpy(f.r, &u->uc_mcontext.arm_r0, sizeof f.r);
    return f;
}

#endif
