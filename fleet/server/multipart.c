/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* The multipart reader: see multipart.h. */
#include "multipart.h"

#include <sennit/base.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

/* The value of parameter `key` in "…; key=value; key=\"value\"", copied. 1, 0 when absent, or
 * SN_EBADMSG when malformed or longer than n - 1. */
static int parameter(const char *s, const char *key, char *out, size_t n) {
    size_t key_len = strlen(key);
    while ((s = strchr(s, ';'))) {
        s += 1 + strspn(s + 1, " \t");
        if (strncasecmp(s, key, key_len) || s[key_len] != '=') {
            /* a quoted value of another key may hold a semicolon */
            const char *quote = strchr(s, '"'), *semi = strchr(s, ';');
            if (quote && semi && quote < semi && !(s = strchr(quote + 1, '"'))) return SN_EBADMSG;
            continue;
        }
        s += key_len + 1;
        int quoted = *s == '"';
        size_t len = quoted ? strcspn(s + 1, "\"") : strcspn(s, "; \t");
        if ((quoted && s[1 + len] != '"') || len >= n) return SN_EBADMSG;
        memcpy(out, s + quoted, len);
        out[len] = 0;
        return 1;
    }
    return 0;
}

int multipart_begin(struct multipart *m, const char *content_type,
                    const struct multipart_sink *sink) {
    static const char type[] = "multipart/form-data";
    char boundary[MULTIPART_BOUNDARY_MAX + 1];
    size_t n = sizeof type - 1;
    if (!content_type || strncasecmp(content_type, type, n) ||
        (content_type[n] != ';' && content_type[n] != ' '))
        return SN_EINVAL;
    if (parameter(content_type, "boundary", boundary, sizeof boundary) != 1 || !*boundary)
        return SN_EINVAL;
    m->sink = sink;
    m->at = MULTIPART_PREAMBLE;
    m->delim_len = (size_t)snprintf(m->delim, sizeof m->delim, "\r\n--%s", boundary);
    /* The first delimiter need not follow a line end: lend it one. */
    m->len = 2;
    memcpy(m->buf, "\r\n", 2);
    return 0;
}

static void drop(struct multipart *m, size_t n) {
    m->len -= n;
    memmove(m->buf, m->buf + n, m->len);
}

/* Data, or what stands before the first part, up to a delimiter. 1 when one was found. */
static int take_data(struct multipart *m) {
    char *hit = memmem(m->buf, m->len, m->delim, m->delim_len);
    size_t keep = m->delim_len - 1;
    size_t n = hit ? (size_t)(hit - m->buf) : m->len > keep ? m->len - keep : 0;
    int in_part = m->at == MULTIPART_DATA, rc = 0;
    if (in_part && n) rc = m->sink->data(m->sink->arg, m->buf, n);
    if (rc < 0) return rc;
    if (hit && in_part) rc = m->sink->end(m->sink->arg);
    if (rc < 0) return rc;
    drop(m, hit ? n + m->delim_len : n);
    if (hit) m->at = MULTIPART_AFTER;
    return hit != NULL;
}

/* Behind a delimiter: the end, or the next part's head. 1 when it could tell. */
static int take_after(struct multipart *m) {
    while (m->len && (m->buf[0] == ' ' || m->buf[0] == '\t')) drop(m, 1);
    if (m->len < 2) return 0;
    if (!memcmp(m->buf, "--", 2))
        m->at = MULTIPART_END;
    else if (!memcmp(m->buf, "\r\n", 2))
        m->at = MULTIPART_HEAD;
    else
        return SN_EBADMSG;
    /* The line end stays with the head: a part without headers then ends its head alike. */
    return 1;
}

/* The part's Content-Disposition in a terminated head of lines; NULL when it has none. */
static const char *disposition(char *head) {
    static const char name[] = "\r\nContent-Disposition:";
    char *at = strcasestr(head, name);
    if (!at) return NULL;
    at += sizeof name - 1;
    at[strcspn(at, "\r\n")] = 0;
    return at;
}

static int take_head(struct multipart *m) {
    char name[128], filename[512];
    char *blank = memmem(m->buf, m->len, "\r\n\r\n", 4);
    if (!blank) return m->len > MULTIPART_HEAD_MAX ? SN_EBADMSG : 0;
    size_t n = (size_t)(blank - m->buf);
    if (n > MULTIPART_HEAD_MAX || memchr(m->buf, 0, n)) return SN_EBADMSG;
    *blank = 0;
    const char *value = disposition(m->buf);
    int has_name = value ? parameter(value, "name", name, sizeof name) : 0;
    int has_file = value ? parameter(value, "filename", filename, sizeof filename) : 0;
    if (has_name < 0 || has_file < 0) return SN_EBADMSG;
    int rc = m->sink->part(m->sink->arg, has_name ? name : "", has_file ? filename : NULL);
    if (rc < 0) return rc;
    drop(m, n + 4);
    m->at = MULTIPART_DATA;
    return 1;
}

static int step(struct multipart *m) {
    switch (m->at) {
    case MULTIPART_AFTER:
        return take_after(m);
    case MULTIPART_HEAD:
        return take_head(m);
    case MULTIPART_END:
        m->len = 0;
        return 0;
    default:
        return take_data(m);
    }
}

int multipart_feed(struct multipart *m, const char *bytes, size_t n) {
    if (n > MULTIPART_PIECE_MAX || n > sizeof m->buf - m->len) return SN_EBADMSG;
    memcpy(m->buf + m->len, bytes, n);
    m->len += n;
    int rc;
    while ((rc = step(m)) > 0) continue;
    return rc;
}

int multipart_finish(const struct multipart *m) { return m->at == MULTIPART_END ? 0 : SN_EBADMSG; }
