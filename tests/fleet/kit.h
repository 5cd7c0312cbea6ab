/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* A whole server in this process, on ports the kernel chooses, with an empty data folder; and a
 * client for one call at a time. */
#ifndef TESTS_FLEET_KIT_H
#define TESTS_FLEET_KIT_H

#include "check.h"
#include "json_in.h"
#include "server.h"

#include <sennit/sennit.h>

struct kit {
    struct server *server;
    struct serve_conf conf;
    char admin[TOKEN_CHARS + 1]; /**< the first admin's token */
    char gateway[TOKEN_CHARS + 1];
    char bearer[80], gateway_header[80];
};
extern struct kit kit;

/** Starts the runtime and a server in a folder called `name`, runs `cases` (which returns
 *  check_done()), stops it all. The exit status. `both`: one listener for devices and operators. */
int kit_main(const char *name, int both, int (*cases)(void));
/** Changes the server's configuration before it opens, if set before kit_main. */
extern void (*kit_configure)(struct serve_conf *);

/** An answer, valid until the next call. */
struct answer {
    int status;
    char body[256 << 10];
    size_t n;
    char etag[80], location[128], type[80], allow[80], range[80], challenge[80];
    cJSON *json; /**< of the body, or NULL */
};
extern struct answer answer;

/** What a call carries beside method and path; all may be NULL. */
struct extra {
    const char *auth; /**< Authorization */
    const char *body, *type, *if_match, *range, *if_range;
    const char *host;
    size_t body_len; /**< 0: strlen */
};
/** Calls the listener (APP_DEVICES, APP_OPERATORS) and fills in `answer`. The status. */
int kit_call(int listener, const char *method, const char *path, const struct extra *x);
/** As the first admin, with a JSON body or NULL. */
int kit_api(const char *method, const char *path, const char *body);
int kit_api_match(const char *method, const char *path, const char *body, const char *if_match);
/** As a device with the gateway token. */
int kit_device(const char *method, const char *path, const char *body);
/** Sends raw bytes and reads until the server closes; the status of the first answer, 0 for
 *  none. */
int kit_raw(int listener, const char *bytes, size_t n);

/** Values out of the last answer's JSON by a path like "stages.0.counts.total". */
const cJSON *kit_at(const char *path);
const char *kit_str(const char *path);
int64_t kit_int(const char *path);

/** Makes a module with one artifact of `content` called `file`, and a set of it; the set's id. */
int64_t kit_make_set(const char *name, const char *version, const char *file, const char *content);
/** Uploads to a module; the status. */
int kit_upload(int64_t module, const char *file, const char *content);

#endif
