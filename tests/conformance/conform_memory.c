/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Go's memory model: what one coroutine wrote and another must see. The data are plain
 * variables on purpose: on threads ThreadSanitizer checks the order, everywhere the values do. */
#include "world.h"

enum { TIMES = 10 };

typedef struct shared {
    sn_chan c, d;
    sn_mutex m;
    sn_cond cond;
    sn_sem sem;
    sn_wg wg;
    sn_once once;
    long data, other;
    int flag, inside, most;
} shared;

static shared *fresh(size_t cap) {
    shared *x = calloc(1, sizeof *x);
    MUST(x && sn_chan_init(&x->c, sizeof(int), cap, NULL, NULL) == 0 &&
         sn_chan_init(&x->d, sizeof(int), cap, NULL, NULL) == 0);
    return x;
}
static void done(shared *x) {
    sn_chan_free(&x->c);
    sn_chan_free(&x->d);
    free(x);
}

/* --- go and scopes */

static int check_data(void *arg) {
    shared *x = arg;
    CHECK_INT(x->data, 11);
    x->data = 12;
    return 0;
}

static int go_statement(void *arg) {
    (void)arg;
    for (int i = 0; i < TIMES; i++) {
        shared *x = fresh(0);
        sn_scope s;
        sn_scope_enter(&s, SN_NEVER);
        x->data = 11;
        GO(check_data, x);
        CHECK_INT(sn_scope_leave(&s), 0);
        CHECK_INT(x->data, 12);
        done(x);
    }
    return 0;
}

/* --- channels */

static int write_then_send(void *arg) {
    shared *x = arg;
    int v = 0;
    x->data = 21;
    CHECK_INT(sn_send(&x->c, &v), 0);
    return 0;
}

static int send_before_receive(void *arg) {
    (void)arg;
    for (size_t cap = 0; cap < 3; cap++) {
        shared *x = fresh(cap);
        sn_scope s;
        sn_scope_enter(&s, SN_NEVER);
        GO(write_then_send, x);
        CHECK_INT(sn_recv(&x->c, NULL), 0);
        CHECK_INT(x->data, 21);
        CHECK_INT(sn_scope_leave(&s), 0);
        done(x);
    }
    return 0;
}

static int write_then_close(void *arg) {
    shared *x = arg;
    x->data = 31;
    sn_chan_close(&x->c);
    return 0;
}

static int close_before_receive(void *arg) {
    (void)arg;
    for (size_t cap = 0; cap < 2; cap++) {
        shared *x = fresh(cap);
        sn_scope s;
        sn_scope_enter(&s, SN_NEVER);
        GO(write_then_close, x);
        CHECK_INT(sn_recv(&x->c, NULL), SN_ECLOSED);
        CHECK_INT(x->data, 31);
        CHECK_INT(sn_scope_leave(&s), 0);
        done(x);
    }
    return 0;
}

static int write_then_receive(void *arg) {
    shared *x = arg;
    x->data = 41;
    CHECK_INT(sn_recv(&x->c, NULL), 0);
    return 0;
}

static int receive_before_send_done(void *arg) {
    (void)arg;
    for (int i = 0; i < TIMES; i++) {
        shared *x = fresh(0);
        sn_scope s;
        int v = 0;
        sn_scope_enter(&s, SN_NEVER);
        GO(write_then_receive, x);
        CHECK_INT(sn_send(&x->c, &v), 0);
        CHECK_INT(x->data, 41);
        CHECK_INT(sn_scope_leave(&s), 0);
        done(x);
    }
    return 0;
}

/* A channel of capacity C as a limit: send to come in, receive to go out. The k-th receive is
 * before the (k+C)-th send, so C is the most that are inside and, with C = 1, it is a lock. */
