/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* The command line: a scenario or a file, then options. The file is read first, so that options
 * win over what it says wherever they stand. */
#include "search/args.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "port/port.h"
#include "search/number.h"
#include "search/order.h"
#include "search/pool.h"

static bool wrong(const args *a, const char *format, ...) __attribute__((format(printf, 2, 3)));
static bool wrong(const args *a, const char *format, ...) {
    va_list ap;
    fprintf(stderr, "%s: ", a->program);
    va_start(ap, format);
    vfprintf(stderr, format, ap);
    va_end(ap);
    fputc('\n', stderr);
    return false;
}

enum { TRIES = 1000 }; /* of a reduction, unless told */

/* ---- Options ---- */

static bool count(const args *a, const char *name, const char *v, uint64_t most, uint64_t *n) {
    if (sn__read_count(v, n) && *n && *n <= most) return true;
    return wrong(a, "%s '%s': not a number from 1 to %llu", name, v, (unsigned long long)most);
}

static bool count32(const args *a, const char *name, const char *v, uint32_t most, uint32_t *n) {
    uint64_t wide;
    if (!count(a, name, v, most, &wide)) return false;
    *n = (uint32_t)wide;
    return true;
}

static bool duration(const args *a, const char *name, const char *v, sn_time *t) {
    if (sn__read_time(v, t) && *t > 0) return true;
    return wrong(a, "%s '%s': not a time such as 90s, 250ms or 7d", name, v);
}

static bool opt_seeds(args *a, const char *v) {
    seeds *s = &a->seeds;
    if (sn__read_range(v, &s->first, &s->last) && s->first && s->last <= SPEC_SEED) return true;
    return wrong(a, "--seeds '%s': not a range such as 1..1000 (from 1 to 2^62)", v);
}

static bool opt_seed(args *a, const char *v) {
    if (!count(a, "--seed", v, SPEC_SEED, &a->seeds.first)) return false;
    a->seeds.last = a->seeds.first;
    return true;
}

static bool opt_jobs(args *a, const char *v) {
    return count32(a, "--jobs", v, POOL_JOBS, &a->jobs);
}

static bool opt_mode(args *a, const char *v) {
    return sn__spec_mode(&a->spec, v) || wrong(a, "--mode '%s': not uniform, pct or mixed", v);
}

static bool opt_depth(args *a, const char *v) {
    return count32(a, "--depth", v, SPEC_DEPTH, &a->spec.config.depth);
}

static bool opt_steps(args *a, const char *v) {
    return count(a, "--steps", v, UINT64_MAX, &a->spec.config.steps);
}

static bool opt_calm(args *a, const char *v) {
    (void)v;
    a->spec.config.calm = 1;
    return true;
}

static bool opt_calm_after(args *a, const char *v) {
    return count(a, "--calm-after", v, UINT64_MAX, &a->spec.config.calm_after);
}

static bool opt_max_choices(args *a, const char *v) {
    return count(a, "--max-choices", v, UINT64_MAX, &a->spec.config.max_choices);
}

static bool opt_max_time(args *a, const char *v) {
    return duration(a, "--max-time", v, &a->spec.config.max_time);
}

static bool opt_limit(args *a, const char *v) { return duration(a, "--limit", v, &a->spec.limit); }

static bool opt_stop_after(args *a, const char *v) {
    return count(a, "--stop-after", v, UINT64_MAX, &a->stop_after);
}

static bool opt_tries(args *a, const char *v) {
    return count(a, "--tries", v, UINT64_MAX, &a->tries);
}

static bool opt_twice(args *a, const char *v) {
    (void)v;
    return a->twice = true;
}

static bool opt_brief(args *a, const char *v) {
    (void)v;
    return a->brief = true;
}

static bool opt_without(args *a, const char *v) {
    sn__numbers_free(&a->spec.without); /* the last one counts */
    const char *bad = sn__read_numbers(v, &a->spec.without);
    return !bad || wrong(a, "--without '%s': %s", v, bad);
}

static bool opt_order(args *a, const char *v) {
    const char *bad = sn__order_read(v, &a->spec.order);
    return !bad || wrong(a, "--order '%s': %s", v, bad);
}

static bool opt_gdb(args *a, const char *v) {
    (void)v;
    return a->gdb = true;
}

static bool opt_trace(args *a, const char *v) {
    a->trace_file = v;
    return a->trace = true;
}

static bool opt_set(args *a, const char *v) {
    char name[SPEC_NAME];
    const char *is = strchr(v, '=');
    if (!is || is == v || is - v >= SPEC_NAME) return wrong(a, "--set '%s': needs NAME=VALUE", v);
    memcpy(name, v, (size_t)(is - v));
    name[is - v] = 0;
    const char *bad = sn__spec_set(&a->spec, name, is + 1);
    return !bad || wrong(a, "--set '%s': %s", v, bad);
}

/* What is about the run of one seed is part of a command that repeats it. */
enum {
    ALL = COMMAND_RUN | COMMAND_REPLAY | COMMAND_MINIMISE,
    ONE = COMMAND_REPLAY | COMMAND_MINIMISE
};

/* What follows an option: nothing; a value ("--name value", "--name=value"); "=value" or nothing.
 */
enum takes { NOTHING, VALUE, PERHAPS };

