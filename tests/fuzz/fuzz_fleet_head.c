/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Any bytes as what stands in headers: credentials, and a form's boundary with its body behind
 * it. A form must read the same whole and byte by byte. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "auth.h"
#include "multipart.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

static void must(int ok) {
    if (!ok) abort();
}

/* What a reading amounted to: order and bytes, folded into a number. */
static int on_part(void *arg, const char *name, const char *filename) {
    uint64_t *h = arg;
    for (; *name; name++) *h = *h * 31 + (unsigned char)*name;
    for (; filename && *filename; filename++) *h = *h * 37 + (unsigned char)*filename;
    return 0;
}
static int on_data(void *arg, const void *bytes, size_t n) {
    uint64_t *h = arg;
    for (size_t i = 0; i < n; i++) *h = *h * 41 + ((const unsigned char *)bytes)[i];
    return 0;
}
static int on_end(void *arg) {
    *(uint64_t *)arg ^= 0x5555;
    return 0;
}

static int read_form(const char *type, const char *body, size_t n, size_t piece, uint64_t *h) {
    static struct multipart m;
    struct multipart_sink sink = {on_part, on_data, on_end, h};
    int rc = multipart_begin(&m, type, &sink);
    for (size_t at = 0; !rc && at < n; at += piece)
        rc = multipart_feed(&m, body + at, n - at < piece ? n - at : piece);
    return rc ? rc : multipart_finish(&m);
}

static void credentials(const char *header) {
    fleet_cred cred;
    char token[TOKEN_MAX + 1], name[AUTH_USER_MAX];
    auth_device(header, &cred);
    must(cred.kind == CRED_NONE || (cred.n && cred.n <= TOKEN_MAX));
    if (!auth_operator(header, token, name))
        must(strlen(token) <= TOKEN_MAX && strlen(name) < AUTH_USER_MAX);
}

/* The first line is the header, the rest a body. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n) {
    uint64_t whole = 0, single = 0;
    const uint8_t *end = n ? memchr(data, '\n', n) : NULL;
    size_t len = end ? (size_t)(end - data) : n;
    char *header = malloc(len + 1);
    if (!header) return 0;
    memcpy(header, data, len);
    header[len] = 0;
    credentials(header);
    if (end) {
        const char *body = (const char *)end + 1;
        size_t rest = n - len - 1;
        int a = read_form(header, body, rest, 4096, &whole);
        int b = read_form(header, body, rest, 1, &single);
        must(a == b && (a || whole == single));
    }
    free(header);
    return 0;
}
