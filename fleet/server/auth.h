/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Reads the Authorization header. Pure; secrets stay where they are, nothing is copied out. */
#ifndef FLEET_AUTH_H
#define FLEET_AUTH_H

#include "fleet.h"

/** "TargetToken x" or "GatewayToken x" into *cred, which points into `header`. CRED_NONE for
 *  anything else, NULL included. */
void auth_device(const char *header, fleet_cred *cred);

#define AUTH_USER_MAX (FLEET_NAME_MAX + FLEET_NAME_MAX + 2)
/**
 * An operator's token: "Bearer t", or "Basic" with "name:t" or "TENANT\name:t". token[] gets it;
 * name[] the name without its tenant, "" for Bearer. 0, or SN_EINVAL for any other header.
 */
int auth_operator(const char *header, char token[TOKEN_MAX + 1], char name[AUTH_USER_MAX]);

#endif
