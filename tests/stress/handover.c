/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Who computes and who blocks, told apart and counted; what is limited, and what is said when a
 * limit is reached. On one P, so that others go on only when the P is handed over. */
#include "child.h"
#include "stress.h"

static int run_on_one(sn_fn f, void *arg) {
    sn_attr attr = {.size = sizeof attr, .procs = 1};
    return sn_run(f, arg, &attr);
}

static sn_stats stats(void) {
    sn_stats st = {.size = sizeof st};
    sn_get_stats(&st);
    return st;
}

/* --- hogs */

static atomic_int woken, done;

static int nap_ten(void *arg) {
    (void)arg;
    for (int i = 0; i < 10; i++) {
        CHECK_INT(sn_sleep(SN_MILLISECOND), 0);
        atomic_fetch_add(&woken, 1);
    }
    return 0;
}

static int compute_until_woken(void *arg) {
    (void)arg;
    while (atomic_load_explicit(&woken, memory_order_relaxed) < 10) {
    }
    return 0;
}

/* A hog is told with where it was started: here. One that was given no CPU may pass for a call that
 * blocks, on a machine with much else to do. */
static int start_hog(void *arg) {
    sn_scope s;
    (void)arg;
    for (int i = 0; i < 20 && !stats().hogs; i++) {
        atomic_store(&woken, 0);
        sn_scope_enter(&s, SN_NEVER);
        GO(nap_ten, NULL);
        GO(compute_until_woken, NULL);
        CHECK_INT(sn_scope_leave(&s), 0);
    }
    CHECK(stats().hogs >= 1 && stats().handovers >= stats().hogs);
    sn_hog all[4];
    CHECK(sn_hogs(NULL, 0) >= 1);
    MUST(sn_hogs(all, 4) >= 1);
    CHECK(all[0].site != 0 && all[0].count >= 1 && all[0].longest > 0);
    CHECK(all[0].total >= all[0].longest);
    return 0;
}

static void read_all(int fd, char *text, size_t room) {
    size_t n = 0;
    for (ssize_t k; n + 1 < room && (k = read(fd, text + n, room - 1 - n)) > 0;) n += (size_t)k;
    text[n] = 0;
    close(fd);
}

static void profile_into(char *text, size_t room) {
    int p[2];
    MUST(pipe(p) == 0);
    sn_hog_profile(p[1]);
    close(p[1]);
    read_all(p[0], text, room);
}

static int dump_after_hog(void *arg) {
    CHECK_INT(start_hog(NULL), 0);
    sn_dump(*(int *)arg);
    return 0;
}

static void a_dump_ends_with_hogs(void) {
    static char text[60000];
    int p[2];
    MUST(pipe(p) == 0);
    CHECK_INT(run_on_one(dump_after_hog, &p[1]), 0);
    close(p[1]);
    read_all(p[0], text, sizeof text);
    CHECK(strstr(text, "hogs started by start_hog+0x") != NULL);
}

static void a_hog_is_overtaken_and_told(void) {
    static char text[60000];
    unsigned long total = 0, count = 0, site = 0;
    CHECK_INT(run_on_one(start_hog, NULL), 0);
    profile_into(text, sizeof text);
    CHECK(!strncmp(text, "--- contention:\ncycles/second=1000000000\n", 41));
    CHECK(strstr(text, "started by start_hog+0x") != NULL);
    CHECK(strstr(text, "\n--- Memory map: ---\n") != NULL);
    CHECK_INT(sscanf(text + 41, "%lu %lu @ %lx", &total, &count, &site), 3);
    CHECK(total > 0 && count >= 1 && site != 0);
}

/* Eight that compute and yield: each comes to its end, and so does who sleeps beside them. */
static int compute_in_turns(void *arg) {
    (void)arg;
    for (int i = 0; i < 5; i++) {
        for (sn_time end = sn_now() + 3 * SN_MILLISECOND; sn_now() < end;) {
        }
        CHECK_INT(sn_yield(), 0);
    }
    atomic_fetch_add(&done, 1);
    return 0;
}

