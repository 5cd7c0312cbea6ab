/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* What a device does by itself:
 *
 *   REST -session: has the image-> INSTALL -> BOOT (new) -> TELL -session: answered-> REST
 *                                     |          `- does not come up -> BOOT (rollback) -> TELL
 *                                     `- power cut -> BOOT (old) -> REST, the job is begun again */
#include "fleet_sim.h"

#include <stdio.h>

enum { NIGHT_FROM_S = 22 * 3600, NIGHT_TO_S = 6 * 3600, START_S = 8 * 3600, BACK_OFF_MAX = 6 };

static uint64_t mix(uint64_t z) {
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return z ^ (z >> 31);
}

uint64_t device_draw(struct device *d, uint64_t n) {
    d->rng += 0x9e3779b97f4a7c15u;
    return (uint64_t)(((unsigned __int128)mix(d->rng) * n) >> 64);
}

int device_chance(struct device *d, uint32_t ppm) { return ppm && device_draw(d, 1000000) < ppm; }

void device_name(uint32_t i, char out[16]) { snprintf(out, 16, "veh-%07u", i); }

void device_init(struct field *f, uint32_t i) {
    struct device *d = &f->devices[i];
    *d = (struct device){.rng = f->salt + i * UINT64_C(0xd1342543de82ef95), .runs = 1};
    if (device_chance(d, f->habits.night)) d->flags |= DEVICE_SLEEPS;
}

/* ---- time ---- */

static sn_time up_to(struct device *d, sn_time max) {
    return (sn_time)device_draw(d, (uint64_t)max + 1);
}

/* Who sleeps at night polls in the first half hour of the morning. A run begins at 8 o'clock. */
static sn_time not_at_night(struct device *d, sn_time at) {
    sn_time day = (at + START_S * SN_SECOND) % (DAY_S * SN_SECOND), midnight = at - day;
    if (!(d->flags & DEVICE_SLEEPS)) return at;
    if (day >= NIGHT_FROM_S * SN_SECOND) midnight += DAY_S * SN_SECOND;
    if (day >= NIGHT_TO_S * SN_SECOND && day < NIGHT_FROM_S * SN_SECOND) return at;
    return midnight + NIGHT_TO_S * SN_SECOND + up_to(d, 1800 * SN_SECOND);
}

sn_time device_wake(struct field *f, struct device *d, uint32_t sleep_s) {
    sn_time wait = sleep_s * SN_SECOND;
    (void)f;
    return not_at_night(d, sn_now() + wait * 9 / 10 + up_to(d, wait / 5));
}

sn_time device_back_off(struct device *d) {
    sn_time wait = 5 * SN_SECOND << d->tries;
    if (d->tries < BACK_OFF_MAX) d->tries++;
    return not_at_night(d, sn_now() + wait / 2 + up_to(d, wait));
}

/* ---- installing ---- */

/* The same at each try, whatever else the device has drawn. */
static int fails(const struct field *f, const struct device *d) {
    uint64_t i = (uint64_t)(d - f->devices);
    return mix(f->salt ^ mix(i * 31 + d->target)) % 1000000 < f->habits.fail[d->stage];
}

sn_time device_install(struct field *f, struct device *d) {
    sn_time takes = f->habits.install + up_to(d, f->habits.install);
    d->state = DEVICE_INSTALL;
    d->flags |= DEVICE_NEW;
    if (device_chance(d, f->habits.cut)) { /* somewhere in the middle, the power fails */
        d->flags &= (uint8_t)~DEVICE_NEW;
        takes = up_to(d, takes);
    }
    return sn_now() + takes;
}

static void boot(struct field *f, uint32_t i) {
    struct device *d = &f->devices[i];
    d->state = DEVICE_BOOT;
    field_at(f, i, sn_now() + f->habits.boot + up_to(d, 3 * f->habits.boot));
}

/* The new version comes up, or the boot loader goes back to the old one. */
static int booted_new(struct field *f, uint32_t i) {
    struct device *d = &f->devices[i];
    d->flags &= (uint8_t)~DEVICE_NEW;
    f->ledger.installed++;
    d->told_s = (uint32_t)(sn_utc_ms() / 1000);
    if (fails(f, d)) {
        d->outcome = OUTCOME_BAD;
        boot(f, i);
        return 0;
    }
    d->runs = d->target;
    d->outcome = OUTCOME_GOOD;
    d->state = DEVICE_TELL;
    return 1;
}

int device_step(struct field *f, uint32_t i) {
    struct device *d = &f->devices[i];
    switch ((enum device_state)d->state) {
    case DEVICE_INSTALL:
        if (!(d->flags & DEVICE_NEW) && device_chance(d, 500000)) d->got = 0; /* lost with it */
        boot(f, i);
        return 0;
    case DEVICE_BOOT:
        if (d->flags & DEVICE_NEW) return booted_new(f, i);
        d->state = d->outcome ? DEVICE_TELL : DEVICE_REST;
        return 1;
    default:
        return 1;
    }
}
