/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * Hosts: their addresses, clocks and processes.
 *
 *   down --start--> up --main returns, the others are cancelled and end--> down
 *                   up --stop--> frozen --all end, time stands still--> down
 *
 * What is frozen runs on, since there is no other way to unwind its stacks, but nothing it does
 * reaches anybody: the parts of the world have cut it off, its scope is cancelled and its deadlines
 * are over.
 */
#include <arpa/inet.h>
#include <stdlib.h>
#include <string.h>

#include "sched/sim/state.h"

#define UTC_AT_ZERO 1735689600000 /* 2025-01-01 */
enum { PPM = 1000000, PPM_MAX = 100000 };

sn_host *sn__sim_host(void) { return sn__sim.self ? sn__sim.self->own.host : NULL; }
sn_host *sn__sim_hosts(void) { return sn__sim.hosts; }

sn_host *sn__sim_host_at(uint32_t addr) {
    for (sn_host *h = sn__sim.hosts; h; h = h->next)
        if (addr >= h->addr && addr <= h->last) return h;
    return NULL;
}

/* ---- clocks ---- */

/* By how much a clock that drifts is off after so much time. */
static sn_time drift(sn_time passed, int32_t ppm) {
    return passed / PPM * ppm + passed % PPM * ppm / PPM;
}

sn_time sn__sim_clock_of(const sn_host *h) {
    sn_time now = sn__sim.now;
    if (!h) return now;
    sn_time passed = now - h->since;
    return h->clock + passed + drift(passed, h->ppm);
}

/* How long it takes a clock of this pace to pass `shown`; more than half of all time: SN_NEVER. */
static sn_time takes(sn_time shown, sn_time pace) {
    sn_time whole = shown / pace;
    if (whole > SN_NEVER / 2 / PPM) return SN_NEVER;
    sn_time t = whole * PPM + shown % pace * PPM / pace;
    return t > SN_NEVER / 2 ? SN_NEVER : t;
}

sn_time sn__sim_world_time(const sn_host *h, sn_time host_time) {
    if (!h) return host_time;
    if (host_time <= h->clock) return h->since;
    sn_time passed = takes(host_time - h->clock, PPM + h->ppm);
    if (passed == SN_NEVER) return SN_NEVER - 1;
    /* rounding: never before the host's clock shows it */
    while (h->clock + passed + drift(passed, h->ppm) < host_time) passed++;
    return h->since + passed;
}

int64_t sn__sim_utc_ms(const sn_host *h) {
    return UTC_AT_ZERO + (sn__sim_clock_of(h) + (h ? h->wall : 0)) / SN_MILLISECOND;
}

/* The host's clocks go on from here at another pace, its monotonic one from another value. */
static void rebase(sn_host *h, sn_time clock, int32_t ppm) {
    h->wall += sn__sim_clock_of(h) - clock;
    h->since = sn__sim.now;
    h->clock = clock;
    h->ppm = ppm;
}

void sn_host_jump(sn_host *h, sn_time by) {
    sn__sim_told("host.jump", h->index, (uint64_t)by);
    h->wall += by;
}

int sn_host_drift(sn_host *h, int32_t ppm) {
    if (ppm > PPM_MAX || ppm < -PPM_MAX) return SN_EINVAL;
    sn__sim_told("host.drift", h->index, (uint64_t)(int64_t)ppm);
    rebase(h, sn__sim_clock_of(h), ppm);
    sn__sim_rekey(h);
    return 0;
}

/* ---- making and finding ---- */

static int parse_addresses(const char *text, uint32_t *first, uint32_t *last) {
    char buf[INET_ADDRSTRLEN];
    const char *slash = strchr(text, '/');
    size_t n = slash ? (size_t)(slash - text) : strlen(text);
    unsigned long bits = 32;
    struct in_addr a;
    if (n >= sizeof buf) return SN_EINVAL;
    memcpy(buf, text, n);
    buf[n] = 0;
    if (inet_pton(AF_INET, buf, &a) != 1) return SN_EINVAL;
    if (slash) {
        char *end;
        bits = strtoul(slash + 1, &end, 10);
        if (end == slash + 1 || *end || bits < 8 || bits > 32) return SN_EINVAL;
    }
    uint32_t size = (uint32_t)(((uint64_t)1 << (32 - bits)) - 1);
    *first = ntohl(a.s_addr);
    *last = *first | size;
    return *first & size ? SN_EINVAL : 0;
}

