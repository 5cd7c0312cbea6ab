/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Scenario files: whatever the bytes are, they are read or refused with a place and a message; and
 * lists of numbers and orders, which are shown as they are read. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "search/order.h"
#include "search/spec.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

static void must(bool true_) {
    if (!true_) abort();
}

static unsigned lines_of(const uint8_t *data, size_t n) {
    unsigned lines = 1;
    for (size_t i = 0; i < n; i++) lines += data[i] == '\n';
    return lines;
}

static void read_file(const uint8_t *data, size_t n) {
    static spec s;
    trouble t = {.what = ""};
    sn__spec_init(&s);
    if (sn__spec_parse(&s, (const char *)data, n, &t)) {
        must(*s.scenario && s.all.first <= s.all.last && s.brief.first <= s.brief.last);
        must(s.limit > 0 && s.config.max_time >= 0 && s.config.depth <= SPEC_DEPTH);
        must(s.params_n <= SPEC_PARAMS);
    } else {
        must(*t.what && t.line <= lines_of(data, n) && (t.line == 0) == (t.column == 0));
    }
    sn__spec_free(&s);
}

static void read_numbers(const char *text) {
    numbers one = {NULL, 0}, two = {NULL, 0};
    if (!sn__read_numbers(text, &one)) {
        char *shown = sn__show_numbers(&one);
        must(shown && !sn__read_numbers(shown, &two) && one.n == two.n);
        must(!memcmp(one.at, two.at, one.n * sizeof *one.at));
        free(shown);
    }
    sn__numbers_free(&one);
    sn__numbers_free(&two);
}

static void read_order(const char *text) {
    order one = {.told = false}, two = {.told = false};
    if (!sn__order_read(text, &one)) {
        char *shown = sn__order_show(&one);
        must(shown && !sn__order_read(shown, &two) && one.n == two.n);
        for (size_t i = 0; i < one.n; i++)
            must(one.steps[i].moment == two.steps[i].moment && one.steps[i].id == two.steps[i].id);
        free(shown);
    }
    free(one.steps);
    free(two.steps);
}

static void read_lists(const uint8_t *data, size_t n) {
    char text[256];
    if (n >= sizeof text) return;
    memcpy(text, data, n);
    text[n] = 0;
    read_numbers(text);
    read_order(text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n) {
    read_file(data, n);
    read_lists(data, n);
    return 0;
}
