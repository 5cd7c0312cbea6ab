/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* AddressSanitizer on stacks of coroutines. `beyond` writes beyond a buffer of a parked coroutine's
 * stack, and must be reported; `jump` leaves frames by longjmp, before and after parking, on stacks
 * that were used before, and must not. */
#include "check.h"

#include <sennit/sennit.h>
#include <setjmp.h>

static char *volatile lent;

static int lends(void *arg) {
    char own[64] = {0};
    (void)arg;
    lent = own;
    for (int i = 0; i < 3; i++) MUST(sn_yield() == 0);
    return own[0] != 1;
}
static int beyond(void *arg) {
    volatile size_t at = 64;
    sn_scope s;
    (void)arg;
    sn_scope_enter(&s, SN_NEVER);
    MUST(sn_go(lends, NULL, 0) == 0);
    MUST(sn_yield() == 0);
    lent[0] = 1;
    lent[at] = 1;
    return sn_scope_leave(&s);
}

static int deep(jmp_buf *back, int n) {
    volatile char room[200];
    room[n] = 1;
    if (n == 0) longjmp(*back, 1);
    if (n > 0) (void)deep(back, n - 1);
    return room[n];
}
static int jumps(void *arg) {
    jmp_buf back;
    (void)arg;
    for (volatile int i = 0; i < 5; i++) {
        if (setjmp(back) == 0) CHECK(deep(&back, 50) < 0);
        MUST(sn_yield() == 0);
    }
    return 0;
}
static int jump(void *arg) {
    (void)arg;
    for (int i = 0; i < 20; i++) {
        sn_scope s;
        sn_scope_enter(&s, SN_NEVER);
        for (int k = 0; k < 4; k++) MUST(sn_go(jumps, NULL, 0) == 0);
        MUST(sn_scope_leave(&s) == 0);
    }
    return 0;
}

int main(int argc, char **argv) {
    MUST(argc == 2);
    CHECK_INT(sn_run(strcmp(argv[1], "beyond") == 0 ? beyond : jump, NULL, NULL), 0);
    return check_failed_;
}
