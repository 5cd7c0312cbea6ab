/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* The key that signs the record: 32 bytes of seed as hex in a file of its own, Ed25519. */
#include <openssl/crypto.h>
#include <openssl/sha.h>
#include <sennit/file.h>
#include <sennit/time.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "record_impl.h"

enum { SEED = 32 };

static int from_seed(record_key *k, const uint8_t seed[SEED]) {
    uint8_t pub[RECORD_PUBLIC];
    size_t n = sizeof pub;
    k->key = EVP_PKEY_new_raw_private_key(EVP_PKEY_ED25519, NULL, seed, SEED);
    if (!k->key || EVP_PKEY_get_raw_public_key(k->key, pub, &n) != 1) return SN_EIO;
    token_hex(pub, sizeof pub, k->public);
    return record_key_id(k->public, k->id);
}

static int make_seed(const char *path, uint8_t seed[SEED], fleet_err *err) {
    char text[2 * SEED + 2];
    sn_random(seed, SEED);
    token_hex(seed, SEED, text);
    strcat(text, "\n");
    int rc = sn_path_write(path, text, strlen(text));
    OPENSSL_cleanse(text, sizeof text);
    return rc ? fleet_fail(err, rc, "%s: cannot write a signing key: %s", path, sn_strerror(rc))
              : 0;
}

static int read_seed(const char *path, uint8_t seed[SEED], fleet_err *err) {
    char *text;
    size_t n;
    int rc = sn_path_read(path, 1024, &text, &n);
    if (rc == SN_ENOENT) return make_seed(path, seed, err);
    if (rc) return fleet_fail(err, rc, "%s: %s", path, sn_strerror(rc));
    while (n && (text[n - 1] == '\n' || text[n - 1] == '\r')) text[--n] = 0;
    rc = n == 2 * SEED ? token_unhex(text, seed, SEED) : SN_EINVAL;
    OPENSSL_cleanse(text, n);
    free(text);
    return rc ? fleet_fail(err, rc, "%s is no signing key: it must hold 64 hex digits", path) : 0;
}

int record_key_open(record_key **out, const char *path, fleet_err *err) {
    uint8_t seed[SEED];
    *out = NULL;
    int rc = read_seed(path, seed, err);
    if (rc) return rc;
    record_key *k = calloc(1, sizeof *k);
    rc = k ? from_seed(k, seed) : SN_ENOMEM;
    OPENSSL_cleanse(seed, sizeof seed);
    if (rc) {
        record_key_free(k);
        return fleet_fail(err, rc, "%s: Ed25519 is not available", path);
    }
    *out = k;
    return 0;
}

void record_key_free(record_key *k) {
    if (!k) return;
    EVP_PKEY_free(k->key);
    free(k);
}

int record_key_id(const char *public_hex, char out[RECORD_KEY_HEX + 1]) {
    uint8_t pub[RECORD_PUBLIC], hash[SHA256_DIGEST_LENGTH];
    if (token_unhex(public_hex, pub, sizeof pub)) return SN_EINVAL;
    SHA256(pub, sizeof pub, hash);
    token_hex(hash, RECORD_KEY_HEX / 2, out);
    return 0;
}

void record_hash(const void *bytes, size_t n, char out[RECORD_HASH_HEX + 1]) {
    uint8_t hash[SHA256_DIGEST_LENGTH];
    SHA256(bytes, n, hash);
    token_hex(hash, sizeof hash, out);
}

int record_sign(const record_key *k, const void *bytes, size_t n, char out[RECORD_SIG_HEX + 1]) {
    uint8_t sig[RECORD_SIG];
    size_t len = sizeof sig;
    EVP_MD_CTX *ctx = EVP_MD_CTX_new();
    int ok = ctx && EVP_DigestSignInit(ctx, NULL, NULL, NULL, k->key) == 1 &&
             EVP_DigestSign(ctx, sig, &len, bytes, n) == 1;
    EVP_MD_CTX_free(ctx);
    if (!ok || len != sizeof sig) return SN_EIO;
    token_hex(sig, sizeof sig, out);
    return 0;
}

int record_signed_by(const char *public_hex, const char *sig_hex, const void *bytes, size_t n) {
    uint8_t pub[RECORD_PUBLIC], sig[RECORD_SIG];
    if (token_unhex(public_hex, pub, sizeof pub) || token_unhex(sig_hex, sig, sizeof sig)) return 0;
    EVP_PKEY *key = EVP_PKEY_new_raw_public_key(EVP_PKEY_ED25519, NULL, pub, sizeof pub);
    EVP_MD_CTX *ctx = EVP_MD_CTX_new();
    int ok = key && ctx && EVP_DigestVerifyInit(ctx, NULL, NULL, NULL, key) == 1 &&
             EVP_DigestVerify(ctx, sig, sizeof sig, bytes, n) == 1;
    EVP_MD_CTX_free(ctx);
    EVP_PKEY_free(key);
    return ok;
}

int record_keys_add(record_keys *keys, const char *public_hex) {
    if (keys->n == (int)(sizeof keys->key / sizeof *keys->key)) return SN_E2BIG;
    if (record_key_id(public_hex, keys->key[keys->n].id)) return SN_EINVAL;
    snprintf(keys->key[keys->n].public, sizeof keys->key->public, "%s", public_hex);
    keys->n++;
    return 0;
}

const char *record_keys_find(const record_keys *keys, const char *id, size_t n) {
    for (int i = 0; i < keys->n; i++)
        if (strlen(keys->key[i].id) == n && memcmp(keys->key[i].id, id, n) == 0)
            return keys->key[i].public;
    return NULL;
}
