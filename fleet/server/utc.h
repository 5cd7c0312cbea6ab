/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* UTC as people and JSON want it. */
#ifndef FLEET_UTC_H
#define FLEET_UTC_H

#include <stdint.h>

enum { UTC_CHARS = 24 };

/** Milliseconds since 1970 as "2026-01-31T12:00:00.000Z" into out (UTC_CHARS + 1 bytes), which it
 *  returns. Years 0000 to 9999; beyond is clamped. */
char *utc_text(int64_t ms, char *out);
/** Seconds as "HH:MM:SS", clamped to 00:00:01 … 23:59:59, into out (9 bytes), which it returns. */
char *utc_hms(uint32_t seconds, char *out);
/** Reads "HH:MM:SS" into seconds: 0, or SN_EINVAL. */
int utc_hms_parse(const char *text, uint32_t *seconds);

#endif
