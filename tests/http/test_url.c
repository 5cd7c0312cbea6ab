/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Decoding of paths and queries, UTF-8, escaping. */
#include "check.h"

#include <sennit/http.h>

#include "http/url.h"

static void test_path(void) {
    char out[64];
    CHECK_INT(sn__path_decode("/a%20b", 6, out), 4);
    CHECK_STR(out, "/a b");
    CHECK_INT(sn__path_decode("/a+b", 4, out), 4);
    CHECK_STR(out, "/a+b");
    CHECK_INT(sn__path_decode("/%C3%a4", 7, out), 3);
    CHECK_STR(out, "/\xc3\xa4");
    CHECK_INT(sn__path_decode("/%C3", 4, out), -1);
    CHECK_INT(sn__path_decode("/%c0%af", 7, out), -1);
}

static void test_utf8(void) {
    static const struct {
        int ok;
        const char *s;
    } t[] = {
        {1, ""},
        {1, "aZ"},
        {1, "\xc2\x80"},
        {1, "\xef\xbf\xbf"},
        {1, "\xe4\xb8\xad"},
        {1, "\xf0\x9f\x98\x80"},
        {1, "\xf4\x8f\xbf\xbf"},
        {0, "\x80"},
        {0, "\xc1\x81"},
        {0, "\xe0\x9f\xbf"},
        {0, "\xed\xa0\x80"},
        {0, "\xf0\x8f\xbf\xbf"},
        {0, "\xf4\x90\x80\x80"},
        {0, "\xf5\x80\x80\x80"},
        {0, "\xe4\xb8"},
        {0, "a\xff"},
        {0, "\xe4\xb8z"},
    };
    for (size_t i = 0; i < sizeof t / sizeof *t; i++)
        CHECK_INT(sn__utf8_ok(t[i].s, strlen(t[i].s)), t[i].ok);
}

static void test_query(void) {
    const char *q = "&a=1&&b%20c=x+y%26&d&=e&a=2=3", *s = q, *end = q + strlen(q);
    static const char *const want[] = {"a", "1", "b c", "x y&", "d", "", "", "e", "a", "2=3"};
    const char *name, *value;
    size_t nn, vn, i = 0;
    char out[64];
    while (sn__query_next(&s, end, &name, &nn, &value, &vn)) {
        MUST(i < sizeof want / sizeof *want);
        CHECK(sn__query_is(name, nn, want[i]));
        sn__query_decode(name, nn, out);
        CHECK_STR(out, want[i++]);
        sn__query_decode(value, vn, out);
        CHECK_STR(out, want[i++]);
    }
    CHECK_INT(i, 10);
    CHECK(!sn__query_is("ab", 2, "a"));
    CHECK(!sn__query_is("a", 1, "ab"));
    CHECK(sn__query_is("%61", 3, "a"));
}

static void test_escape(void) {
    char buf[16];
    CHECK_INT(sn_http_escape("a/b c\xc3~", buf, sizeof buf), 13);
    CHECK_STR(buf, "a%2Fb%20c%C3~");
    CHECK_INT(sn_http_escape("///", buf, 5), 9);
    CHECK_STR(buf, "%2F%");
    CHECK_INT(sn_http_escape("ab", NULL, 0), 2);
}

int main(void) {
    CASE(test_path);
    CASE(test_utf8);
    CASE(test_query);
    CASE(test_escape);
    return check_done();
}
