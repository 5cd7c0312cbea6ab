/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* The shard's tables against a plain model, and what a device costs. */
#include "check.h"
#include "cohort.h"
#include "shard.h"

static void cid_of(int i, char out[32]) { snprintf(out, 32, "vehicle-%07d", i); }

static int add(shard *s, int i, uint32_t row) {
    char cid[32];
    cid_of(i, cid);
    shard_dev d = {.key = cohort_key(1, cid, strlen(cid)), .row = row};
    return shard_add(s, &d, cid);
}

static shard_dev *find(shard *s, int i) {
    char cid[32];
    cid_of(i, cid);
    return shard_find(s, cohort_key(1, cid, strlen(cid)), 0, cid);
}

static void adds_finds_and_removes_as_the_model(void) {
    enum { IDS = 3000, STEPS = 60000 };
    static uint32_t model[IDS];
    shard s;
    uint64_t seed = 7;
    MUST(shard_init(&s, NULL, 0) == 0);
    for (uint32_t step = 1; step <= STEPS; step++) {
        seed = seed * UINT64_C(6364136223846793005) + 1442695040888963407u;
        int i = (int)((seed >> 33) % IDS);
        shard_dev *d = find(&s, i);
        CHECK_INT(d ? d->row : 0, model[i]);
        if (seed >> 63) {
            CHECK_INT(add(&s, i, step), model[i] ? SN_EEXIST : 0);
            if (!model[i]) model[i] = step;
        } else if (d) {
            shard_remove(&s, d->key, d->row);
            model[i] = 0;
        }
        if (check_failed_) break;
    }
    for (int i = 0; i < IDS; i++) CHECK_INT(find(&s, i) ? find(&s, i)->row : 0, model[i]);
    shard_free(&s);
}

/* Two devices of equal hash are told apart by tenant and by name. */
static void equal_hashes_are_no_equal_devices(void) {
    shard s;
    MUST(shard_init(&s, NULL, 0) == 0);
    shard_dev a = {.key = 42, .row = 1}, b = {.key = 42, .row = 2},
              c = {.key = 42, .row = 3, .tenant = 1};
    MUST(shard_add(&s, &a, "a") == 0);
    MUST(shard_add(&s, &b, "b") == 0);
    MUST(shard_add(&s, &c, "a") == 0);
    CHECK_INT(shard_add(&s, &b, "b"), SN_EEXIST);
    CHECK_INT(shard_find(&s, 42, 0, "a")->row, 1);
    CHECK_INT(shard_find(&s, 42, 0, "b")->row, 2);
    CHECK_INT(shard_find(&s, 42, 1, "a")->row, 3);
    CHECK(shard_find(&s, 42, 1, "b") == NULL);
    shard_remove(&s, 42, 1);
    CHECK(shard_find(&s, 42, 0, "a") == NULL);
    CHECK_INT(shard_find(&s, 42, 0, "b")->row, 2);
    CHECK_INT(shard_find_row(&s, 42, 3)->tenant, 1);
    shard_free(&s);
}

static void marks_stay_with_their_device_when_it_grows(void) {
    shard s;
    MUST(shard_init(&s, NULL, 0) == 0);
    shard_plan *p = shard_plan_add(&s, 9, 1);
    MUST(p != NULL);
    MUST(shard_plan_add(&s, 10, 0) != NULL);
    for (int i = 0; i < 5000; i++) {
        MUST(add(&s, i, (uint32_t)i + 1) == 0);
        p = shard_plan_find(&s, 9);
        shard_bit_set(p->had, shard_slot(&s, find(&s, i)), i % 3 == 0);
        shard_bit_set(p->match, shard_slot(&s, find(&s, i)), i % 7 == 0);
    }
    p = shard_plan_find(&s, 9);
    for (int i = 0; i < 5000; i++) {
        uint32_t slot = shard_slot(&s, find(&s, i));
        CHECK_INT(shard_bit(p->had, slot), i % 3 == 0);
        CHECK_INT(shard_bit(p->match, slot), i % 7 == 0);
    }
    shard_plan_drop(&s, 9);
    CHECK(shard_plan_find(&s, 9) == NULL);
    CHECK(shard_plan_find(&s, 10) != NULL);
    /* a slot that is used again begins without marks */
    p = shard_plan_find(&s, 10);
    uint32_t slot = shard_slot(&s, find(&s, 5));
    shard_bit_set(p->had, slot, 1);
    shard_remove(&s, find(&s, 5)->key, 6);
    MUST(add(&s, 6000, 9999) == 0);
    CHECK_INT(shard_slot(&s, find(&s, 6000)), slot);
    CHECK_INT(shard_bit(p->had, slot), 0);
    shard_free(&s);
}

static void a_device_costs_about_a_hundred_bytes(void) {
    shard s;
    MUST(shard_init(&s, NULL, FLEET_SHARD_DEVICES) == 0);
    for (int i = 0; i < FLEET_SHARD_DEVICES; i++) MUST(add(&s, i, (uint32_t)i + 1) == 0);
    double each = (double)atomic_load(&s.bytes) / FLEET_SHARD_DEVICES;
    printf("bytes a device, ids of 15 characters: %.1f\n", each);
    CHECK(each < 110);
    shard_free(&s);
}

int main(void) {
    CASE(adds_finds_and_removes_as_the_model);
    CASE(equal_hashes_are_no_equal_devices);
    CASE(marks_stay_with_their_device_when_it_grows);
    CASE(a_device_costs_about_a_hundred_bytes);
    return check_done();
}
