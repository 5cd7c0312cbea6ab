/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* sennit-chaos: fault plans against live processes. */
#include <signal.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <sennit/file.h>
#include <sennit/signal.h>

#include "chaos.h"

enum { DONE = 0, FAILED = 1, TROUBLE = 2 };

/* ---- What is said ---- */

void chaos_say(const chaos *c, const char *format, ...) {
    char text[600];
    va_list ap;
    va_start(ap, format);
    vsnprintf(text, sizeof text, format, ap);
    va_end(ap);
    printf("%9.3fs  %s\n", c->start ? (double)(sn_now() - c->start) / 1e9 : 0.0, text);
    fflush(stdout);
}

void chaos_trouble(chaos *c, const char *format, ...) {
    char text[600];
    va_list ap;
    va_start(ap, format);
    vsnprintf(text, sizeof text, format, ap);
    va_end(ap);
    c->troubles++;
    fprintf(stderr, "sennit-chaos: %s\n", text);
}

/* ---- The plan ---- */

static int wrong_plan(chaos *c, int rc, const sn_plan_error *e) {
    if (rc != SN_EINVAL && rc != SN_EFBIG) {
        chaos_trouble(c, "%s: %s", c->plan_file, sn_strerror(rc));
    } else {
        fprintf(stderr, "%s:%u:%u: %s\n", c->plan_file, e->line, e->column, e->text);
    }
    return TROUBLE;
}

static int read_plan(chaos *c, sn_plan *plan) {
    char *text;
    size_t n;
    sn_plan_error e = {0};
    int rc = sn_path_read(c->plan_file, SN_PLAN_MAX, &text, &n);
    if (rc == 0) {
        rc = sn_plan_parse(plan, text, n, &e);
        free(text);
    }
    if (rc) return wrong_plan(c, rc == SN_EFBIG && !e.text[0] ? SN_E2BIG : rc, &e);
    if (c->hosts_n == 0) return DONE; /* check */
    sn_plan_host hosts[CHAOS_HOSTS_MAX];
    for (uint32_t i = 0; i < c->hosts_n; i++) {
        hosts[i] = (sn_plan_host){c->hosts[i].name, i + 1, i + 1};
    }
    rc = sn_plan_expand(plan, c->seed, hosts, c->hosts_n, &c->list, &e);
    return rc ? wrong_plan(c, rc, &e) : DONE;
}

static void print_plan(const chaos *c) {
    char text[300];
    for (size_t i = 0; i < c->list.n; i++) {
        sn_fault_print(&c->list.faults[i], text, sizeof text);
        puts(text);
    }
    printf("%zu faults, %zu left out: the radius would not have held\n", c->list.n,
           c->list.dropped);
}

/* ---- Running ---- */

/** Ends the run when somebody asks for it. */
typedef struct asked {
    sn_chan signals;
    sn_scope *scope;
} asked;

static int until_asked(void *arg) {
    asked *a = *(asked **)arg;
    int rc = sn_recv(&a->signals, NULL);
    if (rc == 0) sn_scope_cancel(a->scope, SN_ECANCELED);
    return 0;
}

static int listen_for_signals(asked *a) {
    int rc = sn_signal_notify(&a->signals, SIGINT);
    if (rc == 0) rc = sn_signal_notify(&a->signals, SIGTERM);
    return rc ? rc : sn_go(until_asked, &a, sizeof a);
}

static int start_links(chaos *c) {
    int rc = 0;
    for (size_t i = 0; i < c->links_n && rc == 0; i++) {
        chaos_link *l = &c->links[i];
        rc = proxy_listen(l);
        if (rc) chaos_trouble(c, "link %s-%s: %s: %s", l->from, l->to, l->listen, sn_strerror(rc));
        if (rc == 0) rc = sn_go(proxy_serve, &l, sizeof l);
    }
    return rc;
}

static int run_all(chaos *c) {
    int rc = start_links(c);
    if (rc == 0) rc = chaos_hosts_start(c);
    if (rc == 0) rc = chaos_guard_start(c);
    if (rc == 0) rc = sn_go(chaos_supervise, &c, sizeof c);
    c->start = sn_now();
    return rc ? rc : chaos_conduct(c);
}

/** All of a run in one scope, which a signal cancels; then everything is taken back. */
static int run(chaos *c) {
    asked a, *p = &a;
    sn_scope s;
    if (sn_chan_init(&a.signals, sizeof(int), 8, NULL, NULL)) return SN_ENOMEM;
    sn_scope_enter(&s, SN_NEVER);
    a.scope = &s;
    int rc = listen_for_signals(p);
    if (rc == 0) rc = run_all(c);
    bool stopped = rc == SN_ECANCELED;
    sn_scope_cancel(&s, SN_ECANCELED);
    int left = sn_scope_leave(&s);
    sn_signal_stop(&a.signals);
    sn_chan_free(&a.signals);
    chaos_hosts_stop(c);
    chaos_guard_end();
    for (size_t i = 0; i < c->links_n; i++) sn_listener_free(c->links[i].listener);
    if (stopped) chaos_say(c, "stopped; all is undone");
    if (stopped) return 0;
    return rc ? rc : left == SN_ECANCELED ? 0 : left;
}

static int run_plan(chaos *c) {
    int rc = run(c);
    if (rc)
        chaos_trouble(c, "%s", sn_strerror(rc));
    else
        chaos_say(c, "%zu faults, all undone; %u troubles", c->list.n, (unsigned)c->troubles);
    return c->troubles ? FAILED : DONE;
}

static int with_plan(chaos *c, int argc, char **argv) {
    int rc = chaos_options(c, argc, argv);
    if (rc) return rc;
    sn_plan *plan = sn_plan_new();
    if (!plan) return TROUBLE;
    rc = read_plan(c, plan);
    if (rc == DONE && c->hosts_n == 0) {
        printf("%s: %zu lines of faults\n", c->plan_file, sn_plan_size(plan));
    } else if (rc == DONE) {
        if (c->dry_run) print_plan(c);
        rc = !chaos_possible(c) ? TROUBLE : c->dry_run ? DONE : run_plan(c);
    }
    sn_plan_free(plan);
    return rc;
}

static int app(void *arg) {
    const sn_main_args *a = arg;
    chaos *c = calloc(1, sizeof *c);
    if (!c) return TROUBLE;
    int rc = with_plan(c, a->argc, a->argv);
    for (size_t i = 0; i < c->links_n; i++) free((char *)(uintptr_t)c->links[i].listen);
    for (size_t i = 0; i < c->hosts_n; i++) free((char *)(uintptr_t)c->hosts[i].folder);
    sn_fault_list_free(&c->list);
    free(c);
    return rc;
}

SN_MAIN(app)
