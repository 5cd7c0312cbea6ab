/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Every allocation, mapping and thread that is asked for fails once: the n-th call for n = 1, 2, …
 * until a scenario comes through without. Each time in a process of its own, which must end: well,
 * with an error that is named, or with a message that says what there was none of. A crash, a hang,
 * a value that is lost or a wrong one fails the test. (A leak does in the build with ASan.) */
#include "check.h"

#include <errno.h>
#include <pthread.h>
#include <sennit/sennit.h>
#include <stdatomic.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

/* ---- the calls, by the linker's --wrap */

static _Atomic long calls_left; /* until one fails; below 0: none will */
static atomic_int failed_one;

static int fails(void) {
    long left = atomic_load(&calls_left);
    while (left > 0)
        if (atomic_compare_exchange_weak(&calls_left, &left, left - 1)) {
            if (left == 1) atomic_store(&failed_one, 1);
            return left == 1;
        }
    return 0;
}

void *__real_malloc(size_t n);
void *__real_calloc(size_t n, size_t of);
void *__real_realloc(void *p, size_t n);
void *__real_mmap(void *at, size_t n, int prot, int flags, int fd, off_t off);
int __real_pthread_create(pthread_t *t, const pthread_attr_t *a, void *(*f)(void *), void *arg);
void *__wrap_malloc(size_t n);
void *__wrap_calloc(size_t n, size_t of);
void *__wrap_realloc(void *p, size_t n);
void *__wrap_mmap(void *at, size_t n, int prot, int flags, int fd, off_t off);
int __wrap_pthread_create(pthread_t *t, const pthread_attr_t *a, void *(*f)(void *), void *arg);

void *__wrap_malloc(size_t n) { return fails() ? NULL : __real_malloc(n); }
void *__wrap_calloc(size_t n, size_t of) { return fails() ? NULL : __real_calloc(n, of); }
void *__wrap_realloc(void *p, size_t n) { return fails() ? NULL : __real_realloc(p, n); }
void *__wrap_mmap(void *at, size_t n, int prot, int flags, int fd, off_t off) {
    if (!fails()) return __real_mmap(at, n, prot, flags, fd, off);
    errno = ENOMEM;
    return MAP_FAILED;
}
int __wrap_pthread_create(pthread_t *t, const pthread_attr_t *a, void *(*f)(void *), void *arg) {
    return fails() ? EAGAIN : __real_pthread_create(t, a, f, arg);
}

/* ---- the scenarios: 0, or the error that a call gave */

static int yields(void *arg) {
    (void)arg;
    return sn_yield();
}

/* Coroutines with stacks of each class, their arguments copied, in scopes. */
static int spawns(void *arg) {
    (void)arg;
    sn_scope s;
    int err = 0;
    sn_scope_enter(&s, SN_NEVER);
    for (size_t kib = 16; kib <= 1024 && !err; kib *= 4) {
        const sn_attr a = {.size = sizeof a, .stack = kib * 1024};
        for (int i = 0; i < 20 && !err; i++) err = sn_scope_go(&s, &a, yields, &i, sizeof i);
    }
    int left = sn_scope_leave(&s);
    return err ? err : left;
}

/* All values arrive, in order, or the channel was never made. */
static int sends_ten(void *arg) {
    int err = 0;
    for (int i = 0; i < 10 && !err; i++) err = sn_send(arg, &i);
    sn_chan_close(arg);
    return err;
}
static int through_a_channel(size_t cap) {
    sn_scope s;
    sn_chan *c = sn_chan_new(sizeof(int), cap, NULL);
    if (!c) return SN_ENOMEM;
    sn_scope_enter(&s, SN_NEVER);
    int v, n = 0, err = sn_scope_go(&s, NULL, sends_ten, c, 0);
    while (!err && sn_recv(c, &v) == 0) CHECK_INT(v, n++);
    if (!err) CHECK_INT(n, 10);
    CHECK_INT(sn_scope_leave(&s), 0);
    sn_chan_free(c);
    return err;
}
static int channels(void *arg) {
    (void)arg;
    int err = through_a_channel(0);
    return err ? err : through_a_channel(4);
}

/* A select of many cases allocates. */
static int big_select(void *arg) {
    enum { N = 100 };
    sn_chan c[N];
    sn_case k[N];
    int v = 7, got = 0, made = 0, err = 0;
    (void)arg;
    while (made < N && !err)
        if (!(err = sn_chan_init(&c[made], sizeof v, 1, NULL, NULL))) made++;
    for (int i = 0; i < made; i++) k[i] = sn_rx(&c[i], &got, NULL);
    if (!err) err = sn_try_send(&c[N / 2], &v);
    if (!err) {
        int i = sn_selectv(k, N, SN_NEVER);
        err = i < 0 ? i : 0;
        if (!err) CHECK(i == N / 2 && got == 7);
    }
    for (int i = 0; i < made; i++) sn_chan_free(&c[i]);
    return err;
}

/* Time-outs need room in a heap. */
static int sleeps(void *arg) {
    (void)arg;
    return sn_sleep(SN_MILLISECOND);
}
static int timers(void *arg) {
    (void)arg;
    sn_scope s;
    int err = 0;
    sn_scope_enter(&s, sn_now() + 10 * SN_SECOND);
    for (int i = 0; i < 100 && !err; i++) err = sn_go(sleeps, NULL, 0);
    int left = sn_scope_leave(&s);
    return err ? err : left;
}

