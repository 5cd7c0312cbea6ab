/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Ranges, entity tags and dates. */
#include "check.h"

#include <sennit/http.h>

#include "http/range.h"

static void test_ranges(void) {
    static const struct {
        const char *s;
        uint64_t length;
        int rc;
        uint64_t first, last;
    } t[] = {
        {NULL, 10, SN__RANGE_WHOLE, 0, 0},
        {"bytes=0-0", 10, SN__RANGE_PART, 0, 0},
        {"bytes=0-", 10, SN__RANGE_PART, 0, 9},
        {"Bytes=9-", 10, SN__RANGE_PART, 9, 9},
        {"bytes=2-5", 10, SN__RANGE_PART, 2, 5},
        {"bytes=2-500", 10, SN__RANGE_PART, 2, 9},
        {"bytes=-3", 10, SN__RANGE_PART, 7, 9},
        {"bytes=-30", 10, SN__RANGE_PART, 0, 9},
        {"bytes=-0", 10, SN__RANGE_UNSATISFIABLE, 0, 0},
        {"bytes=10-", 10, SN__RANGE_UNSATISFIABLE, 0, 0},
        {"bytes=10-20", 10, SN__RANGE_UNSATISFIABLE, 0, 0},
        {"bytes=0-", 0, SN__RANGE_UNSATISFIABLE, 0, 0},
        {"bytes=-1", 0, SN__RANGE_UNSATISFIABLE, 0, 0},
        {"bytes=5-2", 10, SN__RANGE_WHOLE, 0, 0},
        {"bytes=", 10, SN__RANGE_WHOLE, 0, 0},
        {"bytes=-", 10, SN__RANGE_WHOLE, 0, 0},
        {"bytes=a-b", 10, SN__RANGE_WHOLE, 0, 0},
        {"bytes=1", 10, SN__RANGE_WHOLE, 0, 0},
        {"bytes=1-2,4-5", 10, SN__RANGE_WHOLE, 0, 0},
        {"bytes= 1-2", 10, SN__RANGE_WHOLE, 0, 0},
        {"bytes=1-2 ", 10, SN__RANGE_WHOLE, 0, 0},
        {"items=1-2", 10, SN__RANGE_WHOLE, 0, 0},
        {"bytes=99999999999999999999-", 10, SN__RANGE_WHOLE, 0, 0},
        {"bytes=0-99999999999999999999", 10, SN__RANGE_WHOLE, 0, 0},
        {"bytes=9223372036854775807-", 10, SN__RANGE_UNSATISFIABLE, 0, 0},
    };
    for (size_t i = 0; i < sizeof t / sizeof *t; i++) {
        uint64_t a = 0, b = 0;
        int rc = sn__range_parse(t[i].s, t[i].length, &a, &b);
        if (rc != t[i].rc || a != t[i].first || b != t[i].last)
            fprintf(stderr, "%s: %d %llu-%llu\n", t[i].s ? t[i].s : "-", rc, (unsigned long long)a,
                    (unsigned long long)b);
        CHECK(rc == t[i].rc && a == t[i].first && b == t[i].last);
    }
}

static void test_etags(void) {
    CHECK(sn__etag_ok("\"\""));
    CHECK(sn__etag_ok("W/\"a\""));
    CHECK(!sn__etag_ok("a"));
    CHECK(!sn__etag_ok("\"a"));
    CHECK(!sn__etag_ok("\"a\"b"));
    CHECK(!sn__etag_ok("w/\"a\""));
    CHECK(!sn__etag_ok("\"a b\""));
    CHECK(sn__etag_in("*", "\"a\"", 1));
    CHECK(sn__etag_in("\"b\", \"a\"", "\"a\"", 1));
    CHECK(sn__etag_in(",\"b\",,W/\"a\"", "\"a\"", 0));
    CHECK(!sn__etag_in("W/\"a\"", "\"a\"", 1));
    CHECK(!sn__etag_in("W/\"a\"", "W/\"a\"", 1));
    CHECK(sn__etag_in("\"a\"", "W/\"a\"", 0));
    CHECK(!sn__etag_in("\"a,b\"", "\"a\"", 0));
    CHECK(!sn__etag_in("\"aa\"", "\"a\"", 0));
    CHECK(!sn__etag_in("", "\"a\"", 0));
    CHECK(!sn__etag_in("junk, \"a\"", "\"a\"", 0));
    CHECK(!sn__etag_in("\"a\"", NULL, 0));
}

static void test_dates(void) {
    static const struct {
        int64_t s;
        const char *text;
    } t[] = {
        {0, "Thu, 01 Jan 1970 00:00:00 GMT"},
        {784111777, "Sun, 06 Nov 1994 08:49:37 GMT"},
        {951782399, "Mon, 28 Feb 2000 23:59:59 GMT"},
        {951782400, "Tue, 29 Feb 2000 00:00:00 GMT"},
        {1709164800, "Thu, 29 Feb 2024 00:00:00 GMT"},
        {4107542400, "Mon, 01 Mar 2100 00:00:00 GMT"},
        {253402300799, "Fri, 31 Dec 9999 23:59:59 GMT"},
    };
    char buf[30];
    int64_t ms;
    for (size_t i = 0; i < sizeof t / sizeof *t; i++) {
        sn_http_date(t[i].s * 1000 + 999, buf);
        CHECK_STR(buf, t[i].text);
        CHECK_INT(sn_http_date_parse(t[i].text, &ms), 0);
        CHECK_INT(ms, t[i].s * 1000);
    }
    for (int64_t day = 0; day < 366 * 200; day++) {
        sn_http_date(day * 86400000, buf);
        CHECK_INT(sn_http_date_parse(buf, &ms), 0);
        CHECK_INT(ms, day * 86400000);
    }
    sn_http_date(-5, buf);
    CHECK_STR(buf, t[0].text);
    sn_http_date(INT64_MAX, buf);
    CHECK_STR(buf, t[6].text);
}

static void test_other_dates(void) {
    int64_t ms = 0;
    CHECK_INT(sn_http_date_parse("Sunday, 06-Nov-94 08:49:37 GMT", &ms), 0);
    CHECK_INT(ms, 784111777000);
    CHECK_INT(sn_http_date_parse("Sun Nov  6 08:49:37 1994", &ms), 0);
    CHECK_INT(ms, 784111777000);
    static const char *const bad[] = {
        "",
        "0",
        "Sun, 06 Nov 1994 08:49:37",
        "Sun, 06 Nov 1994 08:49:37 GMT ",
        "Sun, 06 Nov 1994 08:49:37 UTC",
        "Sun, 6 Nov 1994 08:49:37 GMT",
        "Sun, 30 Feb 1994 08:49:37 GMT",
        "Sun, 00 Feb 1994 08:49:37 GMT",
        "Sun, 06 Nov 1994 24:49:37 GMT",
        "Sun, 06 Nov 1994 08:60:37 GMT",
        "Sun, 06 Nov 1969 08:49:37 GMT",
        "Son, 06 Nov 1994 08:49:37 GMT",
        "Sun, 06 Nvm 1994 08:49:37 GMT",
        "Sun, 06 Nov 199a 08:49:37 GMT",
    };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        CHECK_INT(sn_http_date_parse(bad[i], &ms), SN_EINVAL);
}

int main(void) {
    CASE(test_ranges);
    CASE(test_etags);
    CASE(test_dates);
    CASE(test_other_dates);
    return check_done();
}
