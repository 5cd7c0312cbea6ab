/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* The C library: errno, locks of threads, stdio, locales, hidden buffers, sorting, memory. */
#include "calling.h"

#include <errno.h>
#include <locale.h>
#include <netdb.h>
#include <pthread.h>
#include <regex.h>

/* The address now; no compiler knows that it is errno's, and keeps it. */
__attribute__((noinline)) static int *errno_now(void) {
    int *p = &errno;
    __asm__ volatile("" : "+r"(p));
    return p;
}

/* UNSAFE: what a compiler that keeps errno's address over a park would read. */
CALLING_CASE(errno_over_a_park_is_another_threads) {
    int *before = errno_now();
    *before = EDOM;
    park_and_move();
    CHECK(errno_now() != before);
    CHECK(*errno_now() != EDOM);
}

CALLING_CASE(errno_copied_after_its_call_is_right) {
    for (int i = 0; i < 50; i++) {
        int rc = close(-1), why = *errno_now();
        park_and_move();
        CHECK(rc == -1 && why == EBADF);
    }
}

/* UNSAFE: the thread that locked it is not the one that unlocks. */
CALLING_CASE(a_pthread_mutex_over_a_park_is_refused) {
    pthread_mutexattr_t kind;
    pthread_mutex_t m;
    MUST(pthread_mutexattr_init(&kind) == 0);
    MUST(pthread_mutexattr_settype(&kind, PTHREAD_MUTEX_ERRORCHECK) == 0);
    MUST(pthread_mutex_init(&m, &kind) == 0);
    CHECK_INT(pthread_mutex_lock(&m), 0);
    park_and_move();
    CHECK_INT(pthread_mutex_unlock(&m), EPERM);
    pthread_mutexattr_destroy(&kind);
}

static pthread_mutex_t plain = PTHREAD_MUTEX_INITIALIZER;
static long counter;
static int counts(void *arg) {
    (void)arg;
    for (int i = 0; i < 200; i++) {
        pthread_mutex_lock(&plain);
        counter++;
        pthread_mutex_unlock(&plain);
        if (i % 20 == 0) park_and_move();
    }
    return 0;
}
CALLING_CASE(a_pthread_mutex_between_parks_works) {
    counter = 0;
    crowd(8, counts, NULL);
    CHECK_INT(counter, 8 * 200);
}

/* UNSAFE: a locale of the thread stays behind. */
CALLING_CASE(uselocale_over_a_park_stays_behind) {
    locale_t own = newlocale(LC_ALL_MASK, "C", (locale_t)0);
    MUST(own);
    locale_t was = uselocale(own);
    CHECK(uselocale((locale_t)0) == own);
    park_and_move();
    CHECK(uselocale((locale_t)0) != own);
    for (int i = 0; i < 100 && uselocale((locale_t)0) != own; i++) park_and_move();
    uselocale(was); /* where it was set, if we came by; it is not freed, another may have it */
}

/* … unless the thread does. */
static locale_t own_locale(void) {
    locale_t own = newlocale(LC_ALL_MASK, "C.UTF-8", (locale_t)0);
    return own ? own : newlocale(LC_ALL_MASK, "C", (locale_t)0);
}
static locale_t left_behind[KEEPERS * KEEP_TIMES]; /* threads have them */
static int keeps_a_locale(void) {
    static int n;
    locale_t own = own_locale(), was = uselocale(own);
    MUST(own);
    park_for_long();
    int kept = uselocale((locale_t)0) == own;
    if (!kept) left_behind[__atomic_fetch_add(&n, 1, __ATOMIC_SEQ_CST)] = own;
    if (kept) uselocale(was);
    if (kept) freelocale(own);
    return kept;
}
CALLING_CASE(uselocale_of_a_pinned_coroutine_stays) {
    CHECK_INT(lost_over_parks(keeps_a_locale, NULL, SN_PIN), 0);
    CHECK(lost_over_parks(keeps_a_locale, NULL, 0) > 0);
    CHECK(left_behind[0] != (locale_t)0);
}

