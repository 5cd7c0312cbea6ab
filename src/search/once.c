/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* One seed in this process; see once.h. */
#include "search/once.h"

#include "sched/g.h"
#include "sched/sim/sim.h"
#include "sched/sim/world.h"
#include "search/plan.h"

int sn__once(const spec *s, const sn_scenario *scenario, uint64_t seed, const watch *w,
             outcome *o) {
    sn_sim_config c = s->config;
    sn_sim_result r = {.size = sizeof r};
    c.seed = seed;
    if (s->mixed) c.mode = seed & 1 ? SN_SIM_UNIFORM : SN_SIM_PCT;
    c.failed = w->failed;
    c.failed_arg = w->failed_arg;
    c.trace = w->trace;
    c.trace_arg = w->trace_arg;
    sn__faults_use(s->plan, s->file ? s->file : scenario->name, seed, s->without.at, s->without.n);
    const order *told = &s->order;
    static const sn__step none[1];
    sn__sim_follow(told->told ? told->steps ? told->steps : none : NULL, told->n);
    sn__sim_record(told->record, told->room, told->recorded);
    int rc = sn_sim_run(&c, scenario->body, NULL, &r);
    *o = (outcome){r.rc, r.hash, r.events, r.choices, r.time};
    return rc;
}

outcome sn__once_now(void) {
    return (outcome){.hash = sn_sim_hash(),
                     .choices = sn__sim_choices(),
                     .time = sn__sim_time() - SN_SECOND}; /* where virtual time begins */
}

static bool left_out(const spec *s, uint32_t number) {
    for (size_t i = 0; i < s->without.n; i++)
        if (s->without.at[i] == number) return true;
    return false;
}

enum { SHOWN = 20 };

static void print_faults(FILE *to, const spec *s) {
    size_t n, begun = 0, which[SHOWN];
    char line[256];
    const sn_fault *all = sn__faults_list(&n);
    sn_time now = sn__once_now().time;
    for (size_t i = 0; i < n; i++)
        if (all[i].at <= now && !left_out(s, all[i].number)) which[begun++ % SHOWN] = i;
    if (begun > SHOWN) fprintf(to, "  (and %zu before)\n", begun - SHOWN);
    for (size_t i = begun < SHOWN ? 0 : begun - SHOWN; i < begun; i++) {
        sn_fault_print(&all[which[i % SHOWN]], line, sizeof line);
        fprintf(to, "  %s\n", line);
    }
}

typedef struct named {
    uint64_t id;
    const char *name;
} named;

static void look_for(void *arg, G *g) {
    named *n = arg;
    if (g->id == n->id) n->name = atomic_load(&g->name);
}

static void print_exceptions(FILE *to, const order *o) {
    for (size_t i = 0; i < o->n && i < SHOWN; i++) {
        const sn__step *step = &o->steps[i];
        unsigned wait = step->moment & 0xff;
        named n = {step->id, NULL};
        if (step->moment >> 8 > sn__sim_choices()) return;
        sn__each_g(look_for, &n);
        fprintf(to, "  choice point %llu", (unsigned long long)(step->moment >> 8));
        if (wait) fprintf(to, ", wait %u", wait);
        fprintf(to, ": coroutine %llu%s%s goes first\n", (unsigned long long)n.id,
                n.name ? " " : "", n.name ? n.name : "");
    }
}

void sn__once_story(FILE *to, const spec *s) {
    print_faults(to, s);
    if (s->order.told) print_exceptions(to, &s->order);
}
