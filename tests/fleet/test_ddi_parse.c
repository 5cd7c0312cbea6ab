/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Bodies as real clients send them, and as nobody should. */
#include "check.h"
#include "ddi_parse.h"

static int parse(const char *text, struct ddi_feedback *f) {
    const char *why = NULL;
    int rc = ddi_feedback_parse(text, strlen(text), f, &why);
    if (rc) CHECK(why && *why);
    return rc;
}

static void reads_a_full_feedback(void) {
    struct ddi_feedback f;
    MUST(!parse("{\"id\":\"7\",\"time\":\"20260101T000000\",\"status\":{\"execution\":\"closed\","
                "\"result\":{\"finished\":\"failure\",\"progress\":{\"cnt\":2,\"of\":5}},"
                "\"code\":12,\"details\":[\"a\",\"b\"]}}",
                &f));
    CHECK_INT(f.execution, DDI_CLOSED);
    CHECK_INT(f.finished, DDI_FAILURE);
    CHECK_INT(f.cnt, 2);
    CHECK_INT(f.of, 5);
    CHECK(f.has_code && f.code == 12);
    CHECK_STR(f.text, "a\nb");
}

static void ignores_odd_types(void) {
    struct ddi_feedback f;
    MUST(!parse("{\"id\":7,\"timestamp\":[],\"status\":{\"execution\":\"proceeding\","
                "\"result\":{\"finished\":4,\"progress\":{\"cnt\":9,\"of\":5}},"
                "\"code\":\"x\",\"details\":[1,\"one\",{}]},\"future\":{}}",
                &f));
    CHECK_INT(f.execution, DDI_PROCEEDING);
    CHECK_INT(f.finished, DDI_NONE);
    CHECK_INT(f.of, 0);
    CHECK(!f.has_code);
    CHECK_STR(f.text, "one");
    MUST(!parse("{\"status\":{\"execution\":\"closed\",\"details\":\"text\"}}", &f));
    CHECK_STR(f.text, "");
}

static void refuses_what_is_no_feedback(void) {
    struct ddi_feedback f;
    CHECK(parse("", &f) < 0);
    CHECK(parse("[]", &f) < 0);
    CHECK(parse("{}", &f) < 0);
    CHECK(parse("{\"status\":\"closed\"}", &f) < 0);
    CHECK(parse("{\"status\":{\"execution\":\"exploded\"}}", &f) < 0);
    CHECK(parse("{\"status\":{\"execution\":7}}", &f) < 0);
}

static void cuts_long_details_at_a_character(void) {
    struct ddi_feedback f;
    char text[8200];
    size_t n = (size_t)snprintf(text, sizeof text,
                                "{\"status\":{\"execution\":\"closed\",\"details\":[\"");
    for (int i = 0; i < 2700; i++) n += (size_t)snprintf(text + n, sizeof text - n, "\xe6\xa8\xa1");
    snprintf(text + n, sizeof text - n, "\"]}}");
    MUST(!parse(text, &f));
    CHECK_INT(strlen(f.text), DDI_TEXT_MAX / 3 * 3);
}

static void reads_config_data(void) {
    static const char text[] = "{\"id\":\"\",\"status\":{\"execution\":\"closed\"},"
                               "\"data\":{\"VIN\":\"L1\",\"n\":4,\"hwRevision\":\"1.0\"}}";
    struct ddi_config c;
    const char *why;
    MUST(!ddi_config_parse(text, sizeof text - 1, &c, &why));
    CHECK_INT(c.mode, DDI_MERGE);
    CHECK_INT(c.n, 2);
    CHECK_STR(c.at[0].key, "VIN");
    CHECK_STR(c.at[1].value, "1.0");
    ddi_config_free(&c);
}

static void bounds_config_data(void) {
    struct ddi_config c;
    const char *why;
    char text[4000];
    size_t n = (size_t)snprintf(text, sizeof text, "{\"mode\":\"remove\",\"data\":{");
    for (int i = 0; i <= DDI_ATTRIBUTES_MAX; i++)
        n += (size_t)snprintf(text + n, sizeof text - n, "%s\"k%d\":\"v\"", i ? "," : "", i);
    n += (size_t)snprintf(text + n, sizeof text - n, "}}");
    CHECK(ddi_config_parse(text, n, &c, &why) < 0);
    CHECK_STR(why, "more than 100 attributes");
    static const char list[] = "{\"data\":[]}";
    CHECK(ddi_config_parse(list, sizeof list - 1, &c, &why) < 0);
}

static void sleep_has_eight_characters(void) {
    static const struct {
        int64_t s;
        const char *text;
    } t[] = {{0, "00:00:01"},    {30, "00:00:30"},    {300, "00:05:00"},
             {3661, "01:01:01"}, {86399, "23:59:59"}, {1000000, "23:59:59"}};
    for (size_t i = 0; i < sizeof t / sizeof *t; i++) {
        char out[9];
        ddi_sleep_text(t[i].s, out);
        CHECK_STR(out, t[i].text);
    }
}

int main(void) {
    CASE(reads_a_full_feedback);
    CASE(ignores_odd_types);
    CASE(refuses_what_is_no_feedback);
    CASE(cuts_long_details_at_a_character);
    CASE(reads_config_data);
    CASE(bounds_config_data);
    CASE(sleep_has_eight_characters);
    return check_done();
}
