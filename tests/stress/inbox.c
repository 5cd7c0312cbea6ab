/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Who is woken from outside runs on the P that idles, though the only M that was awake computes and
 * nobody sleeps in the poller any more: told by whoever woke it, not found by a look of the monitor
 * that comes by now and then. */
#include "stress.h"

#include <pthread.h>
#include <sennit/ring.h>

#include "sched/smp/smp.h"

enum { ROUNDS = 40, SLOTS = 4 };

static sn_ring ring;
static char slots[SLOTS];
static atomic_int computing, got;

/* Its M has slept in the poller, and leaves it to run it. */
static int compute_until_got(void *arg) {
    (void)arg;
    for (int i = 0; i < ROUNDS; i++) {
        CHECK_INT(sn_sleep(SN_MILLISECOND), 0);
        atomic_store(&computing, i + 1);
        while (atomic_load(&got) <= i) {
        }
    }
    return 0;
}

static void *put_all(void *arg) {
    (void)arg;
    for (int i = 0; i < ROUNDS; i++) {
        while (atomic_load(&computing) <= i) sched_yield();
        size_t n = 1;
        char *room = sn_ring_reserve(&ring, &n);
        MUST(room != NULL);
        *room = 'x';
        sn_ring_commit(&ring, 1);
    }
    return NULL;
}

static int get_all(void *arg) {
    pthread_t t;
    sn_scope s;
    (void)arg;
    MUST(sn_ring_init(&ring, slots, 1, SLOTS) == 0);
    MUST(pthread_create(&t, NULL, put_all, NULL) == 0);
    sn_scope_enter(&s, SN_NEVER);
    GO(compute_until_got, NULL);
    for (int i = 0; i < ROUNDS; i++) {
        size_t n = 0;
        CHECK_INT(sn_ring_wait(&ring, SN_NEVER), 0);
        MUST(sn_ring_peek(&ring, &n) != NULL);
        sn_ring_release(&ring, 1);
        atomic_store(&got, i + 1);
    }
    CHECK_INT(sn_scope_leave(&s), 0);
    CHECK_INT(pthread_join(t, NULL), 0);
    CHECK(atomic_load(&sn__rt.rescues) * 4 < ROUNDS);
    return 0;
}

/* Told of somebody who had been found already, the monitor listens again from its next look on. */
static int told_in_vain(void *arg) {
    (void)arg;
    sn__monitor_poke();
    for (int i = 0; i < 60000 && atomic_load(&sn__rt.poked); i++)
        CHECK_INT(sn_sleep(SN_MILLISECOND), 0);
    CHECK_INT(atomic_load(&sn__rt.poked), 0);
    return 0;
}

static void it_listens_again(void) {
    sn_attr attr = {.size = sizeof attr, .procs = 2};
    CHECK_INT(sn_run(told_in_vain, NULL, &attr), 0);
}

static void the_idle_one_is_told(void) {
    sn_attr attr = {.size = sizeof attr, .procs = 2};
    CHECK_INT(sn_run(get_all, NULL, &attr), 0);
}

int main(void) {
    alarm(250);
    CASE(it_listens_again);
    CASE(the_idle_one_is_told);
    return check_done();
}
