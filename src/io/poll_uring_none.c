/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Built where the kernel's headers are too old for io_uring as we need it. */
#include "io/backend.h"

static int none(void) { return SN_ENOSYS; }

const sn__backend sn__uring = {.up = none};
