/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* What the scheduler promises to those who wait while all Ps are busy, with coroutines that never
 * have to wait, pairs that wake each other, spawners. Nothing here is measured in time. A crowd
 * counts its own steps, and the promise is broken when even the slowest of it has taken so many
 * that others should long have had their turn. A thread that the system holds up may still make it
 * look so: hence rounds, of which most must be in time. */
#include "stress.h"

#include <arpa/inet.h>
#include <pthread.h>
#include <sys/socket.h>

enum { ROUNDS = 9, TURNS = 20, CROWD_MAX = 256 };

/* --- a crowd that keeps all Ps busy until somebody has had his turns, or it is too late */

static struct {
    int members;
    long enough;         /* steps */
    atomic_int begun;    /* the members that have taken a step */
    atomic_int full;     /* … as many as they may */
    atomic_int waiting;  /* steps count from here */
    atomic_int done;     /* who waits has had his turns */
    _Atomic sn_time due; /* … and is to come from then on */
} crowd;

/* One more step of a member; false: it ends. */
static int goes_on(long *steps) {
    if (!*steps) {
        atomic_fetch_add(&crowd.begun, 1);
        ++*steps;
    }
    if (atomic_load(&crowd.waiting) && ++*steps == crowd.enough) atomic_fetch_add(&crowd.full, 1);
    return !atomic_load(&crowd.done) && atomic_load(&crowd.full) < crowd.members;
}

static unsigned procs(void) {
    sn_stats st = {.size = sizeof st};
    sn_get_stats(&st);
    return st.procs;
}

/* `each` members for each P; their steps count at once or from when somebody says so. */
static void crowd_start(sn_scope *s, sn_fn f, unsigned each, long enough, int at_once) {
    unsigned n = procs() * each;
    crowd.members = n < CROWD_MAX ? (int)n : CROWD_MAX;
    crowd.enough = enough;
    atomic_store(&crowd.begun, 0);
    atomic_store(&crowd.full, 0);
    atomic_store(&crowd.waiting, at_once);
    atomic_store(&crowd.done, 0);
    sn_scope_enter(s, SN_NEVER);
    for (int i = 0; i < crowd.members; i++) GO(f, NULL);
    while (atomic_load(&crowd.begun) < crowd.members) CHECK_INT(sn_yield(), 0);
}

/* Whether the crowd ended because somebody came in time. */
static int crowd_end(sn_scope *s) {
    CHECK_INT(sn_scope_leave(s), 0);
    CHECK(atomic_load(&crowd.done));
    return atomic_load(&crowd.full) < crowd.members;
}

static int rounds(int (*in_time)(void)) {
    int n = 0;
    for (int i = 0; i < ROUNDS; i++) n += in_time();
    CHECK(n > ROUNDS / 2);
    if (n <= ROUNDS / 2) fprintf(stderr, "in time %d times of %d\n", n, ROUNDS);
    return 0;
}

static int has_turns(void *arg) {
    (void)arg;
    atomic_store(&crowd.waiting, 1);
    for (int i = 0; i < TURNS; i++) CHECK_INT(sn_yield(), 0);
    atomic_store(&crowd.done, 1);
    return 0;
}

static int yields(void *arg) {
    long steps = 0;
    (void)arg;
    while (goes_on(&steps)) CHECK_INT(sn_yield(), 0);
    return 0;
}
enum { YIELDS = 5000 };

/* --- the budget: who never has to wait lets others run */

static int always_ready(void *arg) {
    sn_chan c;
    long steps = 0;
    (void)arg;
    MUST(sn_chan_init(&c, sizeof(int), 1, NULL, NULL) == 0);
    for (int v = 0; goes_on(&steps);) {
        CHECK_INT(sn_send(&c, &v), 0);
        CHECK_INT(sn_recv(&c, &v), 0);
    }
    sn_chan_free(&c);
    return 0;
}

static int budget_round(void) {
    sn_scope s;
    crowd_start(&s, always_ready, 1, 100000, 1);
    CHECK_INT(has_turns(NULL), 0);
    return crowd_end(&s);
}
static int budget(void *arg) { return (void)arg, rounds(budget_round); }

