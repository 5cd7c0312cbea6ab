/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* A run as a whole: what a configuration may say, what a result tells, traces, the streams of
 * chance, and that the seed decides everything and nothing else does. */
#include <sennit/sennit.h>
#include <sennit/sim.h>

#include "check.h"

#include <stdint.h>

enum { WORKERS = 6, TRACE_MAX = 1 << 20 };

static sn_sim_config config_of(uint64_t seed, uint32_t mode) {
    return (sn_sim_config){.size = sizeof(sn_sim_config), .seed = seed, .mode = mode};
}

/* ---- a program with something of everything ---- */

typedef struct mess {
    sn_chan ch;
    sn_mutex lock;
    sn_wg done;
    int count, extra_draws;
} mess;

static int worker(void *arg) {
    mess *m = *(mess **)arg;
    for (int i = 0, v; i < 4; i++) {
        if (sn_sleep((sn_time)sn_sim_draw(5) * SN_MILLISECOND)) return SN_EIO;
        int at = sn_select(sn_now() + SN_MILLISECOND, sn_tx(&m->ch, &i), sn_rx(&m->ch, &v, NULL));
        if (at < 0 && at != SN_ETIMEDOUT) return at;
        sn_lock(&m->lock);
        m->count++;
        sn_unlock(&m->lock);
    }
    sn_wg_done(&m->done);
    return 0;
}

static int mess_main(void *arg) {
    mess m = {.extra_draws = arg ? *(int *)arg : 0}, *p = &m;
    MUST(sn_chan_init(&m.ch, sizeof(int), 0, NULL, NULL) == 0);
    sn_wg_add(&m.done, WORKERS);
    for (int i = 0; i < WORKERS; i++) MUST(sn_go(worker, &p, sizeof p) == 0);
    CHECK_INT(sn_wg_wait(&m.done), 0);
    CHECK_INT(m.count, WORKERS * 4);
    sn_chan_free(&m.ch);
    return 7;
}

static sn_sim_result result_of(const sn_sim_config *c, sn_fn f, void *arg) {
    sn_sim_result r = {.size = sizeof r};
    CHECK_INT(sn_sim_run(c, f, arg, &r), 0);
    return r;
}

static void test_seed_decides(void) {
    int distinct = 0;
    uint64_t last = 0;
    for (uint32_t mode = 0; mode < 2; mode++) {
        for (uint64_t seed = 0; seed < 300; seed++) {
            sn_sim_config c = config_of(seed, mode);
            sn_sim_result a = result_of(&c, mess_main, NULL), b = result_of(&c, mess_main, NULL);
            CHECK_INT(a.rc, 7);
            CHECK(a.hash == b.hash && a.events == b.events && a.choices == b.choices);
            CHECK(a.switches == b.switches && a.time == b.time);
            CHECK(a.events > 100 && a.choices > a.switches && a.time > 0 && a.time < SN_SECOND);
            distinct += a.hash != last;
            last = a.hash;
        }
    }
    CHECK(distinct > 590);
}

static void test_large_seeds(void) {
    const uint64_t seeds[] = {0, 1, UINT64_MAX, (uint64_t)1 << 63, (uint64_t)1 << 32};
    uint64_t hash[5];
    for (int i = 0; i < 5; i++) {
        sn_sim_config c = config_of(seeds[i], SN_SIM_UNIFORM);
        hash[i] = result_of(&c, mess_main, NULL).hash;
        for (int k = 0; k < i; k++) CHECK(hash[k] != hash[i]);
    }
}

/* ---- configurations ---- */

static int nothing(void *arg) {
    (void)arg;
    return 0;
}

static int run_inside(void *arg) {
    sn_sim_config c = config_of(1, 0);
    (void)arg;
    CHECK_INT(sn_sim_run(&c, nothing, NULL, NULL), SN_EBUSY);
    CHECK_INT(sn_run(nothing, NULL, NULL), SN_EBUSY);
    return 0;
}

static void test_configurations(void) {
    sn_sim_config bad[] = {{.size = 0},
                           {.size = sizeof(sn_sim_config) - 8},
                           {.size = sizeof(sn_sim_config), .mode = 2},
                           {.size = sizeof(sn_sim_config), .depth = 65},
                           {.size = sizeof(sn_sim_config), .depth = UINT32_MAX}};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        CHECK_INT(sn_sim_run(&bad[i], nothing, NULL, NULL), SN_EINVAL);
    sn_sim_config c = config_of(1, SN_SIM_PCT);
    sn_sim_result wrong = {.size = 3};
    CHECK_INT(sn_sim_run(&c, nothing, NULL, &wrong), SN_EINVAL);
    const uint32_t depths[] = {0, 1, 2, 63, 64};
    const uint64_t steps[] = {0, 1, 2, 1000, (uint64_t)1 << 62};
    for (int d = 0; d < 5; d++) {
        for (int s = 0; s < 5; s++) {
            c.depth = depths[d];
            c.steps = steps[s];
            CHECK_INT(result_of(&c, mess_main, NULL).rc, 7);
        }
    }
    c = config_of(1, 0);
    CHECK_INT(sn_sim_run(&c, run_inside, NULL, NULL), 0);
}

