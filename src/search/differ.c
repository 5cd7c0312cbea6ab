/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * Two children trace the run of one seed, the one its first run, the other its second in the same
 * process, since what is not deterministic is most often what the first run left behind. The
 * parent reads both traces line by line: they may be of any length.
 */
#include "search/differ.h"

#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "search/once.h"
#include "search/pool.h"
#include "search/trace.h"

enum { BEFORE = 8 }; /* lines that are shown before the one that differs */

typedef struct traced {
    const args *a;
    int runs; /* the last of them is traced */
    int pid;
    FILE *lines;
    char *line;
    size_t room;
} traced;

static void run_failed(void *arg, const char *why) {
    (void)arg;
    sn__trace_flush();
    dprintf(STDOUT_FILENO, "failed: %s\n", why);
    _exit(WORKER_FAILED);
}

static int child(void *arg) {
    const traced *t = arg;
    watch w = {.failed = run_failed};
    outcome o;
    sn__params_use(&t->a->spec, NULL);
    for (int i = 1; i < t->runs; i++)
        if (sn__once(&t->a->spec, t->a->scenario, t->a->seeds.first, &w, &o)) return WORKER_FAILED;
    w.trace = sn__trace_event;
    sn__trace_start(STDOUT_FILENO);
    int rc = sn__once(&t->a->spec, t->a->scenario, t->a->seeds.first, &w, &o);
    sn__trace_flush();
    dprintf(STDOUT_FILENO, "ended: %s\n", sn_strerror(rc ? rc : o.rc));
    return WORKER_DONE;
}

static bool start(traced *t) {
    int ends[2];
    if (pipe2(ends, O_CLOEXEC)) return false;
    t->pid = sn__process_start(child, t, ends[1]);
    close(ends[1]);
    t->lines = t->pid > 0 ? fdopen(ends[0], "r") : NULL;
    if (!t->lines) close(ends[0]);
    return t->lines != NULL;
}

static void stop(traced *t) {
    if (t->pid > 0) {
        kill(t->pid, SIGKILL);
        waitpid(t->pid, NULL, 0);
    }
    if (t->lines) fclose(t->lines);
    free(t->line);
}

/* The next line, "" behind the last. */
static const char *next(traced *t) {
    return getline(&t->line, &t->room, t->lines) > 0 ? t->line : "";
}

/* The lines that were alike, the last few of them. */
typedef struct context {
    char *lines[BEFORE];
    size_t n;
} context;

static void keep(context *c, const char *line) {
    char **place = &c->lines[c->n++ % BEFORE];
    free(*place);
    *place = strdup(line);
}

static void print_kept(context *c, FILE *to) {
    for (size_t i = c->n < BEFORE ? 0 : c->n - BEFORE; i < c->n; i++)
        if (c->lines[i % BEFORE]) fprintf(to, "  %s", c->lines[i % BEFORE]);
}

static bool alike(traced *one, traced *two, FILE *to) {
    context c = {.n = 0};
    const char *x, *y;
    while (!strcmp(x = next(one), y = next(two)) && *x) keep(&c, x);
    bool same = !*x && !*y;
    if (same) {
        fprintf(to, "both runs did the same: %zu lines of trace\n", c.n);
    } else {
        print_kept(&c, to);
        fprintf(to, "1 %s2 %s", *x ? x : "(nothing)\n", *y ? y : "(nothing)\n");
    }
    for (size_t i = 0; i < BEFORE; i++) free(c.lines[i]);
    return same;
}

int sn__differ(const args *a, FILE *to) {
    traced one = {.a = a, .runs = 1}, two = {.a = a, .runs = 2};
    int status = EXIT_USAGE;
    if (start(&one) && start(&two))
        status = alike(&one, &two, to) ? EXIT_PASSED : EXIT_FAILED;
    else
        fprintf(stderr, "%s: cannot start a process\n", a->program);
    stop(&one);
    stop(&two);
    return status;
}
