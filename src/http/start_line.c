/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Start lines: "METHOD SP target SP HTTP/1.x" and "HTTP/1.x SP nnn SP reason". */
#include <string.h>

#include "http/chars.h"
#include "http/head.h"

/* Longer methods than any in the registry are answered as RFC 9112 section 3 says. */
#define METHOD_MAX 32u

static int version(sn__head *h, const char *s, uint32_t len) {
    if (len != 8 || memcmp(s, "HTTP/", 5) || !sn__digit(s[5]) || s[6] != '.' || !sn__digit(s[7]))
        return sn__head_fail(h, 400, "malformed HTTP version");
    if (s[5] != '1' || s[7] > '1') return sn__head_fail(h, 505, "HTTP version not supported");
    h->version = s[7] == '1' ? 11 : 10;
    return 0;
}

int sn__head_request_line(sn__head *h, const char *buf, uint32_t at, uint32_t len) {
    const char *s = buf + at;
    uint32_t m = 0;
    while (m < len && sn__is(s[m], SN__C_TOKEN)) m++;
    if (m == 0 || m == len || s[m] != ' ') return sn__head_fail(h, 400, "malformed method");
    if (m > METHOD_MAX) return sn__head_fail(h, 501, "method too long");
    h->method = (sn__span){at, m};
    const char *target = s + m + 1, *end = s + len;
    const char *space = memchr(target, ' ', (size_t)(end - target));
    if (!space) return sn__head_fail(h, 400, "request line without a version");
    if (version(h, space + 1, (uint32_t)(end - space - 1))) return -1;
    h->target = (sn__span){at + m + 1, (uint32_t)(space - target)};
    return sn__target_split(h, buf);
}

int sn__head_status_line(sn__head *h, const char *buf, uint32_t at, uint32_t len) {
    const char *s = buf + at;
    if (len < 13 || s[8] != ' ' || s[12] != ' ')
        return sn__head_fail(h, 502, "malformed status line");
    if (version(h, s, 8)) return -1;
    int64_t status = sn__decimal(s + 9, 3);
    if (status < 100 || status > 599) return sn__head_fail(h, 502, "malformed status");
    h->status = (uint16_t)status;
    h->reason = (sn__span){at + 13, len - 13};
    for (uint32_t i = 13; i < len; i++)
        if (!sn__is(s[i], SN__C_VALUE))
            return sn__head_fail(h, 502, "control character in the reason phrase");
    return 0;
}
