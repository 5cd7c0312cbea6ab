/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Shared answers: see reply.h. */
#include "reply.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

void reply_json(sn_http_writer *w, int status, json *j) {
    size_t n;
    char *text = json_done(j, &n);
    if (text)
        sn_http_reply(w, status, "application/json", text, n);
    else
        sn_http_problem(w, 500, NULL, NULL, "out of memory");
    free(text);
}

int reply_status_of(int result) {
    static const struct {
        int result, status;
    } table[] = {{SN_EINVAL, 400},   {SN_EBADMSG, 400},   {SN_EACCES, 401},   {SN_EPERM, 403},
                 {SN_ENOENT, 404},   {SN_EEXIST, 409},    {SN_EBUSY, 409},    {FLEET_INUSE, 409},
                 {FLEET_GONE, 410},  {FLEET_STALE, 412},  {SN_EFBIG, 413},    {SN_E2BIG, 413},
                 {FLEET_QUOTA, 429}, {SN_ETIMEDOUT, 503}, {SN_ECANCELED, 503}};
    for (size_t i = 0; i < sizeof table / sizeof *table; i++)
        if (table[i].result == result) return table[i].status;
    return 500;
}

/* For results that come without a text of their own. */
static const char *words_of(int status) {
    switch (status) {
    case 404:
        return "no such object";
    case 410:
        return "the action is no longer active";
    case 429:
        return "a quota is used up";
    default:
        return NULL;
    }
}

void reply_result(sn_http_writer *w, int result, const fleet_err *err) {
    int status = reply_status_of(result);
    const char *detail = err && err->text[0] ? err->text : words_of(status);
    sn_http_problem(w, status, NULL, NULL, detail ? detail : fleet_result_name(result));
}

void reply_done(sn_http_writer *w, int result, const fleet_err *err) {
    if (result)
        reply_result(w, result, err);
    else
        sn_http_reply(w, 200, NULL, "", 0);
}

int reply_file_read(void *file, void *buf, size_t n, uint64_t at, size_t *done) {
    return sn_file_read(file, buf, n, at, done);
}

int reply_draining(const struct app *app) {
    for (int i = 0; i < APP_LISTENERS; i++)
        if (app->servers[i] && sn_http_draining(app->servers[i])) return 1;
    return 0;
}

static void answer_body_error(sn_http_writer *w, int rc, size_t max) {
    if (rc == SN_EFBIG)
        sn_http_problemf(w, 413, "the body is longer than %zu bytes", max);
    else if (rc == SN_ETIMEDOUT)
        sn_http_problem(w, 408, NULL, NULL, "the body came too slowly");
    else
        sn_http_problem(w, 400, NULL, NULL, "the body is malformed or was cut short");
}

cJSON *reply_body_json(sn_http_writer *w, sn_http_request *r, size_t max) {
    char *text;
    size_t n;
    const char *why;
    int rc = sn_http_body_all(r, max, &text, &n);
    if (rc) {
        answer_body_error(w, rc, max);
        return NULL;
    }
    cJSON *tree = json_in_parse(text, n, &why);
    if (!tree) sn_http_problem(w, 400, NULL, NULL, why);
    return tree;
}

cJSON *reply_body_object(sn_http_writer *w, sn_http_request *r, size_t max) {
    cJSON *tree = reply_body_json(w, r, max);
    if (!tree || cJSON_IsObject(tree)) return tree;
    sn_http_problem(w, 400, NULL, NULL, "the body is not a JSON object");
    cJSON_Delete(tree);
    return NULL;
}

static int digits(const char *s, int64_t *out) {
    char *end;
    errno = 0;
    if (!s || *s < '0' || *s > '9') return 0;
    *out = strtoll(s, &end, 10);
    return !errno && !*end;
}

int reply_path_id(sn_http_writer *w, sn_http_request *r, const char *name, int64_t *id) {
    if (digits(sn_http_value(r, name), id) && *id > 0) return 0;
    sn_http_problemf(w, 404, "no such object: %.60s is not an id", sn_http_value(r, name));
    return -1;
}

int reply_page(sn_http_writer *w, sn_http_request *r, const char *match, fleet_page *page) {
    const char *offset = sn_http_query(r, "offset"), *limit = sn_http_query(r, "limit");
    int64_t o = 0, l = 0;
    memset(page, 0, sizeof *page);
    if (offset && !digits(offset, &o)) {
        sn_http_problem(w, 400, NULL, NULL, "offset is not a number");
        return -1;
    }
    if (limit && (!digits(limit, &l) || l < 1 || l > FLEET_PAGE_MAX)) {
        sn_http_problemf(w, 400, "limit is not between 1 and %d", FLEET_PAGE_MAX);
        return -1;
    }
    page->offset = (uint64_t)o;
    page->limit = (uint32_t)l;
    const char *q = match ? sn_http_query(r, match) : NULL;
    page->match = q && *q ? q : NULL;
    return 0;
}
