/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* sennit-bench-sim WORKLOAD MODE [N [SEED]]: the same workloads linked with the simulated
 * scheduler: what a choice point costs. MODE is uniform, pct or calm. There time is virtual, so CPU
 * time is told.
 */
#include "bench.h"

#include <sennit/sim.h>
#include <string.h>
#include <sys/resource.h>

static const struct workload {
    const char *name;
    sn_fn f;
} workloads[] = {
    {"yield", bench_yield},       {"spawn1", bench_spawn1}, {"spawn10k", bench_spawn10k},
    {"pingpong", bench_pingpong}, {"pc11", bench_pc11},     {"pc44", bench_pc44},
    {"sel4", bench_sel4},         {"mutex8", bench_mutex8},
};
enum { WORKLOADS = sizeof workloads / sizeof *workloads };

static int64_t cpu_begun, cpu, ops;

void bench_must(int rc, const char *what) {
    if (rc >= 0) return;
    fprintf(stderr, "sennit-bench-sim: %s: %s\n", what, sn_strerror(rc));
    exit(1);
}

int64_t bench_cpu(void) {
    struct rusage u;
    getrusage(RUSAGE_SELF, &u);
    int64_t us = (int64_t)(u.ru_utime.tv_sec + u.ru_stime.tv_sec) * 1000000;
    return (us + u.ru_utime.tv_usec + u.ru_stime.tv_usec) * 1000;
}

void bench_begin(void) { cpu_begun = bench_cpu(); }

void bench_report(int64_t n) {
    cpu = bench_cpu() - cpu_begun;
    ops = n;
}

/* No warm-up: the events of the whole run are told. */
int bench_measure(void (*f)(int64_t n), int64_t n, int64_t per_n) {
    bench_begin();
    f(n);
    bench_report(n * per_n);
    return 0;
}

static int run(const struct workload *w, sn_sim_config *c, int64_t n) {
    bench_args a = {n, NULL};
    sn_sim_result r = {.size = sizeof r};
    bench_must(sn_sim_run(c, w->f, &a, &r), w->name);
    bench_must(r.rc, w->name);
    double all = (double)ops;
    printf("cpu_op=%.2f events_op=%.2f choices_op=%.2f switches_op=%.2f events_s=%.0f\n",
           (double)cpu / all, (double)r.events / all, (double)r.choices / all,
           (double)r.switches / all, (double)r.events / ((double)cpu / 1e9));
    return 0;
}

static int usage(void) {
    fprintf(stderr, "usage: sennit-bench-sim WORKLOAD uniform|pct|calm [N [SEED]]\n\n");
    for (int i = 0; i < WORKLOADS; i++) fprintf(stderr, "  %s\n", workloads[i].name);
    return 2;
}

int main(int argc, char **argv) {
    sn_sim_config c = {.size = sizeof c, .seed = 1};
    int64_t n = argc > 3 ? strtoll(argv[3], NULL, 10) : 0;
    if (argc < 3 || argc > 5 || n < 0) return usage();
    if (argc > 4) c.seed = strtoull(argv[4], NULL, 10);
    c.calm = !strcmp(argv[2], "calm");
    c.mode = !strcmp(argv[2], "pct") ? SN_SIM_PCT : SN_SIM_UNIFORM;
    if (!c.calm && !c.mode && strcmp(argv[2], "uniform")) return usage();
    for (int i = 0; i < WORKLOADS; i++) {
        if (!strcmp(argv[1], workloads[i].name)) return run(&workloads[i], &c, n);
    }
    return usage();
}
