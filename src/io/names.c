/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Which way names are looked up. */
#include "io/names.h"

#include "sched/smp/settings.h"

int sn__names_lookup(const char *host, uint16_t port, sn__addrs *out) {
    int err = SN_ENOSYS;
    out->n = 0;
    if (sn__set.names != SN__NAMES_LIBC) err = sn__names_cares(host, port, out);
    return err == SN_ENOSYS ? sn__names_libc(host, port, out) : err;
}
