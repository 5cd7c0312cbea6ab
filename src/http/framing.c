/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Where a message ends. Any two readings of a head are one too many: a length and a coding, two
 * lengths (equal ones too), a coding other than "chunked", a coding in HTTP/1.0 are refused, so
 * that nobody in front of us can see other messages than we do. */
#include "http/chars.h"
#include "http/head.h"

/* Calls `each` for every element of a comma list; stops at its first non-zero result. */
static int list_each(sn__head *h, const char *s, uint32_t n,
                     int (*each)(sn__head *h, const char *s, uint32_t n)) {
    for (uint32_t i = 0; i <= n;) {
        uint32_t end = i;
        while (end < n && s[end] != ',') end++;
        uint32_t a = i, b = end;
        while (a < b && sn__blank(s[a])) a++;
        while (b > a && sn__blank(s[b - 1])) b--;
        if (b > a && each(h, s + a, b - a)) return -1;
        i = end + 1;
    }
    return 0;
}

static int connection_option(sn__head *h, const char *s, uint32_t n) {
    for (uint32_t i = 0; i < n; i++)
        if (!sn__is(s[i], SN__C_TOKEN)) return sn__head_fail(h, 400, "malformed Connection");
    if (SN__SAME(s, n, "close")) h->close = 1;
    if (SN__SAME(s, n, "keep-alive")) h->keep_alive = 1;
    return 0;
}

static int content_length(sn__head *h, const char *s, uint32_t n) {
    if (h->seen_length++) return sn__head_fail(h, 400, "more than one Content-Length");
    h->length = sn__decimal(s, n);
    return h->length < 0 ? sn__head_fail(h, 400, "malformed Content-Length") : 0;
}

static int transfer_encoding(sn__head *h, const char *s, uint32_t n) {
    if (h->seen_coding++) return sn__head_fail(h, 400, "more than one Transfer-Encoding");
    if (h->version == 10) return sn__head_fail(h, 400, "Transfer-Encoding in HTTP/1.0");
    if (!SN__SAME(s, n, "chunked"))
        return sn__head_fail(h, 501, "Transfer-Encoding other than chunked");
    h->chunked = 1;
    return 0;
}

static int host(sn__head *h, const char *buf, sn__span v) {
    if (h->is_response) return 0;
    if (h->seen_host++) return sn__head_fail(h, 400, "more than one Host");
    if (!sn__host_ok(buf + v.at, v.len)) return sn__head_fail(h, 400, "malformed Host");
    h->host = v;
    return 0;
}

static int expect(sn__head *h, const char *s, uint32_t n) {
    if (h->is_response) return 0;
    if (!SN__SAME(s, n, "100-continue")) return sn__head_fail(h, 417, "unknown expectation");
    h->expect_continue = h->version == 11;
    return 0;
}

int sn__framing_field(sn__head *h, const char *buf, const sn__field *f) {
    const char *name = buf + f->name.at, *value = buf + f->value.at;
    switch (f->name.len) {
    case 4:
        return SN__SAME(name, 4, "host") ? host(h, buf, f->value) : 0;
    case 6:
        return SN__SAME(name, 6, "expect") ? expect(h, value, f->value.len) : 0;
    case 10:
        if (!SN__SAME(name, 10, "connection")) return 0;
        return list_each(h, value, f->value.len, connection_option);
    case 14:
        return SN__SAME(name, 14, "content-length") ? content_length(h, value, f->value.len) : 0;
    case 17:
        if (!SN__SAME(name, 17, "transfer-encoding")) return 0;
        return transfer_encoding(h, value, f->value.len);
    default:
        return 0;
    }
}

int sn__framing_end(sn__head *h, const char *buf) {
    if (h->seen_length && h->seen_coding)
        return sn__head_fail(h, 400, "Content-Length and Transfer-Encoding together");
    if (h->is_response) {
        h->no_body = h->status < 200 || h->status == 204 || h->status == 304;
        if (h->no_body && h->status != 304 && h->seen_coding)
            return sn__head_fail(h, 502, "Transfer-Encoding where there is no body");
        return 0;
    }
    if (!h->seen_host && h->version == 11) return sn__head_fail(h, 400, "no Host");
    if (h->form == SN__FORM_ABSOLUTE && h->seen_host &&
        !sn__same_fold(buf + h->host.at, h->host.len, buf + h->authority.at, h->authority.len))
        return sn__head_fail(h, 400, "Host differs from the target's");
    if (h->form == SN__FORM_ABSOLUTE) h->host = h->authority;
    return 0;
}
