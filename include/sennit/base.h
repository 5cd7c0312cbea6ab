/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* What every other header stands on: visibility, time, errors. No errno.h, no _Atomic. */
#ifndef SENNIT_BASE_H
#define SENNIT_BASE_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
#define SN_BEGIN_C extern "C" {
#define SN_END_C }
#else
#define SN_BEGIN_C
#define SN_END_C
#endif

/** Exported from the shared library. */
#define SN_API __attribute__((visibility("default")))
/** The result says whether it happened at all: it must be looked at. */
#define SN_MUST __attribute__((warn_unused_result))
/** May park the caller, and so may resume on another thread. Only these do. The result must
 *  be looked at. */
#define SN_PARKS SN_MUST
#define SN_INLINE static inline __attribute__((unused))

SN_BEGIN_C

/** Nanoseconds. Monotonic, and absolute wherever a parameter is called `until`. */
typedef int64_t sn_time;
#define SN_NEVER INT64_MAX
#define SN_MICROSECOND ((sn_time)1000)
#define SN_MILLISECOND ((sn_time)1000000)
#define SN_SECOND ((sn_time)1000000000)

/** One table of errors: name, value, text. The values are Linux's, negative, on every target. */
#define SN_ERRORS(X)                                                                               \
    X(SN_EPERM, -1, "operation not permitted")                                                     \
    X(SN_ENOENT, -2, "no such file or object")                                                     \
    X(SN_EINTR, -4, "interrupted")                                                                 \
    X(SN_EIO, -5, "input/output error")                                                            \
    X(SN_E2BIG, -7, "too big")                                                                     \
    X(SN_EBADF, -9, "not open")                                                                    \
    X(SN_EAGAIN, -11, "would have to wait")                                                        \
    X(SN_ENOMEM, -12, "out of memory")                                                             \
    X(SN_EACCES, -13, "permission denied")                                                         \
    X(SN_EBUSY, -16, "busy")                                                                       \
    X(SN_EEXIST, -17, "exists already")                                                            \
    X(SN_ENOTDIR, -20, "not a directory")                                                          \
    X(SN_EISDIR, -21, "is a directory")                                                            \
    X(SN_EINVAL, -22, "invalid argument")                                                          \
    X(SN_EMFILE, -24, "too many open files")                                                       \
    X(SN_EFBIG, -27, "file too big")                                                               \
    X(SN_ENOSPC, -28, "no space left")                                                             \
    X(SN_EROFS, -30, "read-only file system")                                                      \
    X(SN_ECLOSED, -32, "closed")                                                                   \
    X(SN_ERANGE, -34, "out of range")                                                              \
    X(SN_ENOSYS, -38, "not available here")                                                        \
    X(SN_EPROTO, -71, "protocol error")                                                            \
    X(SN_EBADMSG, -74, "malformed message")                                                        \
    X(SN_EADDRINUSE, -98, "address in use")                                                        \
    X(SN_EADDRNOTAVAIL, -99, "address not available")                                              \
    X(SN_ENETUNREACH, -101, "network unreachable")                                                 \
    X(SN_ECONNABORTED, -103, "connection aborted")                                                 \
    X(SN_ECONNRESET, -104, "connection reset by peer")                                             \
    X(SN_ETIMEDOUT, -110, "deadline passed")                                                       \
    X(SN_ECONNREFUSED, -111, "connection refused")                                                 \
    X(SN_EHOSTUNREACH, -113, "host unreachable")                                                   \
    X(SN_ECANCELED, -125, "canceled")

#define SN_X(name, value, text) name = value,
enum sn_error { SN_OK = 0, SN_ERRORS(SN_X) SN_ERROR_END_ = -4096 };
#undef SN_X

/**
 * The text of an error, for people: "canceled". Never NULL; an unknown value gives
 * "unknown error". Static storage. From anywhere, interrupts included.
 */
SN_API const char *sn_strerror(int err);
/** The name of an error, for logs: "SN_ECANCELED". As sn_strerror otherwise. */
SN_API const char *sn_errname(int err);

/** Library version as "0.1.0". Static storage. From anywhere. */
SN_API const char *sn_version(void);

SN_END_C
#endif
