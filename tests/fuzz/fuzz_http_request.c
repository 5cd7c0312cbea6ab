/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Any bytes as a request: the head whole and in pieces must give the same, every part that was
 * accepted must decode, and so must a chunked body behind it. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <sennit/http.h>

#include "http/chunked.h"
#include "http/head.h"
#include "http/range.h"
#include "http/url.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

static const sn__head_limits limits = {512, 2048, 16};

static void must(int ok) {
    if (!ok) abort();
}

static int in_pieces(sn__head *h, sn__field *fields, const char *s, size_t n) {
    sn__head_init(h, 0, &limits, fields);
    int rc = SN__HEAD_MORE;
    for (size_t k = 1; k <= n && rc == SN__HEAD_MORE; k += 1 + k / 16) rc = sn__head_parse(h, s, k);
    return rc == SN__HEAD_MORE ? sn__head_parse(h, s, n) : rc;
}

static void use_query(const char *s, size_t n) {
    char *out = malloc(n + 1);
    const char *p = s, *name, *value;
    size_t nn, vn;
    while (out && sn__query_next(&p, s + n, &name, &nn, &value, &vn)) {
        must(sn__query_decode(name, nn, out) <= nn && strlen(out) <= nn);
        must(sn__query_is(name, nn, out));
        sn__query_decode(value, vn, out);
    }
    free(out);
}

static void use_path(const char *s, size_t n) {
    char *out = malloc(n + 1);
    long len = out ? sn__path_decode(s, n, out) : -1;
    if (len >= 0) {
        must(strlen(out) == (size_t)len);
        must(!strstr(out, "/../") && !strstr(out, "/./") && !strstr(out, "//"));
        must(!strchr(out, '\\') && !strchr(out, '\n'));
    }
    free(out);
}

static void use_values(const sn__head *h, const char *s) {
    uint64_t a, b;
    int64_t ms;
    for (uint32_t i = 0; i < h->nfields; i++) {
        const char *v = s + h->fields[i].value.at;
        must(strlen(v) == h->fields[i].value.len);
        if (sn__range_parse(v, 1000, &a, &b) == SN__RANGE_PART) must(a <= b && b < 1000);
        sn__etag_in(v, "\"x\"", 1);
        if (sn_http_date_parse(v, &ms) == 0) must(ms >= 0);
    }
}

/* Decodes in steps; a checksum of result and data. */
static uint64_t decode(const char *s, size_t n, size_t step) {
    sn__chunked c;
    uint64_t sum = 0;
    sn__chunked_init(&c);
    for (size_t at = 0, used, len;;) {
        size_t have = n - at < step ? n - at : step;
        const char *piece = NULL;
        int rc = sn__chunked_next(&c, s + at, have, &used, &piece, &len);
        must(used <= have);
        at += used;
        if (rc == SN__CHUNK_DATA)
            for (size_t i = 0; i < len; i++) sum = sum * 31 + (uint8_t)piece[i];
        else if (rc != SN__CHUNK_MORE || at == n)
            return sum * 4 + (unsigned)rc;
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n) {
    sn__field fa[16], fb[16];
    sn__head a, b;
    char *s = malloc(n + 1);
    if (!s) return 0;
    memcpy(s, data, n);
    sn__head_init(&a, 0, &limits, fa);
    int ra = sn__head_parse(&a, s, n), rb = in_pieces(&b, fb, s, n);
    must(ra == rb);
    if (ra == SN__HEAD_DONE) {
        must(a.pos == b.pos && a.nfields == b.nfields && a.length == b.length);
        must(!memcmp(fa, fb, a.nfields * sizeof *fa));
        must(!(a.chunked && a.length >= 0));
        use_path(s + a.path.at, a.path.len);
        use_query(s + a.query.at, a.query.len);
        if (a.chunked) must(decode(s + a.pos, n - a.pos, n) == decode(s + a.pos, n - a.pos, 1));
        sn__head_terminate(&a, s);
        use_values(&a, s);
    }
    free(s);
    return 0;
}
