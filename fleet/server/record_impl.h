/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Shared by the files that write and check the record. */
#ifndef FLEET_RECORD_IMPL_H
#define FLEET_RECORD_IMPL_H

#include <openssl/evp.h>

#include "record.h"

enum {
    RECORD_HASH_HEX = 64,
    RECORD_SIG = 64,
    RECORD_SIG_HEX = 128,
    RECORD_KEY_HEX = 16,
    RECORD_PUBLIC = 32,
    RECORD_PUBLIC_HEX = 64
};
#define RECORD_FORMAT "sennit-fleet-record-1"
#define RECORD_ZERO "0000000000000000000000000000000000000000000000000000000000000000"

struct record_key {
    EVP_PKEY *key;
    char id[RECORD_KEY_HEX + 1]; /**< start of the public key's SHA-256 */
    char public[RECORD_PUBLIC_HEX + 1];
};

/** Signs n bytes: hex of the signature and a 0. SN_EIO. */
int record_sign(const record_key *k, const void *bytes, size_t n, char out[RECORD_SIG_HEX + 1]);
/** Id of a public key given in hex: SN_EINVAL when it is none. */
int record_key_id(const char *public_hex, char out[RECORD_KEY_HEX + 1]);
/** 1 if `sig` (hex) over n bytes is by the key with that public half. */
int record_signed_by(const char *public_hex, const char *sig, const void *bytes, size_t n);
/** Hash of n bytes as hex and a 0. */
void record_hash(const void *bytes, size_t n, char out[RECORD_HASH_HEX + 1]);

/** Public halves of the keys that are believed. */
typedef struct record_keys {
    struct {
        char id[RECORD_KEY_HEX + 1];
        char public[RECORD_PUBLIC_HEX + 1];
    } key[16];
    int n;
} record_keys;
/** Adds one; SN_EINVAL when it is no key, SN_E2BIG when there is no room. */
int record_keys_add(record_keys *keys, const char *public_hex);
const char *record_keys_find(const record_keys *keys, const char *id, size_t n);

/**
 * Checks one line (n bytes, no line feed) that must have sequence `seq` and follow `head` (hex),
 * which it replaces with its own hash. 0, or FLEET_DAMAGED and what is wrong.
 */
int record_check_line(const char *line, size_t n, uint64_t seq, char head[RECORD_HASH_HEX + 1],
                      const record_keys *keys, fleet_err *err);

#endif
