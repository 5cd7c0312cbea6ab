/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* The router: patterns, and the middlewares around all of them. */
#include <stdlib.h>
#include <string.h>

#include "http/conn.h"

typedef struct layer {
    sn_http_middleware fn;
    void *arg;
} layer;

struct sn_http_mux {
    sn__routes routes;
    layer *layers;
    size_t nlayers;
};

sn_http_mux *sn_http_mux_new(void) { return calloc(1, sizeof(sn_http_mux)); }

void sn_http_mux_free(sn_http_mux *m) {
    if (!m) return;
    sn__routes_free(&m->routes);
    free(m->layers);
    free(m);
}

int sn_http_handle(sn_http_mux *m, const char *pattern, sn_http_fn fn, void *arg) {
    return sn__routes_add(&m->routes, pattern, (sn_http_handler){fn, arg});
}

int sn_http_use(sn_http_mux *m, sn_http_middleware mw, void *arg) {
    layer *more = realloc(m->layers, (m->nlayers + 1) * sizeof *more);
    if (!more) return SN_ENOMEM;
    m->layers = more;
    m->layers[m->nlayers++] = (layer){mw, arg};
    return 0;
}

static void not_found(sn_http_writer *w, sn_http_request *r, void *arg) {
    (void)arg;
    sn_http_problemf(w, 404, "there is nothing at %s", sn_http_path(r));
}

static void not_allowed(sn_http_writer *w, sn_http_request *r, void *arg) {
    sn_http_set(w, "Allow", arg);
    sn_http_problemf(w, 405, "%s is not for %s", sn_http_method(r), sn_http_path(r));
}

/* What is left of the way in: the layers from `at`, then the handler. */
typedef struct way {
    const sn_http_mux *mux;
    size_t at;
    sn_http_handler handler;
} way;

static void go_on(sn_http_writer *w, sn_http_request *r, void *arg) {
    way *x = arg;
    if (x->at == x->mux->nlayers) {
        sn_http_next(&x->handler, w, r);
        return;
    }
    const layer *l = &x->mux->layers[x->at];
    way inner = {x->mux, x->at + 1, x->handler};
    sn_http_handler next = {go_on, &inner};
    l->fn(w, r, &next, l->arg);
}

/* Copies what the pattern captured into the request. */
static int capture(sn_http_request *r, const sn__match *m) {
    const sn__route *route = m->route;
    r->pattern = route->pattern;
    if (route->nparams == 0) return 0;
    r->names = route->params;
    r->values = sn_http_alloc(r, route->nparams * sizeof *r->values);
    if (!r->values) return SN_ENOMEM;
    for (size_t i = 0; i < route->nparams; i++) {
        r->values[i] = sn__arena_copy(&r->work->arena, m->values[i].s, m->values[i].n);
        if (!r->values[i]) return SN_ENOMEM;
        r->nvalues = i + 1;
    }
    return 0;
}

void sn_http_mux_serve(sn_http_writer *w, sn_http_request *r, void *mux) {
    const sn_http_mux *m = mux;
    sn__match match;
    way x = {m, 0, {not_found, NULL}};
    if (sn__routes_find(&m->routes, sn_http_method(r), sn_http_path(r), &match)) {
        x.handler = match.route->handler;
        if (capture(r, &match)) {
            sn__writer_fail(w, SN_ENOMEM);
            return;
        }
    } else if (match.allow[0]) {
        x.handler = (sn_http_handler){not_allowed, match.allow};
    }
    go_on(w, r, &x);
}
