/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * The simulated world. A program linked with libsennit-sim instead of libsennit is the same
 * program, but one seed decides everything that is chance: who runs next, which select case wins,
 * what the network and the disks do, what sn_random says. Time is virtual: it stands still while
 * anybody can run, and then jumps to the next deadline. The same seed gives the same run, told by
 * a hash; a failure is a number that can be replayed.
 *
 * A run has *hosts*. Each has an address, a disk, clocks and, while it is up, a process: a main
 * coroutine and everything it starts. All calls of the library act on the caller's host: sn_dial
 * and sn_listen on its links, sn_file_* on its disk, sn_utc_ms on its clock. What sn_sim_run was
 * given runs outside of all hosts: it is the test. It has neither disk nor network of its own.
 *
 * These calls are for coroutines of a simulated run, unless said otherwise. With libsennit they
 * do not link.
 */
#ifndef SENNIT_SIM_H
#define SENNIT_SIM_H

#include <sennit/go.h>

SN_BEGIN_C

/* ---- A run ---- */

/** How the next coroutine is chosen. */
enum sn_sim_mode {
    SN_SIM_UNIFORM = 0, /**< any that can run, all alike, at each choice point with some chance */
    SN_SIM_PCT = 1      /**< always the one of highest priority; priorities are random, and change
                             at `depth` - 1 random points of the run. Finds a bug that needs `depth`
                             ordered events with a probability that can be bounded (Burckhardt and
                             others, 2010) */
};

/** What happened, for traces. Only logical numbers: the same in every process. */
typedef struct sn_sim_event {
    uint64_t number;  /**< from 1 */
    sn_time at;       /**< virtual time since the run's start */
    const char *host; /**< name of the actor's host; "" outside of hosts */
    uint64_t id;      /**< coroutine that acts (sn_id); 0: the world itself */
    const char *name; /**< its name; NULL */
    const char *what; /**< "run", "go", "park", "net.reset", "disk.torn" … */
    uint64_t a, b;    /**< what it is about: numbers whose meaning belongs to `what` */
} sn_sim_event;

/** Set `size`; zero means default. */
typedef struct sn_sim_config {
    uint32_t size; /**< sizeof(sn_sim_config) */
    uint32_t mode; /**< enum sn_sim_mode */
    uint64_t seed;
    uint32_t depth;      /**< of PCT; 0: 3 */
    uint32_t calm;       /**< 1: nobody is interrupted at a choice point, only where it waits: long
                              runs of big worlds go several times as fast */
    uint64_t steps;      /**< choice points that the run is expected to have, over which PCT spreads
                              its changes; 0: the seed draws one of 64, 128 … 65,536 */
    uint64_t calm_after; /**< choice points after which nobody is interrupted; 0: never */
    uint64_t max_choices; /**< more, and the run fails as endless; 0: 2^40 */
    sn_time max_time;     /**< virtual time after which the run fails as endless; 0: none */
    void (*trace)(void *arg, const sn_sim_event *e); /**< told of each event; may not call the
                                                          library; NULL: nobody */
    void *trace_arg;
    void (*failed)(void *arg, const char *why); /**< told of a failure before the process aborts */
    void *failed_arg;
} sn_sim_config;

typedef struct sn_sim_result {
    uint32_t size; /**< sizeof(sn_sim_result), set by the caller */
    int rc;        /**< what f returned */
    uint64_t hash; /**< of all events */
    uint64_t events, choices, switches;
    sn_time time; /**< virtual time the run took */
} sn_sim_result;

/**
 * Runs f(arg) as sn_run does, in a world made new from config->seed. `result` may be NULL. Returns
 * 0 when the run came to its end, whatever f returned; SN_EBUSY in a run; SN_EINVAL; SN_ENOMEM.
 * What fails (sn_sim_fail, a deadlock, a leak, a bound) does not return: it prints a dump and
 * aborts, so that a debugger stands at the place. sn_run is this with $SENNIT_SEED and the
 * defaults. From a thread outside of runs.
 */
SN_API SN_MUST int sn_sim_run(const sn_sim_config *config, sn_fn f, void *arg,
                              sn_sim_result *result);

/** The run has failed: `format` says how. Prints time, event, seed and a dump, and aborts. From
 *  coroutines. */
