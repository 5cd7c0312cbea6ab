/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* The random program of program.h. Values are numbered by sender, so that the ledger is an array
 * and order is a comparison. Counters are atomic: under smp the members are on many threads. */
#include "program.h"

#include "world.h"

#include <stdatomic.h>

typedef struct value {
    uint32_t id, echo; /* echo = ~id: a torn copy shows */
} value;

typedef struct entry {
    atomic_int handed, received, dropped;
} entry;

typedef struct team {
    sn_scope scope;
    sn_mutex lock; /* guards open and told: cancel only what is entered */
    int open, told, index;
    atomic_int failed;
} team;

typedef struct member {
    uint64_t rng;
    team *team;
    uint32_t next, end;                                   /* its own numbers */
    uint32_t last[PROGRAM_CHANNELS][PROGRAM_MEMBERS + 1]; /* newest number seen, plus one */
} member;

static struct program {
    uint64_t seed;
    program_size size;
    sn_chan ch[PROGRAM_CHANNELS];
    entry *ledger;
    uint32_t ids;
    team *teams;
    member *members;
    atomic_int broken;
    atomic_long canceled, selected, kept;
    atomic_int still_running; /* teams */
} prog;

static void broken(const char *rule, long a, long b) {
    if (atomic_fetch_add(&prog.broken, 1) < 5)
        fprintf(stderr, "broken: %s (%ld, %ld)\n", rule, a, b);
}

/* --- values */

static value next_value(member *m) {
    value v = {m->next, ~m->next};
    return v;
}

/* The send of the member's next value ended with rc. */
static void sent(member *m, int rc) {
    if (rc == 0)
        atomic_store(&prog.ledger[m->next].handed, 1);
    else
        atomic_fetch_add(&prog.kept, 1);
    m->next++;
}

static int known(const value *v) {
    if (v->id < prog.ids && v->echo == ~v->id) return 1;
    broken("a value that nobody sent", v->id, v->echo);
    return 0;
}

static void got(member *m, int ch, const value *v) {
    if (!known(v)) return;
    uint32_t *last = &m->last[ch][v->id / (uint32_t)prog.size.ops];
    atomic_fetch_add(&prog.ledger[v->id].received, 1);
    if (v->id < *last) broken("values of one sender out of order", v->id, *last - 1);
    *last = v->id + 1;
}

static void drop(void *p) {
    const value *v = p;
    if (known(v)) atomic_fetch_add(&prog.ledger[v->id].dropped, 1);
}

/* --- operations: each returns 0, or the error that ends the member */

static int gone(int rc) { return rc == SN_ECANCELED || rc == SN_ETIMEDOUT; }

/* `before` is what sn_canceled said just before a parking call that returned rc. */
static void check_cancel(int before, int rc) {
    if (before && !gone(rc)) broken("a parking call went on in a cancelled scope", before, rc);
    if (gone(rc)) atomic_fetch_add(&prog.canceled, 1);
}

static int op_send(member *m) {
    value v = next_value(m);
    int ch = (int)pick(&m->rng, (unsigned)prog.size.channels), before = sn_canceled();
    int rc = sn_send(&prog.ch[ch], &v);
    check_cancel(before, rc);
    sent(m, rc);
    if (rc && !gone(rc)) broken("send returned", ch, rc);
    return rc;
}

static int op_recv(member *m) {
    value v = {0, 0};
    int ch = (int)pick(&m->rng, (unsigned)prog.size.channels), before = sn_canceled();
    int rc = sn_recv(&prog.ch[ch], &v);
    check_cancel(before, rc);
    if (rc == 0) got(m, ch, &v);
    if (rc && !gone(rc)) broken("recv returned", ch, rc);
    if (rc && v.echo) broken("recv failed but wrote", v.id, rc);
    return rc;
}

static int op_recv_nothing(member *m) {
    int ch = (int)pick(&m->rng, (unsigned)prog.size.channels), before = sn_canceled();
    int rc = sn_recv(&prog.ch[ch], NULL);
    check_cancel(before, rc);
    return rc;
}

static int op_try(member *m) {
    int ch = (int)pick(&m->rng, (unsigned)prog.size.channels), rc;
    value v = next_value(m);
    if (pick(&m->rng, 2)) {
        rc = sn_try_send(&prog.ch[ch], &v);
        sent(m, rc);
    } else {
        rc = sn_try_recv(&prog.ch[ch], &v);
        if (rc == 0) got(m, ch, &v);
    }
    if (rc && rc != SN_EAGAIN) broken("a try returned", ch, rc);
    return 0;
}

