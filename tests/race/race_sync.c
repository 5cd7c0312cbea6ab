/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* The memory model's statements on locks and the like, and ours on what Go does not have: scopes,
 * rings, threads, C's own atomics. */
#include "race.h"

#include <pthread.h>

/* "Call n of Unlock is synchronized before call m of Lock returns, for n < m." */
SILENT(unlock_before_lock, 0) {
    for (int i = 0; i < 20; i++) {
        sn_lock(&s->m);
        s->x++;
        CHECK_INT(sn_yield(), 0); /* others come and wait */
        sn_unlock(&s->m);
    }
}
THE_OTHER(unlock_before_lock) { unlock_before_lock_body(s); }

RACES(after_unlock_is_not_before_lock, 0) {
    sn_lock(&s->m);
    sn_unlock(&s->m);
    s->x = 1;
    let_others();
}
THE_OTHER(after_unlock_is_not_before_lock) {
    sn_lock(&s->m);
    s->x++;
    sn_unlock(&s->m);
}

RACES(before_lock_is_not_after_unlock, 0) {
    sn_lock(&s->m);
    CHECK_INT(sn_yield(), 0);
    s->x = 1;
    sn_unlock(&s->m);
}
THE_OTHER(before_lock_is_not_after_unlock) {
    s->x++;
    sn_lock(&s->m);
    sn_unlock(&s->m);
}

/* "A successful call to TryLock is equivalent to a call to Lock. An unsuccessful call has no
 * synchronizing effect at all." */
SILENT(unlock_before_trylock, 0) {
    sn_lock(&s->m);
    s->x = 1;
    sn_unlock(&s->m);
}
THE_OTHER(unlock_before_trylock) {
    CHECK_INT(sn_trylock(&s->m), 1);
    s->x++;
    sn_unlock(&s->m);
}

RACES(a_trylock_that_fails_orders_nothing, 0) {
    sn_lock(&s->m);
    s->x = 1;
    let_others();
    sn_unlock(&s->m);
}
THE_OTHER(a_trylock_that_fails_orders_nothing) {
    CHECK_INT(sn_trylock(&s->m), 0);
    s->x++;
}

/* "The completion of a single call of f() from once.Do(f) is synchronized before the return of any
 * call of once.Do(f)." */
static void sets_x(void *arg) { ((shared *)arg)->x = 1; }
SILENT(once_before_any_return, 0) {
    sn_once_do(&s->once, sets_x, s);
    CHECK_INT(s->x, 1);
}
THE_OTHER(once_before_any_return) { once_before_any_return_body(s); }

RACES(after_once_is_not_before_another_return, 0) {
    sn_once_do(&s->once, sets_x, s);
    s->x = 2;
}
THE_OTHER(after_once_is_not_before_another_return) {
    sn_once_do(&s->once, sets_x, s);
    s->x++;
}

/* "A call to Done is synchronized before the return of any Wait call that it unblocks." */
SILENT(done_before_wait, 0) {
    s->x = 1;
    sn_wg_add(&s->wg, -1);
}
THE_OTHER(done_before_wait) {
    CHECK_INT(sn_wg_wait(&s->wg), 0);
    s->x++;
}

SILENT(done_before_wait_that_waits, 0) {
    CHECK_INT(sn_wg_wait(&s->wg), 0);
    s->x++;
}
THE_OTHER(done_before_wait_that_waits) {
    s->x = 1;
    sn_wg_add(&s->wg, -1);
}

RACES(after_done_is_not_before_wait, 0) {
    sn_wg_add(&s->wg, -1);
    s->x = 1;
}
THE_OTHER(after_done_is_not_before_wait) {
    CHECK_INT(sn_wg_wait(&s->wg), 0);
    s->x++;
}

/* "A call to Broadcast or Signal is synchronized before any Wait call that it unblocks." */
SILENT(signal_before_wait, 0) {
    sn_lock(&s->m);
    CHECK_INT(sn_cond_wait(&s->cond, &s->m, SN_NEVER), 0);
    sn_unlock(&s->m);
    s->x++;
}
THE_OTHER(signal_before_wait) {
    let_others();
    s->x = 1;
    sn_cond_signal(&s->cond);
}

RACES(after_signal_is_not_before_wait, 0) {
    sn_lock(&s->m);
    CHECK_INT(sn_cond_wait(&s->cond, &s->m, SN_NEVER), 0);
    sn_unlock(&s->m);
    s->x++;
}
THE_OTHER(after_signal_is_not_before_wait) {
    let_others();
    sn_cond_broadcast(&s->cond);
    s->x = 1;
}

/* A post is before the wait that it lets through. */
SILENT(post_before_wait, 0) {
    CHECK_INT(sn_sem_wait(&s->sem, SN_NEVER), 0);
    s->x++;
}
THE_OTHER(post_before_wait) {
    s->x = 1;
    sn_sem_post(&s->sem);
}

