/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Any bytes as a plan. What is accepted is expanded: twice the same, in the order of time, and
 * each fault can be printed. Each line is a value too: what is read as a time is written out and
 * read again. */
#include <stdlib.h>
#include <string.h>

#include <sennit/plan.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

static const sn_plan_host hosts[] = {
    {"server", 0x0a000001, 0x0a000001},
    {"a", 0x0a000002, 0x0a000002},
    {"b", 0x0a000003, 0x0a000003},
    {"field", 0x0a400000, 0x0a4fffff},
    {"all", 0, UINT32_MAX},
};

static void must(int ok) {
    if (!ok) abort();
}

static void said(const sn_plan_error *e) {
    size_t len = strnlen(e->text, sizeof e->text);
    must(len > 0 && len < sizeof e->text);
}

static void expand(const sn_plan *p) {
    sn_fault_list x, y;
    sn_plan_error e = {0};
    char text[64];
    int rc = sn_plan_expand(p, 1, hosts, sizeof hosts / sizeof *hosts, &x, &e);
    if (rc == SN_EINVAL) said(&e);
    if (rc) return;
    must(sn_plan_expand(p, 1, hosts, sizeof hosts / sizeof *hosts, &y, &e) == 0);
    must(x.n == y.n && x.n + x.dropped <= SN_FAULTS_MAX);
    for (size_t i = 0; i < x.n; i++) {
        must(memcmp(&x.faults[i], &y.faults[i], sizeof x.faults[i]) == 0);
        must(x.faults[i].number == i + 1 && x.faults[i].place[0]);
        must(i == 0 || x.faults[i - 1].at <= x.faults[i].at);
        sn_fault_print(&x.faults[i], text, 1 + i % sizeof text);
    }
    sn_fault_list_free(&x);
    sn_fault_list_free(&y);
}

static void value(const char *s, size_t n) {
    sn_time t, again;
    uint32_t share;
    uint64_t bytes;
    char text[40];
    if (sn_text_time(s, n, &t) == 0) {
        sn_time_print(t, text, sizeof text);
        must(sn_text_time(text, strlen(text), &again) == 0 && again == t);
    }
    if (sn_text_share(s, n, &share) == 0) must(share <= 1000000);
    if (sn_text_bytes(s, n, &bytes) == 0) must(n > 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n) {
    const char *text = (const char *)data;
    sn_plan_error e = {0};
    sn_plan *p = sn_plan_new();
    if (!p) return 0;
    const char *end = n ? memchr(text, '\n', n) : NULL;
    value(text, end ? (size_t)(end - text) : n);
    int rc = sn_plan_parse(p, text, n, &e);
    if (rc == SN_EINVAL) said(&e);
    if (rc == 0) expand(p);
    sn_plan_free(p);
    return 0;
}