static int parts_make(sn_host *h) {
    int rc = 0;
    for (const sn__part *const *p = sn__world_parts; *p && !rc; p++)
        if ((*p)->host_new) rc = (*p)->host_new(h);
    return rc;
}

static bool taken(const char *name, uint32_t first, uint32_t last) {
    for (const sn_host *h = sn__sim.hosts; h; h = h->next)
        if (!strcmp(h->name, name) || (first <= h->last && h->addr <= last)) return true;
    return false;
}

static void link_in(sn_host *h) {
    sim *s = &sn__sim;
    if (s->hosts_end)
        s->hosts_end->next = h;
    else
        s->hosts = h;
    s->hosts_end = h;
    h->index = ++s->hosts_n;
}

int sn_host_new(sn_host **out, const char *name, const char *addr) {
    uint32_t first, last;
    *out = NULL;
    (void)sn__self();
    int rc = parse_addresses(addr, &first, &last);
    if (rc || !*name) return SN_EINVAL;
    if (taken(name, first, last)) return SN_EEXIST;
    sn_host *h = calloc(1, sizeof *h);
    if (!h) return SN_ENOMEM;
    h->name = name;
    h->addr = first;
    h->last = last;
    h->since = h->clock = sn__sim.now;
    h->waiters = calloc(2, sizeof *h->waiters);
    link_in(h);
    rc = h->waiters ? parts_make(h) : SN_ENOMEM;
    if (rc) return rc; /* it stays in the list, unused, and is freed with the run */
    *out = h;
    return 0;
}

sn_host *sn_host_self(void) { return sn__sim_host(); }
const char *sn_host_name(const sn_host *h) { return h->name; }
int sn_host_up(const sn_host *h) { return h->up; }

sn_host *sn_host_named(const char *name) {
    for (sn_host *h = sn__sim.hosts; h; h = h->next)
        if (!strcmp(h->name, name)) return h;
    return NULL;
}

/* ---- a process ---- */

/* Who waits for a host: until it is down, and its main, until it is the last. */
static sn__waiters *until_down(const sn_host *h) { return &h->waiters[0]; }
static sn__waiters *until_last(const sn_host *h) { return &h->waiters[1]; }

/* What a host was started with: kept, so that it can be started again. */
struct boot {
    sn_host *h;
    sn_fn f;
    size_t n;
    _Alignas(16) char arg[];
};

static int process(void *p) {
    struct boot *b = p;
    sn_host *h = b->h;
    sn__g *g = sn__enter();
    _Alignas(16) char own[SN_ARG_MAX]; /* what main writes there, the next boot does not see */
    void *given = own;
    memcpy(b->n ? (void *)own : (void *)&given, b->arg, b->n ? b->n : sizeof given);
    g->scope = &h->root;
    h->root.owner = g; /* a stop reaches the main coroutine too */
    int rc = b->f(given);
    if (g->scope != &h->root) sn__fatal("main coroutine of a host returned with a scope open");
    h->rc = h->frozen ? SN_ECANCELED : rc;
    sn__scope_cancel(&h->root, SN_ECANCELED);
    sn__scope_wait(&h->root, g);
    /* the last ones have left their scope, but not yet their stack */
    while (h->live > 1) (void)sn__sim_wait_raw(until_last(h), SN_NEVER, SN__R_SCOPE, false);
    g->scope = g->home;
    return 0;
}

