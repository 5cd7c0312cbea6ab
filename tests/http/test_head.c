/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* The head parser: what is accepted, what is refused and with which status, and that it makes no
 * difference how the bytes arrive. */
#include "check.h"
#include "http/head.h"

#define HOST "Host: a\r\n"
static const sn__head_limits limits = {256, 1024, 8};
static sn__field fields[8];

static int parse(sn__head *h, int response, const char *s, size_t n) {
    sn__head_init(h, response, &limits, fields);
    return sn__head_parse(h, s, n);
}
static int parse_str(sn__head *h, int response, const char *s) {
    return parse(h, response, s, strlen(s));
}
static int span_is(const char *buf, sn__span s, const char *want) {
    return s.len == strlen(want) && !memcmp(buf + s.at, want, s.len);
}

static void test_simple_request(void) {
    const char *s = "GET /a%20b?x=1 HTTP/1.1\r\nHost: example.org:80\r\nX-Y:  v w \t\r\n\r\nrest";
    sn__head h;
    CHECK_INT(parse_str(&h, 0, s), SN__HEAD_DONE);
    CHECK_INT(h.pos, strlen(s) - 4);
    CHECK(span_is(s, h.method, "GET"));
    CHECK(span_is(s, h.target, "/a%20b?x=1"));
    CHECK(span_is(s, h.path, "/a%20b"));
    CHECK(span_is(s, h.query, "x=1"));
    CHECK(span_is(s, h.host, "example.org:80"));
    CHECK_INT(h.version, 11);
    CHECK_INT(h.escaped, 1);
    CHECK_INT(h.length, -1);
    CHECK_INT(h.nfields, 2);
    CHECK(span_is(s, fields[1].name, "X-Y"));
    CHECK(span_is(s, fields[1].value, "v w"));
}

static void test_terminated_parts(void) {
    char s[] = "POST / HTTP/1.0\r\nA:\r\nB: c\r\na: 2\r\n\r\n";
    sn__head h;
    CHECK_INT(parse_str(&h, 0, s), SN__HEAD_DONE);
    CHECK_INT(h.version, 10);
    sn__head_terminate(&h, s);
    CHECK_STR(s + h.method.at, "POST");
    CHECK_STR(s + h.target.at, "/");
    CHECK_STR(s + sn__head_find(&h, s, "A", 0)->value.at, "");
    CHECK_STR(s + sn__head_find(&h, s, "A", 1)->value.at, "2");
    CHECK(sn__head_find(&h, s, "A", 2) == NULL);
    CHECK_STR(s + sn__head_find(&h, s, "b", 0)->value.at, "c");
}

static const char *const good[] = {
    "GET / HTTP/1.1\r\n" HOST "\r\n",
    "\r\nGET / HTTP/1.1\r\n" HOST "\r\n",
    "GET / HTTP/1.0\r\n\r\n",
    "GET / HTTP/1.1\r\nHost:\r\n\r\n",
    "GET / HTTP/1.1\r\nhOsT: [::1]:8080\r\n\r\n",
    "OPTIONS * HTTP/1.1\r\n" HOST "\r\n",
    "GET http://A/x HTTP/1.1\r\n" HOST "\r\n",
    "GET http://a HTTP/1.1\r\n" HOST "\r\n",
    "GET http://a?q HTTP/1.1\r\n" HOST "\r\n",
    "GET /a/b.c/..d/.e?x={y}|z HTTP/1.1\r\n" HOST "\r\n",
    "GET /a/ HTTP/1.1\r\n" HOST "Connection: close, x\r\n\r\n",
    "POST /p HTTP/1.1\r\n" HOST "Content-Length: 0009\r\nExpect: 100-Continue\r\n\r\n",
    "POST /p HTTP/1.1\r\n" HOST "Transfer-Encoding: Chunked\r\nV: \xc3\xa4\t\"\r\n\r\n",
    "M-SEARCH /!$&'()*+,;=:@~ HTTP/1.1\r\n" HOST "\r\n",
};

static void test_good_requests(void) {
    sn__head h;
    for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
        if (parse_str(&h, 0, good[i]) == SN__HEAD_DONE) continue;
        fprintf(stderr, "refused (%s): %s\n", h.error, good[i]);
        CHECK(0);
    }
}

