/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Health, the API's description, the console's files. */
#include "pages.h"

#include "assets.h"
#include "json.h"
#include "openapi.h"
#include "reply.h"

#include <stdio.h>
#include <string.h>

/* 200 while new work is welcome; 503 while draining, so that a balancer looks elsewhere. */
void pages_health(struct app *app, sn_http_writer *w, sn_http_request *r, struct caller *who) {
    (void)r;
    (void)who;
    json j = {0};
    int drain = reply_draining(app);
    json_obj(&j, NULL);
    json_str(&j, "status", drain ? "draining" : "ok");
    json_str(&j, "version", sn_version());
    json_obj_end(&j);
    reply_json(w, drain ? 503 : 200, &j);
}

struct memory {
    const unsigned char *data;
    size_t size;
};

static int read_memory(void *arg, void *buf, size_t n, uint64_t at, size_t *done) {
    const struct memory *m = arg;
    *done = at >= m->size ? 0 : n < m->size - at ? n : m->size - at;
    if (*done) memcpy(buf, m->data + at, *done);
    return 0;
}

static void serve_memory(sn_http_writer *w, sn_http_request *r, const char *type, const char *etag,
                         const unsigned char *data, size_t size) {
    struct memory m = {data, size};
    sn_http_content c = {.size = sizeof c,
                         .type = type,
                         .length = size,
                         .etag = etag,
                         .read = read_memory,
                         .arg = &m};
    sn_http_set(w, "X-Content-Type-Options", "nosniff");
    sn_http_set(w, "Cache-Control", "no-cache");
    sn_http_serve_content(w, r, &c);
}

void pages_openapi(struct app *app, sn_http_writer *w, sn_http_request *r, struct caller *who) {
    (void)app;
    (void)who;
    serve_memory(w, r, "application/json", NULL, openapi_json, openapi_json_size);
}

static void serve_asset(sn_http_writer *w, sn_http_request *r, void *arg) {
    const struct console_asset *a = arg;
    sn_http_set(w, "Content-Security-Policy",
                "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; "
                "connect-src 'self'; base-uri 'none'; form-action 'none'; "
                "frame-ancestors 'none'");
    sn_http_set(w, "Referrer-Policy", "no-referrer");
    serve_memory(w, r, a->type, a->etag, a->data, a->size);
}

int pages_console(sn_http_mux *mux) {
    char pattern[200];
    int rc = 0;
    for (size_t i = 0; !rc && i < console_assets_n; i++) {
        const struct console_asset *a = &console_assets[i];
        snprintf(pattern, sizeof pattern, "GET /%s", i ? a->path : "");
        rc = sn_http_handle(mux, pattern, serve_asset, (void *)(uintptr_t)a);
    }
    return rc;
}
