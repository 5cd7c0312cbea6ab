/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* The clock and entropy seams on Linux. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/random.h>
#include <time.h>

#include "lacks.h"

static int64_t read_clock(clockid_t id) {
    struct timespec t;
    clock_gettime(id, &t);
    return (int64_t)t.tv_sec * SN_SECOND + t.tv_nsec;
}

sn_time sn__os_now(void) { return read_clock(CLOCK_MONOTONIC); }
int64_t sn__os_utc_ms(void) { return read_clock(CLOCK_REALTIME) / SN_MILLISECOND; }

/* What kernels before 3.17 have. */
static bool from_device(unsigned char *to, size_t n) {
    FILE *f = fopen("/dev/urandom", "rbe");
    if (!f) return false;
    bool all = fread(to, 1, n, f) == n;
    fclose(f);
    return all;
}

/* False: this kernel has no getrandom. */
static bool from_kernel(unsigned char *to, size_t n) {
    while (n) {
        ssize_t r = getrandom(to, n, 0);
        if (r < 0 && errno == EINTR) continue;
        if (r < 0) return false;
        to += r;
        n -= (size_t)r;
    }
    return true;
}

void sn__os_entropy(void *buf, size_t n) {
    if (!sn__lacks(SN__GETRANDOM)) {
        if (from_kernel(buf, n)) return;
        sn__os_forgo(SN__GETRANDOM);
    }
    if (from_device(buf, n)) return;
    perror("sennit: no entropy from the kernel");
    abort();
}
