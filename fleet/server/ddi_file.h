/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Artifacts as HTTP content, for devices and operators alike. */
#ifndef FLEET_DDI_FILE_H
#define FLEET_DDI_FILE_H

#include "app.h"

/** Answers GET or HEAD with the artifact's bytes: ranges, ETag by SHA-1. Parks. */
void ddi_file_serve(struct app *app, sn_http_writer *w, sn_http_request *r,
                    const fleet_artifact *a);

#endif
