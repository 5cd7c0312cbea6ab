/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Object pools: nothing is lost or given to two, no more are kept than asked for. Buffers: no byte
 * of one user reaches another, whatever the program gets wrong: what it does then is planted here.
 */
#include "child.h"
#include "world.h"

#include <stdatomic.h>

/* --- objects */

enum { USERS = 6, TURNS = 15, KEEP = 3 };

typedef struct works {
    sn_pool p;
    atomic_int made, ended;
    int slow; /* making and ending them waits */
} works;

typedef struct object {
    works *w;
    atomic_int held;
    uint64_t owner;
} object;

static void *make(void *ctx) {
    works *w = ctx;
    object *o = calloc(1, sizeof *o);
    MUST(o);
    if (w->slow) (void)!sn_yield();
    atomic_fetch_add(&w->made, 1);
    o->w = w;
    return o;
}

static void end(void *ctx, void *arg) {
    works *w = ctx;
    object *o = arg;
    CHECK_INT(atomic_load(&o->held), 0);
    if (w->slow) (void)!sn_yield();
    atomic_fetch_add(&w->ended, 1);
    free(o);
}

typedef struct user {
    works *w;
    uint64_t chance;
} user;

static object *borrow(works *w) {
    object *o = sn_pool_get(&w->p);
    MUST(o);
    CHECK_INT(atomic_fetch_add(&o->held, 1), 0);
    o->owner = sn_id();
    return o;
}

static void give_back(works *w, object *o) {
    CHECK_INT(o->owner, sn_id());
    CHECK_INT(atomic_fetch_sub(&o->held, 1), 1);
    sn_pool_put(&w->p, o);
}

static int use(void *arg) {
    user *u = arg;
    object *o[4];
    for (int i = 0; i < TURNS; i++) {
        unsigned n = 1 + pick(&u->chance, 4);
        for (unsigned k = 0; k < n; k++) o[k] = borrow(u->w);
        if (pick(&u->chance, 2)) (void)!sn_yield();
        for (unsigned k = 0; k < n; k++) give_back(u->w, o[k]);
    }
    return 0;
}

static void share(int slow, int canceled) {
    works w = {.slow = slow};
    uint64_t chance = world_round();
    sn_scope s;
    MUST(sn_pool_init(&w.p, KEEP, make, end, &w) == 0);
    sn_scope_enter(&s, SN_NEVER);
    for (int i = 0; i < USERS; i++) {
        user u = {&w, draw(&chance)};
        MUST(sn_go(use, &u, sizeof u) == 0);
    }
    if (canceled) sn_scope_cancel(&s, SN_ECANCELED);
    CHECK_INT(sn_scope_leave(&s), canceled ? SN_ECANCELED : 0);
    int idle = atomic_load(&w.made) - atomic_load(&w.ended);
    CHECK(idle >= 1 && idle <= KEEP * 64);
    sn_pool_end(&w.p);
    CHECK_INT(atomic_load(&w.made), atomic_load(&w.ended));
}

static int one_owner(void *arg) {
    (void)arg;
    share(0, 0);
    return 0;
}
static int slow_makers(void *arg) {
    (void)arg;
    share(1, world_round() & 1);
    return 0;
}

static int bounds(void *arg) {
    works w = {.slow = 0};
    object *o[3 * KEEP * 64];
    enum { N = sizeof o / sizeof *o };
    (void)arg;
    CHECK_INT(sn_pool_init(&w.p, 0, make, end, &w), SN_EINVAL);
    CHECK_INT(sn_pool_init(&w.p, SN_POOL_KEEP_MAX + 1, make, end, &w), SN_EINVAL);
    CHECK_INT(sn_pool_init(&w.p, 1, NULL, end, &w), SN_EINVAL);
    CHECK_INT(sn_pool_init(&w.p, 1, make, NULL, &w), SN_EINVAL);
    MUST(sn_pool_init(&w.p, KEEP, make, end, &w) == 0);
    for (int i = 0; i < N; i++) o[i] = borrow(&w);
    CHECK_INT(atomic_load(&w.made), N);
    for (int i = 0; i < N; i++) give_back(&w, o[i]);
    CHECK(atomic_load(&w.ended) >= N - KEEP * 64);
    sn_pool_put(&w.p, NULL);
    object *again = borrow(&w);
    CHECK_INT(atomic_load(&w.made), N);
    give_back(&w, again);
    sn_pool_end(&w.p);
    return 0;
}

/* --- buffers */

enum { SIZE = 100 };

typedef struct yard {
    sn_bufs p;
} yard;