/* The same bytes in any two pieces, and one by one, and in a buffer that moves. */
static void test_every_split(void) {
    for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
        size_t n = strlen(good[i]);
        sn__head whole, h;
        MUST(parse(&whole, 0, good[i], n) == SN__HEAD_DONE);
        for (size_t cut = 0; cut < n; cut++) {
            char *piece = malloc(cut + 1);
            memcpy(piece, good[i], cut);
            CHECK_INT(parse(&h, 0, piece, cut), SN__HEAD_MORE);
            free(piece);
            CHECK_INT(sn__head_parse(&h, good[i], n), SN__HEAD_DONE);
            h.scan = whole.scan;
            CHECK(!memcmp(&h, &whole, sizeof h));
        }
        sn__head_init(&h, 0, &limits, fields);
        for (size_t k = 1; k < n; k++) CHECK_INT(sn__head_parse(&h, good[i], k), SN__HEAD_MORE);
        CHECK_INT(sn__head_parse(&h, good[i], n), SN__HEAD_DONE);
        CHECK(!memcmp(&h, &whole, sizeof h));
    }
}

static const struct {
    int status;
    const char *head;
} bad[] = {
    /* line ends and white space */
    {400, "GET / HTTP/1.1\nHost: a\n\n"},
    {400, "GET / HTTP/1.1\r\nHost: a\n\r\n"},
    {400, "GET / HTTP/1.1\r\n" HOST "\n"},
    {400, "\nGET / HTTP/1.1\r\n" HOST "\r\n"},
    {400, "\r\n\r\nGET / HTTP/1.1\r\n" HOST "\r\n"},
    {400, "GET / HTTP/1.1\r\n" HOST "A: b\rc\r\n\r\n"},
    {400, "GET / HTTP/1.1\r\n" HOST "A: b\r\n c\r\n\r\n"},
    {400, "GET / HTTP/1.1\r\n A: b\r\n" HOST "\r\n"},
    {400, "GET / HTTP/1.1\r\nHost : a\r\n\r\n"},
    {400, "GET / HTTP/1.1\r\n" HOST "\tA: b\r\n\r\n"},
    /* request line */
    {400, " GET / HTTP/1.1\r\n" HOST "\r\n"},
    {400, "GET  / HTTP/1.1\r\n" HOST "\r\n"},
    {400, "GET /  HTTP/1.1\r\n" HOST "\r\n"},
    {400, "GET / HTTP/1.1 \r\n" HOST "\r\n"},
    {400, "GET\t/ HTTP/1.1\r\n" HOST "\r\n"},
    {400, "GET /\r\n" HOST "\r\n"},
    {400, "GET\r\n" HOST "\r\n"},
    {400, "G(T / HTTP/1.1\r\n" HOST "\r\n"},
    {400, "GET / http/1.1\r\n" HOST "\r\n"},
    {400, "GET / HTTP/1.10\r\n" HOST "\r\n"},
    {400, "GET / HTTP/11\r\n" HOST "\r\n"},
    {505, "GET / HTTP/2.0\r\n" HOST "\r\n"},
    {505, "GET / HTTP/1.2\r\n" HOST "\r\n"},
    {505, "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"},
    {501, "CONNECT a:443 HTTP/1.1\r\n" HOST "\r\n"},
    {501, "AAAAAAAAAABBBBBBBBBBCCCCCCCCCCDDD / HTTP/1.1\r\n" HOST "\r\n"},
    {400, "\x16\x03\x01\x02"},
    /* targets */
    {400, "GET a HTTP/1.1\r\n" HOST "\r\n"},
    {400, "GET * HTTP/1.1\r\n" HOST "\r\n"},
    {400, "GET ftp://a/ HTTP/1.1\r\n" HOST "\r\n"},
    {400, "GET http:///x HTTP/1.1\r\n" HOST "\r\n"},
    {400, "GET http://b/x HTTP/1.1\r\n" HOST "\r\n"},
    {400, "GET http://u@a/x HTTP/1.1\r\n" HOST "\r\n"},
    {400, "GET /../x HTTP/1.1\r\n" HOST "\r\n"},
    {400, "GET /a/.. HTTP/1.1\r\n" HOST "\r\n"},
    {400, "GET /a/./b HTTP/1.1\r\n" HOST "\r\n"},
    {400, "GET /a/%2e%2E/b HTTP/1.1\r\n" HOST "\r\n"},
    {400, "GET /a/.%2e?x HTTP/1.1\r\n" HOST "\r\n"},
    {400, "GET /a%2fb HTTP/1.1\r\n" HOST "\r\n"},
    {400, "GET /a%5Cb HTTP/1.1\r\n" HOST "\r\n"},
    {400, "GET /a\\b HTTP/1.1\r\n" HOST "\r\n"},
    {400, "GET //a HTTP/1.1\r\n" HOST "\r\n"},
    {400, "GET /a//b HTTP/1.1\r\n" HOST "\r\n"},
    {400, "GET /a%00 HTTP/1.1\r\n" HOST "\r\n"},
    {400, "GET /a%0d%0ab HTTP/1.1\r\n" HOST "\r\n"},
    {400, "GET /a?b=%00 HTTP/1.1\r\n" HOST "\r\n"},
    {400, "GET /a% HTTP/1.1\r\n" HOST "\r\n"},
    {400, "GET /a%2 HTTP/1.1\r\n" HOST "\r\n"},
    {400, "GET /a%zz HTTP/1.1\r\n" HOST "\r\n"},
    {400, "GET /a?%g1 HTTP/1.1\r\n" HOST "\r\n"},
    {400, "GET /a#b HTTP/1.1\r\n" HOST "\r\n"},
    {400, "GET /a?b#c HTTP/1.1\r\n" HOST "\r\n"},
    {400, "GET /\xc3\xa4 HTTP/1.1\r\n" HOST "\r\n"},
    {400, "GET /\"a HTTP/1.1\r\n" HOST "\r\n"},
    /* headers */
    {400, "GET / HTTP/1.1\r\n" HOST "A\r\n\r\n"},
    {400, "GET / HTTP/1.1\r\n" HOST ": b\r\n\r\n"},
    {400, "GET / HTTP/1.1\r\n" HOST "A[]: b\r\n\r\n"},
    {400, "GET / HTTP/1.1\r\n" HOST "A: \x01\r\n\r\n"},
    {400, "GET / HTTP/1.1\r\n" HOST "A: \x7f\r\n\r\n"},
    {400, "GET / HTTP/1.1\r\n" HOST "\xc3\xa4: b\r\n\r\n"},
    /* Host */
    {400, "GET / HTTP/1.1\r\n\r\n"},
    {400, "GET / HTTP/1.1\r\n" HOST HOST "\r\n"},
    {400, "GET / HTTP/1.0\r\n" HOST HOST "\r\n"},
    {400, "GET / HTTP/1.1\r\nHost: a b\r\n\r\n"},
    {400, "GET / HTTP/1.1\r\nHost: a/b\r\n\r\n"},
    {400, "GET / HTTP/1.1\r\nHost: a:b\r\n\r\n"},
    {400, "GET / HTTP/1.1\r\nHost: a:123456\r\n\r\n"},
    {400, "GET / HTTP/1.1\r\nHost: :80\r\n\r\n"},
    {400, "GET / HTTP/1.1\r\nHost: [::1\r\n\r\n"},
    {400, "GET / HTTP/1.1\r\nHost: [g]\r\n\r\n"},
    {400, "GET / HTTP/1.1\r\nHost: u@a\r\n\r\n"},
    /* framing */
    {400, "POST / HTTP/1.1\r\n" HOST "Content-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n"},
    {400, "POST / HTTP/1.1\r\n" HOST "Transfer-Encoding: chunked\r\nContent-Length: 1\r\n\r\n"},
    {400, "POST / HTTP/1.1\r\n" HOST "Content-Length: 1\r\nContent-Length: 2\r\n\r\n"},
    {400, "POST / HTTP/1.1\r\n" HOST "Content-Length: 1\r\nContent-Length: 1\r\n\r\n"},
    {400, "POST / HTTP/1.1\r\n" HOST "Content-Length: 1, 1\r\n\r\n"},
    {400, "POST / HTTP/1.1\r\n" HOST "Content-Length: +1\r\n\r\n"},
    {400, "POST / HTTP/1.1\r\n" HOST "Content-Length: -1\r\n\r\n"},
    {400, "POST / HTTP/1.1\r\n" HOST "Content-Length: 1 1\r\n\r\n"},
    {400, "POST / HTTP/1.1\r\n" HOST "Content-Length: 0x10\r\n\r\n"},
    {400, "POST / HTTP/1.1\r\n" HOST "Content-Length:\r\n\r\n"},
    {400, "POST / HTTP/1.1\r\n" HOST "Content-Length: 9223372036854775808\r\n\r\n"},
    {400, "POST / HTTP/1.1\r\n" HOST "Content-Length: 18446744073709551617\r\n\r\n"},
    {400, "POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n"},
    {501, "POST / HTTP/1.1\r\n" HOST "Transfer-Encoding: gzip, chunked\r\n\r\n"},
    {501, "POST / HTTP/1.1\r\n" HOST "Transfer-Encoding: chunked, identity\r\n\r\n"},
    {501, "POST / HTTP/1.1\r\n" HOST "Transfer-Encoding: chunked, chunked\r\n\r\n"},
    {501, "POST / HTTP/1.1\r\n" HOST "Transfer-Encoding: \"chunked\"\r\n\r\n"},
    {501, "POST / HTTP/1.1\r\n" HOST "Transfer-Encoding: xchunked\r\n\r\n"},
    {501, "POST / HTTP/1.1\r\n" HOST "Transfer-Encoding:\r\n\r\n"},
    {400,
     "POST / HTTP/1.1\r\n" HOST "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n"},
    {400, "POST / HTTP/1.1\r\n" HOST "Transfer-Encoding : chunked\r\n\r\n"},
    {417, "POST / HTTP/1.1\r\n" HOST "Expect: cake\r\n\r\n"},
    {400, "GET / HTTP/1.1\r\n" HOST "Connection: clo se\r\n\r\n"},
    /* limits */
    {431, "GET / HTTP/1.1\r\n" HOST "a:\r\nb:\r\nc:\r\nd:\r\ne:\r\nf:\r\ng:\r\nh:\r\n\r\n"},
};