static void test_calm(void) {
    for (uint32_t mode = 0; mode < 2; mode++) {
        sn_sim_config c = config_of(5, mode);
        sn_sim_result wild = result_of(&c, mess_main, NULL);
        c.calm = 1;
        sn_sim_result calm = result_of(&c, mess_main, NULL);
        CHECK_INT(calm.rc, 7);
        CHECK(calm.switches <= wild.switches);
        c.calm = 0;
        c.calm_after = 1;
        CHECK_INT(result_of(&c, mess_main, NULL).rc, 7);
        c.calm_after = wild.choices + 1; /* never reached: nothing changes */
        CHECK(result_of(&c, mess_main, NULL).hash == wild.hash);
        c.max_choices = wild.choices + 1;
        c.max_time = wild.time + 1;
        CHECK(result_of(&c, mess_main, NULL).hash == wild.hash);
    }
}

/* ---- traces ---- */

typedef struct trace {
    char *text;
    size_t n;
    uint64_t events;
    sn_time last;
} trace;

static void write_event(void *arg, const sn_sim_event *e) {
    trace *t = arg;
    CHECK(e->number == t->events + 1);
    CHECK(e->at >= t->last);
    CHECK(e->host && e->what && *e->what);
    t->events = e->number;
    t->last = e->at;
    int k = snprintf(t->text + t->n, TRACE_MAX - t->n, "%lld %s %llu %s %s %llu %llu\n",
                     (long long)e->at, e->host, (unsigned long long)e->id, e->name ? e->name : "-",
                     e->what, (unsigned long long)e->a, (unsigned long long)e->b);
    MUST(k > 0 && t->n + (size_t)k < TRACE_MAX);
    t->n += (size_t)k;
}

static int noted(void *arg) {
    uint64_t before = sn_sim_hash();
    sn_sim_note("test.mark", *(uint64_t *)arg, 2);
    CHECK(sn_sim_hash() != before);
    return mess_main(NULL);
}

static void test_trace(void) {
    static char text[2][TRACE_MAX];
    for (uint32_t mode = 0; mode < 2; mode++) {
        sn_sim_config c = config_of(11, mode);
        uint64_t mark = 41;
        uint64_t plain = result_of(&c, noted, &mark).hash;
        c.trace = write_event;
        for (int i = 0; i < 2; i++) {
            trace t = {.text = text[i]};
            c.trace_arg = &t;
            sn_sim_result r = result_of(&c, noted, &mark);
            CHECK(r.hash == plain);
            CHECK_INT(t.events, r.events);
        }
        CHECK(!strcmp(text[0], text[1]));
        CHECK(strstr(text[0], " main test.mark 41 2\n"));
        CHECK(strstr(text[0], " clock "));
        mark = 42;
        c.trace = NULL;
        CHECK(result_of(&c, noted, &mark).hash != plain);
    }
}

/* ---- chance ---- */

static int draw_in_between(void *arg) {
    int extra = *(int *)arg;
    uint64_t sum = 0;
    mess m = {.count = 0}, *p = &m;
    MUST(sn_chan_init(&m.ch, sizeof(int), 0, NULL, NULL) == 0);
    while (extra--) sum += sn_sim_draw(1000);
    sn_wg_add(&m.done, 2);
    for (int i = 0; i < 100; i++) CHECK_INT(sn_yield(), 0);
    sn_wg_done(&m.done), sn_wg_done(&m.done);
    CHECK(p && sum < 1000 * 1000);
    sn_chan_free(&m.ch);
    return 0;
}

static int yields(void *arg) {
    for (int i = 0; i < 50; i++) CHECK_INT(sn_yield(), 0);
    (void)arg;
    return 0;
}

static int two_yielders(void *arg) {
    MUST(sn_go(yields, NULL, 0) == 0 && sn_go(yields, NULL, 0) == 0);
    return draw_in_between(arg);
}

/* A test that asks for more chance sees the same order of events. */
static void test_streams(void) {
    for (uint64_t seed = 1; seed < 50; seed++) {
        sn_sim_config c = config_of(seed, seed % 2);
        int none = 0, some = 17;
        CHECK(result_of(&c, two_yielders, &none).hash == result_of(&c, two_yielders, &some).hash);
    }
}

static int draws(void *arg) {
    unsigned seen[10] = {0};
    (void)arg;
    for (int i = 0; i < 10000; i++) {
        uint64_t v = sn_sim_draw(10);
        MUST(v < 10);
        seen[v]++;
    }
    for (int i = 0; i < 10; i++) CHECK(seen[i] > 800 && seen[i] < 1200);
    for (int i = 0; i < 100; i++) CHECK(sn_sim_draw(1) == 0);
    uint64_t high = 0;
    for (int i = 0; i < 100; i++) high |= sn_sim_draw(UINT64_MAX);
    CHECK(high >> 60);
    return 0;
}

static void test_draws(void) {
    for (uint64_t seed = 0; seed < 10; seed++) {
        sn_sim_config c = config_of(seed, 0);
        CHECK_INT(sn_sim_run(&c, draws, NULL, NULL), 0);
    }
}

/* sn_run is the same with the seed of the environment. */
static void test_plain_run(void) {
    sn_sim_config c = config_of(99, 0);
    CHECK_INT(result_of(&c, mess_main, NULL).rc, 7);
    uint64_t hash = sn_sim_hash();
    setenv("SENNIT_SEED", "99", 1);
    CHECK_INT(sn_run(mess_main, NULL, NULL), 7);
    CHECK(sn_sim_hash() == hash);
    unsetenv("SENNIT_SEED");
}

int main(void) {
    CASE(test_seed_decides);
    CASE(test_large_seeds);
    CASE(test_configurations);
    CASE(test_calm);
    CASE(test_trace);
    CASE(test_streams);
    CASE(test_draws);
    CASE(test_plain_run);
    return check_done();
}