static int fill_and_look(void *arg) {
    user *u = arg;
    sn_bufs *p = (sn_bufs *)u->w;
    for (int i = 0; i < TURNS; i++) {
        sn_buf b;
        unsigned char mine[SIZE];
        size_t n = pick(&u->chance, SIZE + 1);
        MUST(sn_bufs_get(p, &b) == 0);
        CHECK_INT(b.n, 0);
        for (int k = 0; k < SIZE; k++) CHECK_INT(b.at[k], 0);
        memset(mine, 1 + (int)pick(&u->chance, 255), sizeof mine);
        CHECK_INT(sn_buf_append(&b, mine, n), 0);
        if (pick(&u->chance, 2)) (void)!sn_yield();
        CHECK(!n || (b.at[0] == mine[0] && b.at[n - 1] == mine[0]));
        size_t room = SIZE;
        unsigned char *at = sn_buf_room(&b, &room);
        CHECK_INT(room, SIZE - n);
        memset(at, 0xee, room); /* written, never said to be contents */
        if (pick(&u->chance, 2)) sn_buf_added(&b, room);
        if (pick(&u->chance, 3) == 0) sn_buf_clear(&b);
        sn_bufs_put(p, &b);
        CHECK(!b.at && !b.n);
    }
    return 0;
}

static int nothing_stale(void *arg) {
    sn_bufs p;
    uint64_t chance = world_round();
    sn_scope s;
    (void)arg;
    MUST(sn_bufs_init(&p, SIZE, KEEP) == 0);
    sn_scope_enter(&s, SN_NEVER);
    for (int i = 0; i < USERS; i++) {
        user u = {(works *)(void *)&p, draw(&chance)};
        MUST(sn_go(fill_and_look, &u, sizeof u) == 0);
    }
    CHECK_INT(sn_scope_leave(&s), 0);
    sn_bufs_end(&p);
    return 0;
}

static int limits(void *arg) {
    sn_bufs p;
    sn_buf b;
    char text[SIZE + 1] = "abcdef";
    (void)arg;
    CHECK_INT(sn_bufs_init(&p, 0, 1), SN_EINVAL);
    CHECK_INT(sn_bufs_init(&p, SN_BUF_MAX + 1, 1), SN_EINVAL);
    CHECK_INT(sn_bufs_init(&p, SIZE, 0), SN_EINVAL);
    MUST(sn_bufs_init(&p, SIZE, 1) == 0);
    MUST(sn_bufs_get(&p, &b) == 0);
    CHECK_INT(sn_buf_append(&b, text, SIZE + 1), SN_E2BIG);
    CHECK_INT(b.n, 0);
    CHECK_INT(sn_buf_append(&b, text, 6), 0);
    CHECK_INT(sn_buf_append(&b, NULL, 0), 0);
    CHECK_INT(sn_buf_left(&b), SIZE - 6);
    CHECK_INT(sn_buf_append(&b, text, SIZE - 5), SN_E2BIG);
    CHECK_INT(b.n, 6);
    CHECK(!memcmp(b.at, "abcdef", 6));
    sn_buf_clear(&b);
    CHECK_INT(b.n, 0);
    CHECK_INT(b.at[0], 0);
    sn_bufs_put(&p, &b);
    sn_bufs_end(&p);
    return 0;
}

/* --- CAN */

static void can(void) {
    unsigned char from[65], to[64];
    sn_can_data d = {0};
    sn_can_fd_data f = {0};
    for (int i = 0; i < 65; i++) from[i] = (unsigned char)(i + 1);
    CHECK_INT(sn_can_set(&d, from, 8), 0);
    CHECK_INT(sn_can_set(&d, from, 9), SN_E2BIG);
    CHECK_INT(d.n, 8);
    CHECK_INT(sn_can_set(&d, from, 3), 0);
    for (int i = 3; i < 8; i++) CHECK_INT(d.at[i], 0); /* nothing of the frame before */
    CHECK_INT(sn_can_get(&d, to, 2), SN_E2BIG);
    CHECK_INT(sn_can_get(&d, to, sizeof to), 3);
    CHECK(!memcmp(to, from, 3));
    d.n = 9;
    CHECK_INT(sn_can_get(&d, to, sizeof to), SN_EBADMSG);
    CHECK_INT(sn_can_set(&d, NULL, 0), 0);
    CHECK_INT(sn_can_get(&d, NULL, 0), 0);
    static const int lengths[] = {0, 1, 2, 3, 4, 5, 6, 7, 8, 12, 16, 20, 24, 32, 48, 64};
    for (size_t n = 0; n <= 64; n++) {
        int want = 64;
        for (int i = 15; i >= 0 && lengths[i] >= (int)n; i--) want = lengths[i];
        memset(f.at, 0xee, sizeof f.at);
        CHECK_INT(sn_can_fd_set(&f, from, n), 0);
        CHECK_INT(f.n, want);
        CHECK(!memcmp(f.at, from, n));
        for (size_t i = n; i < 64; i++) CHECK_INT(f.at[i], 0);
        CHECK_INT(sn_can_fd_get(&f, to, sizeof to), want);
        if (want) CHECK_INT(sn_can_fd_get(&f, to, (size_t)want - 1), SN_E2BIG);
    }
    CHECK_INT(sn_can_fd_set(&f, from, 65), SN_E2BIG);
    f.n = 13;
    CHECK_INT(sn_can_fd_get(&f, to, sizeof to), SN_EBADMSG);
    f.n = 65;
    CHECK_INT(sn_can_fd_get(&f, to, sizeof to), SN_EBADMSG);
}

