/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* The life of a server's process: open, tell where it is, serve until SIGTERM or SIGINT, close. */
#ifndef FLEET_SERVE_H
#define FLEET_SERVE_H

#include "result.h"
#include "serve_conf.h"

#include <sennit/base.h>
#include <stdio.h>

/** Serves in the calling coroutine, which needs an SN_FOREIGN stack. The first signal drains, a
 *  second one ends the program. Addresses and, without c->admin_token_file, a first token go to
 *  `out`; NULL: to nobody. 0, or an error; err tells, if it did not get as far as to serve (then
 *  the log has). Parks. */
SN_PARKS int serve_until_signal(const struct serve_conf *c, FILE *out, fleet_err *err);

#endif
