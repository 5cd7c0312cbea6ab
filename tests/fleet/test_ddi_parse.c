/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Bodies as real clients send them, and as nobody should. */
#include "check.h"
#include "ddi.h"
#include "ddi_parse.h"
#include <stdlib.h>
#include <string.h>

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
    CHECK_INT(f.fb.exec, EXEC_CLOSED);
    CHECK_INT(f.fb.result, RESULT_FAILURE);
    CHECK_INT(f.fb.code, 12);
    CHECK_INT(f.fb.device_ms, 0);
    CHECK_STR(f.fb.details, "a\nb");
}

static void ignores_odd_types(void) {
    struct ddi_feedback f;
    MUST(!parse("{\"id\":7,\"timestamp\":[],\"status\":{\"execution\":\"proceeding\","
                "\"result\":{\"finished\":4,\"progress\":{\"cnt\":9,\"of\":5}},"
                "\"code\":\"x\",\"details\":[1,\"one\",{}]},\"future\":{}}",
                &f));
    CHECK_INT(f.fb.exec, EXEC_PROCEEDING);
    CHECK_INT(f.fb.result, RESULT_NONE);
    CHECK_INT(f.fb.code, INT32_MIN);
    CHECK_STR(f.fb.details, "one");
    MUST(!parse("{\"timestamp\":1700000000000,\"status\":{\"execution\":\"closed\","
                "\"result\":null,\"details\":\"text\"}}",
                &f));
    CHECK(!f.fb.details);
    CHECK(f.fb.device_ms == 1700000000000);
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
    CHECK_INT(strlen(f.fb.details), FLEET_DETAIL_BYTES_MAX / 3 * 3);
}

static void reads_config_data(void) {
    static const char text[] = "{\"id\":\"\",\"status\":{\"execution\":\"closed\"},"
                               "\"data\":{\"VIN\":\"L1\",\"n\":4,\"hwRevision\":\"1.0\"}}";
    enum attr_mode mode;
    fleet_attr *a;
    uint32_t n;
    const char *why;
    MUST(!ddi_config_parse(text, sizeof text - 1, &mode, &a, &n, &why));
    CHECK_INT(mode, ATTR_MERGE);
    CHECK_INT(n, 2);
    CHECK_STR(a[0].key, "VIN");
    CHECK_STR(a[1].value, "1.0");
    free(a);
}

static void removes_by_key_whatever_the_value(void) {
    static const char text[] = "{\"mode\":\"remove\",\"data\":{\"a\":null,\"b\":\"x\"}}";
    enum attr_mode mode;
    fleet_attr *a;
    uint32_t n;
    const char *why;
    MUST(!ddi_config_parse(text, sizeof text - 1, &mode, &a, &n, &why));
    CHECK_INT(mode, ATTR_REMOVE);
    CHECK_INT(n, 2);
    free(a);
}

static void bounds_config_data(void) {
    enum attr_mode mode;
    fleet_attr *a;
    uint32_t count;
    const char *why;
    char text[4000];
    size_t n = (size_t)snprintf(text, sizeof text, "{\"data\":{");
    for (int i = 0; i <= FLEET_ATTR_MAX; i++)
        n += (size_t)snprintf(text + n, sizeof text - n, "%s\"k%d\":\"v\"", i ? "," : "", i);
    n += (size_t)snprintf(text + n, sizeof text - n, "}}");
    CHECK_INT(ddi_config_parse(text, n, &mode, &a, &count, &why), SN_E2BIG);
    CHECK_STR(why, "more than 100 attributes");
    CHECK(!a);
    static const char list[] = "{\"data\":[]}";
    CHECK_INT(ddi_config_parse(list, sizeof list - 1, &mode, &a, &count, &why), SN_EBADMSG);
}

/* Every byte of these names becomes three in a link. */
static void longest_names_keep_whole_links(void) {
    static char url[900];
    fleet_artifact a = {.id = 1, .module = 123456789012345678};
    struct ddi_base base = {url, 0};
    json j = {0};
    memcpy(url, "http://h/", 9);
    memset(url + 9, 'u', sizeof url - 10);
    memset(a.filename, '#', FLEET_FILENAME_MAX);
    ddi_render_artifacts(&j, &base, &a, 1);
    char *text = json_done(&j, NULL);
    MUST(text);
    CHECK(strstr(text, "%23%23.MD5SUM\"") != NULL);
    CHECK(strstr(text, "%23%23\"") != NULL);
    free(text);
}

int main(void) {
    CASE(reads_a_full_feedback);
    CASE(ignores_odd_types);
    CASE(refuses_what_is_no_feedback);
    CASE(cuts_long_details_at_a_character);
    CASE(reads_config_data);
    CASE(removes_by_key_whatever_the_value);
    CASE(bounds_config_data);
    CASE(longest_names_keep_whole_links);
    return check_done();
}