static const struct option {
    const char *name;
    bool (*read)(args *a, const char *value);
    enum takes takes;
    unsigned commands; /* that have it */
} options[] = {
    {"--seeds", opt_seeds, VALUE, COMMAND_RUN},
    {"--seed", opt_seed, VALUE, ONE},
    {"--jobs", opt_jobs, VALUE, COMMAND_RUN | COMMAND_MINIMISE},
    {"--tries", opt_tries, VALUE, COMMAND_MINIMISE},
    {"--mode", opt_mode, VALUE, ALL},
    {"--depth", opt_depth, VALUE, ALL},
    {"--steps", opt_steps, VALUE, ALL},
    {"--calm", opt_calm, NOTHING, ALL},
    {"--calm-after", opt_calm_after, VALUE, ALL},
    {"--max-choices", opt_max_choices, VALUE, ALL},
    {"--max-time", opt_max_time, VALUE, ALL},
    {"--limit", opt_limit, VALUE, ALL},
    {"--stop-after", opt_stop_after, VALUE, COMMAND_RUN},
    {"--twice", opt_twice, NOTHING, COMMAND_RUN | COMMAND_REPLAY},
    {"--brief", opt_brief, NOTHING, COMMAND_RUN},
    {"--gdb", opt_gdb, NOTHING, COMMAND_REPLAY},
    {"--trace", opt_trace, PERHAPS, COMMAND_REPLAY},
    {"--order", opt_order, VALUE, ALL},
    {"--without", opt_without, VALUE, ALL},
    {"--set", opt_set, VALUE, ALL},
};
enum { OPTIONS = sizeof options / sizeof *options };

/* The option that `word` is or begins with ("--name=value"); NULL. */
static const struct option *known(const char *word, const char **value) {
    size_t n = strcspn(word, "=");
    for (size_t i = 0; i < OPTIONS; i++) {
        if (strlen(options[i].name) != n || memcmp(options[i].name, word, n)) continue;
        *value = word[n] ? word + n + 1 : NULL;
        return &options[i];
    }
    return NULL;
}

/* Words that the option at words[0] takes, itself included; 0: a message was printed. */
static int read_option(args *a, int n, const char *const *words) {
    const char *value;
    const struct option *o = known(words[0], &value);
    if (!o) return wrong(a, "'%s' is not an option", words[0]);
    if (!(o->commands & a->command)) return wrong(a, "%s is not for this command", o->name);
    if (o->takes == NOTHING && value) return wrong(a, "%s takes no value", o->name);
    if (o->takes != VALUE || value) return o->read(a, value) ? 1 : 0;
    if (n < 2) return wrong(a, "%s needs a value", o->name);
    return o->read(a, words[1]) ? 2 : 0;
}

/* ---- The scenario ---- */

static bool is_file(const char *name) {
    size_t n = strlen(name);
    return strchr(name, '/') || (n > 4 && !strcmp(name + n - 4, ".scn"));
}

static bool read_file(args *a) {
    trouble t;
    if (sn__spec_read(&a->spec, a->name, &t)) return true;
    if (t.line) return wrong(a, "%s:%u:%u: %s", a->name, t.line, t.column, t.what);
    return wrong(a, "%s: %s", a->name, t.what);
}

static bool find_scenario(args *a) {
    for (size_t i = 0; i < a->all_n; i++)
        if (!strcmp(a->all[i].name, a->spec.scenario)) a->scenario = &a->all[i];
    if (a->scenario) return true;
    return wrong(a, "no scenario '%s' (`%s list` names them)", a->spec.scenario, a->program);
}

static bool read_name(args *a) {
    if (is_file(a->name)) return read_file(a) && find_scenario(a);
    if (strlen(a->name) >= SPEC_NAME) return wrong(a, "no scenario '%s'", a->name);
    memcpy(a->spec.scenario, a->name, strlen(a->name) + 1);
    return find_scenario(a);
}

bool sn__args_read(args *a, int n, char **words) {
    if (!n || words[0][0] == '-') return wrong(a, "needs a scenario or a file");
    a->name = words[0];
    a->given = (const char *const *)words + 1;
    a->given_n = n - 1;
    a->jobs = sn__os_cpus();
    a->tries = TRIES;
    sn__spec_init(&a->spec);
    if (!read_name(a)) return false;
    for (int i = 0, took; i < a->given_n; i += took)
        if (!(took = read_option(a, a->given_n - i, a->given + i))) return false;
    if (!a->seeds.last && a->command != COMMAND_RUN) return wrong(a, "needs --seed N");
    if (!a->seeds.last) a->seeds = a->brief ? a->spec.brief : a->spec.all;
    if (a->jobs > POOL_JOBS) a->jobs = POOL_JOBS;
    return true;
}

void sn__args_free(args *a) { sn__spec_free(&a->spec); }

bool sn__args_all_asked(const args *a, uint64_t asked) {
    bool all = true;
    for (unsigned i = 0; i < a->spec.params_n; i++) {
        if (asked >> i & 1) continue;
        all = wrong(a, "scenario %s asks for no parameter '%s'", a->scenario->name,
                    a->spec.params[i].name);
    }
    return all;
}

/* ---- Commands to repeat ---- */

static void print_word(const char *word) {
    static const char plain[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
                                "_-+=:,./%@";
    if (*word && !word[strspn(word, plain)]) {
        fputs(word, stdout);
        return;
    }
    putchar('\'');
    for (; *word; word++)
        if (*word == '\'')
            fputs("'\\''", stdout);
        else
            putchar(*word);
    putchar('\'');
}

void sn__args_repeat(const args *a, const char *command, uint64_t seed, const char *more) {
    print_word(a->program);
    printf(" %s ", command);
    print_word(a->name);
    printf(" --seed %llu", (unsigned long long)seed);
    for (int i = 0; i < a->given_n; i++) {
        const char *value;
        const struct option *o = known(a->given[i], &value);
        int words = o->takes == VALUE && !value ? 2 : 1;
        for (int k = 0; k < words && o->commands == ALL; k++) {
            putchar(' ');
            print_word(a->given[i + k]);
        }
        i += words - 1;
    }
    printf("%s\n", more);
}
