/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* JSON in and out: what we write parses again, what is malformed is refused with a reason. */
#include "check.h"
#include "json_in.h"
#include "json_out.h"

#include <math.h>

static void writes_compact_json(void) {
    struct json_out j;
    json_out_init(&j);
    json_out_object(&j, NULL);
    json_out_str(&j, "name", "a\"b\\c\n\x01");
    json_out_int(&j, "n", -7);
    json_out_id(&j, "id", 18446744073709551615ull);
    json_out_array(&j, "list");
    json_out_bool(&j, NULL, 1);
    json_out_null(&j, NULL);
    json_out_double(&j, NULL, 0.25);
    json_out_double(&j, NULL, NAN);
    json_out_close(&j);
    json_out_object(&j, "empty");
    json_out_close(&j);
    json_out_close(&j);
    CHECK_STR(j.buf, "{\"name\":\"a\\\"b\\\\c\\n\\u0001\",\"n\":-7,\"id\":\"18446744073709551615\","
                     "\"list\":[true,null,0.25,null],\"empty\":{}}");
    CHECK_INT(j.err, 0);
    json_out_free(&j);
}

static void replaces_what_is_not_utf8(void) {
    struct json_out j;
    json_out_init(&j);
    json_out_array(&j, NULL);
    json_out_str(&j, NULL, "\xc3\xa9\xe6\xa8\xa1");
    json_out_str(&j, NULL, "x\xff\xc0\xaf\xed\xa0\x80y");
    json_out_str(&j, NULL, "cut\xe6\xa8");
    json_out_close(&j);
    CHECK_STR(j.buf, "[\"\xc3\xa9\xe6\xa8\xa1\",\"x\\ufffd\\ufffd\\ufffd\\ufffd\\ufffd\\ufffdy\","
                     "\"cut\\ufffd\\ufffd\"]");
    json_out_free(&j);
}

static void refuses_to_nest_too_deep(void) {
    struct json_out j;
    json_out_init(&j);
    for (int i = 0; i <= JSON_OUT_DEPTH; i++) json_out_array(&j, NULL);
    CHECK(j.err != 0);
    json_out_free(&j);
}

static void refuse(const char *text, size_t n, const char *reason) {
    const char *why;
    cJSON *v = json_in_object(text, n, &why);
    CHECK(!v);
    if (!v) CHECK_STR(why, reason);
    cJSON_Delete(v);
}

static void refuses_malformed_text(void) {
    char deep[64];
    memset(deep, '[', sizeof deep);
    refuse("", 0, "not valid JSON");
    refuse("{", 1, "not valid JSON");
    refuse("{} x", 4, "something after the JSON value");
    refuse("[]", 2, "the body is not a JSON object");
    refuse("{\"a\":\"\0\"}", 9, "a NUL byte in JSON");
    refuse(deep, sizeof deep, "JSON nested deeper than 16 levels");
}

static void getters_take_only_their_type(void) {
    static const char text[] = "{\"s\":\"x\",\"n\":7,\"t\":\"8\",\"f\":1.5,\"b\":true,\"z\":null} ";
    const char *why;
    int64_t v = -1;
    double d = 0;
    cJSON *o = json_in_object(text, sizeof text - 1, &why);
    MUST(o);
    CHECK_STR(json_in_str(o, "s"), "x");
    CHECK(!json_in_str(o, "n"));
    CHECK(json_in_int(o, "n", &v) && v == 7);
    CHECK(json_in_int(o, "t", &v) && v == 8);
    CHECK(!json_in_int(o, "f", &v));
    CHECK(!json_in_int(o, "s", &v));
    CHECK(!json_in_int(o, "absent", &v));
    CHECK(json_in_double(o, "f", &d) && d > 1.4 && d < 1.6);
    CHECK_INT(json_in_bool(o, "b", 0), 1);
    CHECK_INT(json_in_bool(o, "z", -1), -1);
    cJSON_Delete(o);
}

int main(void) {
    CASE(writes_compact_json);
    CASE(replaces_what_is_not_utf8);
    CASE(refuses_to_nest_too_deep);
    CASE(refuses_malformed_text);
    CASE(getters_take_only_their_type);
    return check_done();
}
