/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Authorization headers: see auth.h. */
#include "auth.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

/* What follows "<scheme> " in a header, or NULL; schemes match in any case. */
static const char *after(const char *header, const char *scheme) {
    size_t n = strlen(scheme);
    if (!header || strncasecmp(header, scheme, n) || header[n] != ' ') return NULL;
    header += n;
    while (*header == ' ') header++;
    return *header ? header : NULL;
}

void auth_device(const char *header, fleet_cred *cred) {
    memset(cred, 0, sizeof *cred);
    const char *target = after(header, "TargetToken"), *gateway = after(header, "GatewayToken");
    cred->token = target ? target : gateway;
    cred->n = cred->token ? strlen(cred->token) : 0;
    if (cred->n && cred->n <= TOKEN_MAX) cred->kind = target ? CRED_TARGET : CRED_GATEWAY;
}

static int sextet(char c) {
    static const char set[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    const char *at = c ? strchr(set, c) : NULL;
    return at ? (int)(at - set) : -1;
}

/* Decodes base64 into at most max bytes and a 0. The length, or -1 for what is none. */
static int base64(const char *s, char *out, int max) {
    int n = 0, bits = 0;
    uint32_t acc = 0;
    for (; *s && *s != '='; s++) {
        int v = sextet(*s);
        if (v < 0 || n == max) return -1;
        acc = acc << 6 | (uint32_t)v;
        bits += 6;
        if (bits < 8) continue;
        bits -= 8;
        out[n] = (char)(acc >> bits & 0xff);
        if (!out[n++]) return -1;
    }
    out[n] = 0;
    return s[strspn(s, "=")] ? -1 : n;
}

static int basic(const char *value, char token[TOKEN_MAX + 1], char name[AUTH_USER_MAX]) {
    char text[AUTH_USER_MAX + TOKEN_MAX + 1];
    if (base64(value, text, (int)sizeof text - 1) < 0) return SN_EINVAL;
    char *colon = strchr(text, ':');
    if (!colon || strlen(colon + 1) > TOKEN_MAX) return SN_EINVAL;
    *colon = 0;
    const char *tenant_end = strchr(text, '\\');
    const char *user = tenant_end ? tenant_end + 1 : text;
    size_t user_len = strlen(user);
    if (user_len >= AUTH_USER_MAX) return SN_EINVAL;
    memcpy(name, user, user_len + 1);
    strcpy(token, colon + 1);
    return 0;
}

int auth_operator(const char *header, char token[TOKEN_MAX + 1], char name[AUTH_USER_MAX]) {
    const char *bearer = after(header, "Bearer"), *value = after(header, "Basic");
    name[0] = token[0] = 0;
    if (value) return basic(value, token, name);
    if (!bearer || strlen(bearer) > TOKEN_MAX) return SN_EINVAL;
    snprintf(token, TOKEN_MAX + 1, "%s", bearer);
    return 0;
}
