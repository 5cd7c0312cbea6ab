/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#ifndef SN_LINUX_FRAME_OF_H
#define SN_LINUX_FRAME_OF_H

#include <ucontext.h>

#include "port/port.h"

/** Where a signal interrupted its thread. */
static inline sn__frame sn__frame_of(const void *context) {
    const ucontext_t *u = context;
    return (sn__frame){u->uc_mcontext.pc, u->uc_mcontext.regs[29]};
}

#endif
