/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* sennit-bench: what the workloads share. Each is run as the first coroutine of a run, prints one
 * line of key=value pairs and returns 0 or an error. */
#ifndef BENCH_H
#define BENCH_H

#include <sennit/sennit.h>

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

/** What the command line gave: a number (0: the workload's own) or an address. */
typedef struct bench_args {
    int64_t n;
    const char *addr;
} bench_args;

/** The count asked for, or the workload's usual one. */
static inline int64_t bench_count(const void *args, int64_t usual) {
    const bench_args *a = args;
    return a->n ? a->n : usual;
}
/** Ends the program with a message unless rc is 0 or more: a figure after an error is no figure. */
void bench_must(int rc, const char *what);
/** Starts f(p) in the current scope. */
static inline void bench_go(sn_fn f, void *p) { bench_must(sn_go(f, p, 0), "sn_go"); }
/** Time and CPU are counted from here. */
void bench_begin(void);
/** Prints time and CPU of each of `ops` operations since bench_begin, and the peak memory. */
void bench_report(int64_t ops);
/** A value of /proc/self/status in KiB (or a count), or -1. */
long bench_status(const char *key);
/** CPU time of the process so far, user and system, in ns. */
int64_t bench_cpu(void);

/** Measures f(n) after a warm-up of f(n/10), and reports n * per_n operations. */
int bench_measure(void (*f)(int64_t n), int64_t n, int64_t per_n);

/* switch.c */
int bench_yield(void *args);
int bench_spawn1(void *args);
int bench_spawn10k(void *args);
int bench_spawn1m(void *args);
int bench_skynet(void *args);
/* chan.c */
int bench_pingpong(void *args);
int bench_pc11(void *args);
int bench_pc44(void *args);
int bench_sel4(void *args);
/* lock.c */
int bench_mutex8(void *args);
int bench_mutex8w(void *args);
/* wait.c */
int bench_idle(void *args);
int bench_idlesmall(void *args);
int bench_timers(void *args);
int bench_preempt(void *args);
/* stack.c */
int bench_trim(void *args);
/* file.c */
int bench_readfile(void *args);
/* block.c */
int bench_blocksys(void *args);
int bench_blockhint(void *args);
/* jitter.c */
int bench_jitter(void *args);
/* fair.c */
int bench_preempt32(void *args);
int bench_compute8(void *args);
/* contend.c */
int bench_contend(void *args);
/* cancel.c */
int bench_cancel(void *args);
/* armed.c */
int bench_armed(void *args);
/* server.c */
int bench_echo(void *args);
int bench_hello(void *args);

#endif
