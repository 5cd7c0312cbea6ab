/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* The parts of the search that are functions: numbers and orders as text, and what a failure
 * needs of many parts. */
#include "check.h"
#include "search/order.h"
#include "search/parts.h"

static void whole_numbers(void) {
    int64_t i;
    uint64_t u;
    CHECK(sn__read_int("42", &i) && i == 42);
    CHECK(sn__read_int("-7", &i) && i == -7);
    CHECK(sn__read_int("10_000", &i) && i == 10000);
    CHECK(sn__read_int("9223372036854775807", &i) && i == INT64_MAX);
    CHECK(!sn__read_int("9223372036854775808", &i));
    CHECK(sn__read_count("18446744073709551615", &u) && u == UINT64_MAX);
    CHECK(!sn__read_count("18446744073709551616", &u));
    static const char *const bad[] = {"", "-", "+1", " 1", "1 ", "1_", "_1", "1__0", "0x1", "--1"};
    for (size_t k = 0; k < sizeof bad / sizeof *bad; k++) CHECK(!sn__read_int(bad[k], &i));
}

static void ranges(void) {
    uint64_t a, b;
    CHECK(sn__read_range("5", &a, &b) && a == 5 && b == 5);
    CHECK(sn__read_range("1..1_000", &a, &b) && a == 1 && b == 1000);
    static const char *const bad[] = {"", "1.", "1..", "..2", "2..1", "1...2", "1..2..3", "1..2,"};
    for (size_t k = 0; k < sizeof bad / sizeof *bad; k++) CHECK(!sn__read_range(bad[k], &a, &b));
}

static void lists_of_numbers(void) {
    static const char *const same[] = {"1", "1,2", "3,5,8..12", "1..100000", "7..9,11"};
    for (size_t k = 0; k < sizeof same / sizeof *same; k++) {
        numbers l = {NULL, 0};
        CHECK(!sn__read_numbers(same[k], &l));
        char *text = sn__show_numbers(&l);
        CHECK_STR(text, same[k]);
        free(text);
        sn__numbers_free(&l);
    }
    static const char *const bad[] = {"", "0", "2,1", "1,1", "1,", ",1", "1..", "1..100001", "a"};
    for (size_t k = 0; k < sizeof bad / sizeof *bad; k++) {
        numbers l = {NULL, 0};
        CHECK(sn__read_numbers(bad[k], &l) != NULL);
        sn__numbers_free(&l);
    }
}

static void orders(void) {
    static const char *const same[] = {"none", "812:7", "812:7,900+1:3,900+255:4,901:2"};
    order o = {.told = false};
    for (size_t k = 0; k < sizeof same / sizeof *same; k++) {
        CHECK(!sn__order_read(same[k], &o) && o.told);
        char *text = sn__order_show(&o);
        CHECK_STR(text, same[k]);
        free(text);
    }
    static const char *const bad[] = {
        "",        "7",    "7:",      ":7",      "7:1,",
        "7+256:1", "7+:1", "8:1,7:1", "7:1,7:2", "72057594037927936:1"};
    for (size_t k = 0; k < sizeof bad / sizeof *bad; k++) CHECK(sn__order_read(bad[k], &o) != NULL);
    free(o.steps);
}

/* ---- Parts ---- */

static int asked;

static bool has(const numbers *l, uint32_t v) {
    for (size_t i = 0; i < l->n; i++)
        if (l->at[i] == v) return true;
    return false;
}

static bool needs_three(void *arg, const numbers *kept) {
    (void)arg;
    asked++;
    return has(kept, 3) && has(kept, 617) && has(kept, 1000);
}

static bool needs_both_or_none(void *arg, const numbers *kept) {
    (void)arg;
    return has(kept, 4) && has(kept, 2) == has(kept, 7);
}

static bool needs_nothing(void *arg, const numbers *kept) {
    (void)arg, (void)kept;
    asked++;
    return true;
}

static char *left_of(uint32_t n, sn__parts_fn fails) {
    numbers all;
    asked = 0;
    MUST(sn__parts_others(&(numbers){NULL, 0}, n, &all));
    MUST(all.n == n);
    sn__parts_drop(&all, fails, NULL);
    char *text = sn__show_numbers(&all);
    sn__numbers_free(&all);
    return text;
}

static void parts_that_a_failure_needs(void) {
    char *three = left_of(1000, needs_three), *pair = left_of(8, needs_both_or_none);
    CHECK_STR(three, "3,617,1000");
    CHECK_STR(pair, "4");
    free(three);
    free(pair);
    char *nothing = left_of(100000, needs_nothing);
    CHECK_STR(nothing, "");
    CHECK_INT(asked, 1);
    free(nothing);
}

static void few_questions(void) {
    free(left_of(1000, needs_three));
    CHECK(asked < 120);
}

int main(void) {
    CASE(whole_numbers);
    CASE(ranges);
    CASE(lists_of_numbers);
    CASE(orders);
    CASE(parts_that_a_failure_needs);
    CASE(few_questions);
    return check_done();
}
