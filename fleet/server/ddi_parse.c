/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* The DDI's bodies: see ddi_parse.h. */
#include "ddi_parse.h"

#include "json_in.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Appends one line; what does not fit is cut at a character's start. */
static void add_line(struct ddi_feedback *f, const char *line) {
    size_t at = strlen(f->text), room = sizeof f->text - at - 1, n = strlen(line);
    if (at && room) {
        f->text[at++] = '\n';
        room--;
    }
    if (n > room) {
        n = room;
        while (n && ((unsigned char)line[n] & 0xc0) == 0x80) n--;
    }
    memcpy(f->text + at, line, n);
    f->text[at + n] = 0;
}

static void read_details(struct ddi_feedback *f, const cJSON *details) {
    const cJSON *d;
    int n = 0;
    if (!cJSON_IsArray(details)) return;
    cJSON_ArrayForEach(d, details) {
        if (n++ == FLEET_DETAIL_LINES_MAX) break;
        if (cJSON_IsString(d)) add_line(f, d->valuestring);
    }
    if (f->text[0]) f->fb.details = f->text;
}

static void read_result(fleet_feedback *fb, const cJSON *status) {
    const char *finished = json_in_str(json_in_get(status, "result"), "finished");
    int64_t code;
    if (finished && !strcmp(finished, "success")) fb->result = RESULT_SUCCESS;
    if (finished && !strcmp(finished, "failure")) fb->result = RESULT_FAILURE;
    fb->code = INT32_MIN;
    if (json_in_int(status, "code", &code) && code > INT32_MIN && code <= INT32_MAX)
        fb->code = (int32_t)code;
}

int ddi_feedback_parse(const char *body, size_t n, struct ddi_feedback *out, const char **why) {
    cJSON *tree = json_in_object(body, n, why);
    if (!tree) return SN_EBADMSG;
    memset(out, 0, sizeof *out);
    const cJSON *status = json_in_get(tree, "status");
    const char *word = json_in_str(status, "execution");
    int rc = word ? feedback_exec_parse(word, &out->fb.exec) : SN_EINVAL;
    if (!rc) {
        read_result(&out->fb, status);
        read_details(out, json_in_get(status, "details"));
        if (!json_in_int(tree, "timestamp", &out->fb.device_ms) || out->fb.device_ms < 0)
            out->fb.device_ms = 0;
    } else {
        *why = "status.execution is none of closed, proceeding, canceled, scheduled, rejected, "
               "resumed, downloaded, download";
    }
    cJSON_Delete(tree);
    return rc ? SN_EBADMSG : 0;
}

/* The text that counts as an attribute's value; NULL for what is ignored. */
static const char *value_of(const cJSON *a, enum attr_mode mode) {
    if (cJSON_IsString(a)) return a->valuestring;
    return mode == ATTR_REMOVE ? "" : NULL;
}

static int read_attributes(const cJSON *data, enum attr_mode mode, fleet_attr *out, uint32_t *count,
                           const char **why) {
    const cJSON *a;
    cJSON_ArrayForEach(a, data) {
        const char *value = value_of(a, mode);
        if (!value || !*a->string) continue;
        *why = "more than 100 attributes";
        if (*count == FLEET_ATTR_MAX) return SN_E2BIG;
        *why = "an attribute's key is longer than 128 bytes or its value than 512";
        if (strlen(a->string) > FLEET_ATTR_KEY_MAX || strlen(value) > FLEET_ATTR_VALUE_MAX)
            return SN_E2BIG;
        snprintf(out[*count].key, sizeof out->key, "%s", a->string);
        snprintf(out[(*count)++].value, sizeof out->value, "%s", value);
    }
    return 0;
}

static enum attr_mode mode_of(const cJSON *tree) {
    const char *word = json_in_str(tree, "mode");
    if (word && !strcmp(word, "replace")) return ATTR_REPLACE;
    if (word && !strcmp(word, "remove")) return ATTR_REMOVE;
    return ATTR_MERGE;
}

int ddi_config_parse(const char *body, size_t n, enum attr_mode *mode, fleet_attr **attrs,
                     uint32_t *count, const char **why) {
    *attrs = NULL;
    *count = 0;
    cJSON *tree = json_in_object(body, n, why);
    if (!tree) return SN_EBADMSG;
    const cJSON *data = json_in_get(tree, "data");
    *mode = mode_of(tree);
    *why = "data is not an object of attributes";
    int rc = cJSON_IsObject(data) ? 0 : SN_EBADMSG;
    if (!rc) *attrs = calloc(FLEET_ATTR_MAX, sizeof **attrs);
    if (!rc && !*attrs) rc = SN_ENOMEM;
    if (!rc) rc = read_attributes(data, *mode, *attrs, count, why);
    if (rc) {
        free(*attrs);
        *attrs = NULL;
    }
    cJSON_Delete(tree);
    return rc;
}
