/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Built without valgrind's header, or for a processor that it does not know. There it takes each
 * switch for a jump over a huge frame. */
#include "port/port.h"

bool sn__os_on_valgrind(void) { return false; }

void sn__os_stack_made(void *lo, size_t n) {
    (void)lo;
    (void)n;
}
