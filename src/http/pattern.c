/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* The tree of patterns: a node a segment; below it literal ones, one "{x}" and one "{x...}". A
 * search tries them in that order and goes back when a path does not fit, or fits without the
 * method; so the pattern that is literal earliest wins. */
#include "http/pattern.h"

#include <stdlib.h>
#include <string.h>

#include "http/chars.h"

typedef struct sn__node node;
struct sn__node {
    node *next;         /* the next literal beside it */
    node *literals;     /* below */
    node *param, *rest; /* below */
    sn__route *routes;  /* of paths that end here */
    size_t len;
    char text[]; /* of a literal */
};

static node *node_new(const char *s, size_t n) {
    node *x = calloc(1, sizeof *x + n + 1);
    if (!x) return NULL;
    x->len = n;
    memcpy(x->text, s, n);
    return x;
}

static node *literal_below(const node *x, const char *s, size_t n) {
    for (node *k = x->literals; k; k = k->next)
        if (k->len == n && !memcmp(k->text, s, n)) return k;
    return NULL;
}

/* One segment of a pattern. */
typedef struct segment {
    const char *s;
    size_t n;
    enum { LITERAL, PARAM, REST } kind;
} segment;

/* Reads what stands between slashes; SN_EINVAL for stray braces and empty names. */
static int segment_read(segment *g, const char *s, size_t n) {
    *g = (segment){s, n, LITERAL};
    if (!memchr(s, '{', n) && !memchr(s, '}', n)) return 0;
    if (n < 3 || s[0] != '{' || s[n - 1] != '}') return SN_EINVAL;
    g->s++, g->n -= 2;
    g->kind = PARAM;
    if (g->n > 3 && !memcmp(g->s + g->n - 3, "...", 3)) {
        g->n -= 3;
        g->kind = REST;
    }
    for (size_t i = 0; i < g->n; i++)
        if (!sn__is(g->s[i], SN__C_TOKEN) || g->s[i] == '.') return SN_EINVAL;
    return 0;
}

/* Finds or makes the node of a segment below x. */
static node *step(node *x, const segment *g) {
    if (g->kind == LITERAL) {
        node *k = literal_below(x, g->s, g->n);
        if (!k && (k = node_new(g->s, g->n))) {
            k->next = x->literals;
            x->literals = k;
        }
        return k;
    }
    node **place = g->kind == PARAM ? &x->param : &x->rest;
    if (!*place) *place = node_new("", 0);
    return *place;
}

static int param_add(sn__route *r, const segment *g) {
    if (r->nparams == SN__PATTERN_PARAMS) return SN_EINVAL;
    for (size_t i = 0; i < r->nparams; i++)
        if (strlen(r->params[i]) == g->n && !memcmp(r->params[i], g->s, g->n)) return SN_EINVAL;
    char *name = strndup(g->s, g->n);
    if (!name) return SN_ENOMEM;
    r->params[r->nparams++] = name;
    return 0;
}

/* Walks the path of a pattern, making nodes; the last one in *end. */
static int walk(sn__routes *t, const char *path, sn__route *r, node **end) {
    node *x = t->root;
    if (*path != '/') return SN_EINVAL;
    for (size_t depth = 0; *path; depth++) {
        segment g;
        const char *s = path + 1, *slash = strchrnul(s, '/');
        if (depth == SN__PATTERN_DEPTH || segment_read(&g, s, (size_t)(slash - s)))
            return SN_EINVAL;
        if (g.kind == REST && *slash) return SN_EINVAL;
        int rc = g.kind == LITERAL ? 0 : param_add(r, &g);
        if (rc) return rc;
        if (!(x = step(x, &g))) return SN_ENOMEM;
        path = slash;
    }
    *end = x;
    return 0;
}

static void route_free(sn__route *r) {
    for (size_t i = 0; i < r->nparams; i++) free(r->params[i]);
    free(r->params);
    free(r->pattern);
    free(r->method);
    free(r);
}

/* Splits "METHOD /path" into r; the path, or NULL with *err set. */
static const char *method_split(sn__route *r, const char *pattern, int *err) {
    const char *path = strchr(pattern, '/');
    size_t n = path ? (size_t)(path - pattern) : 0;
    *err = SN_EINVAL;
    if (!path) return NULL;
    if (n == 0) return path;
    if (n < 2 || pattern[n - 1] != ' ') return NULL;
    for (size_t i = 0; i < n - 1; i++)
        if (!sn__is(pattern[i], SN__C_TOKEN)) return NULL;
    *err = SN_ENOMEM;
    r->method = strndup(pattern, n - 1);
    return r->method ? path : NULL;
}

