/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Closing a channel and ranging over it, against Go's specification. What panics there stops
 * the program here, with a dump that names the coroutine: those cases run in a child. */
#include "child.h"
#include "world.h"

static int drain_then_closed(void *arg) {
    sn_chan c;
    int v;
    (void)arg;
    MUST(sn_chan_init(&c, sizeof v, 3, NULL, NULL) == 0);
    for (v = 1; v <= 3; v++) CHECK_INT(sn_send(&c, &v), 0);
    sn_chan_close(&c);
    CHECK_INT(sn_chan_len(&c), 3);
    CHECK_INT(sn_chan_cap(&c), 3);
    for (int i = 1; i <= 3; i++) {
        CHECK_INT(i & 1 ? sn_recv(&c, &v) : sn_try_recv(&c, &v), 0);
        CHECK_INT(v, i);
    }
    v = 99;
    for (int i = 0; i < 3; i++) {
        CHECK_INT(sn_recv(&c, &v), SN_ECLOSED);
        CHECK_INT(sn_try_recv(&c, &v), SN_ECLOSED);
        CHECK_INT(v, 99);
    }
    CHECK_INT(sn_chan_len(&c), 0);
    sn_chan_free(&c);
    return 0;
}

typedef struct crowd {
    sn_chan c;
    sn_wg ready;
    sn_mutex lock;
    int closed, values;
} crowd;

static int wait_for_close(void *arg) {
    crowd *w = arg;
    int v;
    sn_wg_done(&w->ready);
    int rc = sn_recv(&w->c, &v);
    CHECK_INT(rc, SN_ECLOSED);
    sn_lock(&w->lock);
    w->closed++;
    sn_unlock(&w->lock);
    return 0;
}

static int close_wakes_all(void *arg) {
    (void)arg;
    for (size_t cap = 0; cap < 2; cap++) {
        crowd w = {.closed = 0};
        sn_scope s;
        MUST(sn_chan_init(&w.c, sizeof(int), cap, NULL, NULL) == 0);
        sn_wg_add(&w.ready, 5);
        sn_scope_enter(&s, SN_NEVER);
        for (int i = 0; i < 5; i++) GO(wait_for_close, &w);
        CHECK_INT(sn_wg_wait(&w.ready), 0);
        sn_chan_close(&w.c);
        CHECK_INT(sn_scope_leave(&s), 0);
        CHECK_INT(w.closed, 5);
        sn_chan_free(&w.c);
    }
    return 0;
}

static int take_until_closed(void *arg) {
    crowd *w = arg;
    int v, mine = 0;
    while (sn_recv(&w->c, &v) == 0) mine++;
    sn_lock(&w->lock);
    w->values += mine;
    sn_unlock(&w->lock);
    return 0;
}

static int close_loses_nothing(void *arg) {
    (void)arg;
    for (size_t cap = 0; cap < 6; cap += 2) {
        crowd w = {.closed = 0};
        sn_scope s;
        MUST(sn_chan_init(&w.c, sizeof(int), cap, NULL, NULL) == 0);
        sn_scope_enter(&s, SN_NEVER);
        for (int i = 0; i < 4; i++) GO(take_until_closed, &w);
        for (int v = 0; v < 15; v++) CHECK_INT(sn_send(&w.c, &v), 0);
        sn_chan_close(&w.c);
        CHECK_INT(sn_scope_leave(&s), 0);
        CHECK_INT(w.values, 15);
        sn_chan_free(&w.c);
    }
    return 0;
}

static int produce(void *arg) {
    for (int v = 0; v < 12; v++) CHECK_INT(sn_send(arg, &v), 0);
    sn_chan_close(arg);
    return 0;
}

static int range_loop(void *arg) {
    (void)arg;
    for (size_t cap = 0; cap < 4; cap++) {
        sn_chan c;
        sn_scope s;
        int v, n = 0, rc;
        MUST(sn_chan_init(&c, sizeof v, cap, NULL, NULL) == 0);
        sn_scope_enter(&s, SN_NEVER);
        GO(produce, &c);
        while ((rc = sn_recv(&c, &v)) == 0) CHECK_INT(v, n++);
        CHECK_INT(rc, SN_ECLOSED);
        CHECK_INT(n, 12);
        CHECK_INT(sn_scope_leave(&s), 0);
        sn_chan_free(&c);
    }
    return 0;
}

static int range_nil(void *arg) {
    sn_scope s;
    int v, n = 0, rc;
    (void)arg;
    sn_scope_enter(&s, sn_now() + SN_MILLISECOND);
    while ((rc = sn_recv(NULL, &v)) == 0) n++;
    CHECK_INT(rc, SN_ETIMEDOUT);
    CHECK_INT(n, 0);
    CHECK_INT(sn_scope_leave(&s), SN_ETIMEDOUT);
    return 0;
}