RACES(after_post_is_not_before_wait, 0) {
    sn_sem_post(&s->sem);
    s->x = 1;
}
THE_OTHER(after_post_is_not_before_wait) {
    CHECK_INT(sn_sem_wait(&s->sem, SN_NEVER), 0);
    s->x++;
}

/* "The nth call to RLock is synchronized after call n to Unlock, and the matching RUnlock before
 * call n+1 to Lock." */
SILENT(write_unlock_before_read_lock, 0) {
    sn_wlock(&s->rw);
    s->x = 1;
    CHECK_INT(sn_yield(), 0);
    sn_wunlock(&s->rw);
}
THE_OTHER(write_unlock_before_read_lock) {
    sn_rlock(&s->rw);
    CHECK_INT(s->x, 1);
    sn_runlock(&s->rw);
}

SILENT(read_unlock_before_write_lock, 0) {
    sn_rlock(&s->rw);
    s->ring_mem[0] = s->x;
    CHECK_INT(sn_yield(), 0);
    sn_runlock(&s->rw);
}
THE_OTHER(read_unlock_before_write_lock) {
    sn_wlock(&s->rw);
    s->x = 1;
    sn_wunlock(&s->rw);
}

RACES(readers_order_no_readers, 0) {
    sn_rlock(&s->rw);
    s->x = 1;
    sn_runlock(&s->rw);
}
THE_OTHER(readers_order_no_readers) {
    sn_rlock(&s->rw);
    s->x++;
    sn_runlock(&s->rw);
}

/* Many values at once are that many sends and receives. */
SILENT(sends_before_receives_many_at_once, 3) {
    const long v[3] = {7, 7, 7};
    s->x = 1;
    CHECK_INT(sn_send_many(&s->c, v, 3, NULL), 0);
}
THE_OTHER(sends_before_receives_many_at_once) {
    long v[3];
    size_t n;
    CHECK_INT(sn_recv_many(&s->c, v, 3, &n), 0);
    s->x++;
}

/* A cancel is before whatever call reports it. */
static int waits_for_cancel(void *arg) {
    shared *s = *(shared **)arg;
    CHECK_INT(sn_sleep(SN_NEVER), SN_ECANCELED);
    s->x++;
    return 0;
}
SILENT(cancel_before_its_report, 0) {
    sn_scope in;
    sn_scope_enter(&in, SN_NEVER);
    CHECK_INT(sn_go(waits_for_cancel, &s, sizeof s), 0);
    let_others();
    s->x = 1;
    sn_scope_cancel(&in, SN_ECANCELED);
    CHECK_INT(sn_scope_leave(&in), SN_ECANCELED);
}
THE_OTHER(cancel_before_its_report) { (void)s; }

/* A commit is before the look that sees it; a release before the room that it makes. */
SILENT(ring_both_ways, 0) {
    for (int i = 0; i < 20; i++) {
        size_t n = 1;
        long *p;
        while (!(p = sn_ring_reserve(&s->ring, &n))) {
            n = 1;
            CHECK_INT(sn_yield(), 0);
        }
        *p = i;
        s->x = i;
        sn_ring_commit(&s->ring, 1);
        CHECK_INT(sn_sem_wait(&s->sem, SN_NEVER), 0);
    }
    sn_ring_close(&s->ring);
}
THE_OTHER(ring_both_ways) {
    for (long i = 0; sn_ring_wait(&s->ring, SN_NEVER) == 0; i++) {
        size_t n;
        const long *p = sn_ring_peek(&s->ring, &n);
        CHECK(p && *p == i && s->x == i);
        sn_ring_release(&s->ring, 1);
        sn_sem_post(&s->sem);
    }
}

RACES(after_the_commit_is_not_before_the_look, 0) {
    size_t n = 1;
    long *p = sn_ring_reserve(&s->ring, &n);
    *p = 1;
    sn_ring_commit(&s->ring, 1);
    *p = 2;
}
THE_OTHER(after_the_commit_is_not_before_the_look) {
    size_t n;
    CHECK_INT(sn_ring_wait(&s->ring, SN_NEVER), 0);
    const long *p = sn_ring_peek(&s->ring, &n);
    CHECK(p && *p > 0);
    sn_ring_release(&s->ring, 1);
}

SILENT(put_before_get, 0) {
    long v = 7;
    s->x = 1;
    CHECK_INT(sn_funnel_put(&s->funnel, &v), 0);
}
THE_OTHER(put_before_get) {
    long v;
    CHECK_INT(sn_funnel_get(&s->funnel, &v, SN_NEVER), 0);
    s->x++;
}

/* C's own order holds between coroutines as between threads. */
SILENT(an_atomic_release_before_its_acquire, 0) {
    s->x = 1;
    atomic_store_explicit(&s->atom, 1, memory_order_release);
}
THE_OTHER(an_atomic_release_before_its_acquire) {
    while (!atomic_load_explicit(&s->atom, memory_order_acquire)) CHECK_INT(sn_yield(), 0);
    s->x++;
}

