/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* The DDI's bodies: see ddi_parse.h. */
#include "ddi_parse.h"

#include "json_in.h"
#include <sennit/base.h>
#include <stdio.h>
#include <string.h>

static int index_of(const char *const *names, size_t n, const char *name) {
    for (size_t i = 0; i < n; i++)
        if (name && !strcmp(names[i], name)) return (int)i;
    return -1;
}

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
        if (n++ == DDI_DETAILS_MAX) break;
        if (cJSON_IsString(d)) add_line(f, d->valuestring);
    }
}

static void read_result(struct ddi_feedback *f, const cJSON *status) {
    static const char *const finished[] = {"none", "success", "failure"};
    const cJSON *result = json_in_get(status, "result");
    const cJSON *progress = json_in_get(result, "progress");
    int i = index_of(finished, 3, json_in_str(result, "finished"));
    f->finished = i < 0 ? DDI_NONE : (enum ddi_finished)i;
    int64_t cnt, of, code;
    if (json_in_int(progress, "cnt", &cnt) && json_in_int(progress, "of", &of) && cnt >= 0 &&
        of > 0 && cnt <= of && of <= 1000000) {
        f->cnt = (unsigned)cnt;
        f->of = (unsigned)of;
    }
    if (json_in_int(status, "code", &code) && code >= INT32_MIN && code <= INT32_MAX) {
        f->has_code = 1;
        f->code = (int32_t)code;
    }
}

int ddi_feedback_parse(const char *body, size_t n, struct ddi_feedback *out, const char **why) {
    static const char *const executions[] = {"closed",   "proceeding", "canceled",   "scheduled",
                                             "rejected", "resumed",    "downloaded", "download"};
    cJSON *tree = json_in_object(body, n, why);
    if (!tree) return SN_EBADMSG;
    memset(out, 0, sizeof *out);
    const cJSON *status = json_in_get(tree, "status");
    int execution = index_of(executions, 8, json_in_str(status, "execution"));
    if (execution >= 0) {
        out->execution = (enum ddi_execution)execution;
        read_result(out, status);
        read_details(out, json_in_get(status, "details"));
    } else {
        *why = "status.execution is none of closed, proceeding, canceled, scheduled, rejected, "
               "resumed, downloaded, download";
    }
    cJSON_Delete(tree);
    return execution >= 0 ? 0 : SN_EBADMSG;
}

static int read_attributes(struct ddi_config *out, const cJSON *data, const char **why) {
    const cJSON *a;
    cJSON_ArrayForEach(a, data) {
        const char *value = cJSON_IsString(a)         ? a->valuestring
                            : out->mode == DDI_REMOVE ? ""
                                                      : NULL;
        if (!value) continue;
        if (strlen(a->string) > DDI_ATTRIBUTE_KEY_MAX || strlen(value) > DDI_ATTRIBUTE_VALUE_MAX) {
            *why = "an attribute's key is longer than 128 bytes or its value than 256";
            return SN_E2BIG;
        }
        if (out->n == DDI_ATTRIBUTES_MAX) {
            *why = "more than 100 attributes";
            return SN_E2BIG;
        }
        out->at[out->n].key = a->string;
        out->at[out->n++].value = value;
    }
    return 0;
}

int ddi_config_parse(const char *body, size_t n, struct ddi_config *out, const char **why) {
    static const char *const modes[] = {"merge", "replace", "remove"};
    out->n = 0;
    out->tree_ = json_in_object(body, n, why);
    if (!out->tree_) return SN_EBADMSG;
    const cJSON *data = json_in_get(out->tree_, "data");
    int mode = index_of(modes, 3, json_in_str(out->tree_, "mode"));
    out->mode = mode < 0 ? DDI_MERGE : (enum ddi_mode)mode;
    *why = "data is not an object of attributes";
    int rc = cJSON_IsObject(data) ? read_attributes(out, data, why) : SN_EBADMSG;
    if (rc) ddi_config_free(out);
    return rc;
}

void ddi_config_free(struct ddi_config *c) {
    cJSON_Delete(c->tree_);
    c->tree_ = NULL;
    c->n = 0;
}

void ddi_sleep_text(int64_t seconds, char out[9]) {
    unsigned s = seconds < 1 ? 1 : seconds > 86399 ? 86399 : (unsigned)seconds;
    char text[16];
    snprintf(text, sizeof text, "%02u:%02u:%02u", s / 3600 % 24, s / 60 % 60, s % 60);
    memcpy(out, text, 9);
}
