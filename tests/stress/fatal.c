/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* What the runtime says before it stops the program: a stack overflow names its coroutine, a
 * deadlock names every coroutine, what it waits for and where it was started. */
#include "child.h"
#include "stress.h"

static sn_chan nobody_sends;
static sn_mutex taken;

/* --- overflow */

static int deeper(volatile char *above, int depth) {
    volatile char here[512];
    here[0] = (char)(above[0] + depth);
    if (depth == 100000000) return 0;
    return deeper(here, depth + 1) + here[0];
}

static int recurse(void *arg) {
    volatile char start[1] = {0};
    (void)arg;
    return deeper(start, 0);
}

static int overflow(void *arg) {
    sn_attr attr = {.size = sizeof attr, .name = "digger"};
    sn_scope s;
    (void)arg;
    sn_scope_enter(&s, SN_NEVER);
    MUST(sn_scope_go(&s, &attr, recurse, NULL, 0) == 0);
    return sn_scope_leave(&s);
}

/* --- deadlock */

static int wait_recv(void *arg) {
    (void)arg;
    return sn_recv(&nobody_sends, NULL);
}
static int wait_lock(void *arg) {
    (void)arg;
    sn_lock(&taken);
    return 0;
}
static int wait_select(void *arg) {
    int v = 0;
    (void)arg;
    return sn_select(SN_NEVER, sn_rx(&nobody_sends, &v, NULL), sn_tx(NULL, &v));
}
static int wait_nil(void *arg) {
    (void)arg;
    return sn_recv(NULL, NULL);
}

static const struct {
    const char *name;
    sn_fn f;
} sleepers[] = {
    {"alice", wait_recv}, {"bob", wait_lock}, {"carol", wait_select}, {"dave", wait_nil}};

static int deadlock(void *arg) {
    sn_scope s;
    (void)arg;
    MUST(sn_chan_init(&nobody_sends, sizeof(int), 0, NULL, NULL) == 0);
    sn_set_name("mother");
    sn_lock(&taken);
    sn_scope_enter(&s, SN_NEVER);
    for (int i = 0; i < 4; i++) {
        sn_attr attr = {.size = sizeof attr, .name = sleepers[i].name};
        MUST(sn_scope_go(&s, &attr, sleepers[i].f, NULL, 0) == 0);
    }
    return sn_scope_leave(&s);
}

/* Only a sleeper is left that will wake: no deadlock. */
static int not_deadlock(void *arg) {
    sn_scope s;
    (void)arg;
    MUST(sn_chan_init(&nobody_sends, sizeof(int), 0, NULL, NULL) == 0);
    sn_scope_enter(&s, sn_now() + 50 * SN_MILLISECOND);
    (void)go_if_open(wait_recv, NULL, 0);
    return sn_scope_leave(&s) == SN_ETIMEDOUT ? 0 : 3;
}

static void sleeping_is_no_deadlock(void) {
    static child_end end;
    child_run("not_deadlock", &end);
    CHECK(WIFEXITED(end.status) && WEXITSTATUS(end.status) == 0);
    CHECK_STR(end.text, "");
}

/* A thread that waits for its pinned coroutine is asleep like any other. */
static int pinned_deadlock(void *arg) {
    sn_attr attr = {.size = sizeof attr, .name = "nailed", .flags = SN_PIN};
    sn_scope s;
    (void)arg;
    MUST(sn_chan_init(&nobody_sends, sizeof(int), 0, NULL, NULL) == 0);
    sn_scope_enter(&s, SN_NEVER);
    MUST(sn_scope_go(&s, &attr, wait_recv, NULL, 0) == 0);
    return sn_scope_leave(&s);
}

