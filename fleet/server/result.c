/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Results and their texts. */
#include "result.h"

#include <stdarg.h>
#include <stdio.h>

int fleet_fail(fleet_err *err, int code, const char *fmt, ...) {
    if (err) {
        va_list ap;
        va_start(ap, fmt);
        vsnprintf(err->text, sizeof err->text, fmt, ap);
        va_end(ap);
    }
    return code;
}

const char *fleet_result_name(int code) {
    switch (code) {
    case FLEET_GONE:
        return "FLEET_GONE";
    case FLEET_QUOTA:
        return "FLEET_QUOTA";
    case FLEET_STALE:
        return "FLEET_STALE";
    case FLEET_INUSE:
        return "FLEET_INUSE";
    case FLEET_SCHEMA:
        return "FLEET_SCHEMA";
    case FLEET_DAMAGED:
        return "FLEET_DAMAGED";
    default:
        return sn_errname(code);
    }
}
