/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * The campaign: clients add numbers while the scenario file's faults come. Each number is tried
 * until two nodes have acknowledged it. Afterwards every node must have every number: nothing
 * acknowledged was lost, and all have caught up.
 */
#include <sennit/scenario.h>
#include <sennit/sennit.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "replica.h"

int replica_scenario(void *arg);

typedef struct campaign {
    sn_host *nodes[REPLICA_NODES];
    uint8_t seen[REPLICA_NODES][REPLICA_MAX];
    uint8_t acked[REPLICA_MAX];
    unsigned numbers, clients, quorum;
    sn_time pace;
} campaign;

static campaign *the; /* of the run; set by the test before its hosts start */

/* ---- clients ---- */

typedef struct asked {
    unsigned number;
    bool ok;
} asked;

static int is_ok(void *arg, const char *line) {
    asked *a = arg;
    unsigned number;
    a->ok = sscanf(line, "ok %u", &number) == 1 && number == a->number;
    return 1;
}

/** Tries the nodes in turn until as many have it as make a quorum. Parks. */
static int add_one(unsigned number) {
    uint32_t kept = 0;
    for (uint32_t i = number;; i++) {
        char line[32];
        asked a = {.number = number};
        uint32_t node = i % REPLICA_NODES;
        snprintf(line, sizeof line, "add %u\n", number);
        int rc = replica_ask(replica_names[node], line, is_ok, &a);
        if (a.ok) kept |= 1u << node;
        if (the->quorum == 1 ? kept : kept & (kept - 1)) return 0;
        rc = rc >= 0 && a.ok ? sn_canceled() : sn_sleep(100 * SN_MILLISECOND);
        if (rc) return rc;
    }
}

static int client(void *arg) {
    unsigned first = *(unsigned *)arg;
    for (unsigned n = first; n < the->numbers; n += the->clients) {
        int rc = add_one(n);
        if (rc) return rc;
        the->acked[n] = 1;
        rc = sn_sleep(the->pace);
        if (rc) return rc;
    }
    return 0;
}

static int clients(void *arg) {
    sn_scope s;
    int rc = 0;
    (void)arg;
    sn_scope_enter(&s, SN_NEVER);
    for (unsigned i = 0; i < the->clients && rc == 0; i++) rc = sn_go(client, &i, sizeof i);
    int left = sn_scope_leave(&s);
    return rc ? rc : left;
}

/* ---- nodes ---- */

/** What systemd is elsewhere: starts a node again that has ended by itself. One that a fault has
 *  stopped is the fault's to start. */
static int supervise(void *arg) {
    sn_host *h = *(sn_host **)arg;
    for (;;) {
        int why = 0, rc = sn_host_wait(h, &why);
        if (rc == 0) rc = sn_sleep(SN_SECOND);
        if (rc) return rc;
        if (why == SN_ECANCELED || sn_host_up(h)) continue;
        sn_sim_note("replica.again", (uint64_t)(int64_t)why, 0);
        rc = sn_host_restart(h);
        if (rc) return rc;
    }
}

static int start_nodes(campaign *c) {
    static const char *const addrs[] = {"10.0.0.1", "10.0.0.2", "10.0.0.3"};
    const sn_link lan = {.size = sizeof lan, .latency = SN_MILLISECOND, .jitter = SN_MILLISECOND};
    const sn_disk disk = {.size = sizeof disk, .sync = 2 * SN_MILLISECOND};
    int rc = sn_sim_link("*", "*", &lan);
    for (uint32_t i = 0; i < REPLICA_NODES && rc == 0; i++) {
        replica_conf conf = {i, c->seen[i], (uint32_t)sn_param_int("ack_first", 0)};
        rc = sn_host_new(&c->nodes[i], replica_names[i], addrs[i]);
        if (rc == 0) rc = sn_host_disk(c->nodes[i], &disk);
        if (rc == 0) rc = sn_host_start(c->nodes[i], replica_node, &conf, sizeof conf);
        if (rc == 0) rc = sn_go(supervise, &c->nodes[i], sizeof c->nodes[i]);
    }
    return rc;
}

/* ---- the test ---- */

static int under_faults(sn_host *field) {
    sn_scope s;
    sn_scope_enter(&s, SN_NEVER);
    int rc = sn_faults_start();
    if (rc) sn_scope_cancel(&s, rc);
    int left = sn_scope_leave(&s); /* when the last fault is over */
    return rc ? rc : left ? left : sn_host_wait(field, NULL);
}

static void check(const campaign *c) {
    for (unsigned n = 0; n < c->numbers; n++) {
        if (!c->acked[n]) sn_sim_fail("number %u was never acknowledged", n);
        for (int i = 0; i < REPLICA_NODES; i++) {
            if (c->seen[i][n]) continue;
            sn_sim_fail("number %u was acknowledged, and %s does not have it", n, replica_names[i]);
        }
    }
}

static int campaign_run(campaign *c) {
    sn_host *field;
    sn_scope s;
    sn_scope_enter(&s, SN_NEVER);
    int rc = start_nodes(c);
    if (rc == 0) rc = sn_host_new(&field, "field", "10.1.0.1");
    if (rc == 0) rc = sn_host_start(field, clients, NULL, 0);
    if (rc == 0) rc = under_faults(field);
    if (rc == 0) rc = sn_sleep(10 * SN_SECOND); /* to catch up */
    if (rc == 0) check(c);
    sn_scope_cancel(&s, SN_ECANCELED);
    int left = sn_scope_leave(&s);
    for (int i = 0; i < REPLICA_NODES; i++) sn_host_stop(c->nodes[i], SN_STOP_PROCESS);
    return rc ? rc : left == SN_ECANCELED ? 0 : left;
}

int replica_scenario(void *arg) {
    static campaign c;
    (void)arg;
    memset(&c, 0, sizeof c);
    c.numbers = (unsigned)sn_param_int("numbers", 200);
    c.clients = (unsigned)sn_param_int("clients", 4);
    c.quorum = (unsigned)sn_param_int("quorum", 2);
    c.pace = sn_param_time("pace", SN_SECOND);
    if (c.numbers > REPLICA_MAX || c.clients == 0 || c.quorum - 1 > 1) return SN_EINVAL;
    the = &c;
    return campaign_run(&c);
}
