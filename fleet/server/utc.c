/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Dates by arithmetic: no time zone, no locale, no shared state. */
#include "utc.h"

#include <sennit/base.h>
#include <stdio.h>
#include <string.h>

#define DAY_MS INT64_C(86400000)
#define YEAR_0_MS (INT64_C(-62167219200) * 1000)
#define YEAR_10000_MS (INT64_C(253402300800) * 1000)

/* Civil date of a day counted from 1970-01-01: years begin in March, so that the odd day of a
 * leap year is its last one, in eras of 400 years. */
static void civil(int64_t day, int *y, int *m, int *d) {
    day += 719468;
    int64_t era = (day >= 0 ? day : day - 146096) / 146097;
    int64_t doe = day - era * 146097;
    int64_t yoe = (doe - doe / 1460 + doe / 36524 - doe / 146096) / 365;
    int64_t doy = doe - (365 * yoe + yoe / 4 - yoe / 100);
    int64_t mp = (5 * doy + 2) / 153;
    *d = (int)(doy - (153 * mp + 2) / 5 + 1);
    *m = (int)(mp < 10 ? mp + 3 : mp - 9);
    *y = (int)(yoe + era * 400 + (*m <= 2));
}

char *utc_text(int64_t ms, char *out) {
    if (ms < YEAR_0_MS) ms = YEAR_0_MS;
    if (ms >= YEAR_10000_MS) ms = YEAR_10000_MS - 1;
    int64_t day = ms / DAY_MS, rest = ms % DAY_MS;
    if (rest < 0) {
        rest += DAY_MS;
        day--;
    }
    int y, m, d;
    civil(day, &y, &m, &d);
    unsigned t = (unsigned)rest;
    char text[64];
    snprintf(text, sizeof text, "%04d-%02d-%02dT%02u:%02u:%02u.%03uZ", y, m, d, t / 3600000,
             t / 60000 % 60, t / 1000 % 60, t % 1000);
    memcpy(out, text, UTC_CHARS);
    out[UTC_CHARS] = 0;
    return out;
}

char *utc_hms(uint32_t s, char *out) {
    if (s < 1) s = 1;
    if (s > 86399) s = 86399;
    char text[32];
    snprintf(text, sizeof text, "%02u:%02u:%02u", s / 3600, s / 60 % 60, s % 60);
    memcpy(out, text, 9);
    return out;
}

static int two(const char *t, uint32_t below, uint32_t *v) {
    if (t[0] < '0' || t[0] > '9' || t[1] < '0' || t[1] > '9') return 0;
    *v = (uint32_t)(t[0] - '0') * 10 + (uint32_t)(t[1] - '0');
    return *v < below;
}

int utc_hms_parse(const char *t, uint32_t *seconds) {
    uint32_t h, m, s;
    if (strlen(t) != 8 || t[2] != ':' || t[5] != ':') return SN_EINVAL;
    if (!two(t, 24, &h) || !two(t + 3, 60, &m) || !two(t + 6, 60, &s)) return SN_EINVAL;
    *seconds = h * 3600 + m * 60 + s;
    return 0;
}