int sn_host_restart(sn_host *h) {
    sim *s = &sn__sim;
    sn__enter();
    if (h->up) return SN_EBUSY;
    if (!h->was) return SN_EINVAL;
    sn__scope_init(&h->root);
    h->root.background = true;
    h->up = true;
    h->boot++;
    if (h->lost_power) rebase(h, SN_SECOND, h->ppm); /* time since boot */
    h->lost_power = false;
    sn__sim_told("host.start", h->index, h->boot);
    sn_attr a = {.size = sizeof a, .name = h->name, .stack = 1 << 20};
    h->live = 1; /* the caller counts until the process does: a stop that comes meanwhile waits */
    int rc = sn__sim_spawn(h, &s->own, &a, process, h->was, 0, (uintptr_t)h->was->f);
    sn__sim_host_lost_one(h);
    return rc;
}

int sn_host_start(sn_host *h, sn_fn f, const void *arg, size_t n) {
    sn__enter();
    if (h->up) return SN_EBUSY;
    if (n > SN_ARG_MAX) return SN_E2BIG;
    struct boot *b = malloc(sizeof *b + (n ? n : sizeof arg));
    if (!b) return SN_ENOMEM;
    *b = (struct boot){.h = h, .f = f, .n = n};
    memcpy(b->arg, n ? arg : (const void *)&arg, n ? n : sizeof arg);
    free(h->was);
    h->was = b;
    return sn_host_restart(h);
}

static void down(sn_host *h) {
    sim *s = &sn__sim;
    for (const sn__part *const *p = sn__world_parts; *p; p++)
        if ((*p)->host_down) (*p)->host_down(h);
    sn__sim_told("host.down", h->index, h->boot);
    s->frozen -= h->frozen;
    h->up = h->frozen = h->paused = false; /* nobody of it is left to be held back */
    s->attention = 0;                      /* choose.c looks at what is frozen */
    sn__sim_wake(until_down(h));
}

void sn__sim_host_lost_one(sn_host *h) {
    h->live--;
    if (h->live == 1) sn__sim_wake(until_last(h));
    if (h->live == 0 && !h->stopping) down(h);
}

/* ---- stopping ---- */

static void freeze(sn_host *h, enum sn_stop how) {
    sim *s = &sn__sim;
    sn__sim_told(how == SN_STOP_POWER ? "host.power" : "host.kill", h->index, h->boot);
    h->frozen = true;
    s->frozen++;
    s->attention = 0;
    for (const sn__part *const *p = sn__world_parts; *p; p++)
        if ((*p)->host_stop) (*p)->host_stop(h, how);
    sn__sim_rush(h);
    h->lost_power = how == SN_STOP_POWER;
}

void sn_host_stop(sn_host *h, enum sn_stop how) {
    sn__enter_parks();
    if (sn__sim_host() == h) sn__fatal("sn_host_stop of the caller's own host");
    uint32_t nth = h->boot; /* another that stops it may start it again before we look */
    if (h->up && !h->frozen) {
        sn_host_resume(h);
        freeze(h, how);
        h->stopping = true;
        sn__scope_cancel(&h->root, SN_ECANCELED);
        h->stopping = false;
        if (h->live == 0) down(h); /* its coroutines were gone before the last was told */
    }
    while (h->up && h->boot == nth)
        (void)sn__sim_wait_raw(until_down(h), SN_NEVER, SN__R_SCOPE, false);
}

int sn_host_wait(sn_host *h, int *rc) {
    sn__enter_parks();
    uint32_t nth = h->boot;
    int err = 0;
    while (!err && h->up && h->boot == nth)
        err = sn__sim_wait(until_down(h), SN_NEVER, SN__R_SCOPE);
    if (!err && rc) *rc = h->rc;
    return err;
}

void sn__sim_hosts_stop(void) {
    for (sn_host *h = sn__sim.hosts; h; h = h->next) sn_host_stop(h, SN_STOP_PROCESS);
}

void sn__sim_hosts_free(void) {
    for (sn_host *h = sn__sim.hosts, *next; h; h = next) {
        next = h->next;
        for (const sn__part *const *p = sn__world_parts; *p; p++)
            if ((*p)->host_free) (*p)->host_free(h);
        free(h->waiters);
        free(h->was);
        free(h);
    }
    sn__sim.hosts = sn__sim.hosts_end = NULL;
    for (const sn__part *const *p = sn__world_parts; *p; p++)
        if ((*p)->run_end) (*p)->run_end();
}
