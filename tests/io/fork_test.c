/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* What fork() and exit() mean in a program with coroutines. Each case is a child process of this
 * one, which has no runtime when it forks; its status and what it wrote to standard error are
 * looked at. */
#include "net_util.h"

#include <pthread.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

static char said[20000];

/* The wait status of a process that runs `f`. */
static int outcome(sn_fn f) {
    int end[2], status;
    size_t n = 0;
    MUST(pipe(end) == 0);
    fflush(stdout);
    pid_t pid = fork();
    MUST(pid >= 0);
    if (pid == 0) {
        dup2(end[1], 2);
        close(end[0]);
        close(end[1]);
        _exit(f(NULL));
    }
    close(end[1]);
    for (ssize_t r; (r = read(end[0], said + n, sizeof said - 1 - n)) > 0;) n += (size_t)r;
    said[n] = 0;
    close(end[0]);
    MUST(waitpid(pid, &status, 0) == pid);
    return status;
}

#define ENDS(f, code)                                                                              \
    do {                                                                                           \
        int s_ = outcome(f);                                                                       \
        CHECK(WIFEXITED(s_));                                                                      \
        CHECK_INT(WEXITSTATUS(s_), code);                                                          \
        if (check_failed_) fputs(said, stderr);                                                    \
    } while (0)

static int in_run(sn_fn f) { return sn_run(f, NULL, NULL); }

/* Forks and says how the child ended: its exit status, or 100 + the signal. */
static int end_of(pid_t pid) {
    int status;
    while (waitpid(pid, &status, 0) != pid) continue;
    return WIFEXITED(status) ? WEXITSTATUS(status) : 100 + WTERMSIG(status);
}

/* ---- A child of a running runtime ---- */

static int busy(void *arg) {
    while (sn_yield() == 0) continue;
    return *(int *)arg;
}

/* Others run and wait meanwhile. */
static void company(void) {
    static int zero;
    for (int i = 0; i < 4; i++) MUST(sn_go(busy, &zero, 0) == 0);
    MUST(sn_sleep(SN_MILLISECOND) == 0);
}

static int yields_in_child(void *arg) {
    (void)arg;
    company();
    pid_t pid = fork();
    if (pid == 0) _exit(sn_yield() ? 1 : 2);
    return end_of(pid);
}

static int sends_in_child(void *arg) {
    sn_chan *c = sn_chan_new(1, 1, NULL);
    (void)arg;
    company();
    pid_t pid = fork();
    if (pid == 0) _exit(sn_send(c, "x") ? 1 : 2);
    sn_chan_free(c);
    return end_of(pid);
}

static int runs_in_child(void *arg) {
    company();
    pid_t pid = fork();
    if (pid == 0) _exit(sn_run(busy, arg, NULL) ? 1 : 2);
    return end_of(pid);
}

static int returns_in_child(void *arg) {
    (void)arg;
    company();
    pid_t pid = fork();
    return pid == 0 ? 0 : end_of(pid);
}

static int execs_in_child(void *arg) {
    (void)arg;
    company();
    pid_t pid = fork();
    if (pid == 0) {
        execlp("sh", "sh", "-c", "exit 9", (char *)NULL);
        _exit(1);
    }
    int end = end_of(pid);
    for (int i = 0; i < 100; i++) MUST(sn_yield() == 0); /* the parent goes on as before */
    return end;
}

static void *forks(void *arg) {
    pid_t pid = fork();
    if (pid == 0) _exit(sn_try_send(arg, "x") ? 1 : 2);
    static int end;
    end = end_of(pid);
    return &end;
}

/* From a thread of the program's own. */
static int foreign_forks(void *arg) {
    sn_chan *c = sn_chan_new(1, 4, NULL);
    pthread_t t;
    void *end;
    (void)arg;
    MUST(sn_try_send(c, "x") == 0);
    MUST(pthread_create(&t, NULL, forks, c) == 0);
    MUST(pthread_join(t, &end) == 0);
    sn_chan_free(c);
    return *(int *)end;
}

static int run_yields(void *arg) {
    (void)arg;
    return in_run(yields_in_child);
}
static int run_sends(void *arg) {
    (void)arg;
    return in_run(sends_in_child);
}
static int run_runs(void *arg) {
    (void)arg;
    return in_run(runs_in_child);
}
static int run_returns(void *arg) {
    (void)arg;
    return in_run(returns_in_child);
}
static int run_execs(void *arg) {
    (void)arg;
    return in_run(execs_in_child);
}
static int run_foreign(void *arg) {
    (void)arg;
    return in_run(foreign_forks);
}

static void calls_in_a_child_are_stopped_by_name(void) {
    const sn_fn all[] = {run_yields, run_sends, run_runs, run_returns, run_foreign};
    for (size_t i = 0; i < sizeof all / sizeof *all; i++) {
        ENDS(all[i], 100 + SIGABRT);
        CHECK(strstr(said, "forked while coroutines ran"));
        CHECK(strstr(said, "sn_child_start"));
    }
}

static void exec_after_fork_works(void) {
    ENDS(run_execs, 9);
    CHECK_STR(said, "");
}

/* ---- A child of a process without one ---- */

static void nothing(void *arg) { (void)arg; }

static int net_and_offload(void *arg) {
    char addr[64], c = 0;
    (void)arg;
    sn_listener *l = listen_any("tcp", addr, sizeof addr);
    for (int i = 0; i < 20; i++) exchange(l, "tcp", addr);
    CHECK_INT(sn_offload(nothing, &c, 1, NULL, SN_NEVER), 0);
    sn_listener_free(l);
    return check_failed_;
}

/* A run, a fork, and a run in both at once: neither sees the other's events. */
static int forks_between_runs(void *arg) {
    (void)arg;
    MUST(in_run(net_and_offload) == 0);
    pid_t pid = fork();
    int rc = in_run(net_and_offload);
    if (pid == 0) _exit(rc);
    return rc + end_of(pid);
}

static void a_child_may_run_its_own(void) {
    ENDS(forks_between_runs, 0);
    CHECK_STR(said, "");
}

/* ---- exit ---- */

static void at_end(void) { (void)!write(2, "bye", 3); }

static int exits(void *arg) {
    (void)arg;
    atexit(at_end);
    company();
    exit(5);
}

static int hogs(void *arg) {
    (void)arg;
    for (volatile unsigned i = 1; i; i |= 1) i += 2;
    return 0;
}

static int exits_beside_a_hog(void *arg) {
    MUST(sn_go(hogs, NULL, 0) == 0);
    MUST(sn_sleep(SN_MILLISECOND) == 0);
    return exits(arg);
}

static int run_exits(void *arg) {
    (void)arg;
    return in_run(exits);
}
static int run_exits_beside(void *arg) {
    (void)arg;
    return in_run(exits_beside_a_hog);
}

static void exit_ends_the_program(void) {
    ENDS(run_exits, 5);
    CHECK_STR(said, "bye");
    ENDS(run_exits_beside, 5);
    CHECK_STR(said, "bye");
}

int main(void) {
    CASE(calls_in_a_child_are_stopped_by_name);
    CASE(exec_after_fork_works);
    CASE(a_child_may_run_its_own);
    CASE(exit_ends_the_program);
    return check_done();
}
