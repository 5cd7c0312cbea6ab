/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Numbers as people write them in scenario files and on the command line, read strictly: all of
 * the text, no spaces, no overflow. */
#ifndef SN_SEARCH_UNITS_H
#define SN_SEARCH_UNITS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <sennit/base.h>

/** "42", "-7", "10_000". */
bool sn__read_int(const char *s, int64_t *v);
/** As sn__read_int, of numbers that are not negative, up to 2^64-1. */
bool sn__read_count(const char *s, uint64_t *v);
/** "90s", "1h30m", "250ms", "1.5s", "7d", "0": units ns us ms s m h d, not negative. */
bool sn__read_time(const char *s, sn_time *v);
/** Of a million, 0 … 1,000,000: "0.2%", "1e-3", "0.05", "1". Exact, or false. */
bool sn__read_share(const char *s, uint32_t *v);
/** "17" or "1..1000"; false when it is empty. */
bool sn__read_range(const char *s, uint64_t *first, uint64_t *last);

enum { SN__TIME_TEXT = 40 };
/** Virtual time for people: "2d03:04:05.000000006". Returns `buf`. */
const char *sn__show_time(sn_time t, char buf[SN__TIME_TEXT]);

#endif
