/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Which of many parts does a failure need? */
#ifndef SN_SEARCH_PARTS_H
#define SN_SEARCH_PARTS_H

#include "search/number.h"

/** Does it still fail with these parts only? */
typedef bool (*sn__parts_fn)(void *arg, const numbers *kept);

/** Takes out of *kept, with which it fails, as many as can be spared: all at once, then by halves,
 *  quarters and so on down to single ones, and pairs when few are left. */
void sn__parts_drop(numbers *kept, sn__parts_fn fails, void *arg);
/** The numbers of 1 … n that are not in `l`. false: out of memory. */
bool sn__parts_others(const numbers *l, uint32_t n, numbers *rest);

#endif
