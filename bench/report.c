/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Measuring and the line of output. */
#include "bench.h"

#include <string.h>
#include <sys/resource.h>

void bench_must(int rc, const char *what) {
    if (rc >= 0) return;
    fprintf(stderr, "sennit-bench: %s: %s\n", what, sn_strerror(rc));
    exit(1);
}

long bench_status(const char *key) {
    char *text = NULL;
    size_t n, k = strlen(key);
    long value = -1;
    if (sn_path_read("/proc/self/status", 65536, &text, &n) < 0) return -1;
    for (char *line = text; line && *line; line = strchr(line, '\n')) {
        if (*line == '\n') line++;
        if (!strncmp(line, key, k) && line[k] == ':') value = atol(line + k + 1);
    }
    free(text);
    return value;
}

int64_t bench_cpu(void) {
    struct rusage u;
    getrusage(RUSAGE_SELF, &u);
    int64_t us = (int64_t)(u.ru_utime.tv_sec + u.ru_stime.tv_sec) * 1000000;
    return (us + u.ru_utime.tv_usec + u.ru_stime.tv_usec) * 1000;
}

static struct {
    sn_time at;
    int64_t cpu;
} begun;

void bench_begin(void) {
    begun.cpu = bench_cpu();
    begun.at = sn_now();
}

void bench_report(int64_t ops) {
    double ns = (double)(sn_now() - begun.at), cpu = (double)(bench_cpu() - begun.cpu);
    printf("ns_op=%.2f cpu_op=%.2f ms=%.2f ops=%lld hwm_kb=%ld\n", ns / (double)ops,
           cpu / (double)ops, ns / 1e6, (long long)ops, bench_status("VmHWM"));
    fflush(stdout);
}

int bench_measure(void (*f)(int64_t n), int64_t n, int64_t per_n) {
    f(n / 10);
    bench_begin();
    f(n);
    bench_report(n * per_n);
    return 0;
}
