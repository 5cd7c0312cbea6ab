/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Many timers armed at once. Arming and taking back: scopes inside each other, with a deadline and
 * without; the difference is the timer's. Firing: coroutines that sleep, each to an instant of its
 * own, 4 µs apart on the average. */
#include "bench.h"
#include "hist.h"

typedef struct times {
    double arm, cancel; /* ns each, with what enter and leave cost without a timer */
} times;

static uint64_t next(uint64_t *x) {
    *x ^= *x << 13;
    *x ^= *x >> 7;
    *x ^= *x << 17;
    return *x;
}

static times enter_and_leave(sn_scope *s, int64_t n, int armed) {
    times t;
    uint64_t x = 88172645463325252u;
    sn_time begun = sn_now(), far = begun + 3600 * SN_SECOND;
    for (int64_t i = 0; i < n; i++) {
        sn_time until = far + (sn_time)(next(&x) % (uint64_t)(3600 * SN_SECOND));
        sn_scope_enter(&s[i], armed ? until : SN_NEVER);
    }
    sn_time half = sn_now();
    for (int64_t i = n; i-- > 0;) bench_must(sn_scope_leave(&s[i]), "leave");
    t.arm = (double)(half - begun) / (double)n;
    t.cancel = (double)(sn_now() - half) / (double)n;
    return t;
}

typedef struct sleeper {
    hist *late;
    atomic_llong *asleep;
    sn_time until;
} sleeper;

static int sleep_once(void *arg) {
    const sleeper *s = arg;
    atomic_fetch_add(s->asleep, 1);
    bench_must(sn_sleep_until(s->until), "sleep");
    hist_add(s->late, sn_now() - s->until);
    return 0;
}

/* CPU of one firing and the end of its coroutine. */
static double fire(int64_t n, hist *late) {
    sn_scope s;
    uint64_t x = 88172645463325252u;
    atomic_llong asleep = 0;
    /* time enough to start them all: 10 µs each */
    sn_time begin = sn_now() + SN_SECOND + n * 10 * SN_MICROSECOND;
    sn_scope_enter(&s, SN_NEVER);
    for (int64_t i = 0; i < n; i++) {
        sn_time at = begin + (sn_time)(next(&x) % (uint64_t)(n * 4 * SN_MICROSECOND));
        sleeper one = {late, &asleep, at};
        bench_must(sn_go(sleep_once, &one, sizeof one), "sn_go");
    }
    while (atomic_load(&asleep) < n) bench_must(sn_sleep(SN_MILLISECOND), "sleep");
    if (sn_now() > begin) bench_must(SN_ETIMEDOUT, "starting all sleepers before the first is due");
    bench_must(sn_sleep_until(begin), "sleep");
    int64_t cpu = bench_cpu();
    bench_must(sn_scope_leave(&s), "leave");
    return (double)(bench_cpu() - cpu) / (double)n;
}

int bench_armed(void *args) {
    int64_t n = bench_count(args, 1000000);
    sn_scope *s = calloc((size_t)n, sizeof *s);
    hist *late = calloc(1, sizeof *late);
    if (!s || !late) {
        free(s);
        free(late);
        return SN_ENOMEM;
    }
    (void)enter_and_leave(s, n, 0);
    times without = enter_and_leave(s, n, 0), with = enter_and_leave(s, n, 1);
    free(s);
    double fired = fire(n, late);
    printf("n=%lld enter_ns=%.1f leave_ns=%.1f arm_ns=%.1f cancel_ns=%.1f fire_cpu_ns=%.1f",
           (long long)n, without.arm, without.cancel, with.arm - without.arm,
           with.cancel - without.cancel, fired);
    hist_print(late, "late");
    printf(" hwm_kb=%ld\n", bench_status("VmHWM"));
    free(late);
    return 0;
}
