/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Calls past the seams that may be made, of this process. */
#include "world/parts.h"

enum { ALLOWED_MAX = 64 };

static sn__allowed calls[ALLOWED_MAX];
const sn__allowed *const sn__allowed_calls = calls;
size_t sn__allowed_n;

int sn_sim_allow(const char *function, const char *caller, const char *reason) {
    if (!*function || !*caller || !*reason) return SN_EINVAL;
    if (sn__allowed_n == ALLOWED_MAX) return SN_ENOMEM;
    calls[sn__allowed_n++] = (sn__allowed){function, caller, reason};
    return 0;
}