static int come_and_go(void *arg) {
    shared *x = arg;
    int v = 0;
    for (int i = 0; i < TIMES; i++) {
        CHECK_INT(sn_send(&x->c, &v), 0);
        sn_lock(&x->m);
        if (++x->inside > x->most) x->most = x->inside;
        sn_unlock(&x->m);
        CHECK_INT(sn_yield(), 0);
        sn_lock(&x->m);
        x->inside--;
        sn_unlock(&x->m);
        CHECK_INT(sn_recv(&x->c, NULL), 0);
    }
    return 0;
}

static int capacity_limits(void *arg) {
    (void)arg;
    for (size_t cap = 1; cap < 4; cap++) {
        shared *x = fresh(cap);
        sn_scope s;
        sn_scope_enter(&s, SN_NEVER);
        for (int i = 0; i < 6; i++) GO(come_and_go, x);
        CHECK_INT(sn_scope_leave(&s), 0);
        CHECK(x->most >= 1 && x->most <= (int)cap);
        CHECK_INT(x->inside, 0);
        done(x);
    }
    return 0;
}

static int count_inside(void *arg) {
    shared *x = arg;
    int v = 0;
    for (int i = 0; i < TIMES; i++) {
        CHECK_INT(sn_send(&x->c, &v), 0);
        long was = x->data;
        CHECK_INT(sn_yield(), 0);
        x->data = was + 1;
        CHECK_INT(sn_recv(&x->c, NULL), 0);
    }
    return 0;
}

static int one_slot_is_a_lock(void *arg) {
    shared *x = fresh(1);
    sn_scope s;
    (void)arg;
    sn_scope_enter(&s, SN_NEVER);
    for (int i = 0; i < 5; i++) GO(count_inside, x);
    CHECK_INT(sn_scope_leave(&s), 0);
    CHECK_INT(x->data, 5 * TIMES);
    done(x);
    return 0;
}

static int select_and_reply(void *arg) {
    shared *x = arg;
    int v = 0;
    int k = sn_select(SN_NEVER, sn_rx(&x->c, NULL, NULL), sn_rx(NULL, &v, NULL));
    CHECK_INT(k, 0);
    CHECK_INT(x->data, 51);
    x->other = 52;
    CHECK_INT(sn_select(SN_NEVER, sn_tx(&x->d, &v), sn_rx(NULL, &v, NULL)), 0);
    return 0;
}

static int through_select(void *arg) {
    (void)arg;
    for (size_t cap = 0; cap < 2; cap++) {
        shared *x = fresh(cap);
        sn_scope s;
        int v = 0;
        sn_scope_enter(&s, SN_NEVER);
        GO(select_and_reply, x);
        x->data = 51;
        CHECK_INT(sn_select(SN_NEVER, sn_tx(&x->c, &v)), 0);
        CHECK_INT(sn_recv(&x->d, NULL), 0);
        CHECK_INT(x->other, 52);
        CHECK_INT(sn_scope_leave(&s), 0);
        done(x);
    }
    return 0;
}

/* --- locks */

static int lock_and_count(void *arg) {
    shared *x = arg;
    for (int i = 0; i < TIMES; i++) {
        if (i & 1) {
            while (!sn_trylock(&x->m)) CHECK_INT(sn_yield(), 0);
        } else {
            sn_lock(&x->m);
        }
        long was = x->data;
        if (i % 3 == 0) CHECK_INT(sn_yield(), 0);
        x->data = was + 1;
        sn_unlock(&x->m);
    }
    return 0;
}

static int unlock_before_lock(void *arg) {
    shared *x = fresh(0);
    sn_scope s;
    (void)arg;
    sn_scope_enter(&s, SN_NEVER);
    for (int i = 0; i < 5; i++) GO(lock_and_count, x);
    CHECK_INT(sn_scope_leave(&s), 0);
    CHECK_INT(x->data, 5 * TIMES);
    done(x);
    return 0;
}

static void set_up(void *arg) {
    shared *x = arg;
    CHECK_INT(x->flag, 0);
    CHECK_INT(sn_yield(), 0);
    x->data = 61;
    x->flag = 1;
}

static int need_set_up(void *arg) {
    shared *x = arg;
    sn_once_do(&x->once, set_up, x);
    CHECK_INT(x->data, 61);
    return 0;
}

