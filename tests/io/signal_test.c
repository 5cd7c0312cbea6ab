/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Signals as values: delivered, shared, dropped when there is no room, and everything as it was
 * afterwards. */
#include "net_util.h"

#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <unistd.h>

static void nothing(int signo) { (void)signo; }

static int is_default(int signo) {
    struct sigaction sa;
    MUST(sigaction(signo, NULL, &sa) == 0);
    return sa.sa_handler == SIG_DFL;
}

NET_CASE(arrives_as_a_value) {
    sn_chan *c = sn_chan_new(sizeof(int), 4, NULL);
    int got = 0;
    MUST(c);
    CHECK_INT(sn_signal_notify(c, SIGUSR1), 0);
    CHECK_INT(sn_signal_notify(c, SIGHUP), 0);
    CHECK_INT(sn_signal_notify(c, SIGUSR1), 0); /* twice is once */
    for (int i = 0; i < 10; i++) {
        int signo = i % 2 ? SIGUSR1 : SIGHUP;
        MUST(kill(getpid(), signo) == 0);
        CHECK_INT(sn_recv(c, &got), 0);
        CHECK_INT(got, signo);
    }
    CHECK_INT(sn_try_recv(c, &got), SN_EAGAIN);
    sn_signal_stop(c);
    CHECK(is_default(SIGUSR1) && is_default(SIGHUP));
    sn_chan_free(c);
}

/* It holds a lock meanwhile, on which others would stand with their threads. */
NET_CASE(asking_lets_nobody_run) {
    sn_chan *c = sn_chan_new(sizeof(int), 1, NULL);
    MUST(c);
    sn_nopark_begin();
    int rc = sn_signal_notify(c, SIGUSR1);
    sn_nopark_end();
    CHECK_INT(rc, 0);
    sn_signal_stop(c);
    sn_chan_free(c);
}

NET_CASE(goes_to_every_channel_that_asked) {
    sn_chan *c[2];
    int got;
    for (int i = 0; i < 2; i++) {
        MUST((c[i] = sn_chan_new(sizeof(int), 2, NULL)));
        CHECK_INT(sn_signal_notify(c[i], SIGUSR2), 0);
    }
    MUST(kill(getpid(), SIGUSR2) == 0);
    for (int i = 0; i < 2; i++) {
        CHECK_INT(sn_recv(c[i], &got), 0);
        CHECK_INT(got, SIGUSR2);
    }
    sn_signal_stop(c[0]);
    CHECK(!is_default(SIGUSR2)); /* the other still wants it */
    MUST(kill(getpid(), SIGUSR2) == 0);
    CHECK_INT(sn_recv(c[1], &got), 0);
    CHECK_INT(sn_chan_len(c[0]), 0);
    sn_signal_stop(c[1]);
    sn_signal_stop(c[1]);
    sn_signal_stop(NULL);
    CHECK(is_default(SIGUSR2));
    sn_chan_free(c[0]);
    sn_chan_free(c[1]);
}

NET_CASE(a_full_channel_drops) {
    sn_chan *full = sn_chan_new(sizeof(int), 1, NULL), *probe = sn_chan_new(sizeof(int), 8, NULL);
    int got;
    MUST(full && probe);
    /* Asked first, so served last: when the probe has it, the pump is at or past the other. */
    CHECK_INT(sn_signal_notify(probe, SIGUSR1), 0);
    CHECK_INT(sn_signal_notify(full, SIGUSR1), 0);
    for (int i = 0; i < 3; i++) {
        MUST(kill(getpid(), SIGUSR1) == 0);
        CHECK_INT(sn_recv(probe, &got), 0);
    }
    sn_signal_stop(full);
    sn_signal_stop(probe);
    CHECK_INT(sn_chan_len(full), 1);
    sn_chan_free(full);
    sn_chan_free(probe);
}

