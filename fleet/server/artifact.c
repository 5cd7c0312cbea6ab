/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Artifact files: hashed while they are written, named by their hash in the end. */
#include "artifact.h"

#include <openssl/evp.h>
#include <sennit/file.h>
#include <sennit/go.h>
#include <sennit/time.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "token.h"

enum { PATH_MAX_BYTES = 1200, CHUNK = 32768, MD5 = 16, SHA1 = 20, SHA256 = 32 };

#define UPLOAD "upload-" /* begins the name of a temporary; no hash begins so */

/* The three hashes of one stream. */
typedef struct hashing {
    EVP_MD_CTX *md5, *sha1, *sha256;
    uint64_t size;
} hashing;

struct artifact_upload {
    char dir[PATH_MAX_BYTES], temp[PATH_MAX_BYTES + 64];
    sn_file *f;
    hashing h;
};

static EVP_MD_CTX *begin(const EVP_MD *md) {
    EVP_MD_CTX *c = EVP_MD_CTX_new();
    if (c && EVP_DigestInit_ex(c, md, NULL) == 1) return c;
    EVP_MD_CTX_free(c);
    return NULL;
}

static void hashing_free(hashing *h) {
    EVP_MD_CTX_free(h->md5);
    EVP_MD_CTX_free(h->sha1);
    EVP_MD_CTX_free(h->sha256);
    memset(h, 0, sizeof *h);
}

static int hashing_begin(hashing *h) {
    h->md5 = begin(EVP_md5());
    h->sha1 = begin(EVP_sha1());
    h->sha256 = begin(EVP_sha256());
    if (h->md5 && h->sha1 && h->sha256) return 0;
    hashing_free(h);
    return SN_ENOMEM;
}

static int hashing_add(hashing *h, const void *p, size_t n) {
    h->size += n;
    int ok = EVP_DigestUpdate(h->md5, p, n) == 1 && EVP_DigestUpdate(h->sha1, p, n) == 1 &&
             EVP_DigestUpdate(h->sha256, p, n) == 1;
    return ok ? 0 : SN_EIO;
}

static int hashing_end(hashing *h, artifact_hashes *out) {
    uint8_t md5[MD5], sha1[SHA1], sha256[SHA256];
    int ok = EVP_DigestFinal_ex(h->md5, md5, NULL) == 1 &&
             EVP_DigestFinal_ex(h->sha1, sha1, NULL) == 1 &&
             EVP_DigestFinal_ex(h->sha256, sha256, NULL) == 1;
    if (!ok) return SN_EIO;
    token_hex(md5, sizeof md5, out->md5);
    token_hex(sha1, sizeof sha1, out->sha1);
    token_hex(sha256, sizeof sha256, out->sha256);
    out->size = h->size;
    return 0;
}

int artifact_path(const char *dir, const char *sha256, char *out, size_t n) {
    int len = snprintf(out, n, "%s/%s", dir, sha256);
    return len > 0 && (size_t)len < n ? 0 : SN_E2BIG;
}

static int open_temp(artifact_upload *u, const char *dir) {
    uint8_t rnd[12];
    char hex[2 * sizeof rnd + 1];
    sn_random(rnd, sizeof rnd);
    token_hex(rnd, sizeof rnd, hex);
    int n = snprintf(u->dir, sizeof u->dir, "%s", dir);
    if (n < 1 || (size_t)n >= sizeof u->dir) return SN_E2BIG;
    snprintf(u->temp, sizeof u->temp, "%s/" UPLOAD "%s", dir, hex);
    return sn_file_open(&u->f, u->temp, SN_F_WRITE | SN_F_CREATE | SN_F_EXCL);
}

int artifact_begin(artifact_upload **out, const char *dir, fleet_err *err) {
    *out = NULL;
    artifact_upload *u = calloc(1, sizeof *u);
    if (!u) return fleet_fail(err, SN_ENOMEM, "out of memory");
    int rc = hashing_begin(&u->h);
    if (!rc) rc = open_temp(u, dir);
    if (rc) {
        hashing_free(&u->h);
        free(u);
        return fleet_fail(err, rc, "%s: cannot begin an upload: %s", dir, sn_strerror(rc));
    }
    *out = u;
    return 0;
}

int artifact_add(artifact_upload *u, const void *bytes, size_t n, fleet_err *err) {
    size_t done;
    if (n > FLEET_ARTIFACT_MAX - u->h.size)
        return fleet_fail(err, SN_EFBIG, "the artifact is larger than %llu bytes",
                          (unsigned long long)FLEET_ARTIFACT_MAX);
    int rc = sn_file_write(u->f, bytes, n, u->h.size, &done);
    if (!rc) rc = hashing_add(&u->h, bytes, n);
    return rc ? fleet_fail(err, rc, "the artifact cannot be stored: %s", sn_strerror(rc)) : 0;
}

void artifact_abort(artifact_upload *u) {
    if (!u) return;
    uint32_t was = sn_shield(1); /* who is cancelled cleans up too */
    if (u->f) sn_file_close(u->f);
    (void)!sn_path_remove(u->temp);
    sn_shield(was);
    hashing_free(&u->h);
    free(u);
}

int artifact_finish(artifact_upload *u, artifact_hashes *h, fleet_err *err) {
    char path[PATH_MAX_BYTES + 80];
    int rc = hashing_end(&u->h, h);
    if (!rc) rc = sn_file_sync(u->f);
    if (!rc) rc = artifact_path(u->dir, h->sha256, path, sizeof path);
    sn_file_close(u->f);
    u->f = NULL;
    if (!rc) rc = sn_path_rename(u->temp, path);
    if (rc) {
        artifact_abort(u);
        return fleet_fail(err, rc, "the artifact cannot be stored: %s", sn_strerror(rc));
    }
    hashing_free(&u->h);
    free(u);
    return 0;
}

static int clean_one(void *dir, const char *name) {
    char path[PATH_MAX_BYTES + 64];
    if (strncmp(name, UPLOAD, sizeof UPLOAD - 1)) return 0;
    int n = snprintf(path, sizeof path, "%s/%s", (const char *)dir, name);
    if (n < 1 || (size_t)n >= sizeof path) return SN_E2BIG;
    int rc = sn_path_remove(path);
    return rc == SN_ENOENT ? 0 : rc;
}

int artifact_clean(const char *dir, fleet_err *err) {
    int rc = sn_path_list(dir, clean_one, (void *)(uintptr_t)dir);
    return rc ? fleet_fail(err, rc, "%s: %s", dir, sn_strerror(rc)) : 0;
}

static int hash_stream(sn_file *f, hashing *h) {
    char *buf = malloc(CHUNK);
    if (!buf) return SN_ENOMEM;
    size_t got = CHUNK;
    int rc = 0;
    while (!rc && got == CHUNK) {
        rc = sn_file_read(f, buf, CHUNK, h->size, &got);
        if (!rc) rc = hashing_add(h, buf, got);
    }
    free(buf);
    return rc;
}

int artifact_hash_file(const char *path, artifact_hashes *out, fleet_err *err) {
    hashing h = {0};
    sn_file *f;
    int rc = sn_file_open(&f, path, SN_F_READ);
    if (rc) return fleet_fail(err, rc, "%s: %s", path, sn_strerror(rc));
    rc = hashing_begin(&h);
    if (!rc) {
        rc = hash_stream(f, &h);
        if (!rc) rc = hashing_end(&h, out);
        hashing_free(&h);
    }
    sn_file_close(f);
    return rc ? fleet_fail(err, rc, "%s: %s", path, sn_strerror(rc)) : 0;
}
