/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* A hundred thousand coroutines that wait on channels, all woken; the memory of one is printed. */
#include "stress.h"

typedef struct crowd {
    sn_chan gate, each[64];
    atomic_long up, woke, value;
} crowd;
typedef struct one {
    crowd *w;
    int i;
} one;

static int stand(void *arg) {
    one *o = arg;
    crowd *w = o->w;
    long v = 0;
    atomic_fetch_add(&w->up, 1);
    int rc = sn_select(SN_NEVER, sn_rx(&w->gate, &v, NULL), sn_rx(&w->each[o->i % 64], &v, NULL));
    CHECK(rc == 0 || rc == 1);
    if (rc == 1) atomic_fetch_add(&w->value, v);
    atomic_fetch_add(&w->woke, 1);
    return 0;
}

static long status_kb(const char *key) {
    char line[256];
    long kb = -1;
    FILE *f = fopen("/proc/self/status", "r");
    while (f && fgets(line, sizeof line, f)) {
        if (!strncmp(line, key, strlen(key))) kb = atol(line + strlen(key));
    }
    if (f) fclose(f);
    return kb;
}

static void fill(crowd *w) {
    long rss = status_kb("VmRSS:"), pte = status_kb("VmPTE:");
    for (int i = 0; i < STRESS_LIVE; i++) {
        one o = {w, i};
        MUST(sn_go(stand, &o, sizeof o) == 0);
    }
    while (atomic_load(&w->up) < STRESS_LIVE) CHECK_INT(sn_sleep(SN_MILLISECOND), 0);
    CHECK_INT(sn_sleep(20 * SN_MILLISECOND), 0);
    sn_stats st = {.size = sizeof st};
    sn_get_stats(&st);
    CHECK_INT(st.live, STRESS_LIVE + 1);
    printf("          %d coroutines wait: %ld bytes of memory each, %ld of page tables\n",
           STRESS_LIVE, (status_kb("VmRSS:") - rss) * 1024 / STRESS_LIVE,
           (status_kb("VmPTE:") - pte) * 1024 / STRESS_LIVE);
}

static int many(void *arg) {
    crowd *w = calloc(1, sizeof *w);
    sn_scope s;
    long sent = 0;
    (void)arg;
    MUST(w && sn_chan_init(&w->gate, sizeof(long), 0, NULL, NULL) == 0);
    for (int i = 0; i < 64; i++) MUST(sn_chan_init(&w->each[i], sizeof(long), 0, NULL, NULL) == 0);
    sn_scope_enter(&s, SN_NEVER);
    fill(w);
    for (long v = 1; v <= STRESS_LIVE / 2; v++, sent += v - 1) {
        CHECK_INT(sn_send(&w->each[v % 64], &v), 0);
    }
    sn_chan_close(&w->gate);
    CHECK_INT(sn_scope_leave(&s), 0);
    CHECK_INT(atomic_load(&w->woke), STRESS_LIVE);
    CHECK_INT(atomic_load(&w->value), sent);
    sn_chan_free(&w->gate);
    for (int i = 0; i < 64; i++) sn_chan_free(&w->each[i]);
    free(w);
    return 0;
}

int main(void) {
    stress_case("a hundred thousand wait on channels", many);
    stress_case("and once more", many);
    return check_done();
}
