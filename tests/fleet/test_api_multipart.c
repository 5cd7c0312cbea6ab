/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Forms in every cut: each body is fed whole, byte by byte, and split at each place. */
#include "check.h"
#include "multipart.h"

#include <sennit/base.h>

struct seen {
    char text[1024];
};

static int on_part(void *arg, const char *name, const char *filename) {
    struct seen *s = arg;
    size_t n = strlen(s->text);
    snprintf(s->text + n, sizeof s->text - n, "<%s|%s>", name, filename ? filename : "-");
    return 0;
}
static int on_data(void *arg, const void *bytes, size_t len) {
    struct seen *s = arg;
    size_t n = strlen(s->text);
    snprintf(s->text + n, sizeof s->text - n, "%.*s", (int)len, (const char *)bytes);
    return 0;
}
static int on_end(void *arg) {
    struct seen *s = arg;
    strcat(s->text, "$");
    return 0;
}

static struct multipart m;

/* Feeds the body in pieces of `piece` bytes after a first one of `first`. */
static int feed(const char *body, size_t first, size_t piece, struct seen *s) {
    struct multipart_sink sink = {on_part, on_data, on_end, s};
    size_t len = strlen(body), at = 0, n = first;
    s->text[0] = 0;
    MUST(!multipart_begin(&m, "multipart/form-data; boundary=XX", &sink));
    while (at < len) {
        if (n > len - at) n = len - at;
        int rc = multipart_feed(&m, body + at, n);
        if (rc) return rc;
        at += n;
        n = piece;
    }
    return multipart_finish(&m);
}

static void expect(const char *body, int rc, const char *text) {
    struct seen s;
    size_t len = strlen(body);
    for (size_t first = 1; first <= len; first++) {
        CHECK_INT(feed(body, first, len, &s), rc);
        if (!rc) CHECK_STR(s.text, text);
    }
    CHECK_INT(feed(body, 1, 1, &s), rc);
    if (!rc) CHECK_STR(s.text, text);
}

#define FILE_HEAD                                                                                  \
    "--XX\r\nContent-Disposition: form-data; name=\"file\"; filename=\"a;b.swu\"\r\n"              \
    "Content-Type: application/octet-stream\r\n\r\n"

static void reads_forms(void) {
    expect(FILE_HEAD "hello\r\n--X\r\n--XX--\r\n", 0, "<file|a;b.swu>hello\r\n--X$");
    expect("preamble\r\n--XX\r\ncontent-disposition: form-data; name=filename\r\n\r\nx.bin\r\n"
           "--XX  \r\nContent-Disposition: form-data; filename=\"f\"; name=\"n\"\r\n\r\n\r\n"
           "--XX--\r\nepilogue",
           0, "<filename|->x.bin$<n|f>$");
    expect("--XX\r\n\r\nno head\r\n--XX--", 0, "<|->no head$");
    expect("--XX--", 0, "");
}

static void refuses_malformed_forms(void) {
    expect("", SN_EBADMSG, "");
    expect("no delimiter at all", SN_EBADMSG, "");
    expect(FILE_HEAD "cut", SN_EBADMSG, "");
    expect("--XXjunk\r\n\r\n", SN_EBADMSG, "");
    expect("--XX\r\nContent-Disposition: form-data; name=\"open\r\n\r\nx\r\n--XX--", SN_EBADMSG,
           "");
}

static void bounds_a_head(void) {
    static char body[8192] = "--XX\r\nX: ";
    struct seen s;
    memset(body + 9, 'a', sizeof body - 10);
    CHECK_INT(feed(body, 4000, 4000, &s), SN_EBADMSG);
}

static void wants_a_boundary(void) {
    static const char *const bad[] = {NULL,
                                      "text/plain",
                                      "multipart/form-data",
                                      "multipart/form-data; boundary=",
                                      "multipart/form-data; boundary=\"open",
                                      "multipart/form-datax; boundary=a",
                                      "multipart/form-data; xboundary=a"};
    struct multipart_sink sink = {on_part, on_data, on_end, NULL};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        CHECK_INT(multipart_begin(&m, bad[i], &sink), SN_EINVAL);
    CHECK_INT(multipart_begin(&m, "Multipart/Form-Data; charset=x; boundary=\"a b\"", &sink), 0);
    char longest[200] = "multipart/form-data; boundary=";
    memset(longest + strlen(longest), 'b', MULTIPART_BOUNDARY_MAX + 1);
    CHECK_INT(multipart_begin(&m, longest, &sink), SN_EINVAL);
}

int main(void) {
    CASE(reads_forms);
    CASE(refuses_malformed_forms);
    CASE(bounds_a_head);
    CASE(wants_a_boundary);
    return check_done();
}
