/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* AddressSanitizer on stacks of coroutines. `beyond` writes beyond a buffer of a parked coroutine's
 * stack, `dead` into one of a coroutine that has ended, `argument` into the copied argument of such
 * a one: each must be reported. `jump` leaves frames by longjmp, before and after parking, on
 * stacks that were used before, and must not be. */
#include "check.h"

#include <fcntl.h>
#include <sennit/sennit.h>
#include <setjmp.h>
#include <stdatomic.h>
#include <unistd.h>

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

/* It is far from both ends of what the coroutine used. */
__attribute__((noinline)) static int lends_below(int depth) {
    char own[200];
    own[0] = (char)depth;
    if (depth > 0) return lends_below(depth - 1) + own[0];
    lent = own;
    return sn_yield();
}
static int lends_and_ends(void *arg) {
    if (arg) lent = arg;
    return arg ? sn_yield() : lends_below(10) - 55;
}
static int after_the_end(const void *arg, size_t n) {
    sn_scope s;
    sn_scope_enter(&s, SN_NEVER);
    MUST(sn_go(lends_and_ends, arg, n) == 0);
    MUST(sn_yield() == 0);
    lent[0] = 1; /* it waits */
    MUST(sn_scope_leave(&s) == 0);
    for (int i = 0; i < 1000; i++) { /* it has ended, and is off its stack soon */
        lent[0] = 1;
        MUST(sn_yield() == 0);
    }
    return 0;
}
static int dead(void *arg) {
    (void)arg;
    return after_the_end(NULL, 0);
}
static int argument(void *arg) {
    char copied[100] = {0};
    (void)arg;
    return after_the_end(copied, sizeof copied);
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

static atomic_int over;
static int ends(void *arg) {
    (void)arg;
    return sn_yield();
}
static int starts_some(void *arg) {
    (void)arg;
    while (!atomic_load(&over)) {
        sn_scope s;
        sn_scope_enter(&s, SN_NEVER);
        for (int i = 0; i < 20; i++) MUST(sn_go(ends, NULL, 0) == 0);
        MUST(sn_scope_leave(&s) == 0);
    }
    return 0;
}
static int dumps(void *arg) {
    sn_scope s;
    int fd = open("/dev/null", O_WRONLY);
    (void)arg;
    MUST(fd >= 0);
    sn_scope_enter(&s, SN_NEVER);
    for (int i = 0; i < 4; i++) MUST(sn_go(starts_some, NULL, 0) == 0);
    for (int i = 0; i < 100; i++) {
        sn_dump(fd);
        MUST(sn_yield() == 0);
    }
    atomic_store(&over, 1);
    close(fd);
    return sn_scope_leave(&s);
}

static const struct {
    const char *name;
    sn_fn f;
} probes[] = {
    {"beyond", beyond}, {"dead", dead}, {"argument", argument}, {"jump", jump}, {"dumps", dumps}};

int main(int argc, char **argv) {
    MUST(argc == 2);
    for (size_t i = 0; i < sizeof probes / sizeof *probes; i++)
        if (strcmp(argv[1], probes[i].name) == 0) CHECK_INT(sn_run(probes[i].f, NULL, NULL), 0);
    return check_failed_;
}
