/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Reading and writing addresses. Strict: what is not plainly an address is refused, so that
 * "1.2.3" or "0x7f.1" never means a host to one part of a system and another to the next. */
#include "io/addr.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>

static int port_of(const char *s, uint16_t *port) {
    unsigned v = 0;
    size_t n = 0;
    for (; s[n] >= '0' && s[n] <= '9' && n < 6; n++) v = v * 10 + (unsigned)(s[n] - '0');
    if (n == 0 || s[n] || v > 65535) return SN_EINVAL;
    *port = (uint16_t)v;
    return 0;
}

static int host_of(const char *from, size_t n, char host[SN__HOST_MAX]) {
    if (n == 0 || n >= SN__HOST_MAX) return SN_EINVAL;
    memcpy(host, from, n);
    host[n] = 0;
    return 0;
}

static int split_bracketed(const char *text, char host[SN__HOST_MAX], uint16_t *port) {
    const char *end = strchr(text, ']');
    struct in6_addr v6;
    if (!end || end[1] != ':') return SN_EINVAL;
    if (host_of(text + 1, (size_t)(end - text) - 1, host)) return SN_EINVAL;
    if (inet_pton(AF_INET6, host, &v6) != 1) return SN_EINVAL;
    return port_of(end + 2, port);
}

int sn__addr_split(const char *text, char host[SN__HOST_MAX], uint16_t *port) {
    if (text[0] == '[') return split_bracketed(text, host, port);
    const char *colon = strchr(text, ':');
    if (!colon || host_of(text, (size_t)(colon - text), host)) return SN_EINVAL;
    return port_of(colon + 1, port);
}

static void add4(sn__addrs *out, struct in_addr ip, uint16_t port) {
    sn__addr *a = &out->a[out->n++];
    memset(a, 0, sizeof *a);
    a->len = sizeof a->u.in4;
    a->u.in4.sin_family = AF_INET;
    a->u.in4.sin_port = htons(port);
    a->u.in4.sin_addr = ip;
}

static void add6(sn__addrs *out, const struct in6_addr *ip, uint16_t port) {
    sn__addr *a = &out->a[out->n++];
    memset(a, 0, sizeof *a);
    a->len = sizeof a->u.in6;
    a->u.in6.sin6_family = AF_INET6;
    a->u.in6.sin6_port = htons(port);
    a->u.in6.sin6_addr = *ip;
}

static int is_digit(char c) { return c >= '0' && c <= '9'; }

static int is_name_char(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || is_digit(c) || c == '-' ||
           c == '_' || c == '.';
}

/* Letters, digits, '-', '_' and '.'; a last label of digits would be a broken IPv4 address, which
 * some resolvers read in ways of their own. */
static int is_name(const char *s) {
    size_t label = 0, digits = 0;
    if (*s == '.' || *s == '-') return 0;
    for (; *s; s++) {
        if (!is_name_char(*s) || (*s == '.' && label == 0)) return 0;
        if (*s == '.' && !s[1]) break;
        label = *s == '.' ? 0 : label + 1;
        digits = *s == '.' ? 0 : digits + (size_t)is_digit(*s);
        if (label > 63) return 0;
    }
    return label > 0 && digits < label;
}

int sn__addr_numeric(const char *host, uint16_t port, sn__addrs *out) {
    struct in_addr v4;
    struct in6_addr v6;
    out->n = 0;
    if (inet_pton(AF_INET, host, &v4) == 1) {
        add4(out, v4, port);
    } else if (inet_pton(AF_INET6, host, &v6) == 1) {
        add6(out, &v6, port);
    } else if (strcmp(host, "localhost") == 0) {
        v4.s_addr = htonl(INADDR_LOOPBACK);
        add4(out, v4, port);
        add6(out, &in6addr_loopback, port);
    } else {
        return is_name(host) ? SN_ENOENT : SN_EINVAL;
    }
    return 0;
}

int sn__addr_unix(const char *path, sn__addr *out) {
    size_t n = strlen(path);
    int abstract = path[0] == '@';
    if (n <= (size_t)abstract || n >= sizeof out->u.un.sun_path) return SN_EINVAL;
    memset(out, 0, sizeof *out);
    out->u.un.sun_family = AF_UNIX;
    memcpy(out->u.un.sun_path, path, n);
    if (abstract) out->u.un.sun_path[0] = 0;
    /* An abstract name is exactly its bytes; a path ends with its 0. */
    out->len = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + n + !abstract);
    return 0;
}

static int put(char *buf, size_t n, const char *text) {
    int want = snprintf(buf, n, "%s", text);
    return want >= 0 && (size_t)want < n ? 0 : SN_ERANGE;
}

static int format4(const void *ip, uint16_t port, char *text, size_t n) {
    char num[INET_ADDRSTRLEN];
    inet_ntop(AF_INET, ip, num, sizeof num);
    return snprintf(text, n, "%s:%u", num, ntohs(port));
}

static int format6(const struct sockaddr_in6 *a, char *text, size_t n) {
    char num[INET6_ADDRSTRLEN];
    if (IN6_IS_ADDR_V4MAPPED(&a->sin6_addr)) {
        return format4(&a->sin6_addr.s6_addr[12], a->sin6_port, text, n);
    }
    inet_ntop(AF_INET6, &a->sin6_addr, num, sizeof num);
    return snprintf(text, n, "[%s]:%u", num, ntohs(a->sin6_port));
}

static void format_unix(const sn__addr *a, char *text, size_t n) {
    size_t head = offsetof(struct sockaddr_un, sun_path);
    size_t len = a->len > head ? a->len - head : 0;
    const char *path = a->u.un.sun_path;
    if (len == 0) {
        snprintf(text, n, "unix");
    } else if (path[0] == 0) {
        snprintf(text, n, "@%.*s", (int)(len - 1), path + 1);
    } else {
        snprintf(text, n, "%.*s", (int)len, path);
    }
}

int sn__addr_format(const sn__addr *a, char *buf, size_t n) {
    char text[128] = "?";
    if (a->u.sa.sa_family == AF_INET) {
        format4(&a->u.in4.sin_addr, a->u.in4.sin_port, text, sizeof text);
    } else if (a->u.sa.sa_family == AF_INET6) {
        format6(&a->u.in6, text, sizeof text);
    } else if (a->u.sa.sa_family == AF_UNIX) {
        format_unix(a, text, sizeof text);
    }
    return put(buf, n, text);
}