SN_API void sn_sim_fail(const char *format, ...) __attribute__((noreturn, format(printf, 1, 2)));
/** Hash of the events so far. */
SN_API uint64_t sn_sim_hash(void);
/** Adds an event of the test's own to hash and trace. `what` is a literal. Never parks. */
SN_API void sn_sim_note(const char *what, uint64_t a, uint64_t b);
/** A random number below n (> 0) from a stream of its own of the seed: for tests' decisions and
 *  faults, so that they do not shift the scheduler's. Never parks. */
SN_API uint64_t sn_sim_draw(uint64_t n);

/**
 * Parks until every other coroutine of the run waits for something that only the caller, or time,
 * can bring. Time does not move. Go's testing/synctest calls this Wait.
 */
SN_API SN_PARKS int sn_sim_settle(void);
/**
 * Lets time go on until nothing is left that would ever happen by itself: nobody can run and no
 * deadline is armed; or until `until`. 0, or SN_ETIMEDOUT; SN_ECANCELED.
 */
SN_API SN_PARKS int sn_sim_quiesce(sn_time until);

/* ---- Past the seams ---- */

/**
 * Real time, chance, threads, sockets and files would make a run depend on more than its seed. When
 * a coroutine of a run calls one of these functions of the C library, be it from inside a shared
 * library, the run fails and names function and caller: time, gettimeofday, clock_gettime,
 * timespec_get, clock, nanosleep, clock_nanosleep, usleep, sleep, getrandom, getentropy, rand,
 * random, drand48, lrand48, mrand48, arc4random and its kin, pthread_create, socket, connect,
 * epoll_create1, getaddrinfo, creat, mkstemp; open, openat and fopen of devices and of what is
 * opened for writing; syscall that asks for time, a nap or chance. (Not in programs that are built
 * with a sanitizer.)
 *
 * This lets calls of `function` ("*": all of them) by `caller` through, for the life of the
 * process: `caller` is a function or a shared library ("libcrypto.so.3"). The strings are kept, not
 * copied; `reason` is for whoever reads the program. From anywhere; never parks. SN_EINVAL for an
 * empty string; SN_ENOMEM beyond 64.
 */
SN_API SN_MUST int sn_sim_allow(const char *function, const char *caller, const char *reason);

/* ---- Hosts ---- */

typedef struct sn_host sn_host;

/**
 * A new host, down, with an empty disk. `addr` is its IPv4 address, or a range "10.64.0.0/12" of
 * which it may dial from any (sn_dial_from): a crowd. Its first address listens. `name` (a literal,
 * unique) also resolves to it in sn_dial. Lives to the end of the run, which frees it. SN_EEXIST;
 * SN_EINVAL; SN_ENOMEM.
 */
SN_API SN_MUST int sn_host_new(sn_host **h, const char *name, const char *addr);
/** The caller's; NULL outside of hosts. */
SN_API sn_host *sn_host_self(void);
SN_API sn_host *sn_host_named(const char *name);
SN_API const char *sn_host_name(const sn_host *h);
/** Boots it: starts f as its main coroutine, as sn_go would (with a copy of n bytes), with a large
 *  stack. When f returns, the host's other coroutines are cancelled and waited for, and the host is
 *  down. SN_EBUSY when it is up; SN_ENOMEM. */
SN_API SN_MUST int sn_host_start(sn_host *h, sn_fn f, const void *arg, size_t n);
/** Boots it again, with the main coroutine and the argument that it was last started with. SN_EBUSY
 *  when it is up; SN_EINVAL when it was never started; SN_ENOMEM. */
SN_API SN_MUST int sn_host_restart(sn_host *h);
/** What becomes of the disk when a host stops. */
enum sn_stop {
    SN_STOP_PROCESS, /**< kill -9: all that was written is there */
    SN_STOP_POWER    /**< what was not synced is lost, kept or torn, as the seed says */
};
/**
 * The process is no more, from this instant: its connections are closed, as by its kernel, or
 * reset, each as the seed says (SN_STOP_PROCESS), or fall silent (SN_STOP_POWER), and nothing it
 * does can be seen by anybody any more: each further call of the library by its coroutines fails,
 * its waits end, and they run to their ends without time going on. Parks until they have; a host
 * that does not come to its end by itself, or that leaves files, connections or listeners open,
 * fails the run. What its main returns is lost. Nothing happens when it is down already. Not from
 * its own coroutines. Not cancellable.
 */
SN_API void sn_host_stop(sn_host *h, enum sn_stop how);
/** Waits until h is down by itself; *rc (may be NULL) is what its main returned, SN_ECANCELED
 *  if it was stopped. SN_ECANCELED, SN_ETIMEDOUT from the caller's scope. */
