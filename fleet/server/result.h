/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Results of the fleet's domain functions: 0, an SN_E… of the library, or one of these. The
 * HTTP side maps them in one place:
 *   SN_EINVAL 400, SN_EACCES 401, SN_EPERM 403, SN_ENOENT 404, SN_EEXIST 409, SN_EBUSY 409
 *   (the state does not allow it), FLEET_INUSE 409, FLEET_GONE 410, FLEET_STALE 412,
 *   SN_EFBIG/SN_E2BIG 413, FLEET_QUOTA 429, anything else 500. */
#ifndef FLEET_RESULT_H
#define FLEET_RESULT_H

#include <sennit/base.h>

enum fleet_result {
    FLEET_GONE = -5001,   /**< the action is no longer active */
    FLEET_QUOTA = -5002,  /**< a limit on counts was reached */
    FLEET_STALE = -5003,  /**< If-Match names another version than the stored one */
    FLEET_INUSE = -5004,  /**< something refers to it, so it can't be changed or deleted */
    FLEET_SCHEMA = -5005, /**< the data was written by a newer release */
    FLEET_DAMAGED = -5006 /**< stored data contradicts itself: run `check` */
};

/** What went wrong, for people: names the object and the limit. Empty when nothing did. */
typedef struct fleet_err {
    char text[256];
} fleet_err;

/** Writes the text of an error (err may be NULL) and returns `code`. */
int fleet_fail(fleet_err *err, int code, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));
/** Name of a result for logs: "FLEET_GONE", "SN_ENOENT". Static storage. */
const char *fleet_result_name(int code);

#endif