/* A call that blocks needs another thread. */
static int blocks(void *arg) {
    (void)arg;
    usleep(2000);
    return 0;
}
static int blocking(void *arg) {
    (void)arg;
    sn_scope s;
    sn_scope_enter(&s, SN_NEVER);
    int err = sn_go(yields, NULL, 0);
    if (!err) err = sn_blocking(blocks, NULL);
    int left = sn_scope_leave(&s);
    return err ? err : left;
}

static void doubles(void *arg) { *(int *)arg *= 2; }
static int offloads(void *arg) {
    int v = 21;
    (void)arg;
    int err = sn_offload(doubles, &v, sizeof v, NULL, SN_NEVER);
    CHECK_INT(v, err ? 21 : 42);
    return err;
}

static int computes(void *ctx, const void *key, size_t n, void *result) {
    (void)ctx, (void)key, (void)n;
    *(int *)result = 42;
    return 0;
}
static int flights(void *arg) {
    sn_flight f;
    int v = 0;
    (void)arg;
    int err = sn_flight_init(&f, computes, NULL, sizeof v);
    if (err) return err;
    for (char key = 'a'; key < 'z' && !err; key++) {
        err = sn_flight_do(&f, &key, 1, &v);
        if (!err) CHECK_INT(v, 42);
    }
    sn_flight_end(&f);
    return err;
}

static int buffers(void *arg) {
    sn_bufs p;
    sn_buf b[20];
    int n = 0;
    (void)arg;
    int err = sn_bufs_init(&p, 100, 4);
    if (err) return err;
    while (n < 20 && !(err = sn_bufs_get(&p, &b[n]))) {
        CHECK_INT(sn_buf_append(&b[n], "x", 1), 0);
        n++;
    }
    while (n > 0) sn_bufs_put(&p, &b[--n]);
    sn_bufs_end(&p);
    return err;
}

static const struct {
    const char *name;
    sn_fn f;
} scenarios[] = {
    {"spawns", spawns},   {"channels", channels}, {"big_select", big_select},
    {"timers", timers},   {"blocking", blocking}, {"offloads", offloads},
    {"flights", flights}, {"buffers", buffers},
};

/* ---- one process for each failure */

enum ending { CAME_THROUGH = 0, NAMED_ERROR = 10, WRONG = 11 };

static int named(int err) {
    return err == SN_ENOMEM || err == SN_EAGAIN || err == SN_EMFILE || err == SN_ECANCELED;
}

static _Noreturn void child(sn_fn f, long nth) {
    alarm(30);
    atomic_store(&calls_left, nth);
    int err = sn_run(f, NULL, NULL);
    int one = atomic_load(&failed_one);
    atomic_store(&calls_left, -1);
    if (check_failed_ || (err && !(one && named(err)))) {
        fprintf(stderr, "ended with %d\n", err);
        _exit(WRONG);
    }
    exit(one ? NAMED_ERROR : CAME_THROUGH);
}

/* What it said, and how it ended. */
static int run_one(sn_fn f, long nth, char *said, size_t room) {
    int fd[2], status;
    size_t n = 0;
    MUST(pipe(fd) == 0);
    fflush(stdout); /* or the child writes it once more */
    pid_t pid = fork();
    MUST(pid >= 0);
    if (pid == 0) {
        dup2(fd[1], 2);
        close(fd[0]);
        close(fd[1]);
        child(f, nth);
    }
    close(fd[1]);
    char more[512]; /* what does not fit is read all the same, or the child would die of it */
    for (ssize_t r; (r = read(fd[0], more, sizeof more)) > 0;) {
        size_t k = (size_t)r < room - 1 - n ? (size_t)r : room - 1 - n;
        memcpy(said + n, more, k);
        n += k;
    }
    said[n] = 0;
    close(fd[0]);
    MUST(waitpid(pid, &status, 0) == pid);
    return status;
}

static int stopped_by_name(int status, const char *said) {
    return WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT &&
           strstr(said, "fatal error: out of memory");
}

/* The n at which it came through; every one before must have ended as it should. */
static void scenario(const char *name, sn_fn f) {
    char said[4096];
    long n = 1, stopped = 0;
    for (;; n++) {
        int status = run_one(f, n, said, sizeof said);
        if (WIFEXITED(status) && WEXITSTATUS(status) == CAME_THROUGH) break;
        stopped += stopped_by_name(status, said) != 0;
        int good = (WIFEXITED(status) && WEXITSTATUS(status) == NAMED_ERROR) ||
                   stopped_by_name(status, said);
        if (!good) {
            fprintf(stderr, "%s, call %ld: status %x\n%s\n", name, n, (unsigned)status, said);
            check_failed_ = 1;
        }
        MUST(n < 2000);
    }
    printf("%-10s %3ld calls, each failed once; %ld times the program was stopped by name\n", name,
           n - 1, stopped);
}

int main(int argc, char **argv) {
    for (size_t i = 0; i < sizeof scenarios / sizeof *scenarios; i++) {
        if (argc > 1 && strcmp(argv[1], scenarios[i].name) != 0) continue;
        check_failed_ = 0;
        scenario(scenarios[i].name, scenarios[i].f);
        check_failed_ ? check_failed_n_++ : check_passed_n_++;
    }
    return check_done();
}
