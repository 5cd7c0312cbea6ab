/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Kernels that lack a call, and calls that fail half-way through making something: each site once,
 * and nothing is left behind: no descriptor, no child, no file. Linked with --wrap. */
#include "net_util.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <sys/epoll.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

/* ---- Calls that fail ---- */

static atomic_int fail_in = -1; /* calls until the one that fails; below 0: none */

static int runs_out(void) {
    int left = atomic_load(&fail_in);
    if (left < 0) return 0;
    atomic_store(&fail_in, left - 1);
    return left == 0;
}

#define WRAP(type, name, params, args, failed, eno)                                                \
    type __real_##name params;                                                                     \
    type __wrap_##name params;                                                                     \
    type __wrap_##name params {                                                                    \
        if (!runs_out()) return __real_##name args;                                                \
        errno = eno;                                                                               \
        return failed;                                                                             \
    }

WRAP(void *, malloc, (size_t n), (n), NULL, ENOMEM)
WRAP(void *, calloc, (size_t k, size_t n), (k, n), NULL, ENOMEM)
WRAP(void *, realloc, (void *p, size_t n), (p, n), NULL, ENOMEM)
WRAP(char *, strdup, (const char *s), (s), NULL, ENOMEM)
WRAP(void *, mmap, (void *p, size_t n, int prot, int flags, int fd, off_t at),
     (p, n, prot, flags, fd, at), (void *)-1, ENOMEM)
WRAP(int, epoll_ctl, (int ep, int op, int fd, struct epoll_event *e), (ep, op, fd, e), -1, ENOSPC)
WRAP(int, epoll_create1, (int flags), (flags), -1, EMFILE)
WRAP(int, eventfd, (unsigned count, int flags), (count, flags), -1, EMFILE)
WRAP(int, pipe2, (int end[2], int flags), (end, flags), -1, EMFILE)
WRAP(int, socketpair, (int d, int t, int p, int end[2]), (d, t, p, end), -1, ENFILE)
WRAP(int, socket, (int d, int t, int p), (d, t, p), -1, ENOBUFS)
WRAP(int, bind, (int fd, const void *sa, unsigned n), (fd, sa, n), -1, EACCES)

/* ---- Calls that are missing ---- */

static atomic_int old_kernel;

int __real_sn__epoll_pwait2(int ep, struct epoll_event *e, int n, const int64_t *t);
int __wrap_sn__epoll_pwait2(int ep, struct epoll_event *e, int n, const int64_t *t);
int __wrap_sn__epoll_pwait2(int ep, struct epoll_event *e, int n, const int64_t *t) {
    if (!atomic_load(&old_kernel)) return __real_sn__epoll_pwait2(ep, e, n, t);
    errno = ENOSYS;
    return -1;
}

long __real_syscall(long call, ...);
long __wrap_syscall(long call, ...);
long __wrap_syscall(long call, ...) {
    long a[6];
    va_list ap;
    va_start(ap, call);
    for (size_t i = 0; i < 6; i++) a[i] = va_arg(ap, long);
    va_end(ap);
    if (atomic_load(&old_kernel) && (call == SYS_close_range || call == SYS_io_uring_setup)) {
        errno = ENOSYS;
        return -1;
    }
    return __real_syscall(call, a[0], a[1], a[2], a[3], a[4], a[5]);
}

/* Before anything else has brought the poller up: io_uring was asked for and is not there. */
NET_CASE(an_old_kernel_will_do) {
    char addr[64];
    sn_listener *l = listen_any("tcp", addr, sizeof addr);
    for (int i = 0; i < 10; i++) {
        exchange(l, "tcp", addr);
        MUST(sn_sleep(SN_MILLISECOND / 2) == 0);
    }
    sn_listener_free(l);
}

static int leak;

static int output_of(const char *command, int *status) {
    const char *argv[] = {"sh", "-c", command, NULL};
    sn_child_how how = {.size = sizeof how, .argv = argv};
    char *out;
    size_t n;
    int err = sn_child_output(&how, 100, &out, &n, status);
    free(out);
    return err;
}

