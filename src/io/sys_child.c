/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * Making a child process. It shares our memory until exec (CLONE_VM) while this thread stands still
 * (CLONE_VFORK), on a stack of its own. So in there: nothing that allocates or locks, no handler of
 * ours (all signals are blocked before and dispositions reset before they are let in again), and
 * errno is this thread's, which waits.
 *
 * Descriptors: first each source goes to a number beyond all targets, then everything is marked
 * close-on-exec, then each goes to its target, which takes the mark off. So no order of targets and
 * sources can overwrite one that is still needed.
 */
#include "io/sys_child.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <sennit/base.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "io/errmap.h"
#include "port/port.h"
#include "port/sanitize.h"

#define OUTLINED __attribute__((noinline))
#define ALONE __attribute__((no_sanitize("thread"), no_sanitize("address")))
enum { STACK_BYTES = 64 << 10, SIGNALS = 65, CLOEXEC_RANGE = 4 /* CLOSE_RANGE_CLOEXEC */ };
enum { PATH_ROOM = 4096, NAME_ROOM = 256, FDS_MOST = 65536 };

/* ---- In the child: system calls themselves and nothing else. Sanitizers keep books of what the C
 * library's functions do, in the memory that is shared. ---- */

/* A kernel's struct of zeros is the default disposition. */
ALONE static void reset_signals(void) {
    static const uint64_t dfl[8], none[2];
    enum { SET_BYTES = 8 };
    for (int signo = 1; signo < SIGNALS; signo++)
        syscall(SYS_rt_sigaction, signo, dfl, NULL, SET_BYTES);
    syscall(SYS_rt_sigprocmask, SIG_SETMASK, none, NULL, SET_BYTES);
}

/* Kernels before 5.11 have no call for it; `most` descriptors are looked at one by one then. */
ALONE static void mark_all(int most) {
    if (syscall(SYS_close_range, 0, ~0u, CLOEXEC_RANGE) == 0) return;
    for (int fd = 0; fd < most; fd++) syscall(SYS_fcntl, fd, F_SETFD, FD_CLOEXEC);
}

ALONE static int place_fds(sn__birth *b) {
    int beyond = 3;
    for (size_t i = 0; i < b->fds_n; i++)
        if (b->fds[i].there >= beyond) beyond = b->fds[i].there + 1;
    for (size_t i = 0; i < b->fds_n; i++) {
        b->fds[i].here = (int)syscall(SYS_fcntl, b->fds[i].here, F_DUPFD_CLOEXEC, beyond);
        if (b->fds[i].here < 0) return -1;
    }
    mark_all(b->fds_most);
    for (size_t i = 0; i < b->fds_n; i++)
        if (syscall(SYS_dup3, b->fds[i].here, b->fds[i].there, 0) < 0) return -1;
    return 0;
}

/* "<folder>/<name>" for the first folder of a list; the rest of the list, NULL after the last. */
ALONE static const char *candidate(char *path, const char *list, const char *name) {
    size_t n = 0;
    for (; *list && *list != ':'; list++)
        if (n < PATH_ROOM) path[n++] = *list;
    if (n == 0) path[n++] = '.';
    path[n++] = '/';
    for (; *name && n < PATH_ROOM + NAME_ROOM; name++) path[n++] = *name;
    path[n] = 0;
    return *list ? list + 1 : NULL;
}

/* Leaves in errno why none could be executed. */
ALONE static void execute(const sn__birth *b) {
    char path[PATH_ROOM + NAME_ROOM + 2];
    int refused = 0;
    if (!b->search) {
        syscall(SYS_execve, b->argv[0], b->argv, b->env);
        return;
    }
    for (const char *list = b->search; list;) {
        list = candidate(path, list, b->argv[0]);
        syscall(SYS_execve, path, b->argv, b->env);
        if (errno == EACCES) refused = 1;
        if (errno != EACCES && errno != ENOENT && errno != ENOTDIR) return;
    }
    errno = refused ? EACCES : ENOENT;
}

