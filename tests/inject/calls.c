/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* The calls that fail, by the linker's --wrap (CMakeLists.txt), each in a way that the kernel or
 * the C library has for it. */
#include <errno.h>
#include <fcntl.h>
#include <linux/futex.h>
#include <linux/membarrier.h>
#include <pthread.h>
#include <sched.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>

#include "inject.h"

static _Atomic long left; /* calls until the one that fails; 0: none will */
static const char *_Atomic failed;
static const char *_Atomic refused[2];
static _Atomic long forbidden = -1;
static atomic_int why_forbidden;

void inject_arm(long nth) {
    atomic_store(&failed, NULL);
    atomic_store(&left, nth);
}

void inject_forbid(long call, int eno) {
    atomic_store(&why_forbidden, eno);
    atomic_store(&forbidden, call);
}

const char *inject_end(void) {
    atomic_store(&left, 0);
    return atomic_load(&failed);
}

void inject_refuse(const char *name) {
    atomic_store(&refused[atomic_load(&refused[0]) != NULL], name);
}

static int fails(const char *name) {
    long n = atomic_load(&left);
    for (int i = 0; i < 2; i++)
        if (atomic_load(&refused[i]) && !strcmp(atomic_load(&refused[i]), name)) return 1;
    while (n > 0)
        if (atomic_compare_exchange_weak(&left, &n, n - 1)) {
            if (n == 1) atomic_store(&failed, name);
            return n == 1;
        }
    return 0;
}