/* Descriptors are looked at one by one where the kernel cannot mark all at once. */
NET_CASE(children_inherit_nothing_from_an_old_kernel) {
    char command[80];
    int status;
    snprintf(command, sizeof command, "true <&%d && exit 1; exit 0", leak);
    CHECK_INT(output_of(command, &status), 0);
    CHECK_INT(status, 0);
    CHECK_INT(output_of("exit 4", &status), 0);
    CHECK_INT(status, 4);
}

/* ---- Each site once ---- */

static int count_fds(void) {
    int n = 0;
    DIR *d = opendir("/proc/self/fd");
    MUST(d);
    while (readdir(d)) n++;
    closedir(d);
    return n;
}

static void every_site_fails_once(int (*way)(void)) {
    int fds = count_fds(), failures = 0;
    MUST(way() == 0);
    for (int k = 0;; k++) {
        atomic_store(&fail_in, k);
        int err = way();
        if (atomic_exchange(&fail_in, -1) >= 0) {
            CHECK_INT(err, 0);
            break;
        }
        CHECK(err == SN_ENOMEM || err == SN_EMFILE || err == SN_EACCES);
        while (count_fds() > fds) MUST(sn_sleep(SN_MILLISECOND) == 0); /* a helper's, on its way */
        CHECK(waitpid(-1, NULL, WNOHANG) < 0 && errno == ECHILD);
        failures++;
    }
    CHECK(failures > 3);
}

static int child_way(void) {
    const char *argv[] = {"true", NULL};
    sn_child_how how = {.size = sizeof how, .argv = argv, .flags = SN_CHILD_IN | SN_CHILD_OUT};
    sn_child *c;
    int status, err = sn_child_start(&c, &how);
    if (err == 0) err = sn_child_wait(c, SN_NEVER, &status);
    sn_child_free(c);
    return err;
}

NET_CASE(starting_a_child) { every_site_fails_once(child_way); }

static int output_way(void) {
    int status;
    return output_of("echo text", &status);
}

NET_CASE(collecting_output) { every_site_fails_once(output_way); }

static int unix_way(void) {
    char path[64], buf[4];
    size_t n;
    sn_unix_dgram *d;
    snprintf(path, sizeof path, "/tmp/sennit-lacking-%d", (int)getpid());
    int err = sn_unix_dgram_open(&d, path);
    if (err == 0) err = sn_unix_dgram_send(d, path, "x", 1, NULL, 0);
    if (err == 0) err = sn_unix_dgram_recv(d, buf, 4, &n, NULL, NULL, NULL, SN_NEVER);
    sn_unix_dgram_free(d);
    CHECK(access(path, F_OK) != 0);
    return err;
}

NET_CASE(opening_a_unix_socket) { every_site_fails_once(unix_way); }

static int serial_way(void) {
    char path[64];
    sn_conn *c = NULL;
    int fd = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC);
    MUST(fd >= 0 && unlockpt(fd) == 0 && ptsname_r(fd, path, sizeof path) == 0);
    int err = sn_serial_open(&c, path, NULL);
    sn_conn_free(c);
    close(fd);
    return err;
}

NET_CASE(opening_a_serial_port) {
    MUST(serial_way() == 0);
    int fds = count_fds();
    for (int k = 0; k < 3; k++) { /* the connection's two allocations, and the poller */
        atomic_store(&fail_in, k);
        CHECK_INT(serial_way(), SN_ENOMEM);
        atomic_store(&fail_in, -1);
        CHECK_INT(count_fds(), fds);
    }
}

int main(void) {
    setenv("SENNIT_POLLER", "io_uring", 1);
    setenv("SENNIT_PROCS", "1", 1); /* what fails is what the case does, not another coroutine */
    leak = open("/dev/null", O_RDONLY);
    atomic_store(&old_kernel, 1);
    CASE(an_old_kernel_will_do);
    CASE(children_inherit_nothing_from_an_old_kernel);
    atomic_store(&old_kernel, 0);
    CASE(starting_a_child);
    CASE(collecting_output);
    CASE(opening_a_unix_socket);
    CASE(opening_a_serial_port);
    setenv("SENNIT_NO_PIDFD", "1", 1);
    CASE(starting_a_child);
    return check_done();
}
