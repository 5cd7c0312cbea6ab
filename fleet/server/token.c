/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Tokens: random text, SHA-256, comparison without a tell-tale time. */
#include "token.h"

#include <openssl/crypto.h>
#include <openssl/sha.h>
#include <sennit/base.h>
#include <sennit/time.h>
#include <string.h>

void token_make(char out[TOKEN_CHARS + 1]) {
    static const char set[] = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
    uint8_t rnd[64];
    int n = 0;
    while (n < TOKEN_CHARS) {
        sn_random(rnd, sizeof rnd);
        /* 248 is the largest multiple of 62 in a byte: beyond it some letters would be likelier */
        for (size_t i = 0; i < sizeof rnd && n < TOKEN_CHARS; i++)
            if (rnd[i] < 248) out[n++] = set[rnd[i] % 62];
    }
    out[n] = 0;
    OPENSSL_cleanse(rnd, sizeof rnd);
}

void token_hash(const char *token, size_t n, uint8_t out[TOKEN_HASH]) {
    SHA256((const unsigned char *)token, n, out);
}

int token_equal(const uint8_t *a, const uint8_t *b, size_t n) {
    return CRYPTO_memcmp(a, b, n) == 0;
}

void token_hex(const uint8_t *in, size_t n, char *out) {
    static const char digits[] = "0123456789abcdef";
    for (size_t i = 0; i < n; i++) {
        out[2 * i] = digits[in[i] >> 4];
        out[2 * i + 1] = digits[in[i] & 15];
    }
    out[2 * n] = 0;
}

static int digit(char c) {
    if (c >= '0' && c <= '9') return c - '0';
    if (c >= 'a' && c <= 'f') return c - 'a' + 10;
    if (c >= 'A' && c <= 'F') return c - 'A' + 10;
    return -1;
}

int token_unhex(const char *in, uint8_t *out, size_t n) {
    for (size_t i = 0; i < n; i++) {
        int hi = digit(in[2 * i]);
        int lo = hi < 0 ? -1 : digit(in[2 * i + 1]);
        if (lo < 0) return SN_EINVAL;
        out[i] = (uint8_t)(hi << 4 | lo);
    }
    return in[2 * n] ? SN_EINVAL : 0;
}

static const char *const role_names[] = {"none", "viewer", "operator", "approver", "admin"};

const char *role_name(enum fleet_role r) { return role_names[r <= ROLE_ADMIN ? r : ROLE_NONE]; }

enum fleet_role role_parse(const char *name) {
    for (int i = ROLE_VIEWER; i <= ROLE_ADMIN; i++)
        if (strcmp(name, role_names[i]) == 0) return (enum fleet_role)i;
    return ROLE_NONE;
}
