/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* What the active faults make of a link: of each field the worst. */
#include <string.h>

#include "chaos.h"

static bool is_place(const char *place, const char *name) {
    return strcmp(place, "*") == 0 || strcmp(place, name) == 0;
}

/** Bit 0: the fault is on the way from -> to; bit 1: on the way back. */
static unsigned ways_of(const chaos_link *l, const sn_fault *f) {
    bool there = is_place(f->place, l->from) && is_place(f->to, l->to);
    bool back = is_place(f->place, l->to) && is_place(f->to, l->from);
    if (f->both) there = back = there || back;
    return (unsigned)there | (unsigned)back << 1;
}

bool link_is_of(const chaos_link *l, const sn_fault *f) {
    return sn_fault_on_link(f->kind) && ways_of(l, f) != 0;
}

static void worse(uint32_t *now, uint32_t is) {
    if (is > *now) *now = is;
}

static void longer(sn_time *now, sn_time is) {
    if (is > *now) *now = is;
}

static void add(chaos_way *w, const sn_fault *f) {
    switch (f->kind) {
    case SN_FAULT_PARTITION:
        w->down = true;
        break;
    case SN_FAULT_DELAY:
        longer(&w->delay, f->by);
        longer(&w->jitter, f->jitter);
        break;
    case SN_FAULT_LOSS:
        worse(&w->loss, f->share);
        break;
    case SN_FAULT_THROTTLE:
        if (w->rate == 0 || f->bytes < w->rate) w->rate = f->bytes;
        break;
    case SN_FAULT_RESET:
        worse(&w->reset, f->share);
        break;
    case SN_FAULT_HALF_OPEN:
        worse(&w->half_open, f->share);
        break;
    case SN_FAULT_REFUSE:
        worse(&w->refuse, f->share);
        break;
    default:
        break;
    }
}

void link_renew(chaos_link *l, const sn_fault *faults, const bool *active, size_t n) {
    chaos_way way[2] = {{0}, {0}};
    for (size_t i = 0; i < n; i++) {
        if (!active[i] || !sn_fault_on_link(faults[i].kind)) continue;
        unsigned ways = ways_of(l, &faults[i]);
        if (ways & 1) add(&way[0], &faults[i]);
        if (ways & 2) add(&way[1], &faults[i]);
    }
    sn_lock(&l->lock);
    memcpy(l->way, way, sizeof way);
    sn_cond_broadcast(&l->changed);
    sn_unlock(&l->lock);
}

static uint64_t draw(uint64_t below) {
    uint64_t r;
    sn_random(&r, sizeof r);
    return r % below;
}

bool link_chance(uint32_t share) { return share > 0 && draw(1000000) < share; }

sn_time link_draw(sn_time max) { return max > 0 ? (sn_time)draw((uint64_t)max + 1) : 0; }
