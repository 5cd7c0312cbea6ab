/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Numbers with units; see units.h. No floating point: a share is exact or refused. */
#include "search/units.h"

#include <stdio.h>
#include <string.h>

static bool digit(char c) { return c >= '0' && c <= '9'; }

/* Digits with single underscores between them; moves *s behind them. */
static bool read_digits(const char **s, uint64_t *v) {
    const char *at = *s;
    if (!digit(*at)) return false;
    *v = 0;
    for (; digit(*at) || (*at == '_' && digit(at[1])); at++) {
        if (*at == '_') continue;
        uint64_t d = (uint64_t)(*at - '0');
        if (*v > (UINT64_MAX - d) / 10) return false;
        *v = *v * 10 + d;
    }
    *s = at;
    return true;
}

bool sn__read_count(const char *s, uint64_t *v) { return read_digits(&s, v) && !*s; }

bool sn__read_int(const char *s, int64_t *v) {
    bool minus = *s == '-';
    uint64_t u;
    if (!sn__read_count(s + minus, &u) || u > (uint64_t)INT64_MAX) return false;
    *v = minus ? -(int64_t)u : (int64_t)u;
    return true;
}

static const struct unit {
    const char *name;
    uint64_t ns;
} units[] = {
    {"ns", 1},
    {"us", SN_MICROSECOND},
    {"ms", SN_MILLISECOND},
    {"s", SN_SECOND},
    {"m", 60 * SN_SECOND},
    {"h", 3600 * SN_SECOND},
    {"d", 24 * 3600 * SN_SECOND},
};

static uint64_t read_unit(const char **s) {
    size_t n = strspn(*s, "abcdefghijklmnopqrstuvwxyz");
    for (size_t i = 0; i < sizeof units / sizeof *units; i++) {
        if (strlen(units[i].name) != n || memcmp(*s, units[i].name, n)) continue;
        *s += n;
        return units[i].ns;
    }
    return 0;
}

/* ".25" as a part of `scale`, which must divide evenly. 0 when there is none. */
static bool read_part(const char **s, uint64_t *digits, unsigned *places) {
    *digits = 0;
    *places = 0;
    if (**s != '.') return true;
    const char *at = ++*s;
    while (digit(*at)) at++;
    *places = (unsigned)(at - *s);
    return *places > 0 && *places <= 9 && read_digits(s, digits) && *s == at;
}

/* One "90s" or "1.5h". */
static bool read_span(const char **s, uint64_t *ns) {
    uint64_t whole, part;
    unsigned places;
    if (!read_digits(s, &whole) || !read_part(s, &part, &places)) return false;
    uint64_t unit = read_unit(s), scale = 1;
    if (!unit || whole > (uint64_t)INT64_MAX / unit) return false;
    while (places--) scale *= 10;
    if (part > UINT64_MAX / unit || part * unit % scale) return false;
    *ns = whole * unit + part * unit / scale;
    return true;
}

bool sn__read_time(const char *s, sn_time *v) {
    uint64_t sum = 0, ns;
    if (!strcmp(s, "0")) {
        *v = 0;
        return true;
    }
    do {
        if (!read_span(&s, &ns) || ns > (uint64_t)INT64_MAX - sum) return false;
        sum += ns;
    } while (*s);
    *v = (sn_time)sum;
    return true;
}

/* "e-3": a power of ten, of few digits. */
static bool read_power(const char **s, int *power) {
    uint64_t u;
    *power = 0;
    if (**s != 'e' && **s != 'E') return true;
    ++*s;
    bool minus = **s == '-';
    if (minus) ++*s;
    if (!read_digits(s, &u) || u > 18) return false;
    *power = minus ? -(int)u : (int)u;
    return true;
}

bool sn__read_share(const char *s, uint32_t *v) {
    uint64_t whole, part;
    unsigned places;
    int power;
    if (!read_digits(&s, &whole) || !read_part(&s, &part, &places) || !read_power(&s, &power))
        return false;
    bool percent = *s == '%';
    if (s[percent] || whole > 1000000) return false;
    uint64_t n = whole;
    for (unsigned i = 0; i < places; i++) n *= 10;
    n += part;
    /* n is in units of 10^-places; millionths are 10^-6 */
    for (power += 6 - (int)places - (percent ? 2 : 0); power > 0 && n <= 1000000; power--) n *= 10;
    for (; power < 0; power++) {
        if (n % 10) return false;
        n /= 10;
    }
    *v = (uint32_t)n;
    return n <= 1000000;
}

bool sn__read_range(const char *s, uint64_t *first, uint64_t *last) {
    if (!read_digits(&s, first)) return false;
    if (!*s) {
        *last = *first;
        return true;
    }
    return s[0] == '.' && s[1] == '.' && sn__read_count(s + 2, last) && *first <= *last;
}

const char *sn__show_time(sn_time t, char buf[SN__TIME_TEXT]) {
    uint64_t ns = (uint64_t)t, s = ns / SN_SECOND, d = s / 86400;
    char days[24] = "";
    if (d) snprintf(days, sizeof days, "%llud", (unsigned long long)d);
    snprintf(buf, SN__TIME_TEXT, "%s%02u:%02u:%02u.%09u", days, (unsigned)(s / 3600 % 24),
             (unsigned)(s / 60 % 60), (unsigned)(s % 60), (unsigned)(ns % SN_SECOND));
    return buf;
}