static int once_before_return(void *arg) {
    shared *x = fresh(0);
    sn_scope s;
    (void)arg;
    sn_scope_enter(&s, SN_NEVER);
    for (int i = 0; i < 6; i++) GO(need_set_up, x);
    CHECK_INT(sn_scope_leave(&s), 0);
    sn_once_do(&x->once, set_up, x);
    done(x);
    return 0;
}

typedef struct part {
    shared *x;
    long *at;
} part;

static int fill_part(void *arg) {
    part *p = arg;
    *p->at = 71;
    sn_wg_done(&p->x->wg);
    return 0;
}

static int done_before_wait(void *arg) {
    shared *x = fresh(0);
    sn_scope s;
    long at[6] = {0};
    (void)arg;
    sn_scope_enter(&s, SN_NEVER);
    sn_wg_add(&x->wg, 6);
    for (int i = 0; i < 6; i++) {
        part p = {x, &at[i]};
        MUST(sn_go(fill_part, &p, sizeof p) == 0);
    }
    CHECK_INT(sn_wg_wait(&x->wg), 0);
    for (int i = 0; i < 6; i++) CHECK_INT(at[i], 71);
    CHECK_INT(sn_scope_leave(&s), 0);
    done(x);
    return 0;
}

static int signal_ready(void *arg) {
    shared *x = arg;
    sn_lock(&x->m);
    x->data = 81;
    x->flag = 1;
    sn_unlock(&x->m);
    sn_cond_signal(&x->cond);
    return 0;
}

static int signal_before_wait_returns(void *arg) {
    (void)arg;
    for (int i = 0; i < TIMES; i++) {
        shared *x = fresh(0);
        sn_scope s;
        sn_scope_enter(&s, SN_NEVER);
        sn_lock(&x->m);
        GO(signal_ready, x);
        while (!x->flag) CHECK_INT(sn_cond_wait(&x->cond, &x->m, SN_NEVER), 0);
        CHECK_INT(x->data, 81);
        sn_unlock(&x->m);
        CHECK_INT(sn_scope_leave(&s), 0);
        done(x);
    }
    return 0;
}

static int write_then_post(void *arg) {
    shared *x = arg;
    x->data = 91;
    sn_sem_post(&x->sem);
    return 0;
}

static int post_before_wait_returns(void *arg) {
    (void)arg;
    for (int i = 0; i < TIMES; i++) {
        shared *x = fresh(0);
        sn_scope s;
        sn_scope_enter(&s, SN_NEVER);
        GO(write_then_post, x);
        CHECK_INT(sn_sem_wait(&x->sem, SN_NEVER), 0);
        CHECK_INT(x->data, 91);
        CHECK_INT(sn_scope_leave(&s), 0);
        done(x);
    }
    return 0;
}

int main(void) {
    world_case("mem: starting is before the start; leaving a scope is after its coroutines' ends",
               go_statement, 100);
    world_case("mem: a send is before the end of its receive", send_before_receive, 500);
    world_case("mem: a close is before a receive that ends because of it", close_before_receive,
               500);
    world_case("mem: an unbuffered receive is before the end of its send", receive_before_send_done,
               200);
    world_case("mem: with capacity C the k-th receive is before the end of the (k+C)-th send",
               capacity_limits, 300);
    world_case("mem: so a channel of capacity 1 is a lock", one_slot_is_a_lock, 300);
    world_case("mem: the same holds through select", through_select, 300);
    world_case("mem: the n-th unlock is before the return of the m-th lock, m > n",
               unlock_before_lock, 300);
    world_case("mem: the once function ends before any once returns", once_before_return, 300);
    world_case("mem: done is before the return of the wait it lets through", done_before_wait, 300);
    world_case("mem: a signal is before the return of the wait it ends", signal_before_wait_returns,
               200);
    world_case("mem: a post is before the return of the wait it lets through",
               post_before_wait_returns, 200);
    return check_done();
}
