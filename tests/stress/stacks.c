/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Stacks: each size class is as deep as it says; an overflow is found and named by whatever guards
 * the stack: a guard of the kernel's, a split mapping, a canary. */
#include "child.h"
#include "stress.h"

#include <alloca.h>
#include <stdbool.h>
#include <sys/mman.h>

/* Writes all over so many bytes of the caller's stack. */
static __attribute__((noinline)) long dig(size_t bytes) {
    volatile char *hole = alloca(bytes);
    long sum = 0;
    for (size_t i = 0; i < bytes; i += 8) hole[i] = (char)i;
    for (size_t i = 0; i < bytes; i += 8) sum += hole[i];
    return sum;
}

static int dig_deep(void *arg) {
    dig(*(size_t *)arg);
    return 0;
}

static int in_all_classes(void *arg) {
    static const uint32_t kib[] = {16, 64, 256, 1024};
    sn_scope s;
    (void)arg;
    sn_scope_enter(&s, SN_NEVER);
    for (int round = 0; round < 100; round++) {
        sn_attr a = {.size = sizeof a, .stack = kib[round % 4] * 1024};
        size_t deep = a.stack - 4096 - 2048; /* the guard, and what is ours */
        MUST(sn_scope_go(&s, &a, dig_deep, &deep, sizeof deep) == 0);
    }
    sn_attr a = {.size = sizeof a, .stack = 1024 * 1024 + 1};
    CHECK_INT(sn_scope_go(&s, &a, dig_deep, NULL, 0), SN_EINVAL);
    return sn_scope_leave(&s);
}

static void each_class_is_deep_enough(void) { CHECK_INT(sn_run(in_all_classes, NULL, NULL), 0); }

/* --- overflows */

/* Deeper by a little each time, and back: where nothing faults, the end of it is reached with
 * nothing overwritten but the canary. */
static int overflow(sn_fn digger, bool waits) {
    sn_attr attr = {.size = sizeof attr, .name = "digger"};
    for (size_t deep = 62 * 1024; deep < 66 * 1024; deep += 64) {
        sn_scope s;
        sn_scope_enter(&s, SN_NEVER);
        MUST(sn_scope_go(&s, &attr, digger, &deep, sizeof deep) == 0);
        if (waits) CHECK_INT(sn_yield(), 0);
        if (waits) sn_scope_cancel(&s, SN_ECANCELED);
        if (sn_scope_leave(&s) != (waits ? SN_ECANCELED : 0)) return 3;
    }
    return 0;
}

static int overflow_and_end(void *arg) {
    (void)arg;
    return overflow(dig_deep, false);
}

/* The canary is also looked at when the coroutine waits and nobody else can run. */
static int dig_and_wait(void *arg) {
    dig(*(size_t *)arg);
    for (;;) {
        int rc = sn_sleep(SN_SECOND);
        if (rc) return rc;
    }
}

static int overflow_and_wait(void *arg) {
    (void)arg;
    return overflow(dig_and_wait, true);
}

static int shallow(void *arg) {
    dig(*(size_t *)arg);
    return sn_yield();
}

/* All is well without guards as long as nobody overflows. */
static int many_without_guards(void *arg) {
    sn_scope s;
    (void)arg;
    sn_scope_enter(&s, SN_NEVER);
    for (int i = 0; i < 3000; i++) {
        size_t deep = 4096;
        int rc = sn_go(shallow, &deep, sizeof deep);
        if (rc) return rc;
    }
    return sn_scope_leave(&s);
}

/* --- a fault that is none of ours goes to who was there before */

static volatile char *page;
static atomic_int faults;

static void opens_page(int signo, siginfo_t *info, void *context) {
    (void)signo, (void)context;
    if (info->si_addr != (void *)(uintptr_t)page || atomic_fetch_add(&faults, 1)) _exit(1);
    mprotect((void *)(uintptr_t)page, 1, PROT_READ | PROT_WRITE);
}

static int touches_page(void *arg) {
    (void)arg;
    page[0] = 1;
    return page[0] != 1;
}

static void others_faults_are_passed_on(void) {
    struct sigaction mine = {.sa_flags = SA_SIGINFO | SA_ONSTACK}, was;
    mine.sa_sigaction = opens_page;
    page = mmap(NULL, 1, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    MUST(page != MAP_FAILED && sigaction(SIGSEGV, &mine, &was) == 0);
    CHECK_INT(sn_run(touches_page, NULL, NULL), 0);
    CHECK_INT(atomic_load(&faults), 1);
    MUST(sigaction(SIGSEGV, &was, NULL) == 0);
    munmap((void *)(uintptr_t)page, 1);
}

static int run_child(const char *name) {
    bool split = !strcmp(name, "split"), no_guard = strstr(name, "none") != NULL;
    if (split || no_guard) setenv("SENNIT_NO_GUARD_INSTALL", "1", 1);
    if (no_guard) setenv("SENNIT_GUARD_SPLITS", "0", 1);
    if (!strcmp(name, "none_well")) return sn_run(many_without_guards, NULL, NULL) ? 3 : 0;
    if (!strcmp(name, "none_waits")) return sn_run(overflow_and_wait, NULL, NULL) ? 3 : 0;
    return sn_run(overflow_and_end, NULL, NULL) ? 3 : 0;
}

static void without_guards_all_is_well(void) {
    static child_end end;
    child_run("none_well", &end);
    CHECK(WIFEXITED(end.status) && WEXITSTATUS(end.status) == 0);
    CHECK_STR(end.text, "");
}

int main(int argc, char **argv) {
    static const char *const named[] = {"stack overflow of coroutine", "\"digger\" (64 KiB",
                                        "started as dig_", NULL};
    static const char *const canary[] = {"stack overflow of coroutine",
                                         "\"digger\" (64 KiB, no guard", "started as dig_", NULL};
    if (argc == 3 && !strcmp(argv[1], "child")) return run_child(argv[2]);
    CASE(each_class_is_deep_enough);
    CASE(without_guards_all_is_well);
    CASE(others_faults_are_passed_on);
    if (STRESS_SANITIZED) {
        printf("skipped: an overflow under a sanitizer is the sanitizer's to report\n");
        return check_done();
    }
    child_dies("guard", named);
    child_dies("split", named);
    child_dies("none", canary);
    child_dies("none_waits", canary);
    return check_done();
}
