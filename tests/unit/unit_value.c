/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Values of scopes: seen inside, not outside; the nearest counts; who is started elsewhere sees
 * those of elsewhere. */
#include "child.h"
#include "world.h"

SN_KEY_DECLARE(tenant, int)
SN_KEY_DEFINE(tenant);
SN_KEY_DECLARE(trace, char)
SN_KEY_DEFINE(trace);

static int see(void *arg) {
    const int *want = *(const int *const *)arg;
    CHECK(tenant_value() == want);
    if (world_round() & 1) (void)!sn_yield();
    CHECK(tenant_value() == want);
    CHECK(trace_value() == NULL);
    return 0;
}

static void check_seen(const int *want) {
    MUST(sn_go(see, &want, sizeof want) == 0);
    CHECK(tenant_value() == want);
}

static int nesting(void *arg) {
    static const int one = 1, two = 2;
    sn_scope a, b, c;
    sn_value va, vc;
    (void)arg;
    CHECK(tenant_value() == NULL);
    sn_scope_enter(&a, SN_NEVER);
    check_seen(NULL);
    CHECK_INT(sn_scope_leave(&a), 0);
    sn_scope_enter(&a, SN_NEVER);
    tenant_bind(&a, &va, &one);
    check_seen(&one);
    sn_scope_enter(&b, SN_NEVER);
    check_seen(&one);
    sn_scope_enter(&c, SN_NEVER);
    tenant_bind(&c, &vc, &two);
    check_seen(&two);
    CHECK_INT(sn_scope_leave(&c), 0);
    check_seen(&one);
    const int *none = NULL;
    MUST(sn_go_root(see, &none, sizeof none) == 0);
    CHECK_INT(sn_scope_leave(&b), 0);
    CHECK_INT(sn_scope_leave(&a), 0);
    CHECK(tenant_value() == NULL);
    return 0;
}

static int two_keys(void *arg) {
    sn_scope s;
    sn_value a, b, c;
    static const int n = 3, m = 4;
    (void)arg;
    sn_scope_enter(&s, SN_NEVER);
    tenant_bind(&s, &a, &n);
    trace_bind(&s, &b, "4711");
    CHECK(tenant_value() == &n);
    CHECK_STR(trace_value(), "4711");
    tenant_bind(&s, &c, &m); /* the last one counts */
    CHECK(tenant_value() == &m);
    CHECK_STR(tenant_key.name, "tenant");
    return sn_scope_leave(&s);
}

static int bind_elsewhere(void *arg) {
    sn_value v;
    sn_scope *s = *(sn_scope **)arg;
    sn_scope_bind(s, &v, &tenant_key, NULL);
    return 0;
}

static int die_elsewhere(void *arg) {
    sn_scope s, *p = &s;
    (void)arg;
    sn_scope_enter(&s, SN_NEVER);
    GO(bind_elsewhere, &p);
    return sn_scope_leave(&s);
}

int main(int argc, char **argv) {
    static const char *const words[] = {"sn_scope_bind", NULL};
    if (argc == 3 && !strcmp(argv[1], "child")) return sn_run(die_elsewhere, NULL, NULL) ? 3 : 0;
    world_case("inside and outside", nesting, 50);
    world_case("two keys", two_keys, 1);
    child_dies("elsewhere", words);
    return check_done();
}
