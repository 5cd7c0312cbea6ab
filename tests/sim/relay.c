/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Values go through a chain of channels of different sizes, and come out in order. */
#include <sennit/scenario.h>
#include <sennit/sennit.h>

int relay_scenario(void *arg);

typedef struct stage {
    sn_chan *in, *out;
} stage;

static int pass_on(void *arg) {
    stage s = *(const stage *)arg;
    int64_t v;
    while (!sn_recv(s.in, &v)) {
        int rc = sn_send(s.out, &v);
        if (!rc && v % 3 == 0) rc = sn_sleep(v * SN_MILLISECOND);
        if (rc) return rc;
    }
    return 0;
}

typedef struct source {
    sn_chan *out;
    int64_t n;
} source;

static int produce(void *arg) {
    source s = *(const source *)arg;
    for (int64_t i = 0; i < s.n; i++) {
        int rc = sn_send(s.out, &i);
        if (rc) return rc;
    }
    return 0;
}

enum { STAGES = 4 };

int relay_scenario(void *arg) {
    (void)arg;
    int64_t n = sn_param_int("values", 20), v;
    sn_chan *c[STAGES + 1];
    sn_scope scope;
    for (int i = 0; i <= STAGES; i++)
        if (!(c[i] = sn_chan_new(sizeof(int64_t), (size_t)i % 3, NULL))) return SN_ENOMEM;
    sn_scope_enter(&scope, SN_NEVER);
    int rc = SN_GO(produce, source, c[0], n);
    for (int i = 0; i < STAGES && !rc; i++) rc = SN_GO(pass_on, stage, c[i], c[i + 1]);
    for (int64_t i = 0; i < n && !rc; i++) {
        rc = sn_recv(c[STAGES], &v);
        if (!rc && v != i)
            sn_sim_fail("value %lld came as number %lld", (long long)v, (long long)i);
    }
    sn_scope_cancel(&scope, SN_ECANCELED);
    int left = sn_scope_leave(&scope);
    for (int i = 0; i <= STAGES; i++) sn_chan_free(c[i]);
    return rc ? rc : left == SN_ECANCELED ? 0 : left;
}
