/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Every allocation, mapping, thread and system call that a scenario makes fails once: the n-th for
 * n = 1, 2, … until it comes through without. Each time in a process of its own, which must end:
 * well, with an error that is named, or with a message that says what there was none of. A crash, a
 * hang, a value that is lost or a wrong one, a coroutine or a descriptor that is left fails the
 * test. (A leak does in the build with ASan.) Which calls, and how they fail: calls.c. */
#ifndef TESTS_INJECT_H
#define TESTS_INJECT_H

#include "check.h"

#include <dirent.h>
#include <sennit/sennit.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

/** The n-th call from now on fails; 0: none. */
void inject_arm(long nth);
/** This system call fails from now on, always, with this error. */
void inject_forbid(long call, int eno);
/** So does a wrapped function of that name; two at most. */
void inject_refuse(const char *name);
/** None does any more: the name of the one that has; NULL. */
const char *inject_end(void);

enum {
    INJECT_ANY_ERROR = 1 /**< of the public table; else those of running out */
};
typedef struct inject_scenario {
    const char *name;
    sn_fn f; /**< 0, or the error that a call gave */
    int flags;
} inject_scenario;

/* But for the poller's two, which stay for the next run. */
static inline int inject_fds(void) {
    char path[64], to[64];
    int n = 0, pollers = 0, wakers = 0;
    DIR *d = opendir("/proc/self/fd");
    MUST(d);
    for (struct dirent *e; (e = readdir(d)); n++) {
        snprintf(path, sizeof path, "/proc/self/fd/%.20s", e->d_name);
        ssize_t k = readlink(path, to, sizeof to - 1);
        to[k < 0 ? 0 : k] = 0;
        pollers += !strcmp(to, "anon_inode:[eventpoll]");
        wakers += !strcmp(to, "anon_inode:[eventfd]");
    }
    closedir(d);
    return n - (pollers > 0) - (wakers > 0);
}

static inline int inject_named(const inject_scenario *s, int err) {
    if (s->flags & INJECT_ANY_ERROR) return err < 0 && strcmp(sn_errname(err), "SN_E?") != 0;
    return err == SN_ENOMEM || err == SN_EAGAIN || err == SN_EMFILE || err == SN_ECANCELED;
}

/* The scenario, and then nobody but its caller. */
static inline int inject_within(void *arg) {
    const inject_scenario *s = arg;
    sn_stats st = {.size = sizeof st};
    int err = s->f(NULL);
    do {
        CHECK_INT(sn_yield(), 0);
        sn_get_stats(&st);
    } while (st.live > 1); /* or an alarm */
    return err;
}

enum inject_ending { CAME_THROUGH = 0, NAMED_ERROR = 10, WRONG = 11 };

static inline _Noreturn void inject_child(const inject_scenario *s, long nth) {
    int fds = inject_fds();
    check_failed_ = 0;
    alarm(120);
    inject_arm(nth);
    int err = sn_run(inject_within, (void *)(uintptr_t)s, NULL);
    const char *failed = inject_end();
    CHECK_INT(inject_fds(), fds);
    CHECK(waitpid(-1, NULL, WNOHANG) < 0);
    if (err && !(failed && inject_named(s, err))) check_failed_ = 1;
    if (check_failed_) {
        fprintf(stderr, "ended with %s, after %s had failed\n", err ? sn_errname(err) : "0",
                failed ? failed : "nothing");
        _exit(WRONG);
    }
    exit(failed ? NAMED_ERROR : CAME_THROUGH);
}

/* What it said, and how it ended. */
static inline int inject_run(const inject_scenario *s, long nth, char *said, size_t room) {
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
        inject_child(s, nth);
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

static inline int inject_stopped(int status, const char *said) {
    return WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT &&
           strstr(said, "fatal error: out of memory");
}

/* The n at which it came through; every one before must have ended as it should. */
static inline void inject_one(const inject_scenario *s) {
    char said[4096];
    long n = 1, stopped = 0, wrong = 0;
    for (;; n++) {
        int status = inject_run(s, n, said, sizeof said);
        if (WIFEXITED(status) && WEXITSTATUS(status) == CAME_THROUGH) break;
        int by_name = inject_stopped(status, said);
        stopped += by_name;
        if (!by_name && !(WIFEXITED(status) && WEXITSTATUS(status) == NAMED_ERROR)) {
            fprintf(stderr, "%s, call %ld: status %x\n%s\n", s->name, n, (unsigned)status, said);
            wrong++;
        }
        MUST(n < 2000 && wrong < 20);
    }
    check_failed_ = wrong > 0;
    printf("%-11s %3ld calls, each failed once; %ld times the program was stopped by name\n",
           s->name, n - 1, stopped);
}

/** The test: all scenarios, or the one named by an argument. */
static inline int inject_all(int argc, char **argv, const inject_scenario *s, size_t n) {
    for (size_t i = 0; i < n; i++) {
        if (argc > 1 && strcmp(argv[1], s[i].name) != 0) continue;
        check_failed_ = 0;
        inject_one(&s[i]);
        check_failed_ ? check_failed_n_++ : check_passed_n_++;
    }
    return check_done();
}

#endif
