/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* `run`: many seeds, a line for each that fails, and what all of them came to. */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "search/commands.h"
#include "search/differ.h"
#include "search/number.h"
#include "search/pool.h"

enum { KINDS = 16 };

/* Failures that have one reason, but for the numbers in it. */
typedef struct kind {
    char text[POOL_WHY];
    uint64_t n, first_seed;
} kind;

typedef struct report {
    const args *a;
    bool shows_progress;
    bool unexpected;     /* a failure with a reason that was not expected */
    uint64_t first_seed; /* the least that failed; 0: none */
    uint64_t unsteady;   /* the least that was not deterministic; 0: none */
    unsigned logs;       /* that were shown */
    kind kinds[KINDS];   /* the first so many */
    unsigned kinds_n;
} report;

/* Of a crash, whose reason may be in what was written: so many lines, of so many crashes. */
enum { LOG_LINES = 12, LOGS = 3 };

static void clear_progress(const report *r) {
    if (r->shows_progress) fputs("\r\033[K", stderr);
}

static void print_log(report *r, const char *log) {
    if (r->logs++ >= LOGS) return;
    for (int i = 0; i < LOG_LINES && *log; i++) {
        int n = (int)strcspn(log, "\n");
        printf("    %.*s\n", n, log);
        log += n + (log[n] != 0);
    }
    if (*log) printf("    …\n");
}

static void least(uint64_t *v, uint64_t seed) {
    if (!*v || seed < *v) *v = seed;
}

static void count_kind(report *r, const failure *f) {
    char text[POOL_WHY];
    unsigned i = 0;
    sn__pool_kind(f->why, text);
    while (i < r->kinds_n && strcmp(r->kinds[i].text, text)) i++;
    if (i == KINDS) return;
    kind *k = &r->kinds[i];
    if (i == r->kinds_n) {
        *k = (kind){.n = 0};
        memcpy(k->text, text, sizeof k->text);
        r->kinds_n++;
    }
    k->n++;
    least(&k->first_seed, f->seed);
}

static void failed(void *arg, const failure *f) {
    report *r = arg;
    char at[TIME_TEXT];
    const spec *s = &r->a->spec;
    clear_progress(r);
    printf("seed %llu failed at %s, hash %016llx: %s\n", (unsigned long long)f->seed,
           sn__show_time(f->got.time, at), (unsigned long long)f->got.hash, f->why);
    if (!f->told) print_log(r, f->log);
    fflush(stdout);
    least(&r->first_seed, f->seed);
    count_kind(r, f);
    if (!strncmp(f->why, UNSTEADY, strlen(UNSTEADY))) least(&r->unsteady, f->seed);
    if (s->must_fail && !strstr(f->why, s->must_say)) r->unexpected = true;
}

static void progress(void *arg, const tally *t) {
    const report *r = arg;
    double s = (double)t->wall / 1e9;
    unsigned long long all = r->a->seeds.last - r->a->seeds.first + 1;
    if (!r->shows_progress) return;
    fprintf(stderr, "\r\033[K%llu of %llu seeds, %llu failed, %.0f/s", (unsigned long long)t->ran,
            all, (unsigned long long)t->failed, s > 0 ? (double)t->ran / s : 0);
}

static void print_sum(const tally *t) {
    double s = (double)t->wall / 1e9;
    if (s <= 0) s = 1e-9;
    printf("%llu seeds, %llu failed, in %.2f s: %.0f seeds/s, %.3g events/s, "
           "virtual time %.3g times as fast as real\n",
           (unsigned long long)t->ran, (unsigned long long)t->failed, s, (double)t->ran / s,
           (double)t->events / s, (double)t->virtual_time / (double)t->wall);
}

static int verdict(const report *r, const tally *t) {
    const spec *s = &r->a->spec;
    if (!s->must_fail) return t->failed ? EXIT_FAILED : EXIT_PASSED;
    if (!t->failed) printf("a failure was expected, and no seed failed\n");
    if (r->unexpected) printf("another reason was expected: %s\n", s->must_say);
    return t->failed && !r->unexpected ? EXIT_PASSED : EXIT_FAILED;
}

/* Several reasons are several bugs, perhaps. */
static void print_kinds(const report *r) {
    for (unsigned i = 0; i < r->kinds_n && r->kinds_n > 1; i++) {
        const kind *k = &r->kinds[i];
        printf("%llu times, first in seed %llu: %s\n", (unsigned long long)k->n,
               (unsigned long long)k->first_seed, k->text);
    }
    if (r->kinds_n == KINDS) printf("(there may be more reasons)\n");
}

/* What to do next about the failures. */
static void print_hints(const report *r) {
    args one = *r->a;
    if (r->unsteady) {
        printf("seed %llu, its first run and its second:\n", (unsigned long long)r->unsteady);
        one.seeds = (seeds){r->unsteady, r->unsteady};
        sn__differ(&one, stdout);
    }
    if (!r->first_seed) return;
    printf("repeat: ");
    sn__args_repeat(r->a, "replay", r->first_seed, r->first_seed == r->unsteady ? " --twice" : "");
}

int sn__command_run(args *a) {
    report r = {.a = a, .shows_progress = isatty(STDERR_FILENO) == 1};
    char why[POOL_WHY];
    tally t;
    pool p = {.spec = &a->spec,
              .scenario = a->scenario,
              .seeds = a->seeds,
              .jobs = a->jobs,
              .twice = a->twice,
              .stop_after = a->stop_after,
              .failed = failed,
              .tick = progress,
              .arg = &r};
    int rc = sn__pool_run(&p, &t, why);
    clear_progress(&r);
    if (rc) {
        fprintf(stderr, "%s: %s\n", a->program, why);
        return EXIT_USAGE;
    }
    if (t.interrupted) printf("interrupted: not all seeds were run\n");
    print_sum(&t);
    print_kinds(&r);
    print_hints(&r);
    bool asked = sn__args_all_asked(a, t.asked);
    int status = verdict(&r, &t);
    printf("hash=%016llx\n", (unsigned long long)t.hash);
    if (t.interrupted) return EXIT_FAILED;
    return status || asked ? status : EXIT_USAGE;
}