#define WRAP(type, name, params, args, bad, eno)                                                   \
    type __real_##name params;                                                                     \
    type __wrap_##name params;                                                                     \
    type __wrap_##name params {                                                                    \
        if (!fails(#name)) return __real_##name args;                                              \
        errno = eno;                                                                               \
        return bad;                                                                                \
    }

WRAP(void *, malloc, (size_t n), (n), NULL, ENOMEM)
WRAP(void *, calloc, (size_t k, size_t n), (k, n), NULL, ENOMEM)
WRAP(void *, realloc, (void *p, size_t n), (p, n), NULL, ENOMEM)
WRAP(void *, aligned_alloc, (size_t k, size_t n), (k, n), NULL, ENOMEM)
WRAP(char *, strdup, (const char *s), (s), NULL, ENOMEM)
WRAP(char *, strndup, (const char *s, size_t n), (s, n), NULL, ENOMEM)
WRAP(void *, mmap, (void *at, size_t n, int prot, int flags, int fd, off_t off),
     (at, n, prot, flags, fd, off), MAP_FAILED, ENOMEM)
WRAP(int, madvise, (void *at, size_t n, int advice), (at, n, advice), -1, ENOMEM)
WRAP(int, mincore, (void *at, size_t n, unsigned char *v), (at, n, v), -1, EAGAIN)
WRAP(ssize_t, getrandom, (void *to, size_t n, unsigned flags), (to, n, flags), -1, ENOSYS)
WRAP(int, sched_getaffinity, (pid_t p, size_t n, cpu_set_t *set), (p, n, set), -1, EINVAL)
WRAP(int, sched_setaffinity, (pid_t p, size_t n, const cpu_set_t *set), (p, n, set), -1, EINVAL)
WRAP(int, pthread_getcpuclockid, (pthread_t t, clockid_t *c), (t, c), ENOENT, 0)
WRAP(int, sigaltstack, (const stack_t *s, stack_t *was), (s, was), -1, ENOMEM)
WRAP(int, stat, (const char *path, struct stat *st), (path, st), -1, EACCES)
WRAP(int, fstat, (int fd, struct stat *st), (fd, st), -1, EIO)
WRAP(FILE *, fopen, (const char *path, const char *mode), (path, mode), NULL, EMFILE)
WRAP(DIR *, opendir, (const char *path), (path), NULL, EMFILE)
WRAP(int, epoll_create1, (int flags), (flags), -1, EMFILE)
WRAP(int, epoll_ctl, (int ep, int op, int fd, struct epoll_event *e), (ep, op, fd, e), -1, ENOSPC)
WRAP(int, epoll_wait, (int ep, struct epoll_event *e, int n, int ms), (ep, e, n, ms), -1, EINTR)
WRAP(int, sn__epoll_pwait2, (int ep, struct epoll_event *e, int n, const int64_t *t), (ep, e, n, t),
     -1, EINTR)
WRAP(int, eventfd, (unsigned count, int flags), (count, flags), -1, EMFILE)
WRAP(int, pipe2, (int end[2], int flags), (end, flags), -1, EMFILE)
WRAP(int, socketpair, (int d, int t, int p, int end[2]), (d, t, p, end), -1, ENFILE)
WRAP(int, socket, (int d, int t, int p), (d, t, p), -1, ENOBUFS)
WRAP(int, bind, (int fd, const struct sockaddr *sa, socklen_t n), (fd, sa, n), -1, EADDRINUSE)
WRAP(int, listen, (int fd, int n), (fd, n), -1, EADDRINUSE)
WRAP(int, connect, (int fd, const struct sockaddr *sa, socklen_t n), (fd, sa, n), -1, ECONNREFUSED)
WRAP(int, accept4, (int fd, struct sockaddr *sa, socklen_t *n, int flags), (fd, sa, n, flags), -1,
     EMFILE)
WRAP(int, getsockname, (int fd, struct sockaddr *sa, socklen_t *n), (fd, sa, n), -1, ENOBUFS)
WRAP(int, getpeername, (int fd, struct sockaddr *sa, socklen_t *n), (fd, sa, n), -1, ENOTCONN)
WRAP(int, getsockopt, (int fd, int l, int o, void *v, socklen_t *n), (fd, l, o, v, n), -1, ENOBUFS)
WRAP(int, setsockopt, (int fd, int l, int o, const void *v, socklen_t n), (fd, l, o, v, n), -1,
     ENOBUFS)
WRAP(int, shutdown, (int fd, int how), (fd, how), -1, ENOTCONN)
WRAP(ssize_t, sn__recv, (int fd, void *to, size_t n), (fd, to, n), -1, ECONNRESET)
WRAP(ssize_t, sn__send, (int fd, const void *from, size_t n), (fd, from, n), -1, EPIPE)
WRAP(ssize_t, sendmsg, (int fd, const struct msghdr *m, int flags), (fd, m, flags), -1, EPIPE)
WRAP(ssize_t, recvmsg, (int fd, struct msghdr *m, int flags), (fd, m, flags), -1, ECONNRESET)
WRAP(ssize_t, sendto,
     (int fd, const void *p, size_t n, int flags, const struct sockaddr *sa, socklen_t len),
     (fd, p, n, flags, sa, len), -1, ENETDOWN)
WRAP(ssize_t, recvfrom, (int fd, void *p, size_t n, int flags, struct sockaddr *sa, socklen_t *len),
     (fd, p, n, flags, sa, len), -1, ECONNREFUSED)
WRAP(ssize_t, pread, (int fd, void *to, size_t n, off_t at), (fd, to, n, at), -1, EIO)
WRAP(ssize_t, pwrite, (int fd, const void *from, size_t n, off_t at), (fd, from, n, at), -1, ENOSPC)
WRAP(ssize_t, sn__preadv2, (int fd, const struct iovec *v, int n, uint64_t at, int flags),
     (fd, v, n, at, flags), -1, EIO)
WRAP(int, fsync, (int fd), (fd), -1, EIO)
WRAP(int, fdatasync, (int fd), (fd), -1, EIO)
WRAP(int, ftruncate, (int fd, off_t n), (fd, n), -1, EFBIG)
WRAP(int, fchmod, (int fd, mode_t mode), (fd, mode), -1, EPERM)
WRAP(int, mkdir, (const char *path, mode_t mode), (path, mode), -1, ENOSPC)
WRAP(int, rename, (const char *from, const char *to), (from, to), -1, EXDEV)
WRAP(int, remove, (const char *path), (path), -1, EBUSY)
WRAP(int, kill, (pid_t pid, int signo), (pid, signo), -1, EPERM)
WRAP(pid_t, waitpid, (pid_t pid, int *status, int how), (pid, status, how), -1, EINTR)
WRAP(int, waitid, (idtype_t t, id_t id, siginfo_t *info, int how), (t, id, info, how), -1, EINTR)
WRAP(int, sigaction, (int signo, const struct sigaction *a, struct sigaction *was), (signo, a, was),
     -1, EINVAL)

int __real_pthread_create(pthread_t *t, const pthread_attr_t *a, void *(*f)(void *), void *arg);
int __wrap_pthread_create(pthread_t *t, const pthread_attr_t *a, void *(*f)(void *), void *arg);
int __wrap_pthread_create(pthread_t *t, const pthread_attr_t *a, void *(*f)(void *), void *arg) {
    return fails("pthread_create") ? EAGAIN : __real_pthread_create(t, a, f, arg);
}

/* Eight bytes are a wake-up, which the kernel does not lose: it may be interrupted. */
#define WRAP_STREAM(name, buffer, eno)                                                             \
    ssize_t __real_##name(int fd, buffer p, size_t n);                                             \
    ssize_t __wrap_##name(int fd, buffer p, size_t n);                                             \
    ssize_t __wrap_##name(int fd, buffer p, size_t n) {                                            \
        if (!fails(#name)) return __real_##name(fd, p, n);                                         \
        errno = n == 8 ? EINTR : (eno);                                                            \
        return -1;                                                                                 \
    }
WRAP_STREAM(read, void *, EIO)
WRAP_STREAM(write, const void *, EIO)

/* Guards are made by the dozen where they split mappings: the first few will do. */
int __real_mprotect(void *at, size_t n, int prot);
int __wrap_mprotect(void *at, size_t n, int prot);
int __wrap_mprotect(void *at, size_t n, int prot) {
    enum { FEW = 4 };
    static atomic_int calls;
    if (atomic_fetch_add(&calls, 1) >= FEW || !fails("mprotect"))
        return __real_mprotect(at, n, prot);
    errno = ENOMEM;
    return -1;
}

/* With one more argument, or none that counts. */
#define WRAP_MORE(name, params, args, last, eno)                                                   \
    int __real_##name params;                                                                      \
    int __wrap_##name params;                                                                      \
    int __wrap_##name params {                                                                     \
        va_list ap;                                                                                \
        va_start(ap, last);                                                                        \
        long more = va_arg(ap, long);                                                              \
        va_end(ap);                                                                                \
        if (!fails(#name)) return __real_##name args;                                              \
        errno = eno;                                                                               \
        return -1;                                                                                 \
    }
WRAP_MORE(open, (const char *path, int flags, ...), (path, flags, more), flags, EMFILE)
WRAP_MORE(fcntl, (int fd, int cmd, ...), (fd, cmd, more), cmd, ENOLCK)
WRAP_MORE(ioctl, (int fd, unsigned long call, ...), (fd, call, more), call, EIO)

/* How a system call without a function fails; 0: it does not. */
static int error_of(long call, long op) {
    switch (call) {
    case SYS_futex: /* who waits is woken for nothing; waking cannot fail */
        return (op & FUTEX_CMD_MASK) == FUTEX_WAIT_BITSET ? EINTR : 0;
    case SYS_membarrier:
        return op == MEMBARRIER_CMD_PRIVATE_EXPEDITED ? ENOMEM : ENOSYS;
    case SYS_process_madvise:
    case SYS_sched_setattr:
        return EPERM;
    case SYS_sched_getattr:
    case SYS_close_range:
        return ENOSYS;
    case SYS_execve:
        return ENOMEM;
    case SYS_fcntl:
    case SYS_dup3:
        return EMFILE;
    case SYS_setpgid:
    case SYS_chdir:
        return EACCES;
    default:
        return 0;
    }
}

long __real_syscall(long call, ...);
long __wrap_syscall(long call, ...);
long __wrap_syscall(long call, ...) {
    long a[6];
    va_list ap;
    va_start(ap, call);
    for (size_t i = 0; i < 6; i++) a[i] = va_arg(ap, long);
    va_end(ap);
    if (call == atomic_load(&forbidden)) {
        errno = atomic_load(&why_forbidden);
        return -1;
    }
    int eno = error_of(call, call == SYS_membarrier ? a[0] : a[1]);
    if (!eno || !fails("syscall")) return __real_syscall(call, a[0], a[1], a[2], a[3], a[4], a[5]);
    errno = eno;
    return -1;
}
