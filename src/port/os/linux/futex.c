/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Waiting on a word. Where `long` has 32 bits, kernels since 5.1 have a call that takes times of
 * 64; the call before it takes machine words, as does the only call of 64-bit machines. */
#include <errno.h>
#include <limits.h>
#include <linux/futex.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "lacks.h"

/* WAIT_BITSET takes an absolute monotonic time. */
enum { WAIT = FUTEX_WAIT_BITSET | FUTEX_PRIVATE_FLAG };

static long wait_words(_Atomic uint32_t *word, uint32_t value, sn_time until) {
    long at[2];
    if (until == SN_NEVER || until / SN_SECOND > LONG_MAX)
        return syscall(SYS_futex, word, WAIT, value, NULL, NULL, FUTEX_BITSET_MATCH_ANY);
    at[0] = (long)(until / SN_SECOND);
    at[1] = (long)(until % SN_SECOND);
    return syscall(SYS_futex, word, WAIT, value, at, NULL, FUTEX_BITSET_MATCH_ANY);
}

#ifdef SYS_futex_time64
static long wait_word(_Atomic uint32_t *word, uint32_t value, sn_time until) {
    int64_t at[2] = {until / SN_SECOND, until % SN_SECOND};
    if (!sn__lacks(SN__FUTEX_TIME64)) {
        long rc = syscall(SYS_futex_time64, word, WAIT, value, until == SN_NEVER ? NULL : at, NULL,
                          FUTEX_BITSET_MATCH_ANY);
        if (rc == 0 || errno != ENOSYS) return rc;
        sn__os_forgo(SN__FUTEX_TIME64);
    }
    return wait_words(word, value, until);
}
#else
#define wait_word wait_words
#endif

bool sn__os_wait(_Atomic uint32_t *word, uint32_t value, sn_time until) {
    return !(wait_word(word, value, until < 0 ? 0 : until) < 0 && errno == ETIMEDOUT);
}

void sn__os_wake(_Atomic uint32_t *word, int threads) {
    syscall(SYS_futex, word, FUTEX_WAKE | FUTEX_PRIVATE_FLAG, threads, NULL, NULL, 0);
}
