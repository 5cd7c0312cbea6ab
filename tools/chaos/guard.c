/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * The guard: should this program be killed while processes of others are frozen, somebody has to
 * let them go on. It is a child that outlives its parent and waits at a pipe whose other end the
 * parent holds: a byte says that it is not needed, the end of the stream that the parent is gone.
 */
#include <signal.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <fcntl.h>

#include "chaos.h"
#include "common/child.h"

enum { FDS = 1024 }; /* descriptors that the guard closes, but its own */

static struct {
    int pipe[2];
    int pidfds[CHAOS_HOSTS_MAX];
    size_t n;
    pid_t pid; /* 0: there is none */
} guard;

static bool is_own(int fd) {
    for (size_t i = 0; i < guard.n; i++) {
        if (guard.pidfds[i] == fd) return true;
    }
    return fd == guard.pipe[0];
}

/** In the child: only calls that signals may make too. */
static int watch(void *arg) {
    char byte;
    (void)arg;
    for (int fd = 0; fd < FDS; fd++) {
        if (!is_own(fd)) close(fd);
    }
    if (read(guard.pipe[0], &byte, 1) == 1) return 0;
    for (size_t i = 0; i < guard.n; i++) {
        syscall(SYS_pidfd_send_signal, guard.pidfds[i], SIGCONT, NULL, 0);
    }
    return 0;
}

int chaos_guard_start(const chaos *c) {
    guard.n = 0;
    for (size_t i = 0; i < c->hosts_n; i++) {
        if (c->hosts[i].pidfd >= 0) guard.pidfds[guard.n++] = c->hosts[i].pidfd;
    }
    if (guard.n == 0) return 0;
    if (pipe2(guard.pipe, O_CLOEXEC)) return SN_EMFILE;
    pid_t pid = child_outlive(watch, NULL);
    close(guard.pipe[0]);
    if (pid < 0) {
        close(guard.pipe[1]);
        return (int)pid;
    }
    guard.pid = pid;
    return 0;
}

void chaos_guard_end(void) {
    if (!guard.pid) return;
    if (write(guard.pipe[1], "", 1) != 1) child_signal(guard.pid, SIGKILL);
    close(guard.pipe[1]);
    child_kill(guard.pid);
    guard.pid = 0;
}
