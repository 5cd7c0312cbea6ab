/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Programs that must die: the test runs itself again as "PROGRAM child NAME" and looks at what
 * the child said on standard error and how it ended. */
#ifndef TESTS_CHILD_H
#define TESTS_CHILD_H

#include "check.h"

#include <signal.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

/** What a child wrote on standard error (cut at the size), and its wait status. */
typedef struct child_end {
    char text[65536];
    int status;
} child_end;

#ifdef EMULATOR
/* The kernel can't run the program by itself. */
static inline void child_exec(const char *name) {
    enum { WORDS = 8 };
    char words[] = EMULATOR, path[4096] = "", *argv[WORDS + 4], *rest = NULL;
    int n = 0;
    for (char *w = strtok_r(words, " ", &rest); w && n < WORDS; w = strtok_r(NULL, " ", &rest))
        argv[n++] = w;
    if (readlink("/proc/self/exe", path, sizeof path - 1) < 0) return;
    argv[n++] = path;
    argv[n++] = (char[]){"child"};
    argv[n++] = strdup(name);
    argv[n] = NULL;
    execvp(argv[0], argv);
}
#else
static inline void child_exec(const char *name) {
    execl("/proc/self/exe", "test", "child", name, (char *)NULL);
}
#endif

static inline void child_become(const char *name, int err) {
    struct rlimit none = {0, 0};
    setrlimit(RLIMIT_CORE, &none);
    dup2(err, 2);
    close(err);
    alarm(60);
    child_exec(name);
    _exit(127);
}

/** Runs the child `name` to its end. Not while a runtime runs. */
static inline void child_run(const char *name, child_end *end) {
    int p[2];
    size_t n = 0;
    MUST(pipe(p) == 0);
    pid_t pid = fork();
    MUST(pid >= 0);
    if (pid == 0) {
        close(p[0]);
        child_become(name, p[1]);
    }
    close(p[1]);
    for (;;) {
        char rest[4096];
        int full = n + 1 >= sizeof end->text;
        ssize_t k = full ? read(p[0], rest, sizeof rest)
                         : read(p[0], end->text + n, sizeof end->text - 1 - n);
        if (k <= 0) break;
        if (!full) n += (size_t)k;
    }
    end->text[n] = 0;
    close(p[0]);
    MUST(waitpid(pid, &end->status, 0) == pid);
}

/** The child must end by abort and its message must hold each of the words, up to a NULL. */
static inline void child_dies(const char *name, const char *const *words) {
    static child_end end;
    check_failed_ = 0;
    child_run(name, &end);
    CHECK(WIFSIGNALED(end.status) && WTERMSIG(end.status) == SIGABRT);
    for (; *words; words++) {
        if (!strstr(end.text, *words)) {
            fprintf(stderr, "child %s: no \"%s\" in its message\n", name, *words);
            check_failed_ = 1;
        }
    }
    if (check_failed_) {
        fprintf(stderr, "FAIL child %s (status 0x%x) said:\n%.4000s\n", name, end.status, end.text);
        check_failed_n_++;
    } else {
        check_passed_n_++;
    }
}

#endif
