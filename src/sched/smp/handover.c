/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * Whose P is taken: the monitor's look at all Ps. An M is asked for its P when
 *
 *   it is in user code and has opened no bracket between two looks,
 *   somebody waits whom no idle P can serve, and
 *   its thread was off its CPU between the looks (a call that blocks: at once), or it computes (a
 *   hog) and others have waited long enough: PATIENCE in a queue, HASTE for a timer that is due or
 *   in the inbox, where signal handlers and real-time threads put those they wake.
 *
 * A hog that lost its P goes on computing beside whoever got it, so hogs are let loose only as long
 * as no more than two for each P run, and then one each PATIENCE: more would starve each other
 * without helping those who wait in a queue. Who has HASTE gets the P sooner, at first one hog each
 * STEP, then more and more seldom.
 *
 * What the kernel is told about a hog that is let loose: that it likes long slices (HOG_SLICE); all
 * other Ms and the monitor ask for short ones (SLICE). Of the threads that have not had more than
 * their share, the kernel runs the one whose slice would end first: so a thread that wakes goes
 * before those that compute. With the kernel's own slice (1.4 ms) that fails where many compute,
 * since it lets them overrun it till the next of its ticks (4 ms), and then lets others catch up.
 *
 * All Ms that are asked in one look share one heavy barrier: it interrupts the other CPUs.
 */
#include "sched/smp/settings.h"
#include "sched/smp/smp.h"
#include "sched/smp/take.h"

#define PATIENCE (10 * SN_MILLISECOND)
#define HASTE (400 * SN_MICROSECOND)
#define STEP (100 * SN_MICROSECOND)
#define HOG_SLICE (20 * SN_MILLISECOND)
#define QUESTION (2 * SN_MILLISECOND)
#define LOOK_SOON (400 * SN_MICROSECOND)
#define SECTION (200 * SN_MICROSECOND) /* who is in user code for longer, on average, is slow */
enum { ASKED_MAX = 64, HOGS_A_P = 2 };
enum { NOBODY, QUEUED, OVERDUE };

typedef struct asked {
    M *m;
    sn_time held;
    bool hog;
} asked;

typedef struct look {
    sn__looked found;
    sn_time now;
    bool eager;
    uint32_t n;
    asked at[ASKED_MAX];
} look;

/* The monitor's: when a hog was last let loose, when one that was set aside last went on, and when
 * the kernel may next be asked about a thread's state, which is dear. */
static sn_time last_hog, last_on, next_question;
static const watch *runs; /* what it was asked about last, if that runs */

static void look_again(look *l, sn_time when) {
    if (when < l->now + LOOK_SOON) when = l->now + LOOK_SOON;
    if (when < l->found.next) l->found.next = when;
}

/* Whether m opens brackets so seldom that others may have to wait for it; *still: it has opened
 * none since the last look. */
static bool slow(watch *w, M *m, const look *l, bool *still) {
    uint32_t entries = atomic_load_explicit(&m->b.entries, memory_order_relaxed);
    bool user = atomic_load_explicit(&m->b.state, memory_order_relaxed) == SN__USER;
    bool same = w->m == m;
    bool few = !same || (sn_time)(entries - w->entries) * SECTION <= l->now - w->at;
    *still = user && same && entries == w->entries;
    if (!*still) {
        w->m = m;
        w->entries = entries;
        w->since = l->now;
        w->cpu = l->eager && user ? sn__os_cpu_time(&m->self) : -1;
    }
    if (!*still || w->cpu < 0) w->at = l->now;
    return user && few;
}

/* Between the last look and this one m's thread has hardly run, so the call it is in blocks; or its
 * CPU had others to run, so the kernel is asked, though not each time: a file is read for it. */
static bool off_cpu(watch *w, const M *m, const look *l) {
    const runtime *rt = &sn__rt;
    sn_time cpu = sn__os_cpu_time(&m->self);
    bool idle = cpu < 0 || (w->cpu >= 0 && (cpu - w->cpu) * 4 < l->now - w->at);
    w->cpu = cpu;
    w->at = l->now;
    if (!idle) return false;
    if (l->now < next_question)
        return w != runs && atomic_load_explicit(&rt->hogs, memory_order_relaxed) < rt->nprocs;
    next_question = l->now + QUESTION;
    runs = sn__os_runnable(&m->self) ? w : NULL;
    return !runs;
}

static int who_waits(P *p, const look *l, sn_time *due) {
    *due = atomic_load(&p->timers.first);
    if (*due <= l->now || sn__inbox_has()) return OVERDUE;
    return sn__work_for(p) ? QUEUED : NOBODY;
}

