/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Any bytes as a timed scenario. What is accepted is judged: the bytes themselves, line by line,
 * are the events that come, a millisecond apart. The judge always knows a next moment that is not
 * behind it, and the report can be written. */
#include <stdlib.h>
#include <string.h>

#include "timed/judge.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

static void must(int ok) {
    if (!ok) abort();
}

static void put(void *arg, const char *line) {
    size_t *lines = arg;
    must(strlen(line) < 900);
    ++*lines;
}

static int feed(timed_judge *j, const char *text, size_t n) {
    sn_time now = 0;
    for (size_t at = 0; at < n;) {
        const char *end = memchr(text + at, '\n', n - at);
        size_t len = end ? (size_t)(end - text) - at : n - at;
        now += SN_MILLISECOND;
        timed_judge_time(j, now);
        must(timed_judge_next(j) > now);
        int rc = timed_judge_event(j, text + at, len, now);
        if (rc) return rc;
        at += len + 1;
    }
    timed_judge_end(j, now);
    return 0;
}

static void judge(const timed_script *script, const char *text, size_t n) {
    timed_result r;
    timed_judge j;
    size_t lines = 0;
    if (timed_result_init(&r, script, 0)) return;
    for (int run = 0; run < 2; run++) {
        if (timed_judge_init(&j, &r) == 0) (void)feed(&j, text, n);
        timed_judge_free(&j);
    }
    timed_report(&r, put, &lines);
    must(lines > 0);
    timed_result_free(&r);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n) {
    const char *text = (const char *)data;
    timed_script script;
    timed_error e;
    int rc = timed_parse(&script, text, n, &e);
    if (rc == SN_EINVAL) must(e.text[0] != 0);
    if (rc == 0) judge(&script, text, n);
    timed_script_free(&script);
    return 0;
}