static void copies(void) {
    char to[8];
    memset(to, 'x', sizeof to);
    CHECK_INT(sn_copy_in(to, 4, "abcde", 5), SN_E2BIG);
    CHECK(!memcmp(to, "xxxxxxxx", 8));
    CHECK_INT(sn_copy_in(to, 4, "ab", 2), 0);
    CHECK(!memcmp(to, "ab\0\0xxxx", 8));
    CHECK_INT(sn_copy_in(to, 0, NULL, 0), 0);
}

/* --- what a program may get wrong. With AddressSanitizer it is that which speaks, and earlier. */

static sn_bufs shared;

static sn_buf taken(void) {
    sn_buf b;
    MUST(sn_bufs_init(&shared, SIZE, 1) == 0);
    MUST(sn_bufs_get(&shared, &b) == 0);
    return b;
}

static int die_overrun(void *arg) {
    sn_buf b = taken();
    size_t n = SIZE;
    volatile unsigned char *at = sn_buf_room(&b, &n);
    (void)arg;
    at[n] = 1;
    sn_bufs_put(&shared, &b);
    return 0;
}
static int die_twice(void *arg) {
    sn_buf b = taken(), copy = b;
    (void)arg;
    sn_bufs_put(&shared, &b);
    sn_bufs_put(&shared, &copy);
    return 0;
}
static int die_again(void *arg) {
    sn_buf b = taken();
    (void)arg;
    sn_bufs_put(&shared, &b);
    sn_bufs_put(&shared, &b);
    return 0;
}
static int die_stale_handle(void *arg) {
    sn_buf b = taken(), copy = b, other;
    (void)arg;
    sn_bufs_put(&shared, &b);
    while (sn_bufs_get(&shared, &other) == 0 && other.block_ != copy.block_) continue;
    return sn_buf_append(&copy, "secret", 6);
}
static int die_write_after(void *arg) {
    sn_buf b = taken();
    volatile unsigned char *at = b.at;
    (void)arg;
    sn_bufs_put(&shared, &b);
    at[SIZE / 2] = 's';
    for (int i = 0; i < 1000; i++) MUST(sn_bufs_get(&shared, &b) == 0);
    return 0;
}
static int die_unasked(void *arg) {
    sn_buf b = taken();
    volatile unsigned char *at = b.at;
    (void)arg;
    at[SIZE - 1] = 's'; /* inside, but no room was asked for */
    sn_bufs_put(&shared, &b);
    for (int i = 0; i < 1000; i++) MUST(sn_bufs_get(&shared, &b) == 0);
    return 0;
}
static int die_added(void *arg) {
    sn_buf b = taken();
    size_t n = 4;
    (void)arg;
    (void)sn_buf_room(&b, &n);
    sn_buf_added(&b, 5);
    return 0;
}

static const struct {
    const char *name, *word;
    sn_fn f;
    int asan; /* it finds this one first */
} deaths[] = {{"overrun", "beyond its end", die_overrun, 1},
              {"twice", "after it was put back", die_twice, 0},
              {"again", "a buffer is used that is none", die_again, 0},
              {"stale", "after it was put back", die_stale_handle, 0},
              {"write_after", "after it was put back", die_write_after, 1},
              {"unasked", "beyond what was asked for", die_unasked, 0},
              {"added", "more is said to be added", die_added, 0}};
enum { DEATHS = sizeof deaths / sizeof *deaths };

#if defined(__has_feature)
#if __has_feature(address_sanitizer)
#define BY_ASAN 1
#endif
#elif defined(__SANITIZE_ADDRESS__)
#define BY_ASAN 1
#endif
#ifdef BY_ASAN
enum { POISONED = 1 };
#else
enum { POISONED = 0 };
#endif

static void mistakes(void) {
    for (int i = 0; i < DEATHS; i++) {
        const char *const words[] = {deaths[i].word, NULL};
        static child_end e;
        if (!POISONED || !deaths[i].asan) {
            child_dies(deaths[i].name, words);
            continue;
        }
        child_run(deaths[i].name, &e);
        CHECK(strstr(e.text, "use-after-poison") && e.status);
    }
}

static int run_child(const char *name) {
    for (int i = 0; i < DEATHS; i++)
        if (!strcmp(deaths[i].name, name)) return sn_run(deaths[i].f, NULL, NULL) ? 3 : 0;
    return 4;
}

int main(int argc, char **argv) {
    if (argc == 3 && !strcmp(argv[1], "child")) return run_child(argv[2]);
    world_case("pool: an object has one owner", one_owner, 100);
    world_case("pool: making and ending may wait", slow_makers, 50);
    world_case("pool: bounds", bounds, 1);
    world_case("bufs: nothing stale is seen", nothing_stale, 50);
    world_case("bufs: limits", limits, 1);
    CASE(can);
    CASE(copies);
    CASE(mistakes);
    return check_done();
}