static bool hog_may_lose(const watch *w, int who, const look *l) {
    uint32_t loose = atomic_load_explicit(&sn__rt.hogs, memory_order_relaxed), n = sn__nprocs();
    if (l->now - w->since < (who == OVERDUE ? HASTE : PATIENCE)) return false;
    if (loose <= HOGS_A_P * n) return true;
    sn_time pause = who == OVERDUE ? loose * STEP / n : PATIENCE;
    return l->now - last_hog >= (pause < PATIENCE ? pause : PATIENCE);
}

static void look_at(P *p, look *l) {
    M *m = atomic_load(&p->m);
    bool still;
    sn_time due;
    if (!m) return;
    l->found.busy = true;
    if (!slow(&p->watch, m, l, &still)) return;
    int who = who_waits(p, l, &due);
    look_again(l, who == NOBODY ? due : 0);
    if (!still || who == NOBODY) return;
    if (atomic_load(&sn__rt.idle_ps)) {
        sn__wake_one(); /* another P can come and steal it */
        return;
    }
    bool known = p->watch.cpu >= 0 || m->self.clock == -1;
    bool hog = !off_cpu(&p->watch, m, l);
    if (!known) return; /* the CPU time of one instant says nothing: at the next look */
    if (hog && !hog_may_lose(&p->watch, who, l)) return;
    if (l->n == ASKED_MAX || !sn__take_ask(&m->b)) return;
    if (hog) last_hog = l->now;
    l->at[l->n++] = (asked){m, l->now - p->watch.since, hog};
}

/* Who started what runs on m. Right if m has not come in since it was asked, which only
 * sn__take_decide tells; the memory of Gs is never given back. */
__attribute__((no_sanitize("thread"))) static uintptr_t site_on(const M *m) {
    return g_of(*(sn__g *const volatile *)&m->b.self)->site;
}

static void take(const asked *a, look *l) {
    runtime *rt = &sn__rt;
    M *m = a->m;
    P *p = m->p; /* as with the site */
    uintptr_t site = site_on(m);
    m->hog = a->hog; /* m looks at it once it is taken */
    if (a->hog) (void)sn__os_slice(&m->self, HOG_SLICE);
    if (!sn__take_decide(&m->b)) {
        if (a->hog) (void)sn__os_slice(&m->self, SLICE);
        return;
    }
    atomic_store(&p->m, NULL);
    atomic_fetch_add_explicit(&rt->handovers, 1, memory_order_relaxed);
    if (a->hog) {
        atomic_fetch_add_explicit(&rt->hogs, 1, memory_order_relaxed);
        atomic_fetch_add_explicit(&rt->hog_takes, 1, memory_order_relaxed);
        sn__hogs_note(site, a->held);
    } else {
        l->found.blocked = true;
    }
    SN__EV_HANDOVER(p);
    sn__start_m(p, false);
}

/* Between question and look at the state: on all threads, or here and, where the kernel has none
 * for all, in every owner as it comes in. */
static void barrier(void) {
    atomic_thread_fence(memory_order_seq_cst);
    if (!sn__own_fence) sn__os_heavy_barrier();
}

/* Whether there are some; one goes on, though seldom when it could not be let loose. */
static bool some_aside(sn_time now) {
    const runtime *rt = &sn__rt;
    bool some = atomic_load(&rt->aside) != 0;
    bool many = atomic_load_explicit(&rt->hogs, memory_order_relaxed) > HOGS_A_P * rt->nprocs;
    if (some && now - last_on < (many ? 10 * PATIENCE : PATIENCE)) return true;
    last_on = now;
    if (some) sn__go_on();
    return some;
}

sn__looked sn__handover(sn_time now, bool eager) {
    runtime *rt = &sn__rt;
    look l = {.found.next = SN_NEVER, .now = now, .eager = eager};
    for (uint32_t i = 0; i < rt->made; i++) look_at(rt->p[i], &l);
    if (l.n) barrier();
    for (uint32_t i = 0; i < l.n; i++) take(&l.at[i], &l);
    l.found.busy |= some_aside(now);
    return l.found;
}

static void hog_back(M *m) {
    m->hog = false;
    g_of(m->b.self)->past |= SN__PAST_HOG;
    uint32_t loose = atomic_fetch_sub(&sn__rt.hogs, 1) - 1;
    (void)sn__os_slice(&m->self, SLICE);
    if (loose < sn__rt.nprocs) sn__go_on();
}

void sn__taken_back(M *m) {
    if (m->hog)
        hog_back(m);
    else
        sn__guess_learn(m);
}
