/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* The least that shows that headers, library and runtime belong together. */
#include <sennit/sennit.h>
#include <stdio.h>

static int app(void *arg) {
    (void)arg;
    int rc = sn_sleep(SN_MILLISECOND);
    printf("sennit %s: %s\n", sn_version(), rc ? sn_strerror(rc) : "slept");
    return rc;
}

SN_MAIN(app)
