/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* A million timers armed at once: taken back in any order, fired none too early and each once. */
#include "stress.h"

enum { ARMED = STRESS_SANITIZED ? 100000 : 1000000, ASLEEP = STRESS_LIVE };

static double each(sn_time t, long n) { return (double)t / (double)n; }

/* Scopes inside each other, each with a deadline far away, at random. */
static int arm_and_take_back(void *arg) {
    sn_scope *s = calloc(ARMED, sizeof *s);
    uint64_t chance = 11;
    (void)arg;
    MUST(s);
    sn_time begun = sn_now(), far = begun + 3600 * SN_SECOND;
    for (int i = 0; i < ARMED; i++)
        sn_scope_enter(&s[i], far + (sn_time)(draw(&chance) % (uint64_t)(3600 * SN_SECOND)));
    sn_time half = sn_now();
    CHECK_INT(sn_sleep(SN_MILLISECOND), 0); /* a timer before all of them fires all the same */
    sn_time again = sn_now();
    for (int i = ARMED; i-- > 0;) CHECK_INT(sn_scope_leave(&s[i]), 0);
    printf("          %d armed: %.0f ns to arm one, %.0f to take it back\n", ARMED,
           each(half - begun, ARMED), each(sn_now() - again, ARMED));
    free(s);
    return 0;
}

typedef struct dormitory {
    atomic_long asleep, woken, early, cut;
} dormitory;

typedef struct sleeper {
    dormitory *d;
    sn_time until;
} sleeper;

static int sleep_once(void *arg) {
    const sleeper *s = arg;
    atomic_fetch_add(&s->d->asleep, 1);
    int rc = sn_sleep_until(s->until);
    if (rc) CHECK_INT(rc, SN_ECANCELED);
    if (!rc && sn_now() < s->until) atomic_fetch_add(&s->d->early, 1);
    atomic_fetch_add(rc ? &s->d->cut : &s->d->woken, 1);
    return 0;
}

static void start(dormitory *d, int n, sn_time from, sn_time within, uint64_t *chance) {
    for (int i = 0; i < n; i++) {
        sleeper one = {d, from + (sn_time)(draw(chance) % (uint64_t)within)};
        MUST(sn_go(sleep_once, &one, sizeof one) == 0);
    }
}

/* Half of them wake by themselves, the others when their scope is cancelled, amid the first. */
static int fire_and_cancel(void *arg) {
    dormitory d = {.asleep = 0};
    sn_scope all, half;
    uint64_t chance = 12;
    (void)arg;
    sn_scope_enter(&all, SN_NEVER);
    start(&d, ASLEEP / 2, sn_now() + SN_SECOND / 2, SN_SECOND, &chance);
    sn_scope_enter(&half, SN_NEVER);
    start(&d, ASLEEP / 2, sn_now() + SN_SECOND / 2, 3600 * SN_SECOND, &chance);
    CHECK_INT(sn_sleep(SN_SECOND), 0);
    while (atomic_load(&d.asleep) < ASLEEP / 2 * 2) CHECK_INT(sn_sleep(SN_MILLISECOND), 0);
    sn_scope_cancel(&half, SN_ECANCELED);
    CHECK_INT(sn_scope_leave(&half), SN_ECANCELED);
    CHECK_INT(sn_scope_leave(&all), 0);
    CHECK_INT(atomic_load(&d.early), 0);
    CHECK_INT(atomic_load(&d.woken) + atomic_load(&d.cut), ASLEEP / 2 * 2);
    CHECK(atomic_load(&d.woken) >= ASLEEP / 2);
    printf("          %ld fired, %ld cancelled\n", atomic_load(&d.woken), atomic_load(&d.cut));
    return 0;
}

/* One coroutine arms and takes back while another's fire. */
static int short_waits(void *arg) {
    const sn_time end = *(const sn_time *)arg;
    for (uint64_t chance = (uint64_t)end; sn_now() < end;) {
        sn_scope s;
        sn_time until = sn_now() + pick(&chance, 3000);
        sn_scope_enter(&s, until);
        int rc = sn_sleep(pick(&chance, 3000)), left = sn_scope_leave(&s);
        CHECK(rc == 0 || (rc == SN_ETIMEDOUT && sn_now() >= until));
        CHECK(left == 0 || left == SN_ETIMEDOUT);
    }
    return 0;
}

static int races(void *arg) {
    sn_scope s;
    (void)arg;
    sn_time end = sn_now() + stress_time() / 2;
    sn_scope_enter(&s, SN_NEVER);
    for (int i = 0; i < 50; i++) MUST(sn_go(short_waits, &end, sizeof end) == 0);
    CHECK_INT(sn_scope_leave(&s), 0);
    return 0;
}

int main(void) {
    stress_case("a million armed and taken back", arm_and_take_back);
    stress_case("many that fire amid many that are cancelled", fire_and_cancel);
    stress_case("timers that fire while they are taken back", races);
    return check_done();
}
