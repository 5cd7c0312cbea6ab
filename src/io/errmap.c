/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* The values of our errors are Linux's with a minus sign, but only those of the public table may
 * leave the library: the rest are folded into the nearest by this table. */
#include "io/errmap.h"

#include <errno.h>
#include <sennit/base.h>

/* The errors we keep have the same number, so that a reader of strace and of a log see one. */
#define X(name, value, text) _Static_assert((name) == (value), #name);
SN_ERRORS(X)
#undef X
_Static_assert(SN_EAGAIN == -EAGAIN && SN_ECANCELED == -ECANCELED, "this table is for Linux");

static const struct {
    int eno, err;
} folded[] = {
    {EPIPE, SN_ECLOSED},          {ENOTCONN, SN_ECLOSED},     {ESHUTDOWN, SN_ECLOSED},
    {ENFILE, SN_EMFILE},          {ENOBUFS, SN_ENOMEM},       {EDQUOT, SN_ENOSPC},
    {EOVERFLOW, SN_EFBIG},        {ENOTEMPTY, SN_EBUSY},      {ETXTBSY, SN_EBUSY},
    {ENXIO, SN_ENOENT},           {ENODEV, SN_ENOENT},        {ENAMETOOLONG, SN_EINVAL},
    {ELOOP, SN_EINVAL},           {EXDEV, SN_EINVAL},         {EFAULT, SN_EINVAL},
    {ESPIPE, SN_EINVAL},          {ENOTSOCK, SN_EINVAL},      {EDESTADDRREQ, SN_EINVAL},
    {EMLINK, SN_E2BIG},           {EMSGSIZE, SN_E2BIG},       {EAFNOSUPPORT, SN_EADDRNOTAVAIL},
    {ENETDOWN, SN_ENETUNREACH},   {ENETRESET, SN_ECONNRESET}, {EHOSTDOWN, SN_EHOSTUNREACH},
    {EPROTONOSUPPORT, SN_ENOSYS}, {EOPNOTSUPP, SN_ENOSYS},
};

int sn__errmap(int eno) {
    switch (-eno) {
#define X(name, value, text) case name:
        SN_ERRORS(X)
#undef X
        return -eno;
    default:
        break;
    }
    for (size_t i = 0; i < sizeof folded / sizeof *folded; i++) {
        if (folded[i].eno == eno) return folded[i].err;
    }
    return SN_EIO;
}