static pthread_mutex_t plain = PTHREAD_MUTEX_INITIALIZER;
SILENT(a_mutex_of_the_c_library, 0) {
    for (int i = 0; i < 20; i++) {
        pthread_mutex_lock(&plain);
        s->x++;
        pthread_mutex_unlock(&plain);
        CHECK_INT(sn_yield(), 0);
    }
}
THE_OTHER(a_mutex_of_the_c_library) { a_mutex_of_the_c_library_body(s); }

/* A thread that is not ours. */
static void *thread_sends(void *arg) {
    shared *s = arg;
    s->x = 1;
    send_to(&s->c);
    s->ring_mem[0]++;
    return NULL;
}
SILENT(a_thread_and_a_coroutine, 0) {
    pthread_t t;
    MUST(pthread_create(&t, NULL, thread_sends, s) == 0);
    receive_from(&s->c);
    s->x++;
    MUST(pthread_join(t, NULL) == 0);
}
THE_OTHER(a_thread_and_a_coroutine) { (void)s; }

static void *thread_receives(void *arg) {
    shared *s = arg;
    s->x = 1;
    receive_from(&s->c);
    return NULL;
}
SILENT(a_coroutine_and_a_thread_that_waits, 0) {
    pthread_t t;
    MUST(pthread_create(&t, NULL, thread_receives, s) == 0);
    CHECK_INT(sn_sleep(10 * SN_MILLISECOND), 0);
    send_to(&s->c);
    s->x++;
    MUST(pthread_join(t, NULL) == 0);
}
THE_OTHER(a_coroutine_and_a_thread_that_waits) { (void)s; }

/* Stacks are used again: what their former coroutines did there is no race. */
static int fills_its_stack(void *arg) {
    volatile char deep[3000];
    (void)arg;
    for (size_t i = 0; i < sizeof deep; i++) deep[i] = (char)i;
    return sn_yield();
}
SILENT(stacks_are_used_again, 0) {
    (void)s;
    for (int i = 0; i < 30; i++) {
        sn_scope in;
        sn_scope_enter(&in, SN_NEVER);
        for (int k = 0; k < 10; k++) CHECK_INT(sn_go(fills_its_stack, &k, sizeof k), 0);
        CHECK_INT(sn_scope_leave(&in), 0);
    }
}
THE_OTHER(stacks_are_used_again) { stacks_are_used_again_body(s); }

/* Those that call libraries share what a library keeps for each thread. */
static _Thread_local long kept;
static int uses_what_is_kept(void *arg) {
    (void)arg;
    for (int i = 0; i < 10; i++) {
        kept++;
        CHECK_INT(sn_yield(), 0);
    }
    return 0;
}
static void keep(const shared *s, uint32_t flags) {
    const sn_attr a = {.size = sizeof a, .flags = flags};
    sn_scope in;
    (void)s;
    sn_scope_enter(&in, SN_NEVER);
    CHECK_INT(sn_scope_go(&in, &a, uses_what_is_kept, NULL, 0), 0);
    CHECK_INT(sn_scope_go(&in, &a, uses_what_is_kept, NULL, 0), 0);
    CHECK_INT(sn_scope_leave(&in), 0);
}
SILENT(those_that_call_libraries_share_a_thread, 0) { keep(s, SN_FOREIGN); }
THE_OTHER(those_that_call_libraries_share_a_thread) { (void)s; }

RACES(others_share_no_thread, 0) { keep(s, 0); }
THE_OTHER(others_share_no_thread) { (void)s; }

int main(void) {
    CASE_OF(unlock_before_lock);
    CASE_OF(after_unlock_is_not_before_lock);
    CASE_OF(before_lock_is_not_after_unlock);
    CASE_OF(unlock_before_trylock);
    CASE_OF(a_trylock_that_fails_orders_nothing);
    CASE_OF(once_before_any_return);
    CASE_OF(after_once_is_not_before_another_return);
    CASE_OF(done_before_wait);
    CASE_OF(done_before_wait_that_waits);
    CASE_OF(after_done_is_not_before_wait);
    CASE_OF(signal_before_wait);
    CASE_OF(after_signal_is_not_before_wait);
    CASE_OF(post_before_wait);
    CASE_OF(after_post_is_not_before_wait);
    CASE_OF(write_unlock_before_read_lock);
    CASE_OF(read_unlock_before_write_lock);
    CASE_OF(readers_order_no_readers);
    CASE_OF(sends_before_receives_many_at_once);
    CASE_OF(cancel_before_its_report);
    CASE_OF(ring_both_ways);
    CASE_OF(after_the_commit_is_not_before_the_look);
    CASE_OF(put_before_get);
    CASE_OF(an_atomic_release_before_its_acquire);
    CASE_OF(a_mutex_of_the_c_library);
    CASE_OF(a_thread_and_a_coroutine);
    CASE_OF(a_coroutine_and_a_thread_that_waits);
    CASE_OF(stacks_are_used_again);
    CASE_OF(those_that_call_libraries_share_a_thread);
    CASE_OF(others_share_no_thread);
    return check_done();
}
