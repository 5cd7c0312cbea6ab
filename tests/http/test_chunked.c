/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* The chunked decoder: bodies, splits, refusals, bounds. */
#include "check.h"
#include "http/chunked.h"

/* Decodes all of n bytes in pieces of `step`; the result, and in *used what was taken. */
static int decode(const char *in, size_t n, size_t step, char *out, size_t *out_len,
                  size_t *used_all) {
    sn__chunked c;
    sn__chunked_init(&c);
    size_t at = 0, have = 0;
    *out_len = 0;
    for (;;) {
        size_t used, len;
        const char *data;
        int rc = sn__chunked_next(&c, in + at, have, &used, &data, &len);
        CHECK(used <= have);
        at += used;
        have -= used;
        if (rc == SN__CHUNK_DATA) {
            CHECK(data >= in && data + len <= in + at);
            memcpy(out + *out_len, data, len);
            *out_len += len;
            continue;
        }
        *used_all = at;
        if (rc != SN__CHUNK_MORE) return rc;
        CHECK_INT(have, 0);
        if (at == n) return rc;
        have = n - at < step ? n - at : step;
    }
}

static void test_good(void) {
    static const struct {
        const char *in, *out;
        size_t rest;
    } t[] = {
        {"0\r\n\r\n", "", 0},
        {"5\r\nhello\r\n0\r\n\r\n", "hello", 0},
        {"5\r\nhello\r\n06\r\n world\r\n000\r\n\r\nGET", "hello world", 3},
        {"A;x=y;\"z\"\r\n0123456789\r\n0;last\r\n\r\n", "0123456789", 0},
        {"1\r\na\r\n0\r\nX-Sum: 1\r\nY:\r\n\r\n..", "a", 2},
        {"2\r\n\r\n\r\n0\r\n\r\n", "\r\n", 0},
    };
    for (size_t i = 0; i < sizeof t / sizeof *t; i++)
        for (size_t step = 1; step <= strlen(t[i].in); step++) {
            char out[64];
            size_t len, used;
            CHECK_INT(decode(t[i].in, strlen(t[i].in), step, out, &len, &used), SN__CHUNK_END);
            out[len] = 0;
            CHECK_STR(out, t[i].out);
            CHECK_INT(strlen(t[i].in) - used, t[i].rest);
        }
}

static void test_bad(void) {
    static const char *const t[] = {
        "\r\n",
        " 5\r\nhello\r\n0\r\n\r\n",
        "5 \r\nhello\r\n0\r\n\r\n",
        "5\nhello\r\n0\r\n\r\n",
        "5\rhello\r\n0\r\n\r\n",
        "5\r\nhello0\r\n\r\n",
        "5\r\nhello!\r\n0\r\n\r\n",
        "5\r\nhello\n0\r\n\r\n",
        "5\r\nhello\r0\r\n\r\n",
        "-5\r\nhello\r\n0\r\n\r\n",
        "0x5\r\nhello\r\n0\r\n\r\n",
        "g\r\n",
        ";x\r\n",
        "5;\x01\r\nhello\r\n0\r\n\r\n",
        "5;a\nb\r\nhello\r\n0\r\n\r\n",
        "5 ;a\r\nhello\r\n0\r\n\r\n",
        "1000000000000000\r\n",
        "00000000000000005\r\nhello\r\n",
        "0\r\n\n",
        "0\r\n\rX",
        "0\r\n A: b\r\n\r\n",
        "0\r\nA : b\r\n\r\n",
        "0\r\nA\r\n\r\n",
        "0\r\n: b\r\n\r\n",
        "0\r\nA: b\n\r\n",
        "0\r\nA: b\r\r\n\r\n",
        "0\r\nA: \x01\r\n\r\n",
    };
    for (size_t i = 0; i < sizeof t / sizeof *t; i++)
        for (size_t step = 1; step <= strlen(t[i]); step++) {
            char out[64];
            size_t len, used;
            int rc = decode(t[i], strlen(t[i]), step, out, &len, &used);
            if (rc != SN__CHUNK_BAD) fprintf(stderr, "accepted: %s\n", t[i]);
            CHECK_INT(rc, SN__CHUNK_BAD);
        }
}

/* Many small extensions are bounded as one long one is; so are trailers. */
static void test_bounds(void) {
    static char in[3 * SN__CHUNK_TRAILER_MAX], out[sizeof in];
    size_t len, used, n = 0;
    while (n + 16 < sizeof in) n += (size_t)sprintf(in + n, "1;%s\r\na\r\n", "abcdef");
    CHECK_INT(decode(in, n, n, out, &len, &used), SN__CHUNK_BAD);
    n = (size_t)sprintf(in, "0\r\n");
    while (n + 16 < sizeof in) n += (size_t)sprintf(in + n, "A: b\r\n");
    CHECK_INT(decode(in, n, n, out, &len, &used), SN__CHUNK_BAD);
}

static void test_unfinished(void) {
    static const char s[] = "3;e\r\nabc\r\n0\r\nT: v\r\n\r\n";
    for (size_t n = 0; n + 1 < sizeof s; n++) {
        char out[64];
        size_t len, used;
        CHECK_INT(decode(s, n, 64, out, &len, &used), SN__CHUNK_MORE);
        CHECK_INT(used, n);
    }
}

int main(void) {
    CASE(test_good);
    CASE(test_bad);
    CASE(test_bounds);
    CASE(test_unfinished);
    return check_done();
}
