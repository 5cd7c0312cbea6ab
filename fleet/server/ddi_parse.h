/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* What devices send over hawkBit's DDI, read leniently: real clients send `id` as text, number
 * or nothing and `time` in several shapes, so what is unknown or oddly typed is ignored and
 * only `status.execution` must be there. Pure: no I/O, never parks. */
#ifndef FLEET_DDI_PARSE_H
#define FLEET_DDI_PARSE_H

#include <stddef.h>
#include <stdint.h>

enum ddi_execution {
    DDI_CLOSED,
    DDI_PROCEEDING,
    DDI_CANCELED,
    DDI_SCHEDULED,
    DDI_REJECTED,
    DDI_RESUMED,
    DDI_DOWNLOADED,
    DDI_DOWNLOAD
};
enum ddi_finished { DDI_NONE, DDI_SUCCESS, DDI_FAILURE };

/** Most detail lines of one feedback that are kept, and most bytes of them all. */
#define DDI_DETAILS_MAX 50
#define DDI_TEXT_MAX 4096

struct ddi_feedback {
    enum ddi_execution execution;
    enum ddi_finished finished;
    int has_code;
    int32_t code;
    unsigned cnt, of;        /**< progress; of = 0: none given */
    char text[DDI_TEXT_MAX]; /**< details, one a line */
};

/** 0, or SN_EBADMSG with *why in words (static storage). Allocates, and frees, a JSON tree. */
int ddi_feedback_parse(const char *body, size_t n, struct ddi_feedback *out, const char **why);

enum ddi_mode { DDI_MERGE, DDI_REPLACE, DDI_REMOVE };
#define DDI_ATTRIBUTES_MAX 100
#define DDI_ATTRIBUTE_KEY_MAX 128
#define DDI_ATTRIBUTE_VALUE_MAX 256

struct ddi_config {
    enum ddi_mode mode;
    size_t n;
    struct ddi_attribute {
        const char *key, *value;
    } at[DDI_ATTRIBUTES_MAX];
    void *tree_; /**< owns the texts */
};
/**
 * Reads a configData body. 0; SN_EBADMSG for what is no attribute map; SN_E2BIG for too many or
 * too long attributes; *why in words. On 0 release it with ddi_config_free.
 */
int ddi_config_parse(const char *body, size_t n, struct ddi_config *out, const char **why);
void ddi_config_free(struct ddi_config *c);

/** Writes a poll interval as hawkBit does: exactly "HH:MM:SS", from 1 s to 23:59:59. */
void ddi_sleep_text(int64_t seconds, char out[9]);

#endif
