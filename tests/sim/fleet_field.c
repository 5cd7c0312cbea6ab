/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* The crowd: a heap of what happens when, one coroutine that waits for the next of it, and one
 * for each session under way. */
#include "fleet_sim.h"

#include "cohort.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const uint32_t stage_shares[STAGES] = {50000, 200000, 500000, 1000000};

/* ---- the heap ---- */

static int before(const struct event *a, const struct event *b) {
    return a->at != b->at ? a->at < b->at : a->device < b->device;
}

static void heap_up(struct event *h, uint32_t i, struct event e) {
    while (i && before(&e, &h[(i - 1) / 4])) {
        h[i] = h[(i - 1) / 4];
        i = (i - 1) / 4;
    }
    h[i] = e;
}

static struct event heap_pop(struct field *f) {
    struct event *h = f->heap, top = h[0], last = h[--f->heap_n];
    uint32_t i = 0;
    for (;;) {
        uint32_t first = 4 * i + 1, least = first;
        if (first >= f->heap_n) break;
        for (uint32_t c = first + 1; c < first + 4 && c < f->heap_n; c++)
            if (before(&h[c], &h[least])) least = c;
        if (!before(&h[least], &last)) break;
        h[i] = h[least];
        i = least;
    }
    h[i] = last;
    return top;
}

void field_at(struct field *f, uint32_t i, sn_time at) {
    heap_up(f->heap, f->heap_n, (struct event){at, i});
    f->heap_n++;
    if (f->asleep_until && at < f->asleep_until) {
        f->asleep_until = 0;
        sn_sem_post(&f->kick);
    }
}

/* ---- who runs ---- */

struct contact {
    struct field *f;
    uint32_t i;
};

static int contact_main(void *arg) {
    struct contact *c = arg;
    sn_time next = session_run(c->f, c->i);
    c->f->running--;
    field_at(c->f, c->i, next);
    return 0;
}

static void begin_contact(struct field *f, uint32_t i) {
    struct contact c = {f, i};
    f->running++;
    if (sn_go(contact_main, &c, sizeof c)) sn_sim_fail("no memory for a device");
}

static void wait_for_next(struct field *f) {
    sn_time until = f->heap_n ? f->heap[0].at : SN_NEVER;
    f->asleep_until = until;
    int rc = sn_sem_wait(&f->kick, until);
    f->asleep_until = 0;
    if (rc && rc != SN_ETIMEDOUT) sn_sim_fail("the field's wait: %s", sn_strerror(rc));
}

static int field_main(void *arg) {
    struct field *f = *(struct field **)arg;
    sn_scope scope;
    sn_scope_enter(&scope, SN_NEVER);
    while (!f->stopping) {
        if (!f->heap_n || f->heap[0].at > sn_now()) {
            wait_for_next(f);
            continue;
        }
        struct event e = heap_pop(f);
        if (device_step(f, e.device)) begin_contact(f, e.device);
    }
    return sn_scope_leave(&scope);
}

void field_make(struct field *f, const struct habits *h) {
    f->habits = *h;
    f->salt = sn_sim_draw(UINT64_MAX);
    f->devices = calloc(h->devices, sizeof *f->devices);
    f->heap = calloc(h->devices, sizeof *f->heap);
    if (!f->devices || !f->heap) sn_sim_fail("no memory for %u devices", h->devices);
    if (sn_host_new(&f->host, "field", "10.64.0.0/10")) sn_sim_fail("no field");
    for (uint32_t i = 0; i < h->devices; i++) {
        device_init(f, i);
        field_at(f, i, sn_now() + (sn_time)device_draw(&f->devices[i], (uint64_t)h->first + 1));
    }
    if (sn_host_start(f->host, field_main, &f, sizeof f)) sn_sim_fail("the field does not start");
}

void field_expect(struct field *f, int64_t rollout) {
    for (uint32_t i = 0; i < f->habits.devices; i++) {
        char name[16];
        device_name(i, name);
        uint32_t place = cohort_place(cohort_key(1, name, strlen(name)), rollout);
        f->devices[i].stage = (uint8_t)cohort_stage(place, stage_shares, STAGES);
    }
}

void field_stop(struct field *f) {
    int rc;
    f->stopping = 1;
    sn_sem_post(&f->kick);
    if (sn_host_wait(f->host, &rc) || rc) sn_sim_fail("the field ended with %s", sn_strerror(rc));
}

void field_free(struct field *f) {
    free(f->devices);
    free(f->heap);
}
