/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Orders as text: "812:7,900+1:3": at choice point 812 coroutine 7 goes first; after the first wait
 * behind choice point 900 coroutine 3 does; "none" is the order without exceptions. */
#ifndef SN_SEARCH_ORDER_H
#define SN_SEARCH_ORDER_H

#include "search/spec.h"

/** Reads one in place of *o. NULL; or what was wrong, a literal, and *o is as it was. */
const char *sn__order_read(const char *text, order *o);
/** In malloc'ed memory; NULL when it is out. */
char *sn__order_show(const order *o);

#endif
