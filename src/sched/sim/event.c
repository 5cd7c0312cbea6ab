/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* What happened, told to hash and trace; and chance, in streams of which each is splitmix64. */
#include <sennit/time.h>
#include <stdarg.h>
#include <stdio.h>

#include "sched/sim/state.h"

static const char *const names[EV_LAST] = {"run", "arm", "claim", "ready",
                                           "go",  "end", "timer", "clock"};

static uint64_t mix(uint64_t z) {
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return z ^ (z >> 31);
}

uint64_t sn__sim_random(enum sim_stream stream) {
    return mix(sn__sim.chance[stream] += 0x9e3779b97f4a7c15u);
}

void sn__sim_chance_from(uint64_t seed) {
    for (uint64_t i = 0; i < STREAMS; i++) sn__sim.chance[i] = mix(seed + (i << 56)) + i;
}

/* FNV-1a, a word at a time */
static void hash_word(uint64_t w) { sn__sim.hash = (sn__sim.hash ^ w) * 0x100000001b3u; }

static void trace(const char *what, uint64_t a, uint64_t b) {
    sim *s = &sn__sim;
    const sn_host *h = s->self ? s->self->own.host : NULL;
    sn_sim_event e = {.number = s->events,
                      .at = s->now - SN_SECOND,
                      .host = h ? h->name : "",
                      .id = s->self ? s->self->id : 0,
                      .name = s->self ? atomic_load(&s->self->name) : NULL,
                      .what = what,
                      .a = a,
                      .b = b};
    bool was = s->outside;
    s->outside = true;
    s->config.trace(s->config.trace_arg, &e);
    s->outside = was;
}

void sn__sim_event(enum sim_event e, uint64_t a, uint64_t b) {
    hash_word((uint64_t)e + 1);
    hash_word(a);
    hash_word(b);
    sn__sim.events++;
    if (SN__UNLIKELY(sn__sim.config.trace != NULL)) trace(names[e], a, b);
}

void sn__sim_told(const char *what, uint64_t a, uint64_t b) {
    for (const char *c = what; *c; c++) hash_word((unsigned char)*c);
    hash_word(sn__sim.self ? sn__sim.self->id : 0);
    hash_word(a);
    hash_word(b);
    sn__sim.events++;
    if (SN__UNLIKELY(sn__sim.config.trace != NULL)) trace(what, a, b);
}

uint64_t sn__sim_world_random(void) { return sn__sim_random(CHANCE_WORLD); }

bool sn__sim_chance(uint32_t ppm) { return ppm && sn__sim_world_random() % 1000000 < ppm; }

sn_time sn__sim_draw_time(sn_time max) {
    return max > 0 ? (sn_time)(sn__sim_world_random() % ((uint64_t)max + 1)) : 0;
}

void sn_random(void *buf, size_t n) {
    unsigned char *to = buf;
    while (n) {
        uint64_t word = sn__sim_random(CHANCE_ENTROPY);
        for (int i = 0; i < 8 && n; i++, n--, word >>= 8) *to++ = (unsigned char)word;
    }
}

uint32_t sn__rand(void) { return (uint32_t)sn__sim_random(CHANCE_RAND); }

uint64_t sn_sim_hash(void) { return sn__sim.hash; }

void sn_sim_note(const char *what, uint64_t a, uint64_t b) { sn__sim_told(what, a, b); }

uint64_t sn_sim_draw(uint64_t n) { return n ? sn__sim_random(CHANCE_TEST) % n : 0; }

void sn__last_words(const char *message) {
    sim *s = &sn__sim;
    char text[160];
    if (!s->running) return;
    s->outside = true; /* for good */
    int n =
        snprintf(text, sizeof text, "seed %llu, %lld.%09lld s of virtual time, event %llu\n",
                 (unsigned long long)s->config.seed, (long long)((s->now - SN_SECOND) / SN_SECOND),
                 (long long)(s->now % SN_SECOND), (unsigned long long)s->events);
    sn__os_write(2, text, (size_t)n);
    if (s->config.failed) s->config.failed(s->config.failed_arg, message);
}

/* A run that fails among a hundred thousand coroutines is to be read in a log. */
unsigned sn__dump_most(void) { return 256; }

const char *sn__place_of(const G *g) { return g->own.host ? g->own.host->name : NULL; }

void sn_sim_fail(const char *format, ...) {
    char text[512];
    va_list ap;
    va_start(ap, format);
    vsnprintf(text, sizeof text, format, ap);
    va_end(ap);
    sn__fatal(text);
}
