/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * Dialing a name with several addresses, after RFC 8305 ("happy eyeballs"): the families take
 * turns, each further attempt begins when one has failed or after 250 ms, whichever is sooner, and
 * the first that connects wins. So an address that swallows packets costs a quarter of a second,
 * not minutes.
 *
 * The attempts are coroutines of a scope that this call leaves, so none outlives it. Their results
 * come over a channel with room for all; a connection too many is freed with it.
 */
#include "io/race.h"

#include <sennit/chan.h>
#include <sennit/go.h>
#include <sennit/time.h>
#include <stdbool.h>

#define HEAD_START (250 * SN_MILLISECOND)

typedef struct result {
    sn_conn *c;
    int err;
} result;

typedef struct attempt {
    sn__dial_fn dial;
    const sn__addr *to, *from;
    sn_chan *results;
} attempt;

typedef struct race {
    attempt next;
    const sn__addrs *to;
    size_t started, ended;
    sn_time more_at; /* when the next attempt begins at the latest */
    int err;         /* of the last that failed */
} race;

static void drop(void *value) { sn_conn_free(((result *)value)->c); }

static int run_attempt(void *arg) {
    attempt *a = arg;
    result r = {.c = NULL};
    r.err = a->dial(&r.c, a->to, a->from);
    if (sn_try_send(a->results, &r)) sn_conn_free(r.c); /* never: there is room */
    return 0;
}

/* The i-th to be tried: the first, the first of the other family, the second of this one … */
static const sn__addr *in_turn(const sn__addrs *to, size_t i) {
    bool taken[SN__ADDRS_MAX] = {false};
    size_t at = 0;
    int last = 0;
    for (size_t k = 0; k <= i; k++, last = to->a[at].u.sa.sa_family, taken[at] = true) {
        size_t first = to->n;
        for (at = 0; at < to->n; at++) {
            if (taken[at]) continue;
            if (first == to->n) first = at;
            if (k == 0 || to->a[at].u.sa.sa_family != last) break;
        }
        if (at == to->n) at = first; /* only one family is left */
    }
    return &to->a[at];
}

static int start_next(race *r) {
    r->next.to = in_turn(r->to, r->started);
    r->started++;
    r->more_at = sn_now() + HEAD_START;
    return sn_go(run_attempt, &r->next, sizeof r->next);
}

/* The next result; SN_EAGAIN: it is time for one more attempt; or what the scope says. */
static int next_result(race *r, result *got) {
    int err = 0;
    sn_case one = sn_rx(r->next.results, got, &err);
    int k = sn_selectv(&one, 1, r->started < r->to->n ? r->more_at : SN_NEVER);
    if (k == SN_ETIMEDOUT && !sn_canceled()) return SN_EAGAIN;
    return k < 0 ? k : err;
}

/* Until one has connected, all have failed, or we are told to stop. */
static int run(race *r, sn_conn **c) {
    int err = start_next(r);
    while (err == 0 && r->ended < r->to->n) {
        result got = {.c = NULL};
        err = next_result(r, &got);
        if (err && err != SN_EAGAIN) return err;
        if (err == 0 && got.err == 0) {
            *c = got.c;
            return 0;
        }
        if (err == 0) {
            r->ended++;
            r->err = got.err;
        }
        err = r->started < r->to->n ? start_next(r) : 0;
    }
    return err ? err : r->err;
}

int sn__race(sn_conn **c, sn__dial_fn dial, const sn__addrs *to, const sn__addr *from) {
    sn_scope s;
    race r = {.next = {.dial = dial, .from = from}, .to = to};
    r.next.results = sn_chan_new(sizeof(result), SN__ADDRS_MAX, drop);
    if (!r.next.results) return SN_ENOMEM;
    sn_scope_enter(&s, SN_NEVER);
    int err = run(&r, c);
    sn_scope_cancel(&s, SN_ECANCELED); /* those that are on their way */
    int left = sn_scope_leave(&s);
    (void)left; /* the cancel */
    sn_chan_free(r.next.results);
    return err;
}
