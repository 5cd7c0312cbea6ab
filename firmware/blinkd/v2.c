/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Release 2: a double flash, and the load average in the heartbeat. */
#include "blinkd.h"

static const struct flash twice[] = {{100, 150}, {100, 650}};

const struct release release = {"2.0.0", twice, sizeof twice / sizeof *twice, 1};
