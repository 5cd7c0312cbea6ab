/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Whole numbers, ranges and lists of them as people write them in scenario files and on the command
 * line, read strictly: all of the text, no spaces, no overflow. Times and shares are read by
 * sennit/plan.h. */
#ifndef SN_SEARCH_NUMBER_H
#define SN_SEARCH_NUMBER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <sennit/plan.h>

/** "42", "-7", "10_000". */
bool sn__read_int(const char *s, int64_t *v);
/** As sn__read_int, of numbers that are not negative, up to 2^64-1. */
bool sn__read_count(const char *s, uint64_t *v);
/** "17" or "1..1000"; false when it is empty. */
bool sn__read_range(const char *s, uint64_t *first, uint64_t *last);
/** Times and shares as plans have them. */
bool sn__read_time(const char *s, sn_time *v);
bool sn__read_share(const char *s, uint32_t *v);

/** Numbers from 1 on, ascending. */
typedef struct numbers {
    uint32_t *at;
    size_t n;
} numbers;
enum { NUMBERS_MAX = SN_FAULTS_MAX };

/** "3,5,8..12": appends to `l`, in ascending order, up to NUMBERS_MAX. NULL, or what was wrong: a
 *  literal. */
const char *sn__read_numbers(const char *s, numbers *l);
/** Writes them as sn__read_numbers reads them into malloc'ed memory; NULL when it is out. */
char *sn__show_numbers(const numbers *l);
void sn__numbers_free(numbers *l);

enum { TIME_TEXT = 40 };
/** Virtual time for people: "2h14m5.221s". Returns `buf`. */
const char *sn__show_time(sn_time t, char buf[TIME_TEXT]);

#endif