static int op_select(member *m) {
    value out = next_value(m), in[4];
    int ch[4], n = 1 + (int)pick(&m->rng, 4), before = sn_canceled(), err = 0, sends = 0;
    sn_case k[4];
    for (int i = 0; i < n; i++) {
        ch[i] = (int)pick(&m->rng, (unsigned)prog.size.channels);
        int tx = (int)pick(&m->rng, 2);
        k[i] = tx ? sn_tx(&prog.ch[ch[i]], &out) : sn_rx(&prog.ch[ch[i]], &in[i], &err);
        sends |= tx;
    }
    unsigned wait = pick(&m->rng, 4);
    sn_time until = wait == 0 ? 0 : wait == 1 ? sn_now() + pick(&m->rng, 100000) : SN_NEVER;
    int at = sn_selectv(k, (size_t)n, until);
    atomic_fetch_add(&prog.selected, at >= 0);
    if (before || until == SN_NEVER) check_cancel(before, at < 0 ? at : 0);
    if (at < 0 && !gone(at)) broken("select returned", n, at);
    if (at >= n) broken("select chose a case that is not there", at, n);
    if (at >= 0 && !k[at].op) {
        if (err) broken("select received the end of an open channel", ch[at], err);
        got(m, ch[at], &in[at]);
    }
    if (sends) sent(m, at >= 0 && k[at].op ? 0 : SN_EAGAIN);
    return at < 0 ? sn_canceled() : 0;
}

/* Shielded, a deadline of its own is all that ends the wait. */
static int op_shielded(member *m) {
    value in;
    int ch = (int)pick(&m->rng, (unsigned)prog.size.channels), err = 0;
    uint32_t was = sn_shield(1);
    if (sn_canceled()) broken("cancelled under a shield", sn_canceled(), 0);
    int at = sn_select(sn_now() + pick(&m->rng, 50000), sn_rx(&prog.ch[ch], &in, &err));
    if (at == 0 && !err) got(m, ch, &in);
    if (at == SN_ECANCELED) broken("a cancel came through a shield", ch, at);
    sn_shield(was);
    return 0;
}

static int op_pause(member *m) {
    int before = sn_canceled();
    int rc = pick(&m->rng, 2) ? sn_yield() : sn_sleep(pick(&m->rng, 20000));
    check_cancel(before, rc);
    return rc;
}

static int op_any(member *m);

static int inner(void *arg) {
    member *m = arg;
    for (int i = 0; i < 3 && m->next < m->end; i++) {
        if (op_any(m)) break;
    }
    return 0;
}

/* A scope inside the team's: only its own coroutine uses the member meanwhile. */
static int op_nested(member *m) {
    sn_scope s;
    int before = sn_canceled();
    sn_scope_enter(&s, sn_now() + 1000 + pick(&m->rng, 200000));
    int rc = sn_go(inner, m, 0);
    if (before && rc == 0) broken("started in a cancelled scope", before, 0);
    int end = sn_scope_leave(&s);
    if (end && !gone(end) && end != SN_EIO) broken("leave of an inner scope returned", end, 0);
    return sn_canceled();
}

static int op_any(member *m) {
    static int (*const ops[])(member *) = {op_send,   op_send,   op_recv,         op_recv,
                                           op_try,    op_select, op_select,       op_select,
                                           op_nested, op_pause,  op_recv_nothing, op_shielded};
    return ops[pick(&m->rng, sizeof ops / sizeof *ops)](m);
}

/* A cancelled member goes on for a few operations: they must all see the cancel at once. */
static int work(void *arg) {
    member *m = arg;
    int after = 3;
    while (m->next < m->end) {
        if (op_any(m) && after-- == 0) break;
        if (pick(&m->rng, 200) == 0) {
            atomic_store(&m->team->failed, 1);
            return SN_EIO;
        }
        if (pick(&m->rng, 20) == 0) m->next++; /* programs that only receive end too */
    }
    return 0;
}

/* --- teams */

static int lead(void *arg) {
    team *t = arg;
    uint64_t rng = (uint64_t)t->index * 77 + prog.seed;
    int n = prog.size.members;
    sn_scope_enter(&t->scope, sn_now() + 10000 + pick(&rng, 3000000));
    sn_lock(&t->lock);
    t->open = 1;
    sn_unlock(&t->lock);
    for (int i = 0; i < n; i++) {
        member *m = &prog.members[t->index * n + i];
        m->team = t;
        int rc = sn_go(work, m, 0);
        if (rc && !gone(rc)) broken("go returned", rc, 0);
        if (rc) break;
    }
    if (pick(&rng, 3) == 0) (void)!sn_sleep(pick(&rng, 1000000));
    sn_lock(&t->lock);
    t->open = 0;
    sn_unlock(&t->lock);
    int rc = sn_scope_leave(&t->scope);
    if (rc == 0 && (t->told || atomic_load(&t->failed))) {
        broken("a scope that was cancelled or failed left with 0", t->told, t->failed);
    }
    if (rc && rc != SN_EIO && !gone(rc)) broken("leave returned", rc, 0);
    atomic_fetch_sub(&prog.still_running, 1);
    return 0;
}

