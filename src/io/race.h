/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Dialing several addresses of one name. */
#ifndef SENNIT_IO_RACE_H
#define SENNIT_IO_RACE_H

#include "io/addr.h"

#include <sennit/net.h>

typedef int (*sn__dial_fn)(sn_conn **c, const sn__addr *to, const sn__addr *from);

/* Connects to the first of these, at least one, that `dial` succeeds with; else the error of the
 * last that failed. Parks; observes the scope. */
int sn__race(sn_conn **c, sn__dial_fn dial, const sn__addrs *to, const sn__addr *from);

#endif
