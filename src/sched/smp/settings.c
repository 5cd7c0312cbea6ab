/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * Settings from the environment. What an operator wrote wrong never stops a program and is never
 * passed over in silence either: one line tells what is used instead. A number beyond its bounds
 * becomes the bound; anything else that cannot be read counts as not set, as does an empty value.
 *
 * A program that runs with more rights than its caller (set-user-ID) takes none of them.
 */
#include "sched/smp/settings.h"

#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "core/print.h"
#include "sched/smp/smp.h"

sn__settings sn__set;

enum { VALUE_SHOWN = 80, OFFLOAD_THREADS_MAX = 1024 };

/* A number from least to most if there are no words, else one of the words: its place counts. */
typedef struct setting {
    const char *name;
    size_t at; /* where in sn__settings */
    uint32_t least, most;
    uint32_t unset;          /* its value when not set */
    const char *unset_means; /* the same for people */
    const char *const *words;
} setting;

static const char *const migrate[] = {"auto", "always", NULL};
static const char *const steal[] = {"all", "fresh", "none", NULL};
static const char *const numa[] = {"auto", "off", NULL};
static const char *const no_yes[] = {"0", "1", NULL};
static const char *const names[] = {"auto", "libc", NULL};                /* enum sn__names_wish */
static const char *const pollers[] = {"auto", "epoll", "io_uring", NULL}; /* enum sn__poller_wish */

#define AT(member) offsetof(sn__settings, member)
static const setting table[] = {
    {"SENNIT_PROCS", AT(procs), 0, PROCS_MAX, 0, "the CPUs allowed", NULL},
    {"SENNIT_MIGRATE", AT(migrate), 0, 1, 0, "auto", migrate},
    {"SENNIT_MAX_THREADS", AT(max_threads), 1, 1000000, 10000, "10000", NULL},
    {"SENNIT_MAX_BLOCKED", AT(max_blocked), 1, 1000000, 256, "256", NULL},
    {"SENNIT_STEAL", AT(steal), 0, 2, 0, "all", steal},
    {"SENNIT_NUMA", AT(numa_off), 0, 1, 0, "auto", numa},
    {"SENNIT_NO_MEMBARRIER", AT(no_membarrier), 0, 1, 0, "0", no_yes},
    {"SENNIT_OFFLOAD_THREADS", AT(offload_threads), 1, OFFLOAD_THREADS_MAX, 32, "32", NULL},
    {"SENNIT_POLLER", AT(poller), 0, 0, SN__POLLER_AUTO, "auto", pollers},
    {"SENNIT_NO_EPOLL_PWAIT2", AT(no_epoll_pwait2), 0, 1, 0, "0", no_yes},
    {"SENNIT_NAMES", AT(names), 0, 0, SN__NAMES_AUTO, "auto", names},
    {"SENNIT_NO_PIDFD", AT(no_pidfd), 0, 1, 0, "0", no_yes},
    {"SENNIT_NO_GETRANDOM", AT(no_getrandom), 0, 1, 0, "0", no_yes},
    {"SENNIT_NO_FUTEX_TIME64", AT(no_futex_time64), 0, 1, 0, "0", no_yes},
    {"SENNIT_NO_SCHED_ATTR", AT(no_sched_attr), 0, 1, 0, "0", no_yes},
    {"SENNIT_NO_GUARD_INSTALL", AT(no_guard_install), 0, 1, 0, "0", no_yes},
    {"SENNIT_GUARD_SPLITS", AT(guard_splits), 0, 1000000, 16000, "16000", NULL},
    {"SENNIT_TRIM_MS", AT(trim_ms), 0, 86400000, 5000, "5000", NULL},
    {"SENNIT_LEARN_STACKS", AT(learn_stacks), 0, 1, 0, "0", no_yes},
};

static void put_number(sn__text *t, uint32_t n) { sn__put_u(t, n, 10); }

static void put_wanted(sn__text *t, const setting *s) {
    if (!s->words) {
        sn__put(t, "needs a number from ");
        put_number(t, s->least);
        sn__put(t, " to ");
        put_number(t, s->most);
        return;
    }
    sn__put(t, "needs ");
    for (const char *const *w = s->words; *w; w++) {
        if (w != s->words) sn__put(t, w[1] ? ", " : " or ");
        sn__put(t, *w);
    }
}

/* One line, whatever the value has in it. */
static void put_value(sn__text *t, const char *value) {
    for (int i = 0; value[i] && i < VALUE_SHOWN; i++) {
        char c[2] = {value[i] >= ' ' && value[i] < 127 ? value[i] : '?', 0};
        sn__put(t, c);
    }
    if (strlen(value) > VALUE_SHOWN) sn__put(t, "...");
}

/* `bound`: the number that is used; NULL: as if it were not set. */
static void warn(const setting *s, const char *value, const uint32_t *bound) {
    sn__text t = {.n = 0};
    sn__put(&t, "sennit: ");
    sn__put(&t, s->name);
    sn__put(&t, " '");
    put_value(&t, value);
    sn__put(&t, "': ");
    put_wanted(&t, s);
    sn__put(&t, "; using ");
    if (bound)
        put_number(&t, *bound);
    else
        sn__put(&t, s->unset_means);
    sn__put(&t, "\n");
    sn__os_write(2, t.at, t.n);
}

/* Digits alone; what is beyond 32 bits stays there. */
static int parse(const char *text, uint64_t *n) {
    *n = 0;
    for (; *text; text++) {
        if (*text < '0' || *text > '9') return -1;
        if (*n <= UINT32_MAX) *n = *n * 10 + (uint64_t)(*text - '0');
    }
    return 0;
}

static uint32_t number_of(const setting *s, const char *value) {
    uint64_t n;
    if (parse(value, &n)) {
        warn(s, value, NULL);
        return s->unset;
    }
    if (n >= s->least && n <= s->most) return (uint32_t)n;
    const uint32_t *bound = n < s->least ? &s->least : &s->most;
    warn(s, value, bound);
    return *bound;
}

static uint32_t word_of(const setting *s, const char *value) {
    for (uint32_t i = 0; s->words[i]; i++)
        if (!strcmp(s->words[i], value)) return i;
    warn(s, value, NULL);
    return s->unset;
}

void sn__settings_read(void) {
    for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
        const setting *s = &table[i];
        const char *value = secure_getenv(s->name);
        uint32_t n = s->unset;
        if (value && *value) n = s->words ? word_of(s, value) : number_of(s, value);
        memcpy((char *)&sn__set + s->at, &n, sizeof n);
    }
}
