/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* The error table's texts and names, and the texts of wait reasons. */
#include <sennit/base.h>

#include "core/sched.h"

#define SN_X(name, value, text)                                                                    \
    case name:                                                                                     \
        return text;
const char *sn_strerror(int err) {
    switch (err) {
    case 0:
        return "no error";
        SN_ERRORS(SN_X)
    default:
        return "unknown error";
    }
}
#undef SN_X

#define SN_X(name, value, text)                                                                    \
    case name:                                                                                     \
        return #name;
const char *sn_errname(int err) {
    switch (err) {
    case 0:
        return "SN_OK";
        SN_ERRORS(SN_X)
    default:
        return "SN_E?";
    }
}
#undef SN_X

const char *sn_version(void) { return "0.1.0"; }

const char *sn__reason_text(enum sn__reason r) {
    static const char *const text[SN__R_LAST] = {
        [SN__R_NONE] = "unspecified",
        [SN__R_SEND] = "chan send",
        [SN__R_RECV] = "chan receive",
        [SN__R_SEND_NIL] = "chan send (nil chan)",
        [SN__R_RECV_NIL] = "chan receive (nil chan)",
        [SN__R_SELECT] = "select",
        [SN__R_SELECT_NONE] = "select (no cases)",
        [SN__R_MUTEX] = "sync.Mutex.Lock",
        [SN__R_COND] = "sync.Cond.Wait",
        [SN__R_SEM] = "semacquire",
        [SN__R_WG] = "sync.WaitGroup.Wait",
        [SN__R_ONCE] = "sync.Once.Do",
        [SN__R_RLOCK] = "sync.RWMutex.RLock",
        [SN__R_WLOCK] = "sync.RWMutex.Lock",
        [SN__R_FLIGHT] = "flight",
        [SN__R_SCOPE] = "scope leave",
        [SN__R_SLEEP] = "sleep",
        [SN__R_IO] = "IO wait",
        [SN__R_OFFLOAD] = "offloaded call",
        [SN__R_BLOCKING] = "place for a blocking call",
    };
    return r < SN__R_LAST ? text[r] : text[SN__R_NONE];
}
