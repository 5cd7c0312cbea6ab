/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * `minimise`: makes a failing seed smaller, as long as it fails for the same reason. First the
 * parameters that the scenario's file lets shrink, since all that follows is quicker then; a
 * smaller world is another run, so other seeds may take the place of the one given. Then the faults
 * of the plan, by halves, quarters and so on; then the interruptions: after how few choice points
 * may everybody be left in peace. Last the order: the run is told as one in which coroutines run in
 * turn, with exceptions, of which most can be spared. Each attempt is a run in a process of its
 * own.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "search/commands.h"
#include "search/order.h"
#include "search/parts.h"
#include "search/pool.h"

enum { LOG = 4096 };

typedef struct attempt {
    uint64_t seed;
    outcome got;
    uint32_t faults;
    char why[POOL_WHY];
    char log[LOG]; /* what led there */
} attempt;

typedef struct cut {
    args *a;
    spec now;      /* the smallest that fails; shares the plan with a->spec */
    attempt fails; /* how it does */
    char kind[POOL_WHY];
    uint64_t tries; /* runs that are left */
    uint64_t runs;
    attempt found;   /* by the search at hand */
    uint32_t faults; /* of the plan, of which some are dropped */
    sn__step *steps; /* the order of the run, as it was recorded */
    size_t steps_n;
    bool broken; /* no attempt can be made any more */
} cut;

/* ---- Attempts ---- */

static bool better(const attempt *x, const attempt *than) {
    if (!than->seed) return true;
    return x->got.time != than->got.time ? x->got.time < than->got.time : x->seed < than->seed;
}

static void failed(void *arg, const failure *f) {
    cut *c = arg;
    char kind[POOL_WHY];
    attempt x = {.seed = f->seed, .got = f->got, .faults = f->faults};
    sn__pool_kind(f->why, kind);
    memcpy(x.why, f->why, sizeof x.why);
    if (f->told) snprintf(x.log, sizeof x.log, "%s", f->log);
    if ((!*c->kind || !strcmp(kind, c->kind)) && better(&x, &c->found)) c->found = x;
}

/* True when `s` fails in one of these seeds for the reason that counts: it is the smallest then. */
static bool fails(cut *c, const spec *s, seeds among) {
    char why[POOL_WHY];
    tally t;
    pool p = {.spec = s, .scenario = c->a->scenario, .seeds = among, .jobs = c->a->jobs};
    uint64_t n = among.last - among.first + 1;
    if (c->broken || n > c->tries) return false;
    if (n < p.jobs) p.jobs = (unsigned)n;
    p.failed = failed;
    p.arg = c;
    c->found.seed = 0;
    c->tries -= n;
    c->runs += n;
    if (sn__pool_run(&p, &t, why)) {
        fprintf(stderr, "%s: %s\n", c->a->program, why);
        c->broken = true;
    }
    if (c->runs == n && !sn__args_all_asked(c->a, t.asked)) c->broken = true;
    if (t.interrupted) c->tries = 0; /* what was found so far is printed */
    if (!c->found.seed) return false;
    c->now = *s;
    c->fails = c->found;
    return true;
}

static bool fails_as_before(cut *c, const spec *s) {
    return fails(c, s, (seeds){c->fails.seed, c->fails.seed});
}

/* ---- Parameters ---- */

enum { OTHER_SEEDS = 30 };

static bool fails_with(cut *c, unsigned number, bool times, int64_t value) {
    spec s = c->now;
    if (times)
        sn_time_print(value, s.params[number].value, SPEC_TEXT);
    else
        snprintf(s.params[number].value, SPEC_TEXT, "%lld", (long long)value);
    return fails_as_before(c, &s) || fails(c, &s, (seeds){1, OTHER_SEEDS});
}

/* Halfway, and easy to read if that can be had. */
static int64_t between(int64_t good, int64_t value, bool times) {
    int64_t middle = good + (value - good) / 2, grid = 1;
    if (!times) return middle;
    while (grid <= (value - good) / 30) grid *= 10;
    int64_t round = middle / grid * grid;
    return round > good && round < value ? round : middle;
}

