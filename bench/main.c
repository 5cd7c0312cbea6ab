/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* sennit-bench WORKLOAD [N]: one workload a run. SENNIT_PROCS sets the number of Ps. The names,
 * the operation counts and the line of output are those of bench/go/bench. */
#include "bench.h"

#include <string.h>

static const struct workload {
    const char *name, *arg, *what;
    sn_fn f;
} workloads[] = {
    {"yield", "N", "two coroutines yield N times each", bench_yield},
    {"spawn1", "N", "start one, wait for it, N times", bench_spawn1},
    {"spawn10k", "N", "start N in bursts of 10,000, waiting for each burst", bench_spawn10k},
    {"spawn1m", "N", "start N in bursts of 1,000,000", bench_spawn1m},
    {"pingpong", "N", "N round trips over two unbuffered channels", bench_pingpong},
    {"pc11", "N", "N values, 1 producer, 1 consumer, channel of 128", bench_pc11},
    {"pc44", "N", "N values, 4 producers, 4 consumers, channel of 128", bench_pc44},
    {"sel4", "N", "N values by select over four unbuffered channels", bench_sel4},
    {"mutex8", "N", "N lock and unlock by 8 coroutines", bench_mutex8},
    {"mutex8w", "N", "the same with about 100 ns of work of their own between", bench_mutex8w},
    {"skynet", "", "a tree of a million coroutines, ten children each", bench_skynet},
    {"idle", "N", "memory of N coroutines that wait on one channel", bench_idle},
    {"idlesmall", "N", "the same on packed stacks", bench_idlesmall},
    {"trim", "N", "memory of N coroutines that were 40 KiB deep once, before and after trimming",
     bench_trim},
    {"timers", "N", "N coroutines that sleep 1 to 100 ms over and over, for 5 s", bench_timers},
    {"preempt", "", "a sleeper of 1 ms beside a coroutine that never stops, for 5 s",
     bench_preempt},
    {"preempt32", "", "the same sleeper beside 32 that never stop", bench_preempt32},
    {"compute8", "", "the same sleeper beside 8 that compute 5 ms and yield", bench_compute8},
    {"contend", "N", "N that want one mutex all the time, for 3 s", bench_contend},
    {"cancel", "N", "from a cancel to the return of 1, 100, 10,000 coroutines (or N of these)",
     bench_cancel},
    {"armed", "N", "N timers at once: arming, taking back, firing", bench_armed},
    {"jitter", "N", "a thread with a period of 1 ms, N times, in three ways to a coroutine",
     bench_jitter},
    {"readfile", "N", "N reads of 4 KiB of a cached file by 100 coroutines", bench_readfile},
    {"blocksys", "N", "N system calls that block for 1 ms by 100 coroutines", bench_blocksys},
    {"blockhint", "N", "the same by sn_blocking", bench_blockhint},
    {"echo", "ADDR", "a TCP echo server, until killed", bench_echo},
    {"hello", "ADDR", "an HTTP server that says hello, until killed", bench_hello},
};
enum { WORKLOADS = sizeof workloads / sizeof *workloads };

static int usage(FILE *to) {
    fprintf(to, "usage: sennit-bench WORKLOAD [N | ADDR]   (SENNIT_PROCS=n sets the Ps)\n\n");
    for (int i = 0; i < WORKLOADS; i++) {
        fprintf(to, "  %-9s %-5s %s\n", workloads[i].name, workloads[i].arg, workloads[i].what);
    }
    return to == stderr ? 2 : 0;
}

static int read_count(const char *text, int64_t *n) {
    char *end;
    *n = strtoll(text, &end, 10);
    return *end == 0 && end != text && *n > 0 && *n <= INT64_C(1000000000000);
}

static int run(const struct workload *w, const char *arg) {
    bench_args a = {0, NULL};
    if (!strcmp(w->arg, "ADDR")) {
        if (!arg) return fprintf(stderr, "sennit-bench: %s needs an address\n", w->name), 2;
        a.addr = arg;
    } else if (arg && !read_count(arg, &a.n)) {
        fprintf(stderr, "sennit-bench: '%s' is not a count from 1 to 10^12\n", arg);
        return 2;
    }
    int rc = sn_run(w->f, &a, NULL);
    if (rc < 0) fprintf(stderr, "sennit-bench: %s: %s\n", w->name, sn_strerror(rc));
    return rc < 0;
}

int main(int argc, char **argv) {
    if (argc == 2 && !strcmp(argv[1], "--help")) return usage(stdout);
    if (argc < 2 || argc > 3) return usage(stderr);
    if (!strcmp(argv[1], "--version")) return printf("sennit-bench %s\n", sn_version()) < 0;
    for (int i = 0; i < WORKLOADS; i++) {
        if (!strcmp(argv[1], workloads[i].name)) return run(&workloads[i], argv[2]);
    }
    fprintf(stderr, "sennit-bench: no workload '%s'\n", argv[1]);
    return usage(stderr);
}
