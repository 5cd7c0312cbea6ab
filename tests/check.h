/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* The smallest test harness: one process, cases in order, first failure of a case named with
 * file and line, "N passed, N failed" last. */
#ifndef TESTS_CHECK_H
#define TESTS_CHECK_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int check_failed_, check_passed_n_, check_failed_n_;

#define CHECK(cond)                                                                                \
    do {                                                                                           \
        if (!(cond)) {                                                                             \
            fprintf(stderr, "%s:%d: %s\n", __FILE__, __LINE__, #cond);                             \
            check_failed_ = 1;                                                                     \
        }                                                                                          \
    } while (0)
#define CHECK_INT(got, want)                                                                       \
    do {                                                                                           \
        long long g_ = (long long)(got), w_ = (long long)(want);                                   \
        if (g_ != w_) {                                                                            \
            fprintf(stderr, "%s:%d: %s is %lld, not %lld\n", __FILE__, __LINE__, #got, g_, w_);    \
            check_failed_ = 1;                                                                     \
        }                                                                                          \
    } while (0)
#define CHECK_STR(got, want)                                                                       \
    do {                                                                                           \
        const char *g_ = (got), *w_ = (want);                                                      \
        if (!g_ || strcmp(g_, w_)) {                                                               \
            fprintf(stderr, "%s:%d: %s is \"%s\", not \"%s\"\n", __FILE__, __LINE__, #got,         \
                    g_ ? g_ : "(null)", w_);                                                       \
            check_failed_ = 1;                                                                     \
        }                                                                                          \
    } while (0)
/** Stops at once: what follows would make no sense. */
#define MUST(cond)                                                                                 \
    do {                                                                                           \
        if (!(cond)) {                                                                             \
            fprintf(stderr, "%s:%d: %s\n", __FILE__, __LINE__, #cond);                             \
            exit(1);                                                                               \
        }                                                                                          \
    } while (0)
/** Runs one case: a void function. */
#define CASE(fn)                                                                                   \
    do {                                                                                           \
        check_failed_ = 0;                                                                         \
        fn();                                                                                      \
        if (check_failed_) {                                                                       \
            check_failed_n_++;                                                                     \
            fprintf(stderr, "FAIL %s\n", #fn);                                                     \
        } else {                                                                                   \
            check_passed_n_++;                                                                     \
        }                                                                                          \
    } while (0)
static inline int check_done(void) {
    printf("%d passed, %d failed\n", check_passed_n_, check_failed_n_);
    return check_failed_n_ != 0;
}

#endif