/* Down to the least that fails, to within a hundredth: each attempt may take long. */
static void shrink(cut *c, unsigned number) {
    const param *p = &c->now.params[number];
    int64_t least, value;
    bool times = !sn__read_int(p->value, &value) || !sn__read_int(p->least, &least);
    if (times && !(sn__read_time(p->value, &value) && sn__read_time(p->least, &least))) return;
    int64_t good = least - 1, grain = (value - least) / 100;
    if (value <= least || fails_with(c, number, times, least)) return;
    for (good = least; value - good > (grain > 1 ? grain : 1) && c->tries && !c->broken;) {
        int64_t middle = between(good, value, times);
        if (fails_with(c, number, times, middle))
            value = middle;
        else
            good = middle;
    }
}

/* ---- Faults ---- */

/* c->now took over a list in place of this one. */
static void forget(const cut *c, numbers *l) {
    if (l->at != c->a->spec.without.at) sn__numbers_free(l);
}

static bool fails_with_faults(void *arg, const numbers *kept) {
    cut *c = arg;
    numbers was = c->now.without;
    spec s = c->now;
    s.without = (numbers){NULL, 0};
    if (sn__parts_others(kept, c->faults, &s.without) && fails_as_before(c, &s)) {
        forget(c, &was);
        return true;
    }
    sn__numbers_free(&s.without);
    return false;
}

static void drop_faults(cut *c) {
    numbers kept;
    c->faults = c->fails.faults;
    if (!c->faults || !sn__parts_others(&c->now.without, c->faults, &kept)) return;
    sn__parts_drop(&kept, fails_with_faults, c);
    sn__numbers_free(&kept);
}

/* ---- Interruptions ---- */

static bool fails_calm_after(cut *c, uint64_t n) {
    spec s = c->now;
    if (n)
        s.config.calm_after = n;
    else
        s.config.calm = 1;
    return fails_as_before(c, &s);
}

static void calm_down(cut *c) {
    uint64_t good = 0, bad = c->fails.got.choices;
    if (c->now.config.calm || fails_calm_after(c, 0)) return;
    while (bad - good > 1 && c->tries && !c->broken) {
        uint64_t middle = good + (bad - good) / 2;
        if (fails_calm_after(c, middle))
            bad = middle;
        else
            good = middle;
    }
}

/* ---- The order ---- */

enum { STEPS_MAX = 1 << 20 };

static bool fails_with_steps(void *arg, const numbers *kept) {
    cut *c = arg;
    sn__step *steps = malloc((kept->n + 1) * sizeof *steps), *was = c->now.order.steps;
    spec s = c->now;
    if (!steps) return false;
    for (size_t i = 0; i < kept->n; i++) steps[i] = c->steps[kept->at[i] - 1];
    s.order = (order){.told = true, .steps = steps, .n = kept->n};
    if (fails_as_before(c, &s)) {
        free(was);
        return true;
    }
    free(steps);
    return false;
}

/* Runs once more, writing down the order; c->steps and c->steps_n are it. */
static bool record(cut *c) {
    spec s = c->now;
    size_t *n = sn__process_share(sizeof *n + STEPS_MAX * sizeof(sn__step));
    if (!n) return false;
    s.order.record = (sn__step *)(n + 1);
    s.order.recorded = n;
    s.order.room = STEPS_MAX;
    bool ok = fails_as_before(c, &s) && *n <= STEPS_MAX;
    c->now.order = c->a->spec.order;
    c->steps_n = ok ? *n : 0;
    c->steps = malloc((c->steps_n + 1) * sizeof *c->steps);
    if (c->steps) memcpy(c->steps, n + 1, c->steps_n * sizeof *c->steps);
    sn__process_unshare(n, sizeof *n + STEPS_MAX * sizeof(sn__step));
    return ok && c->steps;
}

enum { STEPS_TOLD = 64 };

/* Tells the order of the run that fails, and tries with fewer and fewer of its surprises. A long
 * list is nothing that anybody wants to read, or to type: then all stays as it was. */
static void straighten(cut *c) {
    numbers all;
    if (c->now.order.told || !record(c)) return;
    spec before = c->now;
    attempt was = c->fails;
    if (!sn__parts_others(&(numbers){NULL, 0}, (uint32_t)c->steps_n, &all)) return;
    if (fails_with_steps(c, &all)) sn__parts_drop(&all, fails_with_steps, c);
    sn__numbers_free(&all);
    if (c->now.order.n <= STEPS_TOLD) return;
    free(c->now.order.steps);
    c->now = before;
    c->fails = was;
}

