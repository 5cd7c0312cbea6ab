/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Child processes on Linux: what the pool and the reduction of seeds need of them. */
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

#include "search/pool.h"

/* No core files: a search may have thousands of failures, and each can be had again. */
static void settle_in(int parent, int log) {
    const struct rlimit none = {0, 0};
    sigset_t all;
    sigemptyset(&all);
    sigprocmask(SIG_SETMASK, &all, NULL);
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() != parent) _exit(WORKER_FAILED);
    setrlimit(RLIMIT_CORE, &none);
    signal(SIGINT, SIG_IGN); /* the parent is asked to stop: it knows how */
    dup2(log, STDOUT_FILENO);
    dup2(log, STDERR_FILENO);
    int nothing = open("/dev/null", O_RDONLY | O_CLOEXEC);
    if (nothing >= 0) dup2(nothing, STDIN_FILENO);
}

int sn__process_start(int (*f)(void *arg), void *arg, int log) {
    int parent = getpid();
    fflush(NULL); /* or the child writes what is still in the buffers once more */
    int pid = fork();
    if (pid) return pid;
    settle_in(parent, log);
    int status = f(arg);
    fflush(NULL);
    _exit(status);
}

int sn__process_log(void) {
    int fd = memfd_create("sennit-log", MFD_CLOEXEC);
    if (fd >= 0) fcntl(fd, F_SETFL, O_APPEND);
    return fd;
}

void sn__process_log_read(int log, char buf[POOL_LOG + 1]) {
    ssize_t n = pread(log, buf, POOL_LOG, 0);
    buf[n > 0 ? n : 0] = 0;
}

void *sn__process_share(size_t n) {
    void *p = mmap(NULL, n, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    return p == MAP_FAILED ? NULL : p;
}

void sn__process_unshare(void *p, size_t n) { munmap(p, n); }
