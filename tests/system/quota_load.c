/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* quota_load: work for all Ps for ever, in pieces of 50 us, and a sleeper beside it. Each line on
 * standard input begins a new phase; the one that ended is told in a line: the Ps at its end, and
 * by how many microseconds the sleeper woke late, median, 99 of 100, and at most. */
#include <sennit/sennit.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

enum { WORKERS = 16, SAMPLES = 100000 };

static atomic_bool over;
static atomic_uint n;
static int64_t late[SAMPLES];

static int works(void *arg) {
    (void)arg;
    while (!atomic_load(&over)) {
        sn_time until = sn_now() + 50 * SN_MICROSECOND;
        while (sn_now() < until) {
        }
        int rc = sn_yield();
        if (rc) return rc;
    }
    return 0;
}

static int sleeps(void *arg) {
    (void)arg;
    while (!atomic_load(&over)) {
        sn_time at = sn_now() + SN_MILLISECOND;
        int rc = sn_sleep(SN_MILLISECOND);
        if (rc) return rc;
        unsigned i = atomic_load(&n);
        if (i >= SAMPLES) continue;
        late[i] = sn_now() - at;
        atomic_store(&n, i + 1);
    }
    return 0;
}

static int by_value(const void *a, const void *b) {
    int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;
    return (x > y) - (x < y);
}

static void tell(void) {
    static int64_t copy[SAMPLES];
    sn_stats st = {.size = sizeof st};
    unsigned count = atomic_load(&n);
    for (unsigned i = 0; i < count; i++) copy[i] = late[i] / SN_MICROSECOND;
    qsort(copy, count, sizeof *copy, by_value);
    sn_get_stats(&st);
    if (!count) copy[count++] = -1;
    printf("%u %lld %lld %lld\n", st.procs, (long long)copy[count / 2],
           (long long)copy[count - 1 - count / 100], (long long)copy[count - 1]);
    fflush(stdout);
    atomic_store(&n, 0);
}

static int app(void *arg) {
    char c;
    sn_scope s;
    (void)arg;
    sn_scope_enter(&s, SN_NEVER);
    int rc = sn_go(sleeps, NULL, 0);
    for (int i = 0; i < WORKERS && !rc; i++) rc = sn_go(works, NULL, 0);
    while (!rc && read(0, &c, 1) == 1)
        if (c == '\n') tell();
    atomic_store(&over, true);
    int err = sn_scope_leave(&s);
    return rc ? rc : err;
}

SN_MAIN(app)
