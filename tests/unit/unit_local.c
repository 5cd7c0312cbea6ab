/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Coroutine-local values: each coroutine's own, dropped at its end. */
#include "world.h"

enum { MANY = 20, KEYS = 10 };

static int dropped;
static void count_drop(void *value) { dropped += *(int *)value; }
static int parked_in_drop;
static void parks(void *value) {
    (void)value;
    parked_in_drop += sn_yield() == 0;
}

static sn_local number = SN_LOCAL(count_drop), plain = SN_LOCAL(NULL), parking = SN_LOCAL(parks);
static sn_local many[KEYS];

static int has_own(void *arg) {
    int mine = *(int *)arg, *seen;
    CHECK(sn_local_get(&number) == NULL); /* of a stack used before, and of who started it */
    CHECK_INT(sn_local_set(&number, &mine), 0);
    for (int i = 0; i < 5; i++) {
        CHECK_INT(sn_yield(), 0);
        seen = sn_local_get(&number);
        CHECK(seen == &mine && *seen == *(int *)arg);
    }
    CHECK_INT(sn_local_set(&number, NULL), 0);
    CHECK(sn_local_get(&number) == NULL);
    return 0;
}

static int own_values(void *arg) {
    sn_scope s;
    int mine = 7;
    (void)arg;
    CHECK_INT(sn_local_set(&number, NULL), 0);
    CHECK_INT(sn_local_set(&number, &mine), 0);
    for (int round = 0; round < 3; round++) {
        sn_scope_enter(&s, SN_NEVER);
        for (int i = 0; i < MANY; i++) MUST(sn_go(has_own, &i, sizeof i) == 0);
        CHECK_INT(sn_scope_leave(&s), 0);
    }
    CHECK(sn_local_get(&number) == &mine);
    return sn_local_set(&number, NULL);
}

static int one = 1;
static void sets_again(void *value) {
    (void)value;
    CHECK_INT(sn_local_set(&plain, NULL), 0);
    CHECK_INT(sn_local_set(&number, &one), 0);
}
static sn_local again = SN_LOCAL(sets_again); /* its drop sets another's value, once more */

static int leaves_values(void *arg) {
    (void)arg;
    CHECK_INT(sn_local_set(&plain, &one), 0);
    CHECK_INT(sn_local_set(&parking, &one), 0);
    CHECK_INT(sn_local_set(&again, &one), 0);
    return 0;
}

static int drops(void *arg) {
    sn_scope s;
    (void)arg;
    dropped = parked_in_drop = 0;
    sn_scope_enter(&s, SN_NEVER);
    MUST(sn_go(leaves_values, NULL, 0) == 0);
    CHECK_INT(sn_scope_leave(&s), 0);
    CHECK_INT(dropped, 1);
    CHECK_INT(parked_in_drop, 1);
    return 0;
}

static int sets_many(void *arg) {
    (void)arg;
    for (int i = 0; i < KEYS; i++) CHECK_INT(sn_local_set(&many[i], &many[i]), 0);
    for (int i = 0; i < KEYS; i++) CHECK(sn_local_get(&many[i]) == &many[i]);
    return 0;
}

static int many_keys(void *arg) {
    sn_scope s;
    (void)arg;
    sn_scope_enter(&s, SN_NEVER);
    for (int i = 0; i < MANY; i++) MUST(sn_go(sets_many, NULL, 0) == 0);
    return sn_scope_leave(&s);
}

/* No more than so many keys; those that are there go on. (The last case: keys are for good.) */
static int too_many(void *arg) {
    static sn_local lots[SN_LOCALS_MAX];
    int refused = 0;
    (void)arg;
    for (int i = 0; i < SN_LOCALS_MAX; i++) {
        int rc = sn_local_set(&lots[i], &one);
        CHECK(rc == 0 || rc == SN_E2BIG);
        refused += rc != 0;
        CHECK(sn_local_get(&lots[i]) == (rc ? NULL : &one));
    }
    CHECK(refused > 0 && refused < SN_LOCALS_MAX);
    return sn_local_set(&number, NULL);
}

/* Pinning and stretches without parking, as far as they are the same everywhere. */
static int calls_nest(void *arg) {
    (void)arg;
    sn_pin();
    sn_pin();
    CHECK_INT(sn_yield(), 0);
    sn_unpin();
    sn_nopark_begin();
    sn_nopark_begin();
    sn_nopark_end();
    sn_chan c;
    int v = 1;
    CHECK_INT(sn_chan_init(&c, sizeof v, 1, NULL, NULL), 0);
    CHECK_INT(sn_try_send(&c, &v), 0); /* never parks, so it may */
    sn_nopark_end();
    sn_chan_free(&c);
    CHECK_INT(sn_yield(), 0);
    sn_unpin();
    return 0;
}

int main(void) {
    world_case("own values", own_values, 50);
    world_case("drops", drops, 50);
    world_case("many keys", many_keys, 20);
    world_case("pins and noparks nest", calls_nest, 20);
    world_case("too many keys", too_many, 0);
    return check_done();
}
