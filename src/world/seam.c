/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * What slips past the seams is stopped by name. A program with libsennit-sim has these functions of
 * the C library in place of that's own, for itself and for every shared library that it loads: a
 * call from a coroutine of a run, be it made deep in SQLite or OpenSSL, fails the run and says who
 * made it. The same call from elsewhere (before and after a run, from the trace of a run, or when
 * it was allowed by sn_sim_allow) goes on to the C library.
 *
 * The C library's own inner calls do not come by here: what it does on its own account (stdio,
 * localtime) is its business, and getaddrinfo is stopped as a whole.
 *
 * Left out (seam_none.c) under sanitizers, which have these names for themselves; where the C
 * library gives its functions other names by way of its headers, as glibc on 32 bits; and where it
 * is no glibc or linked statically.
 */
#include <dlfcn.h>
#include <fcntl.h>
#include <netdb.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

#include "sched/sim/state.h"
#include "world/parts.h"

#define EXPORT __attribute__((visibility("default"), noinline))

/* ---- Who called ---- */

typedef struct caller {
    const char *object;   /* file name of the library; "": the program itself */
    const char *function; /* nearest name; "" */
} caller;

/* Where the program itself begins. */
static void *program(void) {
    Dl_info info;
    return dladdr(&sn__sim, &info) ? info.dli_fbase : NULL;
}

static caller who(void *pc) {
    Dl_info info;
    uintptr_t offset;
    caller c = {"", ""};
    const char *name = sn__os_symbol((uintptr_t)pc, &offset);
    if (name) c.function = name;
    if (dladdr(pc, &info) && info.dli_fname && info.dli_fbase != program()) {
        const char *slash = strrchr(info.dli_fname, '/');
        c.object = slash ? slash + 1 : info.dli_fname;
    }
    return c;
}

static bool allowed(const char *function, const caller *c) {
    for (size_t i = 0; i < sn__allowed_n; i++) {
        const sn__allowed *a = &sn__allowed_calls[i];
        if (strcmp(a->function, "*") && strcmp(a->function, function)) continue;
        if (!strcmp(a->caller, c->object) || !strcmp(a->caller, c->function)) return true;
    }
    return false;
}

/* Fails the run if the caller is one of its coroutines. */
static void past(const char *function, const char *instead, void *pc) {
    if (SN__LIKELY(!sn__sim.self || sn__sim.outside)) return;
    sn__sim.outside = true; /* what we call to find out goes through */
    caller c = who(pc);
    bool ok = allowed(function, &c);
    sn__sim.outside = false;
    if (ok) return;
    sn_sim_fail("%s() was called past the seams, by %s%s%s: %s (or let it through: sn_sim_allow)",
                function, c.function, *c.function && *c.object ? " of " : "", c.object, instead);
}

#define PAST(instead) past(__func__, instead, __builtin_return_address(0))

/* ---- The C library's own ---- */

static void *next(void **slot, const char *name) {
    if (!*slot) *slot = dlsym(RTLD_NEXT, name);
    if (!*slot) {
        fprintf(stderr, "sennit: the C library has no %s\n", name);
        abort();
    }
    return *slot;
}

