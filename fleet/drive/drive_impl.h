/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* What the driver's files share: one device, and what all have in common. A device belongs to
 * its coroutine; the common part is read-only but for the statistics and the journal. */
#ifndef FLEET_DRIVE_IMPL_H
#define FLEET_DRIVE_IMPL_H

#include "drive.h"

#include <sennit/http.h>
#include <sennit/sennit.h>

#define DRIVE_ID_MAX 96
#define DRIVE_TARGET_MAX 512
#define DRIVE_BODY_MAX (64u << 10)

struct drive_common {
    const struct drive_conf *conf;
    struct drive_stats *stats;
    char address[128];
    char **tokens; /**< per device, from the token file; NULL with a gateway token */
    sn_file *journal;
    uint64_t journal_at;
    sn_mutex journal_lock;
};

struct drive_device {
    struct drive_common *common;
    uint64_t number, rng;
    sn_http_client *client;
    unsigned tries; /**< since the last exchange that worked */
    int online;
    int reported; /**< what it runs */
    char id[DRIVE_ID_MAX];
    char authorization[192];
    char done[32]; /**< the last action whose final feedback was acknowledged */
};

/** Pseudo-random 64 bits of the device's own. */
uint64_t drive_random(struct drive_device *d);
/** 0…1 from (seed, device, version): the same in every run. */
double drive_draw(int64_t seed, const char *device, const char *version);

/** One exchange. */
struct drive_call {
    const char *method, *target, *body; /**< body NULL: none */
    const char *range;                  /**< Range header, or NULL */
};
/**
 * Makes the call once on the kept connection, or on a new one. Parks. 0 and *r, whatever the
 * status; or an error: the connection is gone then.
 */
SN_PARKS int drive_exchange(struct drive_device *d, const struct drive_call *call,
                            sn_http_response **r);
/** As drive_exchange, again and again with jitter until there is an answer below 500; reads its
 *  body into *text (the client's, NULL-terminated). Returns the status, or a cancel. */
SN_PARKS int drive_request(struct drive_device *d, const struct drive_call *call, char **text,
                           size_t *n);
/** Closes the connection and waits before the next try. 0 or a cancel. */
SN_PARKS int drive_back_off(struct drive_device *d);
/** The part of an absolute URL that follows the host; the text itself when it is a path. */
const char *drive_target(const char *url);

/** Does the job behind a deploymentBase link to its end. 0 or a cancel. */
SN_PARKS int drive_deploy(struct drive_device *d, const char *link);
/** Answers a cancelAction link. 0 or a cancel. */
SN_PARKS int drive_cancel(struct drive_device *d, const char *link);
/** A device's coroutine; arg is its struct drive_device. */
int drive_device_run(void *arg);

#endif
