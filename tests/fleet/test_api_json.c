/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* JSON that others send: what is malformed is refused with a reason. */
#include "check.h"
#include "json_in.h"

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

static void brackets_in_text_are_not_depth(void) {
    static const char text[] = "{\"a\":\"[[[[[[[[[[[[[[[[[[[[[\\\"[[[\"}";
    const char *why;
    cJSON *o = json_in_object(text, sizeof text - 1, &why);
    CHECK(o != NULL);
    cJSON_Delete(o);
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
    CASE(refuses_malformed_text);
    CASE(brackets_in_text_are_not_depth);
    CASE(getters_take_only_their_type);
    return check_done();
}
