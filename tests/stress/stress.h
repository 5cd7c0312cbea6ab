/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* What the stress tests share: how long, and how much a sanitizer can carry. */
#ifndef TESTS_STRESS_H
#define TESTS_STRESS_H

#include "world.h"

#include <stdatomic.h>
#include <stdint.h>
#include <unistd.h>

#if defined(__has_feature)
#if __has_feature(thread_sanitizer)
#define STRESS_TSAN 1
#elif __has_feature(address_sanitizer)
#define STRESS_ASAN 1
#endif
#endif
#ifdef __SANITIZE_THREAD__
#define STRESS_TSAN 1
#elif defined(__SANITIZE_ADDRESS__)
#define STRESS_ASAN 1
#endif

/** Most coroutines alive at once: gcc's ThreadSanitizer ends above some 8,000 fibers, and the
 *  address sanitizer keeps a shadow of each stack. On 32 bits there is less room for stacks. */
#ifdef STRESS_TSAN
enum { STRESS_LIVE = 1000, STRESS_SANITIZED = 1 };
#elif defined STRESS_ASAN
enum { STRESS_LIVE = 3000, STRESS_SANITIZED = 1 };
#elif UINTPTR_MAX == UINT32_MAX
enum { STRESS_LIVE = 10000, STRESS_SANITIZED = 0 };
#else
enum { STRESS_LIVE = 100000, STRESS_SANITIZED = 0 };
#endif

/** How long each stress goes on: $SENNIT_STRESS_SECONDS, else one second. */
static inline sn_time stress_time(void) {
    const char *s = getenv("SENNIT_STRESS_SECONDS");
    double seconds = s ? atof(s) : 1.0;
    return (sn_time)(seconds * 1e9);
}

/** Runs `body` as a run of its own; it must return 0. */
static inline void stress_case(const char *what, sn_fn body) {
    check_failed_ = 0;
    alarm((unsigned)(60 + stress_time() / SN_SECOND * 10)); /* hangs: the signal ends it */
    sn_time t = sn_now();
    CHECK_INT(world_run(1, body, NULL), 0);
    printf("%6.2f s  %s\n", (double)(sn_now() - t) / 1e9, what);
    fflush(stdout);
    if (check_failed_) {
        check_failed_n_++;
        fprintf(stderr, "FAIL %s\n", what);
    } else {
        check_passed_n_++;
    }
}

#endif
