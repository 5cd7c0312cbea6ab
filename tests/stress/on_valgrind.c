/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* For a run under valgrind: coroutines of all classes that wait, go deep, end and are made again.
 */
#include "stress.h"

#include <alloca.h>

static sn_chan numbers;

static __attribute__((noinline)) int deep(size_t bytes) {
    char *room = alloca(bytes);
    memset(room, 3, bytes);
    return room[bytes / 2];
}

static int give(void *arg) {
    size_t bytes = *(size_t *)arg;
    int v = deep(bytes);
    int rc = sn_sleep(SN_MILLISECOND);
    if (rc) return rc;
    v += deep(bytes / 2);
    return sn_send(&numbers, &v);
}

static int all_classes(void *arg) {
    static const uint32_t kib[] = {16, 64, 256, 1024};
    (void)arg;
    for (int round = 0; round < 3; round++) {
        sn_scope s;
        int sum = 0, v;
        sn_scope_enter(&s, SN_NEVER);
        for (int i = 0; i < 40; i++) {
            sn_attr a = {.size = sizeof a, .stack = kib[i % 4] * 1024};
            size_t bytes = a.stack / 2;
            MUST(sn_scope_go(&s, &a, give, &bytes, sizeof bytes) == 0);
        }
        for (int i = 0; i < 40; i++, sum += v) MUST(sn_recv(&numbers, &v) == 0);
        CHECK_INT(sn_scope_leave(&s), 0);
        CHECK_INT(sum, 240);
    }
    return 0;
}

static int run(void *arg) {
    MUST(sn_chan_init(&numbers, sizeof(int), 4, NULL, NULL) == 0);
    int rc = all_classes(arg);
    sn_chan_free(&numbers);
    return rc;
}

int main(void) {
    stress_case("all classes", run);
    return check_done();
}