static int route_put(node *x, sn__route *r) {
    for (sn__route *k = x->routes; k; k = k->next)
        if (k->method && r->method ? !strcmp(k->method, r->method) : k->method == r->method)
            return SN_EEXIST;
    r->next = x->routes;
    x->routes = r;
    return 0;
}

int sn__routes_add(sn__routes *t, const char *pattern, sn_http_handler h) {
    node *x = NULL;
    int rc = SN_ENOMEM;
    if (!t->root && !(t->root = node_new("", 0))) return SN_ENOMEM;
    sn__route *r = calloc(1, sizeof *r);
    if (!r) return SN_ENOMEM;
    r->handler = h;
    r->pattern = strdup(pattern);
    r->params = calloc(SN__PATTERN_PARAMS, sizeof *r->params);
    if (r->pattern && r->params) {
        const char *path = method_split(r, pattern, &rc);
        if (path) rc = walk(t, path, r, &x);
        if (path && rc == 0) rc = route_put(x, r);
    }
    if (rc) route_free(r);
    return rc;
}

static void node_free(node *x) {
    while (x) {
        node *next = x->next;
        node_free(x->literals);
        node_free(x->param);
        node_free(x->rest);
        while (x->routes) {
            sn__route *r = x->routes;
            x->routes = r->next;
            route_free(r);
        }
        free(x);
        x = next;
    }
}

void sn__routes_free(sn__routes *t) {
    node_free(t->root);
    t->root = NULL;
}

static void allow_add(sn__match *m, const char *method) {
    size_t have = strlen(m->allow), n = strlen(method);
    if (have + n + 3 > sizeof m->allow) return;
    const char *at = have ? strstr(m->allow, method) : NULL;
    if (at && (at[n] == 0 || at[n] == ',') && (at == m->allow || at[-1] == ' ')) return;
    if (have) memcpy(m->allow + have, ", ", 3), have += 2;
    memcpy(m->allow + have, method, n + 1);
}

/* The route of this method among those of a node; notes the others for Allow. */
static const sn__route *choose(const node *x, const char *method, sn__match *m) {
    const sn__route *any = NULL, *get = NULL;
    for (const sn__route *r = x->routes; r; r = r->next) {
        if (!r->method)
            any = r;
        else if (!strcmp(r->method, method))
            return r;
        else if (!strcmp(r->method, "GET"))
            get = r;
    }
    if (get && !strcmp(method, "HEAD")) return get;
    if (any) return any;
    for (const sn__route *r = x->routes; r; r = r->next) allow_add(m, r->method);
    if (get) allow_add(m, "HEAD");
    return NULL;
}

typedef struct search {
    const char *method;
    sn__match *m;
    size_t nvalues;
} search;

static int find(const node *x, const char *path, search *q);

static int find_capturing(const node *x, const char *s, size_t n, const char *rest, search *q) {
    if (!x || q->nvalues == SN__PATTERN_PARAMS) return 0;
    q->m->values[q->nvalues].s = s;
    q->m->values[q->nvalues].n = n;
    q->nvalues++;
    if (find(x, rest, q)) return 1;
    q->nvalues--;
    return 0;
}

/* Does what is left of the path ("" or "/…") fit below x? */
static int find(const node *x, const char *path, search *q) {
    if (*path == 0) return (q->m->route = choose(x, q->method, q->m)) != NULL;
    const char *s = path + 1, *slash = strchrnul(s, '/');
    size_t n = (size_t)(slash - s);
    const node *k = literal_below(x, s, n);
    if (k && find(k, slash, q)) return 1;
    if (n && find_capturing(x->param, s, n, slash, q)) return 1;
    return find_capturing(x->rest, s, strlen(s), "", q);
}

int sn__routes_find(const sn__routes *t, const char *method, const char *path, sn__match *m) {
    search q = {method, m, 0};
    m->route = NULL;
    m->allow[0] = 0;
    return t->root && *path == '/' && find(t->root, path, &q);
}