NET_CASE(refuses_what_is_not_for_us) {
    const int bad[] = {0,      -1,      SIGKILL, SIGSTOP, SIGSEGV, SIGBUS, SIGFPE,
                       SIGILL, SIGTRAP, SIGABRT, SIGSYS,  SIGQUIT, 32,     65};
    sn_chan *c = sn_chan_new(sizeof(int), 1, NULL);
    MUST(c);
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        CHECK_INT(sn_signal_notify(c, bad[i]), SN_EINVAL);
    }
    CHECK_INT(sn_signal_notify(NULL, SIGUSR1), SN_EINVAL);
    sn_chan_free(c);
}

static sn_chan *left_over;

static int leaves_it_on(void *arg) {
    (void)arg;
    MUST((left_over = sn_chan_new(sizeof(int), 1, NULL)));
    CHECK_INT(sn_signal_notify(left_over, SIGUSR1), 0);
    CHECK(!is_default(SIGUSR1));
    return 0;
}

static int receives_again(void *arg) {
    int got = 0;
    (void)arg;
    CHECK_INT(sn_signal_notify(left_over, SIGUSR1), 0);
    MUST(kill(getpid(), SIGUSR1) == 0);
    CHECK_INT(sn_recv(left_over, &got), 0);
    CHECK_INT(got, SIGUSR1);
    return 0;
}

static void the_end_of_a_run_restores_all(void) {
    struct sigaction sa = {.sa_handler = nothing}, now;
    MUST(sigaction(SIGUSR1, &sa, NULL) == 0);
    CHECK_INT(sn_run(leaves_it_on, NULL, NULL), 0);
    MUST(sigaction(SIGUSR1, NULL, &now) == 0);
    CHECK(now.sa_handler == nothing);
    MUST(kill(getpid(), SIGUSR1) == 0); /* harms nobody */
    CHECK_INT(sn_run(receives_again, NULL, NULL), 0);
    sn_chan_free(left_over);
    MUST(signal(SIGUSR1, SIG_IGN) != SIG_ERR); /* one may still be on its way */
}

static void *kill_later(void *arg) {
    (void)arg;
    usleep(100000); /* long enough for the runtime to find that all are asleep */
    kill(getpid(), SIGUSR1);
    return NULL;
}

NET_CASE(waiting_for_a_signal_is_no_deadlock) {
    pthread_t t;
    int got = 0;
    sn_chan *c = sn_chan_new(sizeof(int), 1, NULL);
    MUST(c);
    CHECK_INT(sn_signal_notify(c, SIGUSR1), 0);
    MUST(pthread_create(&t, NULL, kill_later, NULL) == 0);
    CHECK_INT(sn_recv(c, &got), 0);
    CHECK_INT(got, SIGUSR1);
    MUST(pthread_join(t, NULL) == 0);
    sn_signal_stop(c);
    sn_chan_free(c);
}

static atomic_int storm_on;

static void *storm(void *arg) {
    (void)arg;
    while (atomic_load(&storm_on)) kill(getpid(), SIGUSR1);
    return NULL;
}

/* Subscriptions come and go while signals rain. */
NET_CASE(stands_a_storm) {
    pthread_t t;
    struct sigaction sa = {.sa_handler = nothing};
    MUST(sigaction(SIGUSR1, &sa, NULL) == 0);
    atomic_store(&storm_on, 1);
    MUST(pthread_create(&t, NULL, storm, NULL) == 0);
    for (int i = 0; i < 200; i++) {
        sn_chan *c = sn_chan_new(sizeof(int), 1, NULL);
        int got;
        MUST(c);
        CHECK_INT(sn_signal_notify(c, SIGUSR1), 0);
        if (i % 2) CHECK_INT(sn_recv(c, &got), 0);
        sn_signal_stop(c);
        sn_chan_free(c);
    }
    atomic_store(&storm_on, 0);
    MUST(pthread_join(t, NULL) == 0);
    MUST(signal(SIGUSR1, SIG_IGN) != SIG_ERR); /* one may still be on its way */
}

int main(void) {
    CASE(arrives_as_a_value);
    CASE(asking_lets_nobody_run);
    CASE(goes_to_every_channel_that_asked);
    CASE(a_full_channel_drops);
    CASE(refuses_what_is_not_for_us);
    CASE(the_end_of_a_run_restores_all);
    CASE(waiting_for_a_signal_is_no_deadlock);
    CASE(stands_a_storm);
    return check_done();
}