ALONE static int child_main(void *arg) {
    sn__birth *b = arg;
    bool ok = (!b->group || syscall(SYS_setpgid, 0, 0) == 0) && place_fds(b) == 0;
    if (ok && (!b->dir || syscall(SYS_chdir, b->dir) == 0)) {
        reset_signals();
        sn__os_slice_usual();
        execute(b);
    }
    b->eno = errno;
    syscall(SYS_exit_group, 127);
    return 127;
}

/* ---- In the parent ---- */

/* What the child would have to ask the C library for. */
static void prepare(sn__birth *b) {
    struct rlimit most;
    bool known = getrlimit(RLIMIT_NOFILE, &most) == 0 && most.rlim_cur < FDS_MOST;
    b->eno = 0;
    b->fds_most = known ? (int)most.rlim_cur : FDS_MOST;
    if (!b->env) b->env = (const char *const *)environ;
    b->search = NULL;
    if (strchr(b->argv[0], '/')) return;
    b->search = getenv("PATH");
    if (!b->search) b->search = "/bin:/usr/bin";
}

static int start(sn__birth *b, void *stack, bool no_pidfd, int *pidfd) {
    int flags = CLONE_VM | CLONE_VFORK | (no_pidfd ? 0 : CLONE_PIDFD) | SIGCHLD, none;
    void *top = (char *)stack + STACK_BYTES;
    int pid = SN__CLONE(child_main, top, flags, b, pidfd);
    if (pid < 0 && errno == EINVAL && !no_pidfd)
        pid = SN__CLONE(child_main, top, CLONE_VM | CLONE_VFORK | SIGCHLD, b, &none);
    if (pid < 0) return sn__errmap(errno);
    if (b->eno == 0) return pid;
    while (waitpid(pid, NULL, 0) < 0 && errno == EINTR) continue;
    if (*pidfd >= 0) close(*pidfd);
    *pidfd = -1;
    return sn__errmap(b->eno == ENOEXEC ? EIO : b->eno);
}

OUTLINED int sn__sys_child_start(sn__birth *b, bool no_pidfd, int *pidfd) {
    sigset_t all, was;
    *pidfd = -1;
    prepare(b);
    if (b->search && strlen(b->argv[0]) > NAME_ROOM) return SN_ENOENT;
    void *stack = mmap(NULL, STACK_BYTES, PROT_READ | PROT_WRITE,
                       MAP_PRIVATE | MAP_ANONYMOUS | MAP_STACK, -1, 0);
    if (stack == MAP_FAILED) return SN_ENOMEM;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &was);
    int pid = start(b, stack, no_pidfd, pidfd);
    pthread_sigmask(SIG_SETMASK, &was, NULL);
    munmap(stack, STACK_BYTES);
    return pid;
}

OUTLINED int sn__sys_child_reap(int pid, int *status) {
    int s, r;
    do {
        r = waitpid(pid, &s, WNOHANG);
    } while (r < 0 && errno == EINTR);
    if (r == 0) return 0;
    if (r < 0) return SN_EIO;
    *status = WIFEXITED(s) ? WEXITSTATUS(s) : -WTERMSIG(s);
    return 1;
}

OUTLINED void sn__sys_child_await(int pid) {
    siginfo_t info;
    while (waitid(P_PID, (id_t)pid, &info, WEXITED | WNOWAIT) < 0 && errno == EINTR) continue;
}

OUTLINED int sn__sys_child_kill(int pid, bool group, int signo) {
    int r = kill(group ? -pid : pid, signo);
    return r < 0 ? errno == ESRCH ? SN_ENOENT : sn__errmap(errno) : 0;
}

OUTLINED int sn__sys_pipe(int end[2]) { return pipe2(end, O_CLOEXEC) < 0 ? sn__errmap(errno) : 0; }

OUTLINED int sn__sys_socketpair(int end[2]) {
    return socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, end) < 0 ? sn__errmap(errno) : 0;
}
