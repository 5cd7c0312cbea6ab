/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Answers and request parts that all handlers share. Errors leave as problem+json; results of
 * the fleet become statuses here and nowhere else. */
#ifndef FLEET_REPLY_H
#define FLEET_REPLY_H

#include "app.h"
#include "json.h"
#include "json_in.h"

/** Sends the JSON that was written and empties the writer; 500 when memory ran out. Parks. */
void reply_json(sn_http_writer *w, int status, json *j);
/** The HTTP status of a result of the fleet (below 0). */
int reply_status_of(int result);
/** Answers with a failed result: `err` (may be NULL) gives the detail. Parks. */
void reply_result(sn_http_writer *w, int result, const fleet_err *err);
/** Answers 200 without a body when result is 0, else as reply_result. Parks. */
void reply_done(sn_http_writer *w, int result, const fleet_err *err);

/**
 * Reads the body, which must be a JSON object. NULL when it is not: then it was answered. Free
 * with cJSON_Delete. Parks.
 */
cJSON *reply_body_object(sn_http_writer *w, sn_http_request *r, size_t max);
/** As above for any JSON value. */
cJSON *reply_body_json(sn_http_writer *w, sn_http_request *r, size_t max);
/** Reads from an sn_file: what sn_http_content wants. */
int reply_file_read(void *file, void *buf, size_t n, uint64_t at, size_t *done);
/** 1 once the server drains: long answers should end. */
int reply_draining(const struct app *app);
/** Reads a path part as an id (1 … 2^63-1). 0, or -1 when it was answered with 404. */
int reply_path_id(sn_http_writer *w, sn_http_request *r, const char *name, int64_t *id);
/** Reads offset, limit and the match parameter (`match` names it). 0, or -1: answered with 400. */
int reply_page(sn_http_writer *w, sn_http_request *r, const char *match, fleet_page *page);

#endif