/* A connection that is open wakes nobody who does not wait in it. */
static int idle_deadlock(void *arg) {
    sn_listener *l;
    sn_conn *a, *b;
    char addr[64], c;
    size_t n;
    (void)arg;
    MUST(sn_chan_init(&nobody_sends, sizeof(int), 0, NULL, NULL) == 0);
    MUST(sn_listen(&l, "tcp", "127.0.0.1:0") == 0);
    MUST(sn_listener_addr(l, addr, sizeof addr) == 0);
    MUST(sn_dial(&a, "tcp", addr) == 0 && sn_accept(l, &b) == 0);
    MUST(sn_write(a, "x", 1, &n) == 0 && sn_read(b, &c, 1, &n) == 0);
    return sn_recv(&nobody_sends, NULL);
}

/* --- what must not park */

__attribute__((noinline)) static int callback(sn_chan *c) {
    int v = 0;
    sn_nopark_begin();
    int rc = sn_send(c, &v); /* there is room: it would not have waited */
    sn_nopark_end();
    return rc;
}

static int parks_in_callback(void *arg) {
    sn_chan c;
    (void)arg;
    MUST(sn_chan_init(&c, sizeof(int), 1, NULL, NULL) == 0);
    return callback(&c);
}

static int returns_in_callback(void *arg) {
    (void)arg;
    sn_nopark_begin();
    return 0;
}

static int starts_one(void *arg) {
    sn_scope s;
    (void)arg;
    sn_scope_enter(&s, SN_NEVER);
    GO(returns_in_callback, NULL);
    return sn_scope_leave(&s);
}

static int unpins_too_often(void *arg) {
    (void)arg;
    sn_pin();
    sn_unpin();
    sn_unpin();
    return 0;
}

static int run_child(const char *name) {
    if (!strcmp(name, "idle")) return sn_run(idle_deadlock, NULL, NULL) ? 3 : 0;
    if (!strcmp(name, "pinned")) return sn_run(pinned_deadlock, NULL, NULL) ? 3 : 0;
    if (!strcmp(name, "nopark")) return sn_run(parks_in_callback, NULL, NULL) ? 3 : 0;
    if (!strcmp(name, "nopark_return")) return sn_run(starts_one, NULL, NULL) ? 3 : 0;
    if (!strcmp(name, "unpin")) return sn_run(unpins_too_often, NULL, NULL) ? 3 : 0;
    if (!strcmp(name, "overflow")) return sn_run(overflow, NULL, NULL) ? 3 : 0;
    if (!strcmp(name, "deadlock")) return sn_run(deadlock, NULL, NULL) ? 3 : 0;
    if (!strcmp(name, "not_deadlock")) return sn_run(not_deadlock, NULL, NULL);
    return 4;
}

int main(int argc, char **argv) {
    static const char *const deep[] = {"digger", "stack overflow", NULL};
    static const char *const asleep[] = {
        "all coroutines are asleep", "alice",  "bob",   "carol",   "dave", "mother", "receive",
        "sync.Mutex.Lock",           "select", "scope", "started", NULL};
    static const char *const idles[] = {"all coroutines are asleep", "main", NULL};
    static const char *const nailed[] = {"all coroutines are asleep", "nailed", ", pinned]", NULL};
    static const char *const parks[] = {"call that may park between sn_nopark_begin", "callback+0x",
                                        NULL};
    static const char *const returns[] = {"coroutine returned between sn_nopark_begin",
                                          "returns_in_callback+0x", NULL};
    static const char *const unpins[] = {"sn_unpin of a coroutine that is not pinned", NULL};
    if (argc == 3 && !strcmp(argv[1], "child")) return run_child(argv[2]);
    if (STRESS_SANITIZED) {
        printf("skipped: an overflow under a sanitizer is the sanitizer's to report\n");
    } else {
        child_dies("overflow", deep);
    }
#ifdef EMULATOR
    printf("skipped: the emulator has a thread of its own, which might yet wake somebody\n");
    (void)asleep;
    (void)nailed;
    (void)idles;
#else
    child_dies("deadlock", asleep);
    child_dies("pinned", nailed);
    child_dies("idle", idles);
#endif
    child_dies("nopark", parks);
    child_dies("nopark_return", returns);
    child_dies("unpin", unpins);
    CASE(sleeping_is_no_deadlock);
    return check_done();
}
