/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Packed stacks: taken only with a proof, small indeed, used no deeper than proven, and an overflow
 * all the same is fatal and named. The program is stamped after it is linked, where the tools for
 * that are here; without a stamp all must be refused. */
#include "child.h"
#include "stress.h"

#include <stdbool.h>

#include "sched/g.h"

enum { MANY = STRESS_SANITIZED ? 500 : 20000 };
static sn_chan gate, numbers;
static sn_mutex lock;
static long sum;

static int wait_and_add(void *arg) {
    long v = *(long *)arg;
    int rc = sn_recv(&gate, NULL);
    if (rc != SN_ECLOSED) return rc;
    rc = sn_send(&numbers, &v);
    if (rc) return rc;
    rc = sn_yield();
    if (!rc) rc = sn_sleep(1);
    sn_lock(&lock);
    sum += v;
    sn_unlock(&lock);
    return rc;
}
SN_SMALL_PROOF(wait_and_add_small, wait_and_add);

static int not_proven(void *arg) { return *(int (*volatile *)(int))arg == NULL; }

static int through_a_pointer(void *arg) {
    int (*f)(int) = *(int (**)(int))arg;
    return f(1) > 100;
}
SN_SMALL_PROOF(through_a_pointer_small, through_a_pointer);

static bool packs(void) {
#if defined(__x86_64__)
    return !STRESS_SANITIZED;
#else
    return false;
#endif
}

static bool proven(void) { return wait_and_add_small.depth != 0; }

static int refusals(void *arg) {
    sn_attr a = {.size = sizeof a, .flags = SN_SMALL};
    void *f = NULL;
    sn_scope s;
    (void)arg;
    sn_scope_enter(&s, SN_NEVER);
    CHECK_INT(sn_scope_go(&s, &a, not_proven, &f, sizeof f), SN_EINVAL);
    a.small = &wait_and_add_small;
    CHECK_INT(sn_scope_go(&s, &a, not_proven, &f, sizeof f), SN_EINVAL);
    a.small = &through_a_pointer_small;
    CHECK_INT(sn_scope_go(&s, &a, through_a_pointer, &f, sizeof f), SN_EPERM);
    sn_small huge = {through_a_pointer, 4000, 4000 ^ SN_SMALL_STAMP};
    a.small = &huge;
    CHECK_INT(sn_scope_go(&s, &a, through_a_pointer, &f, sizeof f), SN_E2BIG);
    return sn_scope_leave(&s);
}

static int add_all(void *arg) {
    const sn_attr a = {.size = sizeof a, .flags = SN_SMALL, .small = &wait_and_add_small};
    sn_scope s;
    (void)arg;
    sum = 0;
    MUST(sn_chan_init(&gate, sizeof(int), 0, NULL, NULL) == 0);
    MUST(sn_chan_init(&numbers, sizeof(long), 16, NULL, NULL) == 0);
    sn_scope_enter(&s, SN_NEVER);
    for (long i = 1; i <= MANY; i++) MUST(sn_scope_go(&s, &a, wait_and_add, &i, sizeof i) == 0);
    sn_chan_close(&gate);
    long got = 0, v;
    for (int i = 0; i < MANY; i++, got += v) MUST(sn_recv(&numbers, &v) == 0);
    CHECK_INT(sn_scope_leave(&s), 0);
    CHECK_INT(got, (long)MANY * (MANY + 1) / 2);
    CHECK_INT(sum, got);
    sn_stats st = {.size = sizeof st};
    sn_get_stats(&st);
    if (packs()) CHECK(st.stack_bytes <= 128 << 20); /* 20,000 times 64 KiB is ten times that */
    sn_chan_free(&gate);
    sn_chan_free(&numbers);
    return 0;
}

/* What nobody has written to is zero. */
static void deepest(void *arg, G *g) {
    size_t *most = arg, room = g->ctx.size, i = 0;
    if (g->klass >= K_PAGED || !room) return;
    while (i < room && !((const char *)g->ctx.lo)[i]) i++;
    if (room - i > *most) *most = room - i;
}

static void no_deeper_than_proven(void) {
    size_t most = 0;
    sn__each_g(deepest, &most);
    printf("          used: %zu bytes, proven: %u\n", most, (unsigned)wait_and_add_small.depth);
    CHECK(most > 64);
    CHECK(most <= wait_and_add_small.depth + 16); /* and the argument */
}

/* --- a proof that lies */

static __attribute__((noinline)) int dig(int n) {
    volatile char hole[1000];
    for (size_t i = 0; i < sizeof hole; i++) hole[i] = (char)(n + (int)i);
    return hole[n];
}
static int liar(void *arg) {
    (void)arg;
    int v = dig(7);
    return sn_yield() | (v == 1000);
}

static int lie(void *arg) {
    sn_small claim = {liar, 400, 400 ^ SN_SMALL_STAMP};
    const sn_attr a = {.size = sizeof a, .name = "liar", .flags = SN_SMALL, .small = &claim};
    sn_scope s;
    (void)arg;
    sn_scope_enter(&s, SN_NEVER);
    for (int i = 0; i < 3; i++) MUST(sn_scope_go(&s, &a, liar, NULL, 0) == 0);
    return sn_scope_leave(&s);
}

/* --- what a packed coroutine may not do: with proofs that are none */

static void forgets(void *v) { (void)v; }
static sn_chan dropping;
static int drops(void *arg) {
    (void)arg;
    return sn_recv(&dropping, NULL);
}
static sn_local own = SN_LOCAL(NULL);
static int sets(void *arg) { return sn_local_set(&own, arg); }

static int on_a_packed_stack(sn_fn f) {
    sn_small claim = {f, 1200, 1200 ^ SN_SMALL_STAMP};
    const sn_attr a = {.size = sizeof a, .name = "culprit", .flags = SN_SMALL, .small = &claim};
    sn_scope s;
    MUST(sn_chan_init(&dropping, sizeof(int), 1, NULL, forgets) == 0);
    sn_scope_enter(&s, SN_NEVER);
    MUST(sn_scope_go(&s, &a, f, &s, 0) == 0);
    return sn_scope_leave(&s);
}

static int run_child(const char *name) {
    if (!strcmp(name, "lie")) return lie(NULL);
    return on_a_packed_stack(strcmp(name, "drops") ? sets : drops) ? 3 : 0;
}
static int child(void *name) { return run_child(name); }

static void may_not(void) {
    static const char *const named[] = {"stack overflow of coroutine", "\"liar\" (1 KiB, no guard",
                                        "started as liar", NULL};
    static const char *const drop[] = {"a packed coroutine receives to drop", "culprit", NULL};
    static const char *const local[] = {"a packed coroutine sets a value of its own", NULL};
    child_dies("lie", named);
    child_dies("drops", drop);
    child_dies("sets", local);
}

int main(int argc, char **argv) {
    if (argc == 3 && !strcmp(argv[1], "child")) return sn_run(child, argv[2], NULL);
    if (!packs()) {
        stress_case("where nothing is packed, all the same", add_all);
        return check_done();
    }
    stress_case("refused without a proof", refusals);
    may_not();
#ifndef STACKS_PROVEN
    return printf("skipped: no Python or objdump to prove stacks with\n") < 0;
#endif
    MUST(proven());
    stress_case("packed ones wait, send, sleep, lock", add_all);
    CASE(no_deeper_than_proven);
    return check_done();
}
