/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Built where c-ares is not installed. */
#include "io/names.h"

int sn__names_cares(const char *host, uint16_t port, sn__addrs *out) {
    (void)host, (void)port, (void)out;
    return SN_ENOSYS;
}
