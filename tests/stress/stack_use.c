/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* How deep stacks get is known by spawn site, in the call and in dumps, and is learned from when
 * asked. */
#include "stress.h"

#include <alloca.h>
#include <fcntl.h>
#include <stdbool.h>

enum { KIB = 1024, MANY = STRESS_SANITIZED ? 600 : 4000, SCALE = STRESS_SANITIZED ? 4 : 1 };

static __attribute__((noinline)) long dig(size_t bytes) {
    volatile char *hole = alloca(bytes);
    long sum = 0;
    for (size_t i = 0; i < bytes; i += 64) hole[i] = (char)i;
    for (size_t i = 0; i < bytes; i += 64) sum += hole[i];
    return sum;
}

static int flat(void *arg) {
    (void)arg;
    return 0;
}
static int flat_alike(void *arg) {
    (void)arg;
    return 0;
}
static int deep20(void *arg) {
    (void)arg;
    dig(20 * KIB);
    return 0;
}
static int deep50(void *arg) {
    (void)arg;
    dig((size_t)50 * KIB * SCALE);
    return 0;
}

typedef struct wanted {
    sn_fn fn;
    sn_stack_site found;
    int times;
} wanted;

static void look(void *arg, const sn_stack_site *s) {
    wanted *w = arg;
    if (s->fn != w->fn) return;
    w->found = *s;
    w->times++;
}

static sn_stack_site site_of(sn_fn f) {
    wanted w = {.fn = f};
    sn_stack_sites(look, &w);
    CHECK_INT(w.times, 1);
    return w.found;
}

/* Each use is a spawn site of its own. */
#define GO_MANY(attr, f)                                                                           \
    do {                                                                                           \
        sn_scope s_;                                                                               \
        sn_scope_enter(&s_, SN_NEVER);                                                             \
        for (int i_ = 0; i_ < MANY; i_++) MUST(sn_scope_go(&s_, attr, f, NULL, 0) == 0);           \
        CHECK_INT(sn_scope_leave(&s_), 0);                                                         \
    } while (0)

static void is_near(uint32_t deepest, uint32_t least) {
    CHECK(deepest >= least);
    CHECK(deepest <= least + 4096 + 8 * KIB * SCALE);
}

static int measured(void *arg) {
    (void)arg;
    sn_scope s;
    sn_scope_enter(&s, SN_NEVER);
    for (int i = 0; i < MANY; i++) {
        if (i % 2) MUST(sn_go(flat, NULL, 0) == 0);
        if (i % 2 == 0) MUST(sn_go(deep20, NULL, 0) == 0);
    }
    CHECK_INT(sn_scope_leave(&s), 0);
    sn_stack_site a = site_of(flat), b = site_of(deep20);
    CHECK(a.measured > 0 && a.measured < MANY);
    is_near(a.deepest, 1);
    is_near(b.deepest, 20 * KIB);
    CHECK(b.stack > 32 * KIB * SCALE && b.stack <= 64 * KIB * SCALE);
    return 0;
}

static int in_dumps(void *arg) {
    static char text[1 << 16];
    int p[2];
    (void)arg;
    MUST(pipe(p) == 0 && fcntl(p[1], F_SETPIPE_SZ, sizeof text) > 0);
    sn_dump(p[1]);
    close(p[1]);
    for (size_t n = 0;;) {
        ssize_t k = read(p[0], text + n, sizeof text - 1 - n);
        if (k <= 0) break;
        n += (size_t)k;
    }
    close(p[0]);
    CHECK(strstr(text, "stacks, the deepest seen by spawn site:"));
    CHECK(strstr(text, "deep20"));
    return 0;
}

/* Those measured later, which are few, show what was learned. */
enum { ROUNDS = 100 };

static int not_learned(void *arg) {
    (void)arg;
    GO_MANY(NULL, deep50);
    CHECK(site_of(deep50).stack <= 64 * KIB * SCALE);
    return 0;
}

static int learned_up(void *arg) {
    (void)arg;
    sn_stack_site s = {.stack = 0};
    for (int i = 0; i < ROUNDS && s.stack <= 64 * KIB * SCALE; i++) {
        GO_MANY(NULL, deep50);
        s = site_of(deep50);
    }
    is_near(s.deepest, 50 * KIB * SCALE);
    CHECK(s.stack > 64 * KIB * SCALE && s.stack <= 256 * KIB * SCALE);
    return 0;
}

static int learned_down(void *arg) {
    sn_attr a = {.size = sizeof a, .flags = SN_LEARN};
    (void)arg;
    sn_stack_site s = {.stack = UINT32_MAX};
    for (int i = 0; i < ROUNDS && s.stack > 16 * KIB * SCALE; i++) {
        GO_MANY(&a, flat_alike);
        s = site_of(flat_alike);
    }
    CHECK(s.stack <= 16 * KIB * SCALE);
    return 0;
}

/* What was learned stays in the process: a run of the program each. */
int main(int argc, char **argv) {
    if (argc > 1 && !strcmp(argv[1], "learn")) {
        stress_case("a flat site that asks gets less", learned_down);
        setenv("SENNIT_LEARN_STACKS", "1", 1);
        stress_case("a deep site gets more", learned_up);
    } else {
        stress_case("measured by spawn site", measured);
        stress_case("and dumped", in_dumps);
        stress_case("nothing is learned unasked", not_learned);
    }
    return check_done();
}
