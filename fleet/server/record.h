/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* The record: every decision and every operator's write, chained per tenant by SHA-256, each
 * link signed with Ed25519 by a key that is not in the database.
 *
 * One line of the export is one record:
 *   {"seq":7,"prev":"<64 hex>","utc_ms":…,"tenant":"DEFAULT","actor":"alice","role":"approver",
 *    "event":"rollout.approve","object":"rollout/3","before":{…},"after":{…},"reason":"…",
 *    "key":"<16 hex>","hash":"<64 hex>","sig":"<128 hex>"}
 * hash is the SHA-256 of the line's bytes before `,"hash":`; prev is the hash of the line with
 * seq - 1 (zeros for the first); sig is over the 32 bytes of hash. The first line of the file
 * names format, tenant and public keys; the last repeats the last hash and their number, signed,
 * so that a shortened file is noticed. */
#ifndef FLEET_RECORD_H
#define FLEET_RECORD_H

#include "limits.h"
#include "result.h"
#include "sql.h"
#include "token.h"

/** Who does something. Strings are copied by whoever keeps them. */
typedef struct fleet_actor {
    int64_t tenant;
    const char *name; /**< user's name, or "system" for the server's own decisions */
    enum fleet_role role;
} fleet_actor;

typedef struct record {
    const fleet_actor *actor;
    const char *event;  /**< "rollout.approve", "target.create" … stable names */
    const char *object; /**< "rollout/3", "target/veh-1" */
    const char *before; /**< JSON, NULL: null */
    const char *after;  /**< JSON, NULL: null */
    const char *reason; /**< NULL: "" */
} record;

typedef struct record_key record_key;
/** Reads the signing key at `path` (mode 0600), or makes one if there is none. Blocks. */
int record_key_open(record_key **k, const char *path, fleet_err *err);
void record_key_free(record_key *k);

/** Appends to the chain of rec->actor->tenant, inside the caller's transaction. */
int record_append(sql *db, const record_key *k, const record *rec);

/** Writes the tenant's chain as a file (see above). Reads from `db`; blocks. */
int record_export(sql *db, const record_key *k, int64_t tenant, const char *path, fleet_err *err);
/**
 * Checks an exported file without server or database. `trusted` is the hex public key expected
 * (NULL: those the file itself names are believed). 0 and the number of records; FLEET_DAMAGED
 * and in err the line and what is wrong with it; SN_ENOENT, SN_EIO.
 */
int record_verify_file(const char *path, const char *trusted, uint64_t *records, fleet_err *err);
/** Checks the chain in the database in the same way. */
int record_verify_db(sql *db, int64_t tenant, uint64_t *records, fleet_err *err);

#endif
