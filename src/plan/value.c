/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Times, shares and sizes as text. Decimal numbers are read exactly: what cannot be held to the
 * nanosecond or to the millionth is refused, not rounded. */
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include <sennit/plan.h>

typedef struct unit {
    const char *text;
    uint64_t worth;
} unit;

/** Longer units first among those that begin alike, and by worth: parts must get smaller. */
static const unit time_units[] = {
    {"d", 86400000000000}, {"h", 3600000000000}, {"ms", 1000000}, {"m", 60000000000},
    {"s", 1000000000},     {"us", 1000},         {"ns", 1},
};
static const unit byte_units[] = {
    {"KiB", 1ull << 10}, {"MiB", 1ull << 20}, {"GiB", 1ull << 30}, {"TiB", 1ull << 40},
    {"kB", 1000},        {"MB", 1000000},     {"GB", 1000000000},  {"B", 1},
};
#define COUNT(a) (sizeof(a) / sizeof *(a))

/** A decimal number: value x 10^-digits. */
typedef struct decimal {
    uint64_t value;
    unsigned digits;
} decimal;

static bool is_digit(char c) { return c >= '0' && c <= '9'; }

/** Reads "12" or "12.5" at *at; at most 18 digits. */
static bool read_decimal(const char *s, size_t n, size_t *at, decimal *d) {
    size_t first = *at, digits = 0, point = n;
    *d = (decimal){0, 0};
    for (; *at < n && (is_digit(s[*at]) || s[*at] == '.'); ++*at) {
        if (s[*at] == '.') {
            if (point != n || *at == first) return false;
            point = *at;
            continue;
        }
        if (++digits > 18) return false;
        d->value = d->value * 10 + (uint64_t)(s[*at] - '0');
    }
    if (point != n) d->digits = (unsigned)(*at - point - 1);
    return digits > 0 && (point == n || d->digits > 0);
}

/** d x worth, when that is a whole number. */
static bool times(decimal d, uint64_t worth, uint64_t *out) {
    while (d.digits > 0) {
        if (d.value % 10 == 0)
            d.value /= 10;
        else if (worth % 10 == 0)
            worth /= 10;
        else if (worth % 5 == 0 && d.value % 2 == 0)
            worth /= 5, d.value /= 2;
        else if (worth % 2 == 0 && d.value % 5 == 0)
            worth /= 2, d.value /= 5;
        else
            return false;
        d.digits--;
    }
    return !__builtin_mul_overflow(d.value, worth, out);
}

static const unit *read_unit(const unit *units, size_t count, const char *s, size_t n, size_t *at) {
    for (size_t i = 0; i < count; i++) {
        size_t len = strlen(units[i].text);
        if (n - *at >= len && memcmp(s + *at, units[i].text, len) == 0) {
            *at += len;
            return &units[i];
        }
    }
    return NULL;
}

int sn_text_time(const char *s, size_t n, sn_time *out) {
    size_t at = n > 0 && s[0] == '-';
    bool negative = at > 0;
    uint64_t sum = 0, part, before = UINT64_MAX;
    if (n - at == 1 && s[at] == '0') {
        *out = 0;
        return 0;
    }
    if (at == n) return SN_EINVAL;
    while (at < n) {
        decimal d;
        if (!read_decimal(s, n, &at, &d)) return SN_EINVAL;
        const unit *u = read_unit(time_units, COUNT(time_units), s, n, &at);
        if (!u || u->worth >= before || (d.digits && at < n)) return SN_EINVAL;
        if (!times(d, u->worth, &part) || __builtin_add_overflow(sum, part, &sum)) return SN_EINVAL;
        before = u->worth;
    }
    if (sum > INT64_MAX) return SN_EINVAL;
    *out = negative ? -(sn_time)sum : (sn_time)sum;
    return 0;
}

/** "e-3" at *at, if there is one: *digits more or fewer. */
static bool read_exponent(const char *s, size_t n, size_t *at, decimal *d, unsigned *zeros) {
    *zeros = 0;
    if (*at == n || (s[*at] != 'e' && s[*at] != 'E')) return true;
    bool negative = ++*at < n && s[*at] == '-';
    if (*at < n && (s[*at] == '-' || s[*at] == '+')) ++*at;
    unsigned e = 0;
    size_t first = *at;
    for (; *at < n && is_digit(s[*at]) && *at - first < 2; ++*at) {
        e = e * 10 + (unsigned)(s[*at] - '0');
    }
    if (*at == first) return false;
    if (negative)
        d->digits += e;
    else
        *zeros = e;
    return e <= 18;
}

int sn_text_share(const char *s, size_t n, uint32_t *out) {
    size_t at = 0;
    unsigned zeros;
    decimal d;
    uint64_t worth = 1000000, got;
    if (!read_decimal(s, n, &at, &d) || !read_exponent(s, n, &at, &d, &zeros)) return SN_EINVAL;
    if (n - at == 1 && s[at] == '%')
        worth = 10000, at++;
    else if (n - at == 3 && memcmp(s + at, "ppm", 3) == 0)
        worth = 1, at += 3;
    for (; zeros > 0 && d.digits > 0; zeros--) d.digits--;
    for (; zeros > 0 && worth <= UINT64_MAX / 10; zeros--) worth *= 10;
    if (at != n || zeros > 0 || !times(d, worth, &got) || got > 1000000) return SN_EINVAL;
    *out = (uint32_t)got;
    return 0;
}

int sn_text_bytes(const char *s, size_t n, uint64_t *out) {
    size_t at = 0;
    decimal d;
    if (!read_decimal(s, n, &at, &d)) return SN_EINVAL;
    const unit *u = read_unit(byte_units, COUNT(byte_units), s, n, &at);
    if (at != n) return SN_EINVAL;
    return times(d, u ? u->worth : 1, out) ? 0 : SN_EINVAL;
}

/** "5.221" of 5,221,000,000 ns and a unit of a second: no zeros at the end. */
static int print_part(uint64_t ns, uint64_t worth, const char *text, char *buf, size_t n) {
    char rest[24] = "";
    if (ns % worth) {
        int len = 1;
        rest[0] = '.';
        for (uint64_t left = ns % worth, w = worth / 10; left > 0; left %= w, w /= 10) {
            rest[len++] = (char)('0' + left / w);
        }
        rest[len] = 0;
    }
    return snprintf(buf, n, "%llu%s%s", (unsigned long long)(ns / worth), rest, text);
}

void sn_time_print(sn_time t, char *buf, size_t n) {
    static const unit whole[] = {{"d", 86400000000000}, {"h", 3600000000000}, {"m", 60000000000}};
    static const unit last[] = {{"s", 1000000000}, {"ms", 1000000}, {"us", 1000}, {"ns", 1}};
    char out[64];
    size_t at = 0;
    uint64_t left = t < 0 ? 0 - (uint64_t)t : (uint64_t)t;
    bool longer = left >= last[0].worth;
    if (t < 0) out[at++] = '-';
    for (size_t i = 0; i < COUNT(whole); i++) {
        if (left < whole[i].worth) continue;
        at += (size_t)print_part(left - left % whole[i].worth, whole[i].worth, whole[i].text,
                                 out + at, sizeof out - at);
        left %= whole[i].worth;
    }
    size_t u = 0;
    while (!longer && u + 1 < COUNT(last) && left < last[u].worth) u++;
    if (t == 0) u = 0;
    if (left > 0 || t == 0) {
        print_part(left, last[u].worth, last[u].text, out + at, sizeof out - at);
    }
    snprintf(buf, n, "%s", out);
}
