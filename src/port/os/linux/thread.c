/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Threads and the asymmetric barrier on Linux. */
#include <errno.h>
#include <linux/membarrier.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "port/port.h"
#include "port/sanitize.h"

typedef struct start {
    void (*f)(void *);
    void *arg;
    const char *name;
} start;

static void *trampoline(void *p) {
    start s = *(start *)p;
    free(p);
    pthread_setname_np(pthread_self(), s.name); /* whoever made it may find it gone already */
    sn__os_slice_usual();
    s.f(s.arg);
    return NULL;
}

/* Signals go to the program's own threads; ours see only faults of their own. */
static void block_signals(sigset_t *was) {
    sigset_t all;
    sigfillset(&all);
    sigdelset(&all, SIGSEGV);
    sigdelset(&all, SIGBUS);
    sigdelset(&all, SIGFPE);
    sigdelset(&all, SIGILL);
    sigdelset(&all, SIGTRAP);
    pthread_sigmask(SIG_SETMASK, &all, was);
}

int sn__os_thread(uintptr_t *handle, void (*f)(void *), void *arg, const char *name) {
    start *s = malloc(sizeof *s);
    if (!s) return SN_ENOMEM;
    *s = (start){f, arg, name};
    sigset_t was;
    pthread_t t;
    block_signals(&was);
    int rc = pthread_create(&t, NULL, trampoline, s);
    pthread_sigmask(SIG_SETMASK, &was, NULL);
    if (rc) {
        free(s);
        return SN_EAGAIN;
    }
    *handle = (uintptr_t)t;
    return 0;
}

void sn__os_yield(void) { sched_yield(); }

void sn__os_join(uintptr_t handle) { pthread_join((pthread_t)handle, NULL); }

static pthread_once_t exit_once = PTHREAD_ONCE_INIT;
static pthread_key_t exit_key;
/* every caller writes the same function */
static void (*_Atomic exit_done)(void *);
static bool have_key; /* or there are too many; what is to be done then is not */
static void make_key(void) { have_key = !pthread_key_create(&exit_key, atomic_load(&exit_done)); }

void sn__os_at_exit(void (*done)(void *), void *p) {
    atomic_store(&exit_done, done);
    pthread_once(&exit_once, make_key);
    if (have_key) pthread_setspecific(exit_key, p);
}

static pthread_once_t fork_once = PTHREAD_ONCE_INIT;
static void (*_Atomic fork_child)(void);

static void fork_register(void) { pthread_atfork(NULL, NULL, atomic_load(&fork_child)); }

void sn__os_at_fork(void (*child)(void)) {
    atomic_store(&fork_child, child);
    pthread_once(&fork_once, fork_register);
}

unsigned sn__os_threads(void) {
    struct stat st;
    if (stat("/proc/self/task", &st) || st.st_nlink < 3) return 0;
    return (unsigned)st.st_nlink - 2 - SN__SAN_THREADS; /* a folder's own two links */
}

unsigned sn__os_cpus(void) {
    cpu_set_t set;
    if (sched_getaffinity(0, sizeof set, &set)) return 1;
    int n = CPU_COUNT(&set);
    return n > 0 ? (unsigned)n : 1;
}

bool sn__os_heavy_barrier_init(void) {
    return syscall(SYS_membarrier, MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED, 0, 0) == 0;
}

/* The kernel may be out of memory for the moment. But who goes on without, since the call has been
 * forbidden meanwhile, might let two threads own the same. (On any stack, packed ones too.) */
void sn__os_heavy_barrier(void) {
    static const char gone[] = "sennit: membarrier, which was there at the start, is refused; with "
                               "SENNIT_NO_MEMBARRIER=1 it is not used\n";
    while (syscall(SYS_membarrier, MEMBARRIER_CMD_PRIVATE_EXPEDITED, 0, 0) < 0) {
        if (errno != ENOMEM) {
            sn__os_write(2, gone, sizeof gone - 1);
            abort();
        }
        sched_yield();
    }
}
