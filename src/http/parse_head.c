/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Cuts a head into lines and fields. Every line ends in CRLF; a bare LF, a bare CR, folded lines
 * and white space before a colon are refused, because servers and proxies disagree on them. */
#include <string.h>

#include "http/chars.h"
#include "http/head.h"

void sn__head_init(sn__head *h, int is_response, const sn__head_limits *lim, sn__field *fields) {
    memset(h, 0, sizeof *h);
    h->lim = *lim;
    h->fields = fields;
    h->is_response = is_response != 0;
    h->length = -1;
}

int sn__head_field(sn__head *h, const char *buf, uint32_t at, uint32_t len) {
    const char *s = buf + at;
    if (sn__blank(s[0])) return sn__head_fail(h, 400, "folded header line");
    if (h->nfields == h->lim.count_max) return sn__head_fail(h, 431, "too many headers");
    uint32_t i = 0;
    while (i < len && sn__is(s[i], SN__C_TOKEN)) i++;
    if (i == len || s[i] != ':')
        return sn__head_fail(h, 400,
                             i < len && sn__blank(s[i]) ? "white space before the colon"
                                                        : "malformed header name");
    if (i == 0) return sn__head_fail(h, 400, "empty header name");
    sn__field *f = &h->fields[h->nfields];
    f->name = (sn__span){at, i};
    uint32_t end = len;
    for (i++; i < len && sn__blank(s[i]);) i++;
    while (end > i && sn__blank(s[end - 1])) end--;
    f->value = (sn__span){at + i, end - i};
    for (; i < end; i++)
        if (!sn__is(s[i], SN__C_VALUE))
            return sn__head_fail(h, 400, "control character in a header value");
    h->nfields++;
    return sn__framing_field(h, buf, f);
}

/* One whole line. 1 when it ended the head. */
static int take_line(sn__head *h, const char *buf, uint32_t at, uint32_t len) {
    if (h->in_fields) {
        if (len == 0) return sn__framing_end(h, buf) ? -1 : 1;
        return sn__head_field(h, buf, at, len);
    }
    if (len == 0 && !h->is_response && !h->skipped_crlf) {
        h->skipped_crlf = 1; /* one empty line before a request is allowed: RFC 9112 2.2 */
        return 0;
    }
    if (len > h->lim.line_max) return sn__head_fail(h, 414, "request line too long");
    h->in_fields = 1;
    return h->is_response ? sn__head_status_line(h, buf, at, len)
                          : sn__head_request_line(h, buf, at, len);
}

/* The part of a start line that is there can show already that this is not HTTP. */
static int check_partial(sn__head *h, const char *buf, uint32_t n) {
    for (uint32_t i = h->scan; i < n; i++) {
        unsigned char c = (unsigned char)buf[i];
        if (c < 0x20 && c != '\t' && !(c == '\r' && i + 1 == n))
            return sn__head_fail(h, 400, "control character in the start line");
    }
    return 0;
}

/* No LF yet: is there still room for one? */
static int need_more(sn__head *h, const char *buf, uint32_t n) {
    if (!h->in_fields) {
        if (n - h->pos > h->lim.line_max + 1)
            return sn__head_fail(h, 414, "request line too long"), SN__HEAD_BAD;
        if (check_partial(h, buf, n)) return SN__HEAD_BAD;
    }
    if (n >= h->lim.head_max) return sn__head_fail(h, 431, "head too long"), SN__HEAD_BAD;
    h->scan = n;
    if (h->scan > h->pos && buf[n - 1] == '\r') h->scan--; /* looked at again with its LF */
    return SN__HEAD_MORE;
}

int sn__head_parse(sn__head *h, const char *buf, size_t size) {
    uint32_t n = size > h->lim.head_max ? h->lim.head_max : (uint32_t)size;
    for (;;) {
        const char *lf = n > h->scan ? memchr(buf + h->scan, '\n', n - h->scan) : NULL;
        if (!lf) return need_more(h, buf, n);
        uint32_t at = h->pos, end = (uint32_t)(lf - buf);
        if (end == at || buf[end - 1] != '\r')
            return sn__head_fail(h, 400, "line ends in a bare LF"), SN__HEAD_BAD;
        h->pos = h->scan = end + 1;
        int rc = take_line(h, buf, at, end - 1 - at);
        if (rc) return rc < 0 ? SN__HEAD_BAD : SN__HEAD_DONE;
    }
}

static void terminate(char *buf, sn__span s) { buf[s.at + s.len] = 0; }

void sn__head_terminate(const sn__head *h, char *buf) {
    if (h->is_response) {
        terminate(buf, h->reason);
    } else {
        terminate(buf, h->method);
        terminate(buf, h->target);
    }
    for (uint32_t i = 0; i < h->nfields; i++) {
        terminate(buf, h->fields[i].name);
        terminate(buf, h->fields[i].value);
    }
}

const sn__field *sn__head_find(const sn__head *h, const char *buf, const char *name, size_t i) {
    size_t len = strlen(name);
    for (uint32_t k = 0; k < h->nfields; k++) {
        const sn__field *f = &h->fields[k];
        if (sn__same_fold(buf + f->name.at, f->name.len, name, len) && i-- == 0) return f;
    }
    return NULL;
}
