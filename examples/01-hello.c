/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Ten coroutines in a scope: leaving it waits for all of them. */
#include <sennit/sennit.h>
#include <stdio.h>

static int greet(void *arg) {
    const int *n = (const int *)arg; /* a copy of our own, on our own stack */
    printf("hello from coroutine %d\n", *n);
    return 0;
}

static int app(void *arg) {
    (void)arg;
    sn_scope s;
    sn_scope_enter(&s, SN_NEVER);
    for (int i = 0; i < 10; i++) {
        int rc = SN_GO(greet, int, i);
        if (rc) {
            sn_scope_cancel(&s, rc);
            break;
        }
    }
    int rc = sn_scope_leave(&s); /* the first error of any of them, or 0 */
    puts(rc ? sn_strerror(rc) : "all said hello");
    return rc;
}

SN_MAIN(app)
