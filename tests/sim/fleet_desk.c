/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* The operator's calls: the server's own API over the library's HTTP client, with the token that
 * the first start left on the server's disk. */
#include "fleet_sim.h"

#include "json_in.h"

#include <sennit/http.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define CALL_TIME (30 * SN_SECOND)
#define PATIENCE (30 * 60 * SN_SECOND)

enum { BODY_MAX = 1 << 20, TEXT_MAX = 16384, GAVE_UP = 599 };

void image_fill(char *out, uint32_t n) {
    for (uint32_t i = 0; i < n; i++) out[i] = (char)((i * 2654435761u) >> 23 ^ i >> 8);
}

static int bearer(struct desk *d, char out[120]) {
    char *token;
    size_t n;
    int rc = sn_host_get(d->site->host, d->site->conf.admin_token_file, 100, &token, &n);
    if (rc) return rc;
    snprintf(out, 120, "Bearer %.*s", (int)strcspn(token, "\n"), token);
    free(token);
    return 0;
}

struct ask {
    const char *method, *path, *type, *body;
    size_t body_n;
    char *etag; /* may be NULL */
    char *text; /* the answer's first TEXT_MAX bytes, if not NULL */
};

/* One try. The status, or an error. */
static int try_once(struct desk *d, const struct ask *a, cJSON **out) {
    char token[120], *text;
    const char *why, *tag;
    size_t n;
    sn_http_client *c;
    sn_http_response *r;
    int rc = bearer(d, token);
    if (rc) return rc;
    sn_http_pair headers[3] = {{"Authorization", token}};
    size_t count = 1;
    if (a->body) headers[count++] = (sn_http_pair){"Content-Type", a->type};
    if (a->etag && *a->etag) headers[count++] = (sn_http_pair){"If-Match", a->etag};
    sn_http_call call = {.size = sizeof call,
                         .method = a->method,
                         .target = a->path,
                         .headers = headers,
                         .header_count = count,
                         .body = a->body,
                         .body_len = a->body_n,
                         .until = sn_now() + (d->call_time ? d->call_time : CALL_TIME)};
    rc = sn_http_client_dial(&c, "tcp", "server:8081", NULL);
    if (rc) return rc;
    rc = sn_http_do(c, &call, &r);
    if (!rc) rc = sn_http_response_all(r, BODY_MAX, &text, &n);
    if (!rc) {
        rc = sn_http_response_status(r);
        tag = sn_http_response_header(r, "ETag");
        if (a->etag && tag) snprintf(a->etag, 64, "%s", tag);
        if (a->text) snprintf(a->text, TEXT_MAX, "%s", text);
        *out = n ? json_in_parse(text, n, &why) : NULL;
    }
    sn_http_client_free(c);
    return rc;
}

static int ask(struct desk *d, const struct ask *a, cJSON **out) {
    sn_time until = sn_now() + PATIENCE;
    for (;;) {
        int rc = try_once(d, a, out);
        /* 408: a question whose packets were lost is one that the server grew tired of */
        if (rc > 0 && rc < 500 && rc != 408) return rc;
        if (rc > 0) cJSON_Delete(*out);
        *out = NULL;
        if (d->gives_up) return GAVE_UP;
        if (sn_now() > until)
            sn_sim_fail("%s %s: no answer for half an hour: %s; %s", a->method, a->path,
                        rc < 0 ? sn_errname(rc) : "a status above 499", d->site->why);
        rc = sn_sleep(SN_SECOND);
        if (rc) sn_sim_fail("the desk is cancelled");
    }
}

int desk_call(struct desk *d, const char *method, const char *path, const char *body, char *etag,
              cJSON **out) {
    cJSON *json = NULL;
    struct ask a = {method, path, "application/json", body, body ? strlen(body) : 0, etag, NULL};
    int status = ask(d, &a, &json);
    if (out)
        *out = json;
    else
        cJSON_Delete(json);
    return status;
}

/* ---- software ---- */

static int64_t id_of(const cJSON *json, const char *what) {
    int64_t id;
    const cJSON *o = cJSON_IsArray(json) ? cJSON_GetArrayItem(json, 0) : json;
    if (!json_in_int(o, "id", &id)) sn_sim_fail("%s: made, but no id told", what);
    return id;
}

static int64_t make(struct desk *d, const char *path, const char *body) {
    cJSON *json;
    int status = desk_call(d, "POST", path, body, NULL, &json);
    if (status != 201) sn_sim_fail("POST %s: %d", path, status);
    int64_t id = id_of(json, path);
    cJSON_Delete(json);
    return id;
}

int desk_upload(struct desk *d, int64_t module) {
    static const char head[] = "--edge\r\nContent-Disposition: form-data; name=\"file\";"
                               " filename=\"image.swu\"\r\n\r\n",
                      tail[] = "\r\n--edge--\r\n";
    char path[80], *form = malloc(sizeof head + d->image_n + sizeof tail);
    if (!form) sn_sim_fail("no memory for an image");
    memcpy(form, head, sizeof head - 1);
    image_fill(form + sizeof head - 1, d->image_n);
    memcpy(form + sizeof head - 1 + d->image_n, tail, sizeof tail - 1);
    snprintf(path, sizeof path, "/rest/v1/softwaremodules/%lld/artifacts", (long long)module);
    cJSON *json = NULL;
    struct ask a = {"POST",
                    path,
                    "multipart/form-data; boundary=edge",
                    form,
                    sizeof head - 1 + d->image_n + sizeof tail - 1,
                    NULL,
                    NULL};
    int status = ask(d, &a, &json);
    cJSON_Delete(json);
    free(form);
    return status;
}

int64_t desk_publish(struct desk *d, int v) {
    char body[200];
    snprintf(body, sizeof body, "[{\"name\":\"os\",\"version\":\"%d.0\",\"type\":\"os\"}]", v);
    int64_t module = make(d, "/rest/v1/softwaremodules", body);
    int status = desk_upload(d, module);
    if (status != 201) sn_sim_fail("the image was not taken: %d", status);
    snprintf(body, sizeof body,
             "[{\"name\":\"os\",\"version\":\"%d.0\",\"type\":\"os\",\"modules\":[{\"id\":%lld}]}]",
             v, (long long)module);
    return make(d, "/rest/v1/distributionsets", body);
}

void desk_figures(struct desk *d) {
    static const char mark[] = "\nsennit_fleet_shard_bytes ";
    char *text = malloc(TEXT_MAX);
    cJSON *json = NULL;
    struct ask a = {"GET", "/metrics", NULL, NULL, 0, NULL, text};
    if (!text || ask(d, &a, &json) != 200) sn_sim_fail("no metrics");
    const char *at = strstr(text, mark);
    d->server_bytes = at ? (uint64_t)strtod(at + sizeof mark - 1, NULL) : 0;
    cJSON_Delete(json);
    free(text);
}
