/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Orders that are told, and that are written down; see script.h. */
#include "sched/sim/script.h"

#include "sched/sim/state.h"

static struct {
    const sn__step *steps; /* to follow; NULL */
    size_t n, at;          /* at: the next one, by the moments passed */
    sn__step *record;      /* to write; NULL */
    size_t room, *recorded;
    bool interrupted; /* the pick at hand is that of a choice point */
    uint64_t moment;  /* of the last pick */
} script;

void sn__sim_follow(const sn__step *steps, size_t n) {
    script.steps = steps;
    script.n = n;
}

void sn__sim_record(sn__step *steps, size_t room, size_t *n) {
    script.record = steps;
    script.room = room;
    script.recorded = n;
}

void sn__sim_script_begin(sim *s) {
    script.at = 0;
    script.interrupted = false;
    script.moment = 0;
    s->scripted = script.steps != NULL;
    s->recorded = script.record && !s->scripted;
    if (s->recorded) *script.recorded = 0;
    if (!s->scripted) return;
    s->config.mode = SN_SIM_UNIFORM; /* no ranks */
    s->config.calm_after = 0;
    s->calm = false;
}

/* The step of this moment; NULL. */
static const sn__step *step_of(uint64_t moment) {
    while (script.at < script.n && script.steps[script.at].moment < moment) script.at++;
    if (script.at == script.n || script.steps[script.at].moment != moment) return NULL;
    return &script.steps[script.at];
}

bool sn__sim_script_interrupts(const sim *s) { return step_of(SN__MOMENT(s->choices, 0)) != NULL; }

void sn__sim_script_interrupted(void) { script.interrupted = true; }

/* The moment of the pick at hand. */
static uint64_t moment(const sim *s) {
    uint64_t here = SN__MOMENT(s->choices, 0);
    if (script.interrupted)
        script.moment = here;
    else if (script.moment < here)
        script.moment = here + 1;
    else if ((script.moment & 0xff) < 0xff)
        script.moment++;
    script.interrupted = false;
    return script.moment;
}

/* Who came first of those that can run. */
static size_t oldest(const sim *s) {
    size_t first = 0;
    for (size_t i = 1; i < s->ready_n; i++)
        if (s->ready[i]->own.turn < s->ready[first]->own.turn) first = i;
    return first;
}

void sn__sim_script_record(const sim *s, size_t picked) {
    bool interrupted = script.interrupted;
    uint64_t now = moment(s);
    if (!interrupted && picked == oldest(s)) return;
    size_t n = (*script.recorded)++;
    if (n < script.room) script.record[n] = (sn__step){now, s->ready[picked]->id};
}

size_t sn__sim_script_pick(const sim *s) {
    const sn__step *step = step_of(moment(s));
    for (size_t i = 0; step && i < s->ready_n; i++)
        if (s->ready[i]->id == step->id) return i;
    return oldest(s);
}