/* --- chains: a pair that wakes each other does not starve the ring */

static int answers(void *arg) {
    sn_chan *c = arg;
    for (int v; sn_recv(&c[0], &v) == 0;) CHECK_INT(sn_send(&c[1], &v), 0);
    return 0;
}

static int asks(void *arg) {
    sn_chan c[2];
    sn_scope s;
    long steps = 0;
    (void)arg;
    for (int i = 0; i < 2; i++) MUST(sn_chan_init(&c[i], sizeof(int), 0, NULL, NULL) == 0);
    sn_scope_enter(&s, SN_NEVER);
    GO(answers, c);
    for (int v = 0; goes_on(&steps);) {
        CHECK_INT(sn_send(&c[0], &v), 0);
        CHECK_INT(sn_recv(&c[1], &v), 0);
    }
    sn_chan_close(&c[0]);
    CHECK_INT(sn_scope_leave(&s), 0);
    for (int i = 0; i < 2; i++) sn_chan_free(&c[i]);
    return 0;
}

static int chains_round(void) {
    sn_scope s;
    crowd_start(&s, asks, 1, 20000, 1);
    CHECK_INT(has_turns(NULL), 0);
    return crowd_end(&s);
}
static int chains(void *arg) { return (void)arg, rounds(chains_round); }

/* --- the global queue, where what comes from outside waits */

static void *comes_from_outside(void *arg) {
    (void)arg;
    MUST(sn_go_root(has_turns, NULL, 0) == 0);
    atomic_store(&crowd.waiting, 1);
    return NULL;
}

static int outside_round(void) {
    pthread_t t;
    sn_scope s;
    crowd_start(&s, yields, 2, YIELDS, 0);
    MUST(pthread_create(&t, NULL, comes_from_outside, NULL) == 0);
    CHECK_INT(sn_scope_leave(&s), 0);
    int in_time = atomic_load(&crowd.full) < crowd.members;
    while (!atomic_load(&crowd.done)) CHECK_INT(sn_sleep(SN_MILLISECOND), 0);
    MUST(pthread_join(t, NULL) == 0);
    return in_time;
}
static int global_queue(void *arg) { return (void)arg, rounds(outside_round); }

/* --- timers */

static int sleeps(void *arg) {
    sn_time due = sn_now() + SN_MILLISECOND;
    (void)arg;
    atomic_store(&crowd.due, due);
    CHECK_INT(sn_sleep_until(due), 0);
    atomic_store(&crowd.done, 1);
    return 0;
}

static int yields_till_due(void *arg) {
    long steps = 0;
    (void)arg;
    while (goes_on(&steps)) {
        if (sn_now() >= atomic_load(&crowd.due)) atomic_store(&crowd.waiting, 1);
        CHECK_INT(sn_yield(), 0);
    }
    return 0;
}

static int timers_round(void) {
    sn_scope s;
    atomic_store(&crowd.due, SN_NEVER);
    crowd_start(&s, yields_till_due, 2, YIELDS, 0);
    CHECK_INT(sleeps(NULL), 0);
    return crowd_end(&s);
}
static int timers(void *arg) { return (void)arg, rounds(timers_round); }

/* --- the poller */

static int reads(void *arg) {
    sn_conn *c = *(sn_conn **)arg;
    char got = 0;
    size_t n;
    CHECK_INT(sn_read(c, &got, 1, &n), 0);
    CHECK_INT(got, 'x');
    atomic_store(&crowd.done, 1);
    return 0;
}

/* One end is ours to write to when we like, whatever the scheduler does. */
static sn_conn *connected_to(int *fd) {
    sn_listener *l;
    sn_conn *c;
    char at[64];
    MUST(sn_listen(&l, "tcp", "127.0.0.1:0") == 0);
    MUST(sn_listener_addr(l, at, sizeof at) == 0);
    struct sockaddr_in sa = {.sin_family = AF_INET};
    sa.sin_port = htons((uint16_t)atoi(strchr(at, ':') + 1));
    sa.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    *fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    MUST(*fd >= 0 && connect(*fd, (struct sockaddr *)&sa, sizeof sa) == 0);
    MUST(sn_accept(l, &c) == 0);
    sn_listener_free(l);
    return c;
}