SN_API SN_PARKS int sn_host_wait(sn_host *h, int *rc);
SN_API int sn_host_up(const sn_host *h);
/** As kill(1): delivers `signo` to the channels of sn_signal_notify there; a signal nobody asked
 *  for does nothing. Never parks. SN_ECLOSED when the host is down. */
SN_API SN_MUST int sn_host_signal(sn_host *h, int signo);

/**
 * As SIGSTOP and SIGCONT: from here to sn_host_resume whatever waits on the host waits on, while
 * time goes by, its deadlines pass and its kernel goes on receiving. Who runs at this instant gets
 * as far as where it next waits. A stop resumes it. Nothing happens when it is paused, or not.
 * Not from its own coroutines, which could not resume it. Never park.
 */
SN_API void sn_host_pause(sn_host *h);
SN_API void sn_host_resume(sn_host *h);

/** Moves the host's wall clock (sn_utc_ms) by so much. Monotonic time stays. */
SN_API void sn_host_jump(sn_host *h, sn_time by);
/** From now on its clocks, monotonic and wall, run fast (> 0) or slow by parts in a million, at
 *  most 100,000. SN_EINVAL. */
SN_API SN_MUST int sn_host_drift(sn_host *h, int32_t ppm);

/* ---- Links ---- */

/** What lies between two hosts, one way. Set `size`. Zero: at once, no bound, no faults. */
typedef struct sn_link {
    uint32_t size;      /**< sizeof(sn_link) */
    uint32_t down;      /**< 1: nothing passes (a partition); connections hang and go on after it */
    sn_time latency;    /**< at least */
    sn_time jitter;     /**< at most so much more, drawn for each packet */
    uint64_t bandwidth; /**< bytes a second for each connection; 0: no bound */
    uint32_t loss;      /**< of a million packets. A stream's comes later, after a retransmission */
    uint32_t duplicate; /**< of a million datagrams */
    uint32_t reorder;   /**< of a million datagrams: overtaken by later ones */
    uint32_t reset;     /**< of a million connections: reset at a random byte or moment */
    uint32_t half_open; /**< of a million connections: one side goes silent at a random byte */
    uint32_t refuse;    /**< of a million dials: refused */
} sn_link;
/**
 * Sets the link from one place to another. A place is a host's name, an address, a range
 * "10.64.0.0/12" or "*". The rule set last wins; one set again for the same places replaces the
 * old. `link` NULL removes it. A host reaches itself over an ideal link. SN_EINVAL; SN_ENOENT for
 * a name without a host; SN_ENOMEM.
 */
SN_API SN_MUST int sn_sim_link(const char *from, const char *to, const sn_link *link);
/** Resets every connection between the two places, now. Returns how many. */
SN_API uint64_t sn_sim_reset(const char *from, const char *to);

/* ---- Disks ---- */

/** A host's disk. Set `size`. Zero: at once, no bound, no faults. */
typedef struct sn_disk {
    uint32_t size;       /**< sizeof(sn_disk) */
    uint32_t fail_read;  /**< of a million reads: SN_EIO */
    uint32_t fail_write; /**< of a million writes: SN_EIO, after a part was written */
    uint32_t fail_sync;  /**< of a million syncs: SN_EIO, and what was not synced is lost */
    uint32_t lie;        /**< of a million syncs: says done, and is not (a bad disk) */
    uint32_t flip;       /**< of a million reads: one bit is flipped, on the disk, for good */
    sn_time latency;     /**< of reads and writes */
    sn_time sync;        /**< of syncs */
    uint64_t capacity;   /**< bytes; 0: no bound. SN_ENOSPC beyond */
} sn_disk;
/** Sets it from now on. SN_EINVAL. */
SN_API SN_MUST int sn_host_disk(sn_host *h, const sn_disk *disk);
/** Flips bit `bit` of the byte at `at` of a file, on the disk. SN_ENOENT; SN_ERANGE. */
SN_API SN_MUST int sn_host_rot(sn_host *h, const char *path, uint64_t at, unsigned bit);
/** Copies a file of this machine onto a host's disk, or one of a host's out of it, synced: so that
 *  tests can look in. As sn_path_write and sn_path_read otherwise. */
SN_API SN_MUST int sn_host_put(sn_host *h, const char *path, const void *buf, size_t n);
SN_API SN_MUST int sn_host_get(sn_host *h, const char *path, size_t max, char **buf, size_t *n);

SN_END_C
#endif
