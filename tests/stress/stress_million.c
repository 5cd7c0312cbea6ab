/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* A million stacks at once, each with its guard, in few mappings (make stress; fewer in the suite,
 * or where memory is short). Where the kernel cannot make so many guards, those beyond the budget
 * have a canary, and the number of mappings stays below its limit all the same. */
#include "stress.h"

#include "sched/g.h"

enum { MAPS_LIMIT = 65530, SPLITS = 16000 };

typedef struct crowd {
    sn_chan gate;
    atomic_long up;
} crowd;

typedef struct count {
    long guarded, bare;
} count;

static long number_in(const char *path, const char *key) {
    char line[512];
    long n = 0;
    FILE *f = fopen(path, "r");
    while (f && fgets(line, sizeof line, f)) {
        if (!key) n++;
        if (key && !strncmp(line, key, strlen(key))) n = atol(line + strlen(key));
    }
    if (f) fclose(f);
    return n;
}

static long how_many(void) {
    const long each_kb = 5, spare_kb = 1 << 20;
    long n = stress_time() >= 10 * SN_SECOND ? 1000000 : 50000;
    long room = (number_in("/proc/meminfo", "MemAvailable:") - spare_kb) / each_kb;
    if (STRESS_SANITIZED) n = STRESS_LIVE;
    return n < room ? n : room;
}

static int stand(void *arg) {
    crowd *w = arg;
    atomic_fetch_add(&w->up, 1);
    int rc = sn_recv(&w->gate, NULL);
    return rc == SN_ECLOSED ? 0 : rc;
}

static void look(void *arg, G *g) {
    count *c = arg;
    if (atomic_load(&g->core.status) != SN__WAITING || g->klass != K_DEFAULT) return;
    if (g->list < CLASSES)
        c->guarded++;
    else
        c->bare++;
}

static int million(void *arg) {
    crowd w = {.up = 0};
    count c = {0, 0};
    sn_scope s;
    long n = how_many();
    (void)arg;
    MUST(n > 0 && sn_chan_init(&w.gate, 1, 0, NULL, NULL) == 0);
    sn_scope_enter(&s, SN_NEVER);
    for (long i = 0; i < n; i++) MUST(sn_go(stand, &w, 0) == 0);
    while (atomic_load(&w.up) < n) MUST(sn_yield() == 0);
    CHECK_INT(sn_sleep(50 * SN_MILLISECOND), 0);
    long maps = number_in("/proc/self/maps", NULL);
    sn__each_g(look, &c);
    printf("          %ld stacks with a guard, %ld with a canary, %ld mappings\n", c.guarded,
           c.bare, maps);
    CHECK_INT(c.guarded + c.bare, n);
    CHECK(maps < MAPS_LIMIT);
    CHECK(c.bare == 0 || c.guarded >= SPLITS - 2000);
    sn_chan_close(&w.gate);
    CHECK_INT(sn_scope_leave(&s), 0);
    sn_chan_free(&w.gate);
    return 0;
}

int main(void) {
    stress_case("a million guarded stacks", million);
    return check_done();
}