/* The function of the same name as the one it is used in. */
#define NEXT(f)                                                                                    \
    static void *slot;                                                                             \
    __typeof__(&f) real;                                                                           \
    {                                                                                              \
        void *found_ = next(&slot, #f);                                                            \
        memcpy(&real, &found_, sizeof real);                                                       \
    }

/* ---- Time ---- */

#define ASK_TIME "time is virtual, ask sn_now or sn_utc_ms"
#define ASK_SLEEP "it would stop the whole world, use sn_sleep"

EXPORT time_t time(time_t *t) {
    PAST(ASK_TIME);
    NEXT(time);
    return real(t);
}

EXPORT int gettimeofday(struct timeval *restrict t, void *restrict zone) {
    PAST(ASK_TIME);
    NEXT(gettimeofday);
    return real(t, zone);
}

EXPORT int clock_gettime(clockid_t id, struct timespec *t) {
    PAST(ASK_TIME);
    NEXT(clock_gettime);
    return real(id, t);
}

EXPORT int timespec_get(struct timespec *t, int base) {
    PAST(ASK_TIME);
    NEXT(timespec_get);
    return real(t, base);
}

EXPORT clock_t clock(void) {
    PAST(ASK_TIME);
    NEXT(clock);
    return real();
}

EXPORT int nanosleep(const struct timespec *t, struct timespec *left) {
    PAST(ASK_SLEEP);
    NEXT(nanosleep);
    return real(t, left);
}

EXPORT int clock_nanosleep(clockid_t id, int flags, const struct timespec *t,
                           struct timespec *left) {
    PAST(ASK_SLEEP);
    NEXT(clock_nanosleep);
    return real(id, flags, t, left);
}

EXPORT int usleep(useconds_t us) {
    PAST(ASK_SLEEP);
    NEXT(usleep);
    return real(us);
}

EXPORT unsigned sleep(unsigned s) {
    PAST(ASK_SLEEP);
    NEXT(sleep);
    return real(s);
}

/* ---- Chance ---- */

#define ASK_CHANCE "chance comes from the seed, ask sn_random"

EXPORT ssize_t getrandom(void *buf, size_t n, unsigned flags) {
    PAST(ASK_CHANCE);
    NEXT(getrandom);
    return real(buf, n, flags);
}

EXPORT int getentropy(void *buf, size_t n) {
    PAST(ASK_CHANCE);
    NEXT(getentropy);
    return real(buf, n);
}

EXPORT int rand(void) {
    PAST(ASK_CHANCE);
    NEXT(rand);
    return real();
}

EXPORT long random(void) {
    PAST(ASK_CHANCE);
    NEXT(random);
    return real();
}

EXPORT double drand48(void) {
    PAST(ASK_CHANCE);
    NEXT(drand48);
    return real();
}

EXPORT long lrand48(void) {
    PAST(ASK_CHANCE);
    NEXT(lrand48);
    return real();
}

EXPORT long mrand48(void) {
    PAST(ASK_CHANCE);
    NEXT(mrand48);
    return real();
}

/* glibc has these since 2.36: declared here, since older headers do not. */
uint32_t arc4random(void);
uint32_t arc4random_uniform(uint32_t n);
void arc4random_buf(void *buf, size_t n);

EXPORT uint32_t arc4random(void) {
    PAST(ASK_CHANCE);
    NEXT(arc4random);
    return real();
}

EXPORT uint32_t arc4random_uniform(uint32_t n) {
    PAST(ASK_CHANCE);
    NEXT(arc4random_uniform);
    return real(n);
}

EXPORT void arc4random_buf(void *buf, size_t n) {
    PAST(ASK_CHANCE);
    NEXT(arc4random_buf);
    real(buf, n);
}

/* ---- Straight to the kernel ---- */

static bool asks_kernel(long call) {
    static const long calls[] = {
#ifdef SYS_time /* not on newer architectures */
        SYS_time,
#endif
        SYS_getrandom, SYS_clock_gettime, SYS_gettimeofday, SYS_nanosleep, SYS_clock_nanosleep};
    for (size_t i = 0; i < sizeof calls / sizeof *calls; i++)
        if (calls[i] == call) return true;
    return false;
}

EXPORT long syscall(long call, ...) {
    long a[6];
    va_list ap;
    va_start(ap, call);
    for (size_t i = 0; i < 6; i++) a[i] = va_arg(ap, long);
    va_end(ap);
    if (asks_kernel(call)) PAST("time is virtual, and chance comes from the seed");
    NEXT(syscall);
    return real(call, a[0], a[1], a[2], a[3], a[4], a[5]);
}

/* ---- Threads and the network ---- */

#define ASK_NET "the network is simulated, use sn_dial or sn_listen"

EXPORT int pthread_create(pthread_t *restrict t, const pthread_attr_t *restrict attr,
                          void *(*f)(void *), void *restrict arg) {
    PAST("no seed orders threads, use sn_go");
    NEXT(pthread_create);
    return real(t, attr, f, arg);
}

EXPORT int socket(int domain, int type, int protocol) {
    PAST(ASK_NET);
    NEXT(socket);
    return real(domain, type, protocol);
}

EXPORT int connect(int fd, const struct sockaddr *addr, socklen_t n) {
    PAST(ASK_NET);
    NEXT(connect);
    return real(fd, addr, n);
}

EXPORT int epoll_create1(int flags) {
    PAST(ASK_NET);
    NEXT(epoll_create1);
    return real(flags);
}

EXPORT int getaddrinfo(const char *restrict name, const char *restrict service,
                       const struct addrinfo *restrict hints, struct addrinfo **restrict out) {
    PAST("names are those of the hosts, use sn_dial");
    NEXT(getaddrinfo);
    return real(name, service, hints, out);
}

/* ---- Files: what chance or another run would come in by. Reading a file of this machine that does
 * not change is the program's own affair. ---- */

#define ASK_FILE "the disk is simulated, use sn_file_open"

static bool is_device(const char *path) {
    return !strncmp(path, "/dev/", 5) && strcmp(path, "/dev/null") && strcmp(path, "/dev/tty");
}

static void past_file(const char *function, const char *path, bool write, void *pc) {
    if (write)
        past(function, ASK_FILE, pc);
    else if (is_device(path))
        past(function, ASK_CHANCE, pc);
}

static bool writes(int flags) { return (flags & O_ACCMODE) != O_RDONLY || flags & O_CREAT; }

/* The third argument, where there is one. */
#define MODE(flags, mode)                                                                          \
    if ((flags)&O_CREAT || ((flags)&O_TMPFILE) == O_TMPFILE) {                                     \
        va_list ap_;                                                                               \
        va_start(ap_, flags);                                                                      \
        mode = va_arg(ap_, mode_t);                                                                \
        va_end(ap_);                                                                               \
    }

EXPORT int open(const char *path, int flags, ...) {
    mode_t mode = 0;
    MODE(flags, mode);
    past_file(__func__, path, writes(flags), __builtin_return_address(0));
    NEXT(open);
    return real(path, flags, mode);
}

EXPORT int open64(const char *path, int flags, ...) {
    mode_t mode = 0;
    MODE(flags, mode);
    past_file(__func__, path, writes(flags), __builtin_return_address(0));
    NEXT(open64);
    return real(path, flags, mode);
}

EXPORT int openat(int at, const char *path, int flags, ...) {
    mode_t mode = 0;
    MODE(flags, mode);
    past_file(__func__, path, writes(flags), __builtin_return_address(0));
    NEXT(openat);
    return real(at, path, flags, mode);
}

EXPORT int creat(const char *path, mode_t mode) {
    PAST(ASK_FILE);
    NEXT(creat);
    return real(path, mode);
}

EXPORT int mkstemp(char *path) {
    PAST(ASK_FILE);
    NEXT(mkstemp);
    return real(path);
}

/* What open and openat become with _FORTIFY_SOURCE where the compiler does not know the flags. */
int __open_2(const char *path, int flags);
int __openat_2(int at, const char *path, int flags);

EXPORT int __open_2(const char *path, int flags) {
    past_file("open", path, writes(flags), __builtin_return_address(0));
    NEXT(__open_2);
    return real(path, flags);
}

EXPORT int __openat_2(int at, const char *path, int flags) {
    past_file("openat", path, writes(flags), __builtin_return_address(0));
    NEXT(__openat_2);
    return real(at, path, flags);
}

EXPORT FILE *fopen(const char *restrict path, const char *restrict mode) {
    past_file(__func__, path, strpbrk(mode, "wa+") != NULL, __builtin_return_address(0));
    NEXT(fopen);
    return real(path, mode);
}

EXPORT FILE *fopen64(const char *restrict path, const char *restrict mode) {
    past_file(__func__, path, strpbrk(mode, "wa+") != NULL, __builtin_return_address(0));
    NEXT(fopen64);
    return real(path, mode);
}

/* In the list of parts so that a program that links the archive gets this file at all. */
const sn__part sn__seam_part = {0};
