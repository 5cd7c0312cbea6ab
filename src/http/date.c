/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* HTTP dates, without locale, time zone or library: the civil calendar by arithmetic. */
#include <string.h>

#include <sennit/http.h>

#include "http/chars.h"

#define DAY_MS 86400000
#define LAST_MS 253402300799999 /* end of the year 9999 */

static const char day_names[] = "SunMonTueWedThuFriSat";
static const char month_names[] = "JanFebMarAprMayJunJulAugSepOctNovDec";

typedef struct civil {
    int64_t year;
    int month, day, hour, minute, second; /* month 1…12 */
} civil;

/* Days since 1970-01-01 of a date; years are counted from March, so that leap days come last. */
static int64_t days_of(int64_t y, int m, int d) {
    y -= m <= 2;
    int64_t era = y / 400, yoe = y - era * 400;
    int64_t doy = (153 * (m + (m > 2 ? -3 : 9)) + 2) / 5 + d - 1;
    return era * 146097 + yoe * 365 + yoe / 4 - yoe / 100 + doy - 719468;
}

static void civil_of(int64_t days, civil *c) {
    int64_t z = days + 719468, era = z / 146097, doe = z - era * 146097;
    int64_t yoe = (doe - doe / 1460 + doe / 36524 - doe / 146096) / 365;
    int doy = (int)(doe - (365 * yoe + yoe / 4 - yoe / 100)), mp = (5 * doy + 2) / 153;
    c->day = doy - (153 * mp + 2) / 5 + 1;
    c->month = mp < 10 ? mp + 3 : mp - 9;
    c->year = yoe + era * 400 + (c->month <= 2);
}

static char *two(char *p, int v) {
    *p++ = (char)('0' + v / 10);
    *p++ = (char)('0' + v % 10);
    return p;
}

void sn_http_date(int64_t ms, char buf[30]) {
    if (ms < 0) ms = 0;
    if (ms > LAST_MS) ms = LAST_MS;
    int64_t days = ms / DAY_MS;
    int sec = (int)(ms % DAY_MS / 1000);
    civil c = {0};
    civil_of(days, &c);
    char *p = buf;
    memcpy(p, day_names + (days + 4) % 7 * 3, 3), p += 3;
    *p++ = ',', *p++ = ' ';
    p = two(p, c.day);
    *p++ = ' ';
    memcpy(p, month_names + (c.month - 1) * 3, 3), p += 3;
    *p++ = ' ';
    p = two(p, (int)(c.year / 100));
    p = two(p, (int)(c.year % 100));
    *p++ = ' ';
    p = two(p, sec / 3600);
    *p++ = ':';
    p = two(p, sec / 60 % 60);
    *p++ = ':';
    p = two(p, sec % 60);
    memcpy(p, " GMT", 5);
}

/* Index of a three-letter name, or -1. */
static int name_at(const char *names, int count, const char *s) {
    for (int i = 0; i < count; i++)
        if (!memcmp(names + i * 3, s, 3)) return i;
    return -1;
}

/* Matches s against a form: 'W' name of the day, 'd' day, 'e' day with a space for 0, 'b' name of
 * the month, 'Y' and 'y' year of four and two digits, 'h' 'm' 's' time, others themselves. */
static int match(const char *s, const char *form, civil *c) {
    for (; *form; form++) {
        size_t need = *form == 'W' || *form == 'b' ? 3 : *form == 'Y' ? 4 : 1;
        if (*form == 'd' || *form == 'e' || *form == 'y' || strchr("hms", *form)) need = 2;
        if (strnlen(s, need) < need) return -1;
        int v = *form == 'e' && *s == ' ' ? (int)sn__decimal(s + 1, 1) : (int)sn__decimal(s, need);
        switch (*form) {
        case 'W':
            v = name_at(day_names, 7, s);
            break;
        case 'b':
            c->month = 1 + (v = name_at(month_names, 12, s));
            break;
        case 'd':
        case 'e':
            c->day = v;
            break;
        case 'Y':
            c->year = v;
            break;
        case 'y':
            c->year = v + (v < 70 ? 2000 : 1900);
            break;
        case 'h':
            c->hour = v;
            break;
        case 'm':
            c->minute = v;
            break;
        case 's':
            c->second = v;
            break;
        default:
            v = *s == *form ? 0 : -1;
        }
        if (v < 0) return -1;
        s += need;
    }
    return *s ? -1 : 0;
}

/* "Sunday, …" of the obsolete form: the rest after the comma, or s itself. */
static const char *after_long_day(const char *s) {
    const char *comma = strchr(s, ',');
    return comma && comma - s > 3 && comma - s <= 9 ? comma : s;
}

int sn_http_date_parse(const char *s, int64_t *utc_ms) {
    civil c = {0}, back = {0};
    if (match(s, "W, d b Y h:m:s GMT", &c) && match(after_long_day(s), ", d-b-y h:m:s GMT", &c) &&
        match(s, "W b e h:m:s Y", &c))
        return SN_EINVAL;
    if (c.year < 1970 || c.day < 1 || c.hour > 23 || c.minute > 59 || c.second > 60)
        return SN_EINVAL;
    int64_t days = days_of(c.year, c.month, c.day);
    civil_of(days, &back);
    if (back.day != c.day || back.month != c.month) return SN_EINVAL; /* no such day */
    *utc_ms = days * DAY_MS + ((int64_t)c.hour * 3600 + c.minute * 60 + c.second) * 1000;
    return 0;
}