/* ------------------------------------------------- what stops the program, each in a child */

static sn_chan dead;

static int die_send(void *arg) {
    int v = 1;
    (void)arg;
    sn_set_name("culprit");
    sn_chan_close(&dead);
    return sn_send(&dead, &v);
}

static int die_try_send(void *arg) {
    int v = 1;
    (void)arg;
    sn_set_name("culprit");
    sn_chan_close(&dead);
    return sn_try_send(&dead, &v);
}

static int die_close_twice(void *arg) {
    (void)arg;
    sn_set_name("culprit");
    sn_chan_close(&dead);
    sn_chan_close(&dead);
    return 0;
}

static int die_close_nil(void *arg) {
    (void)arg;
    sn_set_name("culprit");
    sn_chan_close(NULL);
    return 0;
}

static int die_select_send(void *arg) {
    int v = 1;
    (void)arg;
    sn_set_name("culprit");
    sn_chan_close(&dead);
    return sn_select(SN_NEVER, sn_tx(&dead, &v));
}

static int die_select_default(void *arg) {
    int v = 1;
    (void)arg;
    sn_set_name("culprit");
    sn_chan_close(&dead);
    return sn_select(0, sn_rx(NULL, &v, NULL), sn_tx(&dead, &v));
}

static int send_and_die(void *arg) {
    int v = 1;
    (void)arg;
    sn_set_name("culprit");
    return sn_send(&dead, &v);
}

static int select_and_die(void *arg) {
    int v = 1;
    (void)arg;
    sn_set_name("culprit");
    return sn_select(SN_NEVER, sn_rx(NULL, &v, NULL), sn_tx(&dead, &v));
}

/* To close under a sender is a race as well as fatal; here the latter is what is looked for. */
__attribute__((visibility("default"))) const char *__tsan_default_suppressions(void);
const char *__tsan_default_suppressions(void) { return "race:close_under\n"; }

/* Long enough for the other to wait in most orders; it dies in every order. */
static int close_under(sn_fn waiter) {
    sn_scope s;
    sn_scope_enter(&s, SN_NEVER);
    GO(waiter, NULL);
    CHECK_INT(sn_sleep(5 * SN_MILLISECOND), 0);
    sn_chan_close(&dead);
    return sn_scope_leave(&s);
}
static int die_waiting_send(void *arg) {
    (void)arg;
    return close_under(send_and_die);
}
static int die_waiting_select(void *arg) {
    (void)arg;
    return close_under(select_and_die);
}

static const struct {
    const char *name, *says, *what;
    sn_fn f;
} deaths[] = {
    {"send", "send on closed channel", "spec: sending on a closed channel stops the program",
     die_send},
    {"try_send", "send on closed channel", "spec: so does a send that would not wait",
     die_try_send},
    {"close_twice", "close of a closed channel", "spec: closing a closed channel stops the program",
     die_close_twice},
    {"close_nil", "close of a NULL channel", "spec: closing a nil channel stops the program",
     die_close_nil},
    {"select_send", "send on closed channel",
     "spec: a select that picks a send on a closed channel", die_select_send},
    {"select_default", "send on closed channel", "spec: the same with a default",
     die_select_default},
    {"waiting_send", "send on closed channel", "spec: a close under a waiting sender",
     die_waiting_send},
    {"waiting_select", "send on closed channel",
     "spec: a close under a waiting select that would send", die_waiting_select},
};
enum { DEATHS = sizeof deaths / sizeof *deaths };

static int run_child(const char *name) {
    for (int i = 0; i < DEATHS; i++) {
        if (strcmp(deaths[i].name, name)) continue;
        MUST(sn_chan_init(&dead, sizeof(int), 0, NULL, NULL) == 0);
        return sn_run(deaths[i].f, NULL, NULL) ? 3 : 0;
    }
    return 4;
}

int main(int argc, char **argv) {
    if (argc == 3 && !strcmp(argv[1], "child")) return run_child(argv[2]);
    world_case("spec: after a close the values sent before come first, then the end, at once",
               drain_then_closed, 100);
    world_case("spec: a close wakes every waiting receiver", close_wakes_all, 500);
    world_case("spec: values sent before a close are each received once", close_loses_nothing, 500);
    world_case("spec: range gives successive values until the close", range_loop, 500);
    world_case("spec: range over a nil channel blocks for ever", range_nil, 100);
    for (int i = 0; i < DEATHS; i++) {
        int failed = check_failed_n_;
        const char *const words[] = {deaths[i].says, "culprit", NULL};
        child_dies(deaths[i].name, words);
        if (check_failed_n_ != failed) fprintf(stderr, "     %s\n", deaths[i].what);
    }
    return check_done();
}
