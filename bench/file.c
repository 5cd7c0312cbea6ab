/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Reading files: many coroutines read the same 4 KiB, which are in the page cache, over and over.
 */
#include "bench.h"

enum { READERS = 100, BYTES = 4096 };

static int reader(void *arg) {
    int64_t n = *(int64_t *)arg;
    char buf[BYTES];
    size_t done;
    sn_file *f;
    bench_must(sn_file_open(&f, "/proc/self/exe", SN_F_READ), "open");
    while (n-- > 0) bench_must(sn_file_read(f, buf, sizeof buf, 0, &done), "read");
    sn_file_close(f);
    return 0;
}

static void read_all(int64_t n) {
    sn_scope s;
    int64_t each = n / READERS;
    sn_scope_enter(&s, SN_NEVER);
    for (int i = 0; i < READERS; i++) bench_must(sn_go(reader, &each, sizeof each), "sn_go");
    bench_must(sn_scope_leave(&s), "leave");
}

int bench_readfile(void *args) {
    return bench_measure(read_all, bench_count(args, 5000000) / READERS * READERS, 1);
}