/* ---- The whole ---- */

static void say(const cut *c, const char *what) {
    char at[TIME_TEXT];
    fprintf(stderr, "%s: fails at %s after %llu choice points; %llu runs so far\n", what,
            sn__show_time(c->fails.got.time, at), (unsigned long long)c->fails.got.choices,
            (unsigned long long)c->runs);
}

static void print_params(const cut *c, FILE *command) {
    const spec *was = &c->a->spec, *is = &c->now;
    for (unsigned i = 0; i < is->params_n; i++) {
        const char *before = was->params[i].value, *value = is->params[i].value;
        if (!strcmp(before, value)) continue;
        printf("  %s is %s, was %s\n", is->params[i].name, value, before);
        fprintf(command, " --set %s=%s", is->params[i].name, value);
    }
}

static void print_faults(const cut *c, FILE *command) {
    uint32_t n = c->fails.faults;
    if (!n) return;
    numbers kept;
    char *left_out = sn__show_numbers(&c->now.without);
    if (left_out && *left_out) fprintf(command, " --without %s", left_out);
    free(left_out);
    if (!sn__parts_others(&c->now.without, n, &kept)) return;
    char *list = sn__show_numbers(&kept);
    printf("  %zu of %u faults%s%s\n", kept.n, n, kept.n ? ": " : "", list ? list : "");
    free(list);
    sn__numbers_free(&kept);
}

static void print_order(const cut *c, FILE *command) {
    char *list = sn__order_show(&c->now.order);
    if (!list) return;
    printf("  coroutines run in turn, with %zu exceptions\n", c->now.order.n);
    fprintf(command, " --order %s", list);
    free(list);
}

static void print_calm(const cut *c, FILE *command) {
    const sn_sim_config *k = &c->now.config;
    if (k->calm && !c->a->spec.config.calm) {
        printf("  nobody is interrupted\n");
        fprintf(command, " --calm");
    } else if (k->calm_after != c->a->spec.config.calm_after) {
        printf("  nobody is interrupted after %llu of %llu choice points\n",
               (unsigned long long)k->calm_after, (unsigned long long)c->fails.got.choices);
        fprintf(command, " --calm-after %llu", (unsigned long long)k->calm_after);
    }
}

static void print_result(const cut *c) {
    char at[TIME_TEXT], *more = NULL;
    size_t n;
    FILE *command = open_memstream(&more, &n);
    if (!command) return;
    printf("seed %llu fails at %s: %s\n", (unsigned long long)c->fails.seed,
           sn__show_time(c->fails.got.time, at), c->fails.why);
    print_params(c, command);
    print_faults(c, command);
    if (c->now.order.told && !c->a->spec.order.told)
        print_order(c, command);
    else
        print_calm(c, command);
    fclose(command);
    fputs(c->fails.log, stdout);
    printf("%llu runs%s\nrepeat: ", (unsigned long long)c->runs,
           c->tries ? "" : "; more might make it smaller (--tries)");
    sn__args_repeat(c->a, "replay", c->fails.seed, more);
    free(more);
}

int sn__command_minimise(args *a) {
    cut c = {.a = a, .now = a->spec, .tries = a->tries};
    if (!fails(&c, &a->spec, a->seeds) || c.broken) {
        if (!c.broken) printf("seed %llu does not fail\n", (unsigned long long)a->seeds.first);
        return c.broken ? EXIT_USAGE : EXIT_FAILED;
    }
    sn__pool_kind(c.fails.why, c.kind);
    say(&c, "as it is");
    for (unsigned i = 0; i < c.now.params_n; i++)
        if (*c.now.params[i].least) shrink(&c, i);
    say(&c, "with smaller parameters");
    drop_faults(&c);
    say(&c, "with fewer faults");
    calm_down(&c);
    say(&c, "with fewer interruptions");
    straighten(&c);
    if (c.now.order.told) say(&c, "with fewer surprises in its order");
    print_result(&c);
    forget(&c, &c.now.without);
    if (!a->spec.order.told) free(c.now.order.steps);
    free(c.steps);
    return EXIT_PASSED;
}
