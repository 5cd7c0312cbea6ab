/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Release 1: one slow flash a beat. */
#include "blinkd.h"

static const struct flash slow[] = {{500, 500}};

const struct release release = {"1.0.0", slow, sizeof slow / sizeof *slow, 0};