static int poller_round(void) {
    int fd;
    sn_conn *c = connected_to(&fd);
    sn_scope s, reader;
    sn_scope_enter(&reader, SN_NEVER);
    MUST(sn_go(reads, &c, sizeof c) == 0);
    crowd_start(&s, yields, 2, YIELDS, 0);
    MUST(write(fd, "x", 1) == 1);
    atomic_store(&crowd.waiting, 1);
    int rc = sn_scope_leave(&s);
    CHECK_INT(sn_scope_leave(&reader), 0);
    sn_conn_free(c);
    close(fd);
    return rc == 0 && atomic_load(&crowd.full) < crowd.members;
}
static int poller(void *arg) { return (void)arg, rounds(poller_round); }

/* --- spawners: what they start is run before there is much more of it */

#ifdef STRESS_TSAN
enum { SPAWNED = 600, COMPANY = 2 }; /* it makes a fiber for each */
#else
enum { SPAWNED = 40000, COMPANY = 32 };
#endif
static atomic_long alive;
static long most;

static int lives(void *arg) {
    (void)arg;
    atomic_fetch_sub(&alive, 1);
    return 0;
}

static void spawn_loop(void) {
    sn_scope s;
    sn_scope_enter(&s, SN_NEVER);
    for (long i = 0; i < SPAWNED; i++) {
        long now = atomic_fetch_add(&alive, 1) + 1;
        if (now > most) most = now;
        GO(lives, NULL);
    }
    CHECK_INT(sn_scope_leave(&s), 0);
}

/* All that a budget allows, and what others may have stolen before they were held up. */
static void check_most(void) {
    long bound = 512 * ((long)procs() + 1);
    CHECK(most <= bound);
    if (most > bound) fprintf(stderr, "%ld alive at a time, of %ld\n", most, bound);
    CHECK_INT(atomic_load(&alive), 0);
}

static int spawner(void *arg) {
    (void)arg;
    most = 0;
    spawn_loop();
    check_most();
    return 0;
}

/* Others in the ring make it spill. */
static int spawner_in_company(void *arg) {
    sn_scope s;
    (void)arg;
    most = 0;
    crowd_start(&s, yields, COMPANY, YIELDS, 0);
    spawn_loop();
    check_most();
    atomic_store(&crowd.done, 1);
    return sn_scope_leave(&s);
}

/* --- those that spilled before they ran: the oldest has its turn too, however many come after it
 */

#ifdef STRESS_TSAN
enum { FAMILIES = 16, CHILDREN = 8, LONG_AFTER = 300 };
#else
enum { FAMILIES = 64, CHILDREN = 8, LONG_AFTER = 300 };
#endif
static atomic_int to_come; /* first children */

static int comes_first(void *arg) {
    (void)arg;
    if (atomic_fetch_sub(&to_come, 1) == 1) atomic_store(&crowd.done, 1);
    return 0;
}

static int has_children(void *arg) {
    long steps = 0;
    (void)arg;
    for (int i = 0; i < CHILDREN; i++) GO(comes_first, NULL);
    while (goes_on(&steps)) {
        for (int i = 0; i < CHILDREN; i++) GO(lives, NULL);
        CHECK_INT(sn_yield(), 0);
    }
    return 0;
}

static int first_children_round(void) {
    sn_scope s;
    unsigned n = procs() * FAMILIES;
    atomic_store(&to_come, (int)(n < CROWD_MAX ? n : CROWD_MAX) * CHILDREN);
    crowd_start(&s, has_children, FAMILIES, LONG_AFTER, 1);
    return crowd_end(&s);
}
static int first_children(void *arg) { return (void)arg, rounds(first_children_round); }

int main(void) {
    stress_case("budget", budget);
    stress_case("chains", chains);
    stress_case("global queue", global_queue);
    stress_case("timers", timers);
    stress_case("poller", poller);
    stress_case("spawner", spawner);
    stress_case("spawner in company", spawner_in_company);
    stress_case("first children", first_children);
    return check_done();
}
