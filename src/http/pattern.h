/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Route patterns as a tree of path segments. Built before use, then only read, by anybody. */
#ifndef HTTP_PATTERN_H
#define HTTP_PATTERN_H

#include <stddef.h>
#include <stdint.h>

#include <sennit/http.h>

#define SN__PATTERN_PARAMS 16u /* {…} of one pattern */
#define SN__PATTERN_DEPTH 64u  /* segments of one pattern */
#define SN__ALLOW_MAX 256u     /* text of an Allow header */

typedef struct sn__route {
    struct sn__route *next; /* other methods of the same path */
    sn_http_handler handler;
    char *pattern; /* as given */
    char *method;  /* NULL: any */
    char **params; /* names, in order */
    size_t nparams;
} sn__route;

typedef struct sn__routes {
    struct sn__node *root;
} sn__routes;

typedef struct sn__match {
    const sn__route *route;
    struct {
        const char *s;
        size_t n;
    } values[SN__PATTERN_PARAMS]; /* inside the path */
    char allow[SN__ALLOW_MAX];    /* without a route: the methods that the path has, or "" */
} sn__match;

/* 0, SN_EINVAL, SN_EEXIST, SN_ENOMEM; as sn_http_handle. */
int sn__routes_add(sn__routes *t, const char *pattern, sn_http_handler h);
void sn__routes_free(sn__routes *t);
/* Finds the route of a decoded path; 1 if there is one. */
int sn__routes_find(const sn__routes *t, const char *method, const char *path, sn__match *m);

#endif
