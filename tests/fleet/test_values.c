/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Small values that are part of the data's format or of an API: JSON text, times, tokens, roles,
 * hashes. */
#include "check.h"
#include "cohort.h"
#include "json.h"
#include "log.h"
#include "result.h"
#include "token.h"
#include "utc.h"
#include <ctype.h>

static char *text_of(json *j) {
    static char out[4096];
    char *t = json_done(j, NULL);
    snprintf(out, sizeof out, "%s", t ? t : "(null)");
    free(t);
    return out;
}

static void json_values_and_commas(void) {
    json j = {0};
    json_obj(&j, NULL);
    json_str(&j, "a", "x");
    json_int(&j, "b", INT64_MIN);
    json_num(&j, "c", 0.05);
    json_num(&j, "d", 3);
    json_num(&j, "e", 1.0 / 0.0);
    json_arr(&j, "f");
    json_bool(&j, NULL, 1);
    json_bool(&j, NULL, 0);
    json_null(&j, NULL);
    json_obj(&j, NULL);
    json_obj_end(&j);
    json_arr(&j, NULL);
    json_arr_end(&j);
    json_arr_end(&j);
    json_str(&j, "g", NULL);
    json_raw(&j, "h", "{\"i\":1}", 7);
    json_fmt(&j, "k", "%d/%s", 7, "x");
    json_obj_end(&j);
    CHECK_STR(text_of(&j), "{\"a\":\"x\",\"b\":-9223372036854775808,\"c\":0.05,\"d\":3,\"e\":null,"
                           "\"f\":[true,false,null,{},[]],\"g\":null,\"h\":{\"i\":1},"
                           "\"k\":\"7/x\"}");
}

static void json_escapes(void) {
    json j = {0};
    json_arr(&j, NULL);
    json_str(&j, NULL, "\"\\\b\f\n\r\t\x01\x7f/");
    json_strn(&j, NULL, "a\0b", 3);
    json_arr_end(&j);
    CHECK_STR(text_of(&j), "[\"\\\"\\\\\\b\\f\\n\\r\\t\\u0001\\u007f/\",\"a\\u0000b\"]");
}

