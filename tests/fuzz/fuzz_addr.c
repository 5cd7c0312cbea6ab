/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Any bytes as a TCP and as a Unix address. What is accepted is written out and read again: it must
 * be the same address. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <sennit/net.h>

#include "io/addr.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

static void must(int ok) {
    if (!ok) abort();
}

static void tcp(const char *text) {
    char host[SN__HOST_MAX], again[SN__HOST_MAX], out[80];
    uint16_t port, port_again;
    sn__addrs a, b;
    if (sn__addr_split(text, host, &port)) return;
    must(host[0] && strlen(host) < sizeof host);
    if (sn__addr_numeric(host, port, &a)) return;
    must(a.n >= 1 && a.n <= SN__ADDRS_MAX);
    must(sn__addr_format(&a.a[0], out, sizeof out) == 0);
    must(sn__addr_split(out, again, &port_again) == 0 && port_again == port);
    must(sn__addr_numeric(again, port, &b) == 0 && b.n == 1);
    /* An IPv4 address within IPv6 is shown, and then read, as IPv4. */
    if (a.a[0].u.sa.sa_family == b.a[0].u.sa.sa_family) {
        must(memcmp(&a.a[0], &b.a[0], sizeof a.a[0]) == 0);
    }
}

/* As a value: equal when read again from its own text, whatever family it was dressed in. */
static void value(const char *text) {
    char out[80];
    sn_addr a, b;
    if (sn_addr_parse(&a, text)) return;
    must(sn_addr_text(&a, out, sizeof out) == 0);
    must(sn_addr_parse(&b, out) == 0 && sn_addr_equal(&a, &b));
}

static void local(const char *text) {
    char out[128];
    sn__addr a;
    if (sn__addr_unix(text, &a)) return;
    must(sn__addr_format(&a, out, sizeof out) == 0 && strcmp(out, text) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n) {
    char *text = malloc(n + 1);
    if (!text) return 0;
    memcpy(text, data, n);
    text[n] = 0;
    tcp(text);
    value(text);
    local(text);
    free(text);
    return 0;
}
