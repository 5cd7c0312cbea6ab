/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Artifacts of the Management API: what its two files share. */
#ifndef FLEET_MGMT_ARTIFACT_H
#define FLEET_MGMT_ARTIFACT_H

#include "mgmt.h"

void mgmt_render_artifact(json *j, const fleet_artifact *a);
/** The path's artifact of the path's module. 0, or -1 when it was answered. */
int mgmt_find_artifact(struct app *app, sn_http_writer *w, sn_http_request *r, struct caller *who,
                       fleet_artifact *out);

#endif