static void test_bad_requests(void) {
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        sn__head h;
        int rc = parse_str(&h, 0, bad[i].head);
        if (rc == SN__HEAD_BAD && h.error_status == bad[i].status && h.error) continue;
        fprintf(stderr, "result %d status %d (%s), not %d: %s\n", rc, h.error_status,
                h.error ? h.error : "-", bad[i].status, bad[i].head);
        CHECK(0);
    }
}

/* A NUL anywhere is refused, and nothing is read past it. */
static void test_nul(void) {
    static const char s[] = "GET /ab HTTP/1.1\r\nHost: a\r\nXY: cd\r\n\r\n";
    for (size_t i = 0; i + 1 < sizeof s; i++) {
        char t[sizeof s];
        sn__head h;
        memcpy(t, s, sizeof s);
        t[i] = 0;
        CHECK(parse(&h, 0, t, sizeof s - 1) != SN__HEAD_DONE);
    }
}

static size_t fill(char *s, const char *front, size_t pad, const char *back) {
    size_t n = strlen(front);
    memcpy(s, front, n);
    memset(s + n, 'a', pad);
    strcpy(s + n + pad, back);
    return n + pad + strlen(back);
}

static void test_limits_at_the_edge(void) {
    char s[4096];
    sn__head h;
    /* "GET /" + pad + " HTTP/1.1" is the line: 14 + pad bytes */
    size_t n = fill(s, "GET /", 256 - 14, " HTTP/1.1\r\n" HOST "\r\n");
    CHECK_INT(parse(&h, 0, s, n), SN__HEAD_DONE);
    n = fill(s, "GET /", 257 - 14, " HTTP/1.1\r\n" HOST "\r\n");
    CHECK_INT(parse(&h, 0, s, n), SN__HEAD_BAD);
    CHECK_INT(h.error_status, 414);
    n = fill(s, "GET /", 300, "");
    CHECK_INT(parse(&h, 0, s, n), SN__HEAD_BAD);
    CHECK_INT(h.error_status, 414);
    const char *front = "GET / HTTP/1.1\r\n" HOST "A: ", *back = "\r\n\r\nBODY";
    n = fill(s, front, 1024 - strlen(front) - 4, back);
    CHECK_INT(parse(&h, 0, s, n), SN__HEAD_DONE);
    CHECK_INT(h.pos, 1024);
    n = fill(s, front, 1025 - strlen(front) - 4, back);
    CHECK_INT(parse(&h, 0, s, n), SN__HEAD_BAD);
    CHECK_INT(h.error_status, 431);
    n = fill(s, front, 1500, "");
    CHECK_INT(parse(&h, 0, s, 1023), SN__HEAD_MORE);
    CHECK_INT(parse(&h, 0, s, n), SN__HEAD_BAD);
    CHECK_INT(h.error_status, 431);
}