/* Each has one of its own: whether it may be unlocked is asked, not whether it is to be had. */
static int keeps_a_lock(void) {
    pthread_mutexattr_t kind;
    pthread_mutex_t m;
    MUST(pthread_mutexattr_init(&kind) == 0);
    MUST(pthread_mutexattr_settype(&kind, PTHREAD_MUTEX_ERRORCHECK) == 0);
    MUST(pthread_mutex_init(&m, &kind) == 0);
    CHECK_INT(pthread_mutex_lock(&m), 0);
    park_for_long();
    int rc = pthread_mutex_unlock(&m);
    CHECK(rc == 0 || rc == EPERM);
    pthread_mutexattr_destroy(&kind);
    return rc == 0;
}
CALLING_CASE(a_pthread_mutex_of_a_pinned_coroutine_stays_its_own) {
    CHECK_INT(lost_over_parks(keeps_a_lock, NULL, SN_PIN), 0);
    CHECK(lost_over_parks(keeps_a_lock, NULL, 0) > 0);
}

/* UNSAFE: strerror of a number without a name gives a buffer of the thread, which the next call
 * frees. (AddressSanitizer reports it, so this is not for that build.) */
static const char *strange;
static int asks_for_another(void *arg) {
    (void)arg;
    strange = strerror(54321);
    return 0;
}
#ifndef __SANITIZE_ADDRESS__
CALLING_CASE(strerror_over_a_park_may_have_changed) {
    char own[64];
    const char *text = strerror(12345);
    snprintf(own, sizeof own, "%s", text);
    strange = NULL;
    for (int i = 0; i < 1000 && strange != text; i++) crowd(4, asks_for_another, NULL);
    CHECK(strcmp(text, own) != 0);
}
#endif

/* … where others run. */
static void asks_elsewhere(void) { (void)strerror(54321); }
static int keeps_a_text(void) {
    char own[64];
    const char *text = strerror(12345);
    snprintf(own, sizeof own, "%s", text);
    park_for_long();
    return strcmp(text, own) == 0;
}
CALLING_CASE(strerror_of_a_pinned_coroutine_stays) {
    CHECK_INT(lost_over_parks(keeps_a_text, asks_elsewhere, SN_PIN), 0);
}

CALLING_CASE(strerror_r_has_a_buffer_of_ones_own) {
    char buf[64], own[64];
    const char *text = strerror_r(12345, buf, sizeof buf);
    snprintf(own, sizeof own, "%s", text);
    crowd(8, asks_for_another, NULL);
    CHECK_STR(text, own);
}

/* Each call locks the stream and frees it again: lines stay whole. */
enum { LINES = 40, WRITERS = 6 };
static FILE *shared_file;
static int writes_lines(void *arg) {
    (void)arg;
    char line[200];
    long id = (long)sn_id();
    for (int i = 0; i < LINES; i++) {
        snprintf(line, sizeof line, "%ld %0*d\n", id, 100, i);
        MUST(fputs(line, shared_file) >= 0);
        park_and_move();
    }
    return 0;
}
CALLING_CASE(stdio_shared_by_coroutines_keeps_lines_whole) {
    char line[200];
    int n = 0;
    MUST((shared_file = tmpfile()) != NULL);
    crowd(WRITERS, writes_lines, NULL);
    rewind(shared_file);
    while (fgets(line, sizeof line, shared_file)) {
        long id;
        char digits[120];
        CHECK(sscanf(line, "%ld %110s", &id, digits) == 2 && strlen(digits) == 100);
        n++;
    }
    CHECK_INT(n, LINES * WRITERS);
    fclose(shared_file);
}

/* A read that blocks holds its thread, not the others. With one P the writer could never run. */
static int writes_late(void *arg) {
    int fd = *(int *)arg;
    MUST(sn_sleep(30 * SN_MILLISECOND) == 0);
    MUST(write(fd, "late\n", 5) == 5);
    close(fd);
    return 0;
}
CALLING_CASE(fread_that_blocks_stops_nobody_else) {
    int fd[2];
    char buf[8] = {0};
    sn_scope s;
    MUST(pipe(fd) == 0);
    FILE *f = fdopen(fd[0], "r");
    MUST(f);
    sn_scope_enter(&s, SN_NEVER);
    MUST(sn_go(writes_late, &fd[1], sizeof fd[1]) == 0);
    CHECK_INT(fread(buf, 1, 5, f), 5);
    CHECK_STR(buf, "late\n");
    CHECK_INT(sn_scope_leave(&s), 0);
    fclose(f);
}

