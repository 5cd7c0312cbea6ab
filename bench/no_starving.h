/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Included before all else into a copy of the mutex: the millisecond after which a waiter starves
 * never passes. */
#include <sennit/base.h>

#undef SN_MILLISECOND
#define SN_MILLISECOND (INT64_MAX / 2)