static int start_turns(void *arg) {
    sn_scope s;
    (void)arg;
    atomic_store(&woken, 0);
    atomic_store(&done, 0);
    sn_scope_enter(&s, SN_NEVER);
    for (int i = 0; i < 8; i++) GO(compute_in_turns, NULL);
    GO(nap_ten, NULL);
    CHECK_INT(sn_scope_leave(&s), 0);
    CHECK_INT(atomic_load(&done), 8);
    CHECK_INT(atomic_load(&woken), 10);
    return 0;
}

static void hogs_set_aside_go_on(void) {
    for (int i = 0; i < 3; i++) CHECK_INT(run_on_one(start_turns, NULL), 0);
}

/* --- calls that block */

static int pipe_of[2];

static int read_one(void *arg) {
    char c;
    (void)arg;
    return read(pipe_of[0], &c, 1) == 1 ? 0 : SN_EIO;
}

static int write_one(void *arg) {
    CHECK_INT(sn_sleep(30 * SN_MILLISECOND), 0);
    CHECK_INT(write(pipe_of[1], "x", 1), 1);
    (void)arg;
    return 0;
}

static int start_blocked(void *arg) {
    sn_scope s;
    (void)arg;
    sn_scope_enter(&s, SN_NEVER);
    GO(read_one, NULL);
    GO(write_one, NULL);
    CHECK_INT(sn_scope_leave(&s), 0);
    CHECK(stats().handovers >= 1);
    return 0;
}

static void who_blocks_is_overtaken(void) {
    MUST(pipe(pipe_of) == 0);
    CHECK_INT(run_on_one(start_blocked, NULL), 0);
    close(pipe_of[0]);
    close(pipe_of[1]);
}

/* --- places */

enum { PLACES = 3, CALLERS = 20 };
static atomic_int inside, most, calls;

static int be_inside(void *arg) {
    int n = atomic_fetch_add(&inside, 1) + 1, seen = atomic_load(&most);
    (void)arg;
    while (n > seen && !atomic_compare_exchange_weak(&most, &seen, n)) {
    }
    usleep(2000);
    atomic_fetch_sub(&inside, 1);
    atomic_fetch_add(&calls, 1);
    return 7;
}

static int call_inside(void *arg) {
    (void)arg;
    CHECK_INT(sn_blocking(be_inside, NULL), 7);
    return 0;
}

static int fill_places(void *arg) {
    sn_scope s;
    (void)arg;
    sn_scope_enter(&s, SN_NEVER);
    for (int i = 0; i < CALLERS; i++) GO(call_inside, NULL);
    CHECK_INT(sn_sleep(5 * SN_MILLISECOND), 0);
    sn_scope_cancel(&s, SN_ECANCELED); /* who waits for a place has its call all the same */
    CHECK_INT(sn_scope_leave(&s), SN_ECANCELED);
    CHECK_INT(atomic_load(&calls), CALLERS);
    CHECK(atomic_load(&most) >= 1 && atomic_load(&most) <= PLACES);
    return 0;
}

static void no_more_calls_than_places(void) {
    setenv("SENNIT_MAX_BLOCKED", "3", 1);
    CHECK_INT(sn_run(fill_places, NULL, NULL), 0);
    unsetenv("SENNIT_MAX_BLOCKED");
}

/* --- threads */

static int stay(void *arg) {
    (void)arg;
    pause();
    return 0;
}
static int call_stay(void *arg) { return sn_blocking(stay, arg); }

static int need_threads(void *arg) {
    (void)arg;
    for (int i = 0; i < 8; i++) MUST(sn_go_root(call_stay, NULL, 0) == 0);
    return sn_sleep(60 * SN_SECOND);
}

static int children(int argc, char **argv) {
    if (argc < 3 || strcmp(argv[2], "threads") != 0) return 2;
    setenv("SENNIT_MAX_THREADS", "4", 1);
    return sn_run(need_threads, NULL, NULL);
}

int main(int argc, char **argv) {
    static const char *const threads[] = {"fatal error:", "SENNIT_MAX_THREADS", "call_stay", NULL};
    if (argc > 1) return children(argc, argv);
    alarm(300);
    CASE(a_hog_is_overtaken_and_told);
    CASE(a_dump_ends_with_hogs);
    CASE(hogs_set_aside_go_on);
    CASE(who_blocks_is_overtaken);
    CASE(no_more_calls_than_places);
    child_dies("threads", threads);
    return check_done();
}