static void test_connection_options(void) {
    sn__head h;
    parse_str(&h, 0, "GET / HTTP/1.1\r\n" HOST "Connection: a,, Close ,Keep-Alive\r\n\r\n");
    CHECK_INT(h.close, 1);
    CHECK_INT(h.keep_alive, 1);
    parse_str(&h, 0, "GET / HTTP/1.1\r\n" HOST "Connection: closed\r\n\r\n");
    CHECK_INT(h.close, 0);
    parse_str(&h, 0, "GET / HTTP/1.1\r\n" HOST "Connection: x\r\nConnection: close\r\n\r\n");
    CHECK_INT(h.close, 1);
}

static void test_responses(void) {
    static const struct {
        int rc, status, chunked, no_body;
        int64_t length;
        const char *head;
    } t[] = {
        {SN__HEAD_DONE, 200, 0, 0, 5, "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n"},
        {SN__HEAD_DONE, 404, 1, 0, -1, "HTTP/1.1 404 \r\nTransfer-Encoding: chunked\r\n\r\n"},
        {SN__HEAD_DONE, 200, 0, 0, -1, "HTTP/1.0 200 Fine by me\r\n\r\n"},
        {SN__HEAD_DONE, 304, 0, 1, 7, "HTTP/1.1 304 NM\r\nContent-Length: 7\r\n\r\n"},
        {SN__HEAD_DONE, 100, 0, 1, -1, "HTTP/1.1 100 Continue\r\n\r\n"},
        {SN__HEAD_BAD, 0, 0, 0, 0, "HTTP/1.1 200\r\n\r\n"},
        {SN__HEAD_BAD, 0, 0, 0, 0, "HTTP/1.1  200 OK\r\n\r\n"},
        {SN__HEAD_BAD, 0, 0, 0, 0, "HTTP/1.1 2000 OK\r\n\r\n"},
        {SN__HEAD_BAD, 0, 0, 0, 0, "HTTP/1.1 99 OK\r\n\r\n"},
        {SN__HEAD_BAD, 0, 0, 0, 0, "HTTP/1.1 600 OK\r\n\r\n"},
        {SN__HEAD_BAD, 0, 0, 0, 0, "HTTP/2.0 200 OK\r\n\r\n"},
        {SN__HEAD_BAD, 0, 0, 0, 0, "ICY 200 OK HERE\r\n\r\n"},
        {SN__HEAD_BAD, 0, 0, 0, 0, "\r\nHTTP/1.1 200 OK\r\n\r\n"},
        {SN__HEAD_BAD, 0, 0, 0, 0, "HTTP/1.1 200 O\x01K\r\n\r\n"},
        {SN__HEAD_BAD, 0, 0, 0, 0, "HTTP/1.1 200 OK\nA: b\n\n"},
        {SN__HEAD_BAD, 0, 0, 0, 0,
         "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n"},
        {SN__HEAD_BAD, 0, 0, 0, 0,
         "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\n"},
        {SN__HEAD_BAD, 0, 0, 0, 0, "HTTP/1.1 204 No\r\nTransfer-Encoding: chunked\r\n\r\n"},
    };
    for (size_t i = 0; i < sizeof t / sizeof *t; i++) {
        sn__head h;
        int rc = parse_str(&h, 1, t[i].head);
        CHECK_INT(rc, t[i].rc);
        if (rc != SN__HEAD_DONE) continue;
        CHECK_INT(h.status, t[i].status);
        CHECK_INT(h.chunked, t[i].chunked);
        CHECK_INT(h.no_body, t[i].no_body);
        CHECK_INT(h.length, t[i].length);
    }
}

/* Found by the fuzzer: the early look at an unfinished start line refused a tab in the reason. */
static void test_tab_in_reason_arrives_late(void) {
    const char *s = "HTTP/1.1 200 a\tb\r\n\r\n";
    sn__head h;
    sn__head_init(&h, 1, &limits, fields);
    for (size_t k = 0; k < strlen(s); k++) CHECK_INT(sn__head_parse(&h, s, k), SN__HEAD_MORE);
    CHECK_INT(sn__head_parse(&h, s, strlen(s)), SN__HEAD_DONE);
}

int main(void) {
    CASE(test_simple_request);
    CASE(test_terminated_parts);
    CASE(test_good_requests);
    CASE(test_every_split);
    CASE(test_bad_requests);
    CASE(test_nul);
    CASE(test_limits_at_the_edge);
    CASE(test_connection_options);
    CASE(test_responses);
    CASE(test_tab_in_reason_arrives_late);
    return check_done();
}