/* UNSAFE: flockfile is a thread's. */
CALLING_CASE(flockfile_over_a_park_is_another_threads) {
    FILE *f = tmpfile();
    MUST(f);
    flockfile(f);
    park_and_move();
    CHECK(ftrylockfile(f) != 0);
    for (int i = 0; i < 1000 && ftrylockfile(f) != 0; i++) park_and_move();
    funlockfile(f); /* twice, on the thread that has it */
    funlockfile(f);
    fclose(f);
}

static int compare(const void *a, const void *b) {
    int x = *(const int *)a, y = *(const int *)b;
    return (x > y) - (x < y);
}
static int compare_and_park(const void *a, const void *b) {
    if (*(const int *)a % 16 == 0) park_and_move();
    return compare(a, b);
}
static void sort_with(int (*with)(const void *, const void *)) {
    int v[300];
    for (int i = 0; i < 300; i++) v[i] = i * 7919 % 300;
    qsort(v, 300, sizeof *v, with);
    for (int i = 0; i < 300; i++) CHECK_INT(v[i], i);
}
CALLING_CASE(qsort_with_callbacks) {
    sort_with(compare);
    sort_with(compare_and_park); /* it keeps nothing by thread */
}

static int allocates(void *arg) {
    (void)arg;
    for (size_t i = 1; i < 100; i++) {
        char *p = malloc(i * 37);
        MUST(p);
        memset(p, (int)i, i * 37);
        if (i % 5 == 0) park_and_move();
        CHECK(p[0] == (char)i && p[i * 37 - 1] == (char)i);
        free(p); /* elsewhere than it was taken */
    }
    return 0;
}
CALLING_CASE(malloc_here_free_there) { crowd(8, allocates, NULL); }

static int resolves(void *arg) {
    struct addrinfo *found = NULL;
    const struct addrinfo want = {.ai_socktype = SOCK_STREAM};
    (void)arg;
    CHECK_INT(getaddrinfo("localhost", "80", &want, &found), 0);
    park_and_move();
    CHECK(found && found->ai_addr);
    if (found) freeaddrinfo(found);
    return 0;
}
CALLING_CASE(getaddrinfo_by_many_at_once) { crowd(12, resolves, NULL); }

static regex_t shared_regex;
static int matches(void *arg) {
    (void)arg;
    for (int i = 0; i < 20; i++) {
        regmatch_t m[2];
        CHECK_INT(regexec(&shared_regex, "firmware-2.14.0.bin", 2, m, 0), 0);
        park_and_move();
        CHECK(m[1].rm_so == 9 && m[1].rm_eo == 15);
        CHECK_INT(regexec(&shared_regex, "firmware.bin", 0, NULL, 0), REG_NOMATCH);
    }
    return 0;
}
CALLING_CASE(one_regex_for_all) {
    MUST(regcomp(&shared_regex, "-([0-9]+\\.[0-9]+\\.[0-9]+)\\.bin$", REG_EXTENDED) == 0);
    crowd(8, matches, NULL);
    regfree(&shared_regex);
}

int main(void) {
    CASE(errno_over_a_park_is_another_threads);
    CASE(errno_copied_after_its_call_is_right);
    CASE(a_pthread_mutex_over_a_park_is_refused);
    CASE(a_pthread_mutex_between_parks_works);
    CASE(uselocale_over_a_park_stays_behind);
#ifndef __SANITIZE_ADDRESS__
    CASE(strerror_over_a_park_may_have_changed);
#endif
    CASE(uselocale_of_a_pinned_coroutine_stays);
    CASE(a_pthread_mutex_of_a_pinned_coroutine_stays_its_own);
    CASE(strerror_of_a_pinned_coroutine_stays);
    CASE(strerror_r_has_a_buffer_of_ones_own);
    CASE(stdio_shared_by_coroutines_keeps_lines_whole);
    CASE(fread_that_blocks_stops_nobody_else);
    CASE(flockfile_over_a_park_is_another_threads);
    CASE(qsort_with_callbacks);
    CASE(malloc_here_free_there);
    CASE(getaddrinfo_by_many_at_once);
    CASE(one_regex_for_all);
    return check_done();
}
