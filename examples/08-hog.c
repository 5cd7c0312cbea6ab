/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* One P, one coroutine that computes for half a second without a call into the runtime, one that
 * wants to run every 5 ms. The monitor takes the P from the hog and gives it to another thread. */
#include <sennit/sennit.h>
#include <stdio.h>

typedef struct shared {
    sn_time hog_from, hog_to;
    int ticks_meanwhile;
} shared;

static int hog(void *arg) {
    shared *s = *(shared **)arg;
    volatile unsigned long long sum = 0;
    s->hog_from = sn_now();
    while (sn_now() < s->hog_from + 500 * SN_MILLISECOND)
        for (int i = 0; i < 1000; i++) sum = sum + (unsigned)i;
    s->hog_to = sn_now();
    return 0;
}

static int app(void *arg) {
    (void)arg;
    shared s = {0, 0, 0};
    shared *p = &s;
    sn_time seen[200];
    int n = 0;
    sn_ticker t;
    sn_scope scope;
    sn_scope_enter(&scope, SN_NEVER);
    int rc = sn_go(hog, &p, sizeof p);
    sn_ticker_init(&t, 5 * SN_MILLISECOND);
    sn_time end = sn_now() + 600 * SN_MILLISECOND;
    while (!rc && sn_now() < end && n < 200) {
        rc = sn_tick(&t, NULL);
        seen[n++] = sn_now();
    }
    int left = sn_scope_leave(&scope);
    for (int i = 0; i < n; i++) s.ticks_meanwhile += seen[i] > s.hog_from && seen[i] < s.hog_to;
    sn_stats st = {0};
    st.size = sizeof st;
    sn_get_stats(&st);
    printf("%d ticks while the hog computed, on %u P\n", s.ticks_meanwhile, (unsigned)st.procs);
    printf(s.ticks_meanwhile > 0 ? "nobody was stalled\n" : "the hog stalled the rest\n");
    return rc ? rc : left;
}

int main(void) {
    sn_attr attr = {0};
    attr.size = sizeof attr;
    attr.procs = 1;
    return sn_run(app, NULL, &attr) ? 1 : 0;
}