static int cancel_now_and_then(void *arg) {
    uint64_t rng = prog.seed ^ 0xCA9CE1;
    (void)arg;
    while (atomic_load(&prog.still_running) > 0) {
        team *t = &prog.teams[pick(&rng, (unsigned)prog.size.teams)];
        int rc = pick(&rng, 2) ? sn_yield() : sn_sleep(pick(&rng, 1000000));
        if (rc) return rc;
        sn_lock(&t->lock);
        if (t->open && pick(&rng, 2)) {
            sn_scope_cancel(&t->scope, pick(&rng, 2) ? SN_ECANCELED : SN_EIO);
            t->told = 1;
        }
        sn_unlock(&t->lock);
    }
    return 0;
}

/* Reads all channels until each is closed. */
static int read_all(void *arg) {
    member *m = arg;
    sn_chan *ch[PROGRAM_CHANNELS];
    int left = prog.size.channels, n = left;
    for (int i = 0; i < n; i++) ch[i] = &prog.ch[i];
    while (left > 0) {
        value in;
        sn_case k[PROGRAM_CHANNELS];
        int err = 0;
        for (int i = 0; i < n; i++) k[i] = sn_rx(ch[i], &in, &err);
        int at = sn_selectv(k, (size_t)n, SN_NEVER);
        if (at < 0) return at;
        if (err) {
            ch[at] = NULL;
            left--;
        } else {
            got(m, at, &in);
        }
    }
    return 0;
}

/* --- the whole */

static void set_up(uint64_t *rng, const program_size *size) {
    int all = size->teams * size->members;
    memset(&prog, 0, sizeof prog);
    MUST(all + size->readers <= PROGRAM_MEMBERS && size->channels <= PROGRAM_CHANNELS);
    prog.size = *size;
    prog.seed = *rng;
    prog.ids = (uint32_t)(all * size->ops);
    prog.ledger = calloc(prog.ids, sizeof *prog.ledger);
    prog.teams = calloc((size_t)size->teams, sizeof *prog.teams);
    prog.members = calloc((size_t)(all + size->readers), sizeof *prog.members);
    MUST(prog.ledger && prog.teams && prog.members);
    for (int i = 0; i < size->channels; i++) {
        MUST(sn_chan_init(&prog.ch[i], sizeof(value), pick(rng, 4), NULL, drop) == 0);
    }
    for (int i = 0; i < all + size->readers; i++) {
        member *m = &prog.members[i];
        m->rng = draw(rng);
        m->next = (uint32_t)(i * size->ops);
        m->end = m->next + (uint32_t)size->ops;
    }
    for (int i = 0; i < size->teams; i++) prog.teams[i].index = i;
    atomic_store(&prog.still_running, size->teams);
}

static void act(void) {
    sn_scope all, readers;
    int first = prog.size.teams * prog.size.members;
    sn_scope_enter(&readers, SN_NEVER);
    for (int i = 0; i < prog.size.readers; i++) GO(read_all, &prog.members[first + i]);
    sn_scope_enter(&all, SN_NEVER);
    for (int i = 0; i < prog.size.teams; i++) GO(lead, &prog.teams[i]);
    GO(cancel_now_and_then, NULL);
    int rc = sn_scope_leave(&all);
    if (rc) broken("the outer scope failed", rc, 0);
    for (int i = 0; i < prog.size.channels; i++) sn_chan_close(&prog.ch[i]);
    rc = sn_scope_leave(&readers);
    if (rc) broken("the readers failed", rc, 0);
    for (int i = 0; i < prog.size.channels; i++) sn_chan_free(&prog.ch[i]);
}

static void judge(program_tally *t) {
    for (uint32_t id = 0; id < prog.ids; id++) {
        const entry *e = &prog.ledger[id];
        int there = atomic_load(&e->received) + atomic_load(&e->dropped);
        if (atomic_load(&e->handed) && there == 0) broken("a value is lost", id, there);
        if (atomic_load(&e->handed) && there > 1) broken("a value arrived twice", id, there);
        if (!atomic_load(&e->handed) && there) broken("a value its sender kept arrived", id, there);
        t->handed += atomic_load(&e->handed);
        t->received += atomic_load(&e->received);
        t->dropped += atomic_load(&e->dropped);
    }
    t->kept += atomic_load(&prog.kept);
    t->canceled += atomic_load(&prog.canceled);
    t->selected += atomic_load(&prog.selected);
}

int program_run(uint64_t seed, const program_size *size, program_tally *tally) {
    uint64_t rng = seed;
    set_up(&rng, size);
    act();
    judge(tally);
    free(prog.ledger);
    free(prog.teams);
    free(prog.members);
    return atomic_load(&prog.broken);
}
