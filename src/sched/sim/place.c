/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Places under sim: nobody is anywhere, so that each look finds one of a few, by the seed. */
#include "core/sched.h"

enum { PLACES = 3 };

uint32_t sn__place(const sn__g *g) {
    (void)g;
    return sn__rand() % PLACES;
}

uint32_t sn__places(void) { return PLACES; }
