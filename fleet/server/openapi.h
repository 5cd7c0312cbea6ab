/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* openapi.json, compiled in (see embed.cmake). */
#ifndef FLEET_OPENAPI_H
#define FLEET_OPENAPI_H

#include <stddef.h>

extern const unsigned char openapi_json[];
extern const size_t openapi_json_size;

#endif
