/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* The DDI's answers: compact, ids as strings, nothing empty, since small clients choke on it. */
#include "ddi.h"

#include <stdio.h>
#include <string.h>

static void link_to(json *j, const char *rel, const char *url, const char *path) {
    json_obj(j, rel);
    json_fmt(j, "href", "%s%s", url, path);
    json_obj_end(j);
}

static void links(json *j, const char *url, const fleet_poll_reply *p) {
    char path[64];
    json_obj(j, "_links");
    if (p->link == POLL_DEPLOY) {
        snprintf(path, sizeof path, "/deploymentBase/%lld?c=%u", (long long)p->action, p->tag);
        link_to(j, "deploymentBase", url, path);
    }
    if (p->link == POLL_CANCEL) {
        snprintf(path, sizeof path, "/cancelAction/%lld", (long long)p->action);
        link_to(j, "cancelAction", url, path);
    }
    if (p->installed) {
        snprintf(path, sizeof path, "/installedBase/%lld", (long long)p->installed);
        link_to(j, "installedBase", url, path);
    }
    if (p->want_attrs) link_to(j, "configData", url, "/configData");
    json_obj_end(j);
}

void ddi_render_poll(json *j, const struct ddi_base *base, const fleet_poll_reply *p) {
    json_obj(j, NULL);
    json_obj(j, "config");
    json_obj(j, "polling");
    json_str(j, "sleep", p->sleep);
    json_obj_end(j);
    json_obj_end(j);
    if (p->link != POLL_NOTHING || p->installed || p->want_attrs) links(j, base->url, p);
    json_obj_end(j);
}

/* One kind of links: suffix "" over https, "-http" for clients that know that name only. */
static void file_links(json *j, const char *url, const char *path, const char *suffix) {
    char rel[24], sum[520 + sizeof ".MD5SUM"];
    snprintf(rel, sizeof rel, "download%s", suffix);
    link_to(j, rel, url, path);
    snprintf(rel, sizeof rel, "md5sum%s", suffix);
    snprintf(sum, sizeof sum, "%s.MD5SUM", path);
    link_to(j, rel, url, sum);
}

static void artifact(json *j, const struct ddi_base *base, const fleet_artifact *a) {
    char path[520], file[3 * FLEET_FILENAME_MAX + 1];
    sn_http_escape(a->filename, file, sizeof file);
    snprintf(path, sizeof path, "/softwaremodules/%lld/artifacts/%s", (long long)a->module, file);
    json_obj(j, NULL);
    json_str(j, "filename", a->filename);
    json_obj(j, "hashes");
    json_str(j, "sha1", a->h.sha1);
    json_str(j, "md5", a->h.md5);
    json_str(j, "sha256", a->h.sha256);
    json_obj_end(j);
    json_int(j, "size", (int64_t)a->h.size);
    json_obj(j, "_links");
    if (base->secure) file_links(j, base->url, path, "");
    file_links(j, base->url, path, "-http");
    json_obj_end(j);
    json_obj_end(j);
}

void ddi_render_artifacts(json *j, const struct ddi_base *base, const fleet_artifact *a,
                          uint32_t n) {
    json_arr(j, NULL);
    for (uint32_t i = 0; i < n; i++) artifact(j, base, &a[i]);
    json_arr_end(j);
}

/* hawkBit's legacy names of two module types, which clients compare with. */
static const char *part_of(const char *type) {
    if (!strcmp(type, "application")) return "bApp";
    return strcmp(type, "runtime") ? type : "jvm";
}

static void chunk(json *j, const struct ddi_base *base, const fleet_chunk *c) {
    json_obj(j, NULL);
    json_str(j, "part", part_of(c->module.type));
    json_str(j, "version", c->module.version);
    json_str(j, "name", c->module.name);
    json_arr(j, "artifacts");
    for (uint32_t i = 0; i < c->module.artifacts_n; i++) artifact(j, base, &c->artifacts[i]);
    json_arr_end(j);
    json_obj_end(j);
}

static void lines(json *j, const char *text) {
    while (*text) {
        size_t n = strcspn(text, "\n");
        if (n) json_strn(j, NULL, text, n);
        text += n + (text[n] == '\n');
    }
}

static void action_history(json *j, const fleet_deployment *d, const fleet_status *rows,
                           uint32_t n) {
    json_obj(j, "actionHistory");
    json_str(j, "status", d->last_status);
    json_arr(j, "messages");
    for (uint32_t i = 0; i < n; i++) lines(j, rows[i].details);
    json_arr_end(j);
    json_obj_end(j);
}

void ddi_render_deployment(json *j, const struct ddi_base *base, const fleet_deployment *d,
                           const fleet_status *history, uint32_t n) {
    const char *handling = d->forced ? "forced" : "attempt";
    json_obj(j, NULL);
    json_fmt(j, "id", "%lld", (long long)d->action);
    json_obj(j, "deployment");
    json_str(j, "download", handling);
    json_str(j, "update", handling);
    json_arr(j, "chunks");
    for (uint32_t i = 0; i < d->chunks_n; i++) chunk(j, base, &d->chunks[i]);
    json_arr_end(j);
    json_obj_end(j);
    if (history) action_history(j, d, history, n);
    json_obj_end(j);
}
