/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Artifact files: data/artifacts/<sha256>, written to a temporary, synced, then renamed. Equal
 * bytes are stored once. */
#ifndef FLEET_ARTIFACT_H
#define FLEET_ARTIFACT_H

#include <stddef.h>
#include <stdint.h>

#include "limits.h"
#include "result.h"

typedef struct artifact_hashes {
    uint64_t size;
    char md5[33], sha1[41], sha256[65]; /**< lower-case hex */
} artifact_hashes;

/** An upload that is under way. Its functions block on files; one user at a time. */
typedef struct artifact_upload artifact_upload;
int artifact_begin(artifact_upload **u, const char *dir, fleet_err *err);
/** Adds n bytes. SN_EFBIG beyond FLEET_ARTIFACT_MAX, SN_ENOSPC, SN_EIO: then only abort. */
int artifact_add(artifact_upload *u, const void *bytes, size_t n, fleet_err *err);
/** Makes the file durable under its hash and fills in *h. Frees u in every case. */
int artifact_finish(artifact_upload *u, artifact_hashes *h, fleet_err *err);
/** Removes the temporary and frees u. */
void artifact_abort(artifact_upload *u);
/** Removes what uploads left that ended with their process. Nobody may be uploading. Blocks. */
int artifact_clean(const char *dir, fleet_err *err);
/** Path of the file with that hash: 0, or SN_E2BIG when it does not fit. */
int artifact_path(const char *dir, const char *sha256, char *out, size_t n);
/** Hashes the file at `path`. Blocks. */
int artifact_hash_file(const char *path, artifact_hashes *h, fleet_err *err);

#endif
