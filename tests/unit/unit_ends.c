/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Threads of the program's own that call in while runs begin and end. */
#include "check.h"

#include <pthread.h>
#include <sennit/sennit.h>
#include <stdatomic.h>
#include <unistd.h>

#include "sched/smp/smp.h"

enum { RUNS = 300, PATIENCE_MS = 50 };

static atomic_bool over;
static atomic_long met[3];

static int nothing(void *arg) {
    (void)arg;
    return 0;
}

static void *starts(void *arg) {
    (void)arg;
    while (!atomic_load(&over)) {
        int rc = sn_go_root(nothing, NULL, 0);
        CHECK(rc == 0 || rc == SN_EPERM || rc == SN_ECANCELED);
        atomic_fetch_add(&met[0], rc == 0);
        usleep(1);
    }
    return NULL;
}

static void *changes(void *arg) {
    (void)arg;
    for (uint32_t n = 0; !atomic_load(&over); n++) {
        int rc = sn_set_procs(1 + n % 4);
        CHECK(rc == 0 || rc == SN_EPERM);
        atomic_fetch_add(&met[1], rc == 0);
        usleep(1);
    }
    return NULL;
}

static void *asks(void *arg) {
    (void)arg;
    while (!atomic_load(&over)) {
        sn_stats st = {.size = sizeof st};
        sn_get_stats(&st);
        CHECK(st.procs <= 4 && st.live <= st.spawned);
        atomic_fetch_add(&met[2], st.procs > 0);
        usleep(1);
    }
    return NULL;
}

static int sleeps(void *arg) {
    (void)arg;
    return sn_sleep(100 * SN_MICROSECOND);
}

static int sleeps_till_met(void *arg) {
    (void)arg;
    for (int i = 0; i < 3; i++)
        while (!atomic_load(&met[i])) CHECK_INT(sn_sleep(SN_MILLISECOND), 0);
    return 0;
}

static void while_runs_come_and_go(void) {
    void *(*const f[])(void *) = {starts, changes, asks};
    sn_attr attr = {.size = sizeof attr, .procs = 2};
    pthread_t t[3];
    for (int i = 0; i < 3; i++) MUST(pthread_create(&t[i], NULL, f[i], NULL) == 0);
    for (int i = 0; i < RUNS; i++) CHECK_INT(sn_run(sleeps, NULL, &attr), 0);
    CHECK_INT(sn_run(sleeps_till_met, NULL, &attr), 0);
    atomic_store(&over, true);
    for (int i = 0; i < 3; i++) CHECK_INT(pthread_join(t[i], NULL), 0);
}

/* --- The last that a thread does for a run is to wake somebody, with whom all ends. */

static atomic_bool watched, outlived;

void __real_sn__wake_one(void);
void __wrap_sn__wake_one(void);
/* Who it has woken is in the queue already: so long its waker takes to come on. */
void __wrap_sn__wake_one(void) {
    if (!sn__tls_get() && atomic_load(&watched))
        for (int i = 0; i < PATIENCE_MS && atomic_load(&sn__rt.running); i++) usleep(1000);
    if (!atomic_load(&sn__rt.running))
        atomic_store(&outlived, true);
    else
        __real_sn__wake_one();
}

static sn_chan c;

static void *sends(void *arg) {
    (void)arg;
    char x = 'x';
    CHECK_INT(sn_send(&c, &x), 0);
    return NULL;
}

static int yields(void *arg) {
    (void)arg;
    while (!sn_yield()) continue;
    return 0;
}

static int ends_with_it(void *t) {
    char x;
    MUST(sn_go(yields, NULL, 0) == 0); /* its M comes by the queue, untold */
    MUST(sn_yield() == 0);
    atomic_store(&watched, true);
    MUST(pthread_create(t, NULL, sends, NULL) == 0);
    CHECK_INT(sn_recv(&c, &x), 0);
    return 0;
}

static void not_before_the_waker_is_through(void) {
    pthread_t t;
    sn_attr attr = {.size = sizeof attr, .procs = 2};
    MUST(sn_chan_init(&c, 1, 0, NULL, NULL) == 0);
    CHECK_INT(sn_run(ends_with_it, &t, &attr), 0);
    CHECK_INT(pthread_join(t, NULL), 0);
    CHECK(!atomic_load(&outlived));
    sn_chan_free(&c);
}

/* --- A thread that calls in as it ends, when what it was to us has gone to another thread. */

static sn_local own = SN_LOCAL(NULL);
static pthread_key_t late;
static sn_sem posts[2];
static atomic_bool is_late;

static void waits_late(void *sem) {
    atomic_store(&is_late, true);
    CHECK_INT(sn_sem_wait(sem, sn_now() + 20 * SN_SECOND), 0);
}

static void *ends(void *sem) {
    CHECK(sn_local_get(&own) == NULL);
    CHECK_INT(pthread_setspecific(late, sem), 0);
    return NULL;
}

static void *waits(void *sem) {
    CHECK_INT(sn_sem_wait(sem, sn_now() + 20 * SN_SECOND), 0);
    return NULL;
}

static void each_is_one(void) {
    pthread_t t[2];
    CHECK(sn_local_get(&own) == NULL); /* so that our own key comes first */
    MUST(pthread_key_create(&late, waits_late) == 0);
    MUST(pthread_create(&t[0], NULL, ends, &posts[0]) == 0);
    while (!atomic_load(&is_late)) usleep(1000);
    usleep(20000); /* it waits by now, most likely; and so does the other */
    MUST(pthread_create(&t[1], NULL, waits, &posts[1]) == 0);
    usleep(20000);
    for (int i = 0; i < 2; i++) sn_sem_post(&posts[i]);
    for (int i = 0; i < 2; i++) CHECK_INT(pthread_join(t[i], NULL), 0);
}

int main(void) {
    CASE(each_is_one);
    CASE(while_runs_come_and_go);
    CASE(not_before_the_waker_is_through);
    return check_done();
}