static void json_utf8(void) {
    static const struct {
        const char *in, *out;
    } rows[] = {
        {"\xC3\xA9\xE4\xB8\xAD\xF0\x9F\x9A\x97", "\xC3\xA9\xE4\xB8\xAD\xF0\x9F\x9A\x97"},
        {"\xFF", "\xEF\xBF\xBD"},
        {"\xC0\x80", "\xEF\xBF\xBD\xEF\xBF\xBD"},                 /* overlong */
        {"\xED\xA0\x80", "\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD"}, /* surrogate */
        {"\xE4\xB8", "\xEF\xBF\xBD\xEF\xBF\xBD"},                 /* cut */
        {"\xF4\x90\x80\x80", "\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        char want[64];
        json j = {0};
        json_str(&j, NULL, rows[i].in);
        snprintf(want, sizeof want, "\"%s\"", rows[i].out);
        CHECK_STR(text_of(&j), want);
    }
}

static void times(void) {
    char t[UTC_CHARS + 1], s[9];
    CHECK_STR(utc_text(0, t), "1970-01-01T00:00:00.000Z");
    CHECK_STR(utc_text(-1, t), "1969-12-31T23:59:59.999Z");
    CHECK_STR(utc_text(951782400123, t), "2000-02-29T00:00:00.123Z");
    CHECK_STR(utc_text(4107542399999, t), "2100-02-28T23:59:59.999Z");
    CHECK_STR(utc_text(4107542400000, t), "2100-03-01T00:00:00.000Z");
    CHECK_STR(utc_text(INT64_MAX, t), "9999-12-31T23:59:59.999Z");
    CHECK_STR(utc_text(INT64_MIN, t), "0000-01-01T00:00:00.000Z");
    CHECK_STR(utc_hms(0, s), "00:00:01");
    CHECK_STR(utc_hms(300, s), "00:05:00");
    CHECK_STR(utc_hms(1000000, s), "23:59:59");
    uint32_t v;
    CHECK(utc_hms_parse("01:02:03", &v) == 0 && v == 3723);
    static const char *const bad[] = {"",         "1:02:03",  "24:00:00", "00:60:00",
                                      "00:00:60", "0a:00:00", "00-00-00", "00:00:000"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        CHECK_INT(utc_hms_parse(bad[i], &v), SN_EINVAL);
}

static void tokens(void) {
    char a[TOKEN_CHARS + 1], b[TOKEN_CHARS + 1], hex[2 * TOKEN_HASH + 1];
    uint8_t h[TOKEN_HASH], back[TOKEN_HASH];
    token_make(a);
    token_make(b);
    CHECK_INT(strlen(a), TOKEN_CHARS);
    CHECK(strcmp(a, b) != 0);
    for (int i = 0; i < TOKEN_CHARS; i++) CHECK(isalnum((unsigned char)a[i]));
    token_hash("abc", 3, h);
    token_hex(h, sizeof h, hex);
    CHECK_STR(hex, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    CHECK_INT(token_unhex(hex, back, sizeof back), 0);
    CHECK(token_equal(h, back, sizeof h));
    back[31] ^= 1;
    CHECK(!token_equal(h, back, sizeof h));
    CHECK_INT(token_unhex("0", back, 1), SN_EINVAL);
    CHECK_INT(token_unhex("000", back, 1), SN_EINVAL);
    CHECK_INT(token_unhex("0g", back, 1), SN_EINVAL);
    CHECK_INT(token_unhex("", back, 1), SN_EINVAL);
}

static void roles(void) {
    for (int r = ROLE_VIEWER; r <= ROLE_ADMIN; r++)
        CHECK_INT(role_parse(role_name((enum fleet_role)r)), r);
    CHECK_INT(role_parse("root"), ROLE_NONE);
    CHECK_INT(role_parse("none"), ROLE_NONE);
}

/* These numbers are part of the data's format: a release that changes them moves devices between
 * the stages of roll-outs that are under way. */
static void cohorts_never_change(void) {
    uint64_t key = cohort_key(1, "veh-1", 5);
    CHECK(key == UINT64_C(0x0d9b7dbf1fba0d72));
    CHECK_INT(cohort_place(key, 1), 462193);
    CHECK_INT(cohort_place(key, 2), 699735);
    CHECK(cohort_key(2, "veh-1", 5) != key);
}

static void cohorts_are_even_and_independent(void) {
    enum { N = 100000 };
    static const uint32_t shares[] = {50000, 200000, 500000, 1000000};
    int in[4] = {0}, both = 0;
    for (int i = 0; i < N; i++) {
        char cid[32];
        size_t n = (size_t)snprintf(cid, sizeof cid, "vehicle-%06d", i);
        uint64_t key = cohort_key(1, cid, n);
        uint32_t a = cohort_place(key, 1), b = cohort_place(key, 2);
        CHECK(a < COHORT_PLACES);
        in[cohort_stage(a, shares, 4)]++;
        both += a < 50000 && b < 50000;
    }
    CHECK(in[0] > 4700 && in[0] < 5300);
    CHECK(in[1] > 14500 && in[1] < 15500);
    CHECK(in[2] > 29300 && in[2] < 30700);
    CHECK(both > 180 && both < 320); /* a quarter per cent: no device is always first */
    CHECK_INT(cohort_stage(999999, shares, 3), 3);
    CHECK_INT(cohort_stage(49999, shares, 4), 0);
    CHECK_INT(cohort_stage(50000, shares, 4), 1);
}

static void results_have_names(void) {
    CHECK_STR(fleet_result_name(FLEET_GONE), "FLEET_GONE");
    CHECK_STR(fleet_result_name(SN_ENOENT), "SN_ENOENT");
    enum log_level l;
    CHECK(log_parse_level("warn", &l) == 0 && l == LOG_WARN);
    CHECK_INT(log_parse_level("loud", &l), SN_EINVAL);
}

int main(void) {
    CASE(json_values_and_commas);
    CASE(json_escapes);
    CASE(json_utf8);
    CASE(times);
    CASE(tokens);
    CASE(roles);
    CASE(cohorts_never_change);
    CASE(cohorts_are_even_and_independent);
    CASE(results_have_names);
    return check_done();
}
