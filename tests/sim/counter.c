/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* A counter that two coroutines step by reading it, letting others run and writing it back: now
 * and then a step is lost. What the search is tested with. */
#include <sennit/scenario.h>
#include <sennit/sennit.h>

int counter_scenario(void *arg);

typedef struct counter {
    int64_t value, steps;
    sn_mutex mutex;
} counter;

static int step(void *arg) {
    counter *c = *(counter **)arg;
    for (int64_t i = 0; i < c->steps; i++) {
        int64_t was = c->value;
        sn_lock(&c->mutex); /* too late by a line */
        c->value = was + 1;
        sn_unlock(&c->mutex);
        int rc = sn_sleep(SN_MILLISECOND);
        if (rc) return rc;
    }
    return 0;
}

int counter_scenario(void *arg) {
    (void)arg;
    counter c = {.steps = sn_param_int("steps", 10)}, *at = &c;
    int64_t hands = sn_param_int("hands", 2);
    sn_scope scope;
    sn_scope_enter(&scope, SN_NEVER);
    int rc = 0;
    for (int64_t i = 0; i < hands && !rc; i++) rc = sn_go(step, &at, sizeof at);
    int left = sn_scope_leave(&scope);
    if (rc || left) return rc ? rc : left;
    if (c.value != hands * c.steps)
        sn_sim_fail("%lld steps of %lld are lost", (long long)(hands * c.steps - c.value),
                    (long long)(hands * c.steps));
    return 0;
}
