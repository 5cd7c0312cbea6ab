/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Secrets of devices, gateways and operators: made here, shown once, kept only as SHA-256,
 * compared in constant time. */
#ifndef FLEET_TOKEN_H
#define FLEET_TOKEN_H

#include <stddef.h>
#include <stdint.h>

enum { TOKEN_CHARS = 32, TOKEN_MAX = 128, TOKEN_HASH = 32 };

/** A new random token: 32 letters and digits (190 bits) and a 0. */
void token_make(char out[TOKEN_CHARS + 1]);
/** SHA-256 of a token of n bytes. */
void token_hash(const char *token, size_t n, uint8_t out[TOKEN_HASH]);
/** 1 if the first n bytes are equal; takes the same time whatever differs. */
int token_equal(const uint8_t *a, const uint8_t *b, size_t n);
/** Lower-case hex of n bytes and a 0: out has 2n + 1 bytes. */
void token_hex(const uint8_t *in, size_t n, char *out);
/** The reverse: 0, or SN_EINVAL when `in` is not exactly 2n hex digits. */
int token_unhex(const char *in, uint8_t *out, size_t n);

enum fleet_role { ROLE_NONE, ROLE_VIEWER, ROLE_OPERATOR, ROLE_APPROVER, ROLE_ADMIN };
/** "viewer" …; "none" for anything else. Static storage. */
const char *role_name(enum fleet_role r);
/** The reverse; ROLE_NONE for an unknown name. */
enum fleet_role role_parse(const char *name);

#endif
