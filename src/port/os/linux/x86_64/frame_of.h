/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#ifndef SN_LINUX_FRAME_OF_H
#define SN_LINUX_FRAME_OF_H

#include <ucontext.h>

#include "port/port.h"

/** Where a signal interrupted its thread. */
static inline sn__frame sn__frame_of(const void *context) {
    const ucontext_t *u = context;
    return (sn__frame){(uintptr_t)u->uc_mcontext.gregs[REG_RIP],
                       (uintptr_t)u->uc_mcontext.gregs[REG_RBP]};
}

#endif
