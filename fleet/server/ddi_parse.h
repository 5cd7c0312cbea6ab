/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* What devices send over hawkBit's DDI, read leniently: real clients send `id` as text, number
 * or nothing and `time` in several shapes, so what is unknown or oddly typed is ignored and
 * only `status.execution` must be there. Pure: no I/O, never parks. */
#ifndef FLEET_DDI_PARSE_H
#define FLEET_DDI_PARSE_H

#include "fleet.h"

struct ddi_feedback {
    fleet_feedback fb; /**< its details are `text` below, or NULL */
    char text[FLEET_DETAIL_BYTES_MAX + 1];
};

/** 0, or SN_EBADMSG with *why in words (static storage). Allocates, and frees, a JSON tree. */
int ddi_feedback_parse(const char *body, size_t n, struct ddi_feedback *out, const char **why);

/**
 * Reads a configData body into *attrs (malloc'ed, *count of them; NULL for none). 0; SN_EBADMSG
 * for what is no attribute map; SN_E2BIG for too many or too long attributes; SN_ENOMEM. *why
 * says it in words.
 */
int ddi_config_parse(const char *body, size_t n, enum attr_mode *mode, fleet_attr **attrs,
                     uint32_t *count, const char **why);

#endif
