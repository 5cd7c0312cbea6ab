/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* The memory model's statements on `go` and channels: https://go.dev/ref/mem. */
#include "race.h"

/* Two coroutines, no order at all. */
RACES(nothing_orders_two_coroutines, 0) { s->x = 1; }
THE_OTHER(nothing_orders_two_coroutines) { s->x = 2; }

RACES(yielding_orders_nothing, 0) {
    s->x = 1;
    let_others();
}
THE_OTHER(yielding_orders_nothing) {
    let_others();
    s->x = 2;
}

RACES(sleeping_orders_nothing, 0) { s->x = 1; }
THE_OTHER(sleeping_orders_nothing) {
    CHECK_INT(sn_sleep(20 * SN_MILLISECOND), 0);
    s->x = 2;
}

/* "The go statement that starts a new goroutine is synchronized before the start of its execution."
 */
static int reads_x(void *arg) {
    CHECK_INT(((shared *)arg)->x, 3);
    return 0;
}
SILENT(go_before_its_start, 0) {
    s->x = 3;
    CHECK_INT(sn_go(reads_x, s, 0), 0);
}
THE_OTHER(go_before_its_start) { (void)s; }

RACES(after_go_is_not_before_its_start, 0) {
    CHECK_INT(sn_go(reads_x, s, 0), 0);
    s->x = 3;
    let_others();
}
THE_OTHER(after_go_is_not_before_its_start) { (void)s; }

/* "The exit of a goroutine is not guaranteed to be synchronized before any event." */
static int writes_x(void *arg) {
    ((shared *)arg)->x = 4;
    return 0;
}
RACES(an_end_is_before_nothing, 0) {
    CHECK_INT(sn_go(writes_x, s, 0), 0);
    let_others();
    s->x++;
}
THE_OTHER(an_end_is_before_nothing) { (void)s; }

/* … but leaving its scope waits for it. */
SILENT(an_end_is_before_the_leaving_of_its_scope, 0) {
    sn_scope in;
    sn_scope_enter(&in, SN_NEVER);
    CHECK_INT(sn_go(writes_x, s, 0), 0);
    CHECK_INT(sn_scope_leave(&in), 0);
    CHECK_INT(s->x, 4);
}
THE_OTHER(an_end_is_before_the_leaving_of_its_scope) { (void)s; }

/* "A send on a channel is synchronized before the completion of the corresponding receive." */
SILENT(send_before_receive, 0) {
    s->x = 1;
    send_to(&s->c);
}
THE_OTHER(send_before_receive) {
    receive_from(&s->c);
    s->x++;
}

SILENT(send_before_receive_that_waits, 0) {
    receive_from(&s->c);
    s->x++;
}
THE_OTHER(send_before_receive_that_waits) {
    s->x = 1;
    send_to(&s->c);
}

SILENT(send_before_receive_buffered, 3) {
    s->x = 1;
    send_to(&s->c);
}
THE_OTHER(send_before_receive_buffered) {
    receive_from(&s->c);
    s->x++;
}

SILENT(send_before_receive_that_waits_buffered, 3) {
    receive_from(&s->c);
    s->x++;
}
THE_OTHER(send_before_receive_that_waits_buffered) {
    s->x = 1;
    send_to(&s->c);
}

RACES(after_the_send_is_not_before_the_receive, 1) {
    send_to(&s->c);
    s->x = 1;
}
THE_OTHER(after_the_send_is_not_before_the_receive) {
    receive_from(&s->c);
    s->x++;
}

/* "The closing of a channel is synchronized before a receive that returns because it is closed." */
SILENT(close_before_receive, 0) {
    s->x = 1;
    sn_chan_close(&s->c);
}
THE_OTHER(close_before_receive) {
    long v;
    CHECK_INT(sn_recv(&s->c, &v), SN_ECLOSED);
    s->x++;
}

SILENT(close_before_receive_that_waits, 0) {
    long v;
    CHECK_INT(sn_recv(&s->c, &v), SN_ECLOSED);
    s->x++;
}
THE_OTHER(close_before_receive_that_waits) {
    s->x = 1;
    sn_chan_close(&s->c);
}

/* "A receive from an unbuffered channel is synchronized before the completion of the corresponding
 * send." */
SILENT(receive_before_send_completes, 0) {
    s->x = 1;
    receive_from(&s->c);
}
THE_OTHER(receive_before_send_completes) {
    send_to(&s->c);
    s->x++;
}

SILENT(receive_before_send_that_waits_completes, 0) {
    send_to(&s->c);
    s->x++;
}
THE_OTHER(receive_before_send_that_waits_completes) {
    s->x = 1;
    receive_from(&s->c);
}

/* "If the channel were buffered then the program would not be guaranteed to …" */
RACES(receive_is_not_before_a_buffered_send, 1) {
    s->x = 1;
    receive_from(&s->c);
}
THE_OTHER(receive_is_not_before_a_buffered_send) {
    send_to(&s->c);
    s->x++;
}

RACES(receive_later_is_not_before_a_buffered_send, 1) {
    send_to(&s->c);
    s->x++;
}
THE_OTHER(receive_later_is_not_before_a_buffered_send) {
    s->x = 1;
    receive_from(&s->c);
}

/* "The kth receive on a channel with capacity C is synchronized before the completion of the
 * k+Cth send." */
SILENT(kth_receive_before_k_plus_cth_send, 2) {
    send_to(&s->c);
    send_to(&s->c);
    send_to(&s->c); /* waits for the first receive */
    s->x++;
}
THE_OTHER(kth_receive_before_k_plus_cth_send) {
    s->x = 1;
    receive_from(&s->c);
    receive_from(&s->c);
    receive_from(&s->c);
}

RACES(kth_receive_is_not_before_k_plus_c_minus_1th_send, 2) {
    receive_from(&s->c); /* waits for the first send */
    s->x = 1;
    receive_from(&s->c); /* the second: orders the fourth send, not the third */
}
THE_OTHER(kth_receive_is_not_before_k_plus_c_minus_1th_send) {
    send_to(&s->c);
    let_others();
    send_to(&s->c);
    send_to(&s->c);
    s->x++;
}

/* A channel of capacity 1 as a lock. */
SILENT(a_buffered_channel_as_a_lock, 1) {
    for (int i = 0; i < 20; i++) {
        send_to(&s->c);
        s->x++;
        CHECK_INT(sn_yield(), 0);
        receive_from(&s->c);
    }
}
THE_OTHER(a_buffered_channel_as_a_lock) { a_buffered_channel_as_a_lock_body(s); }

SILENT(a_channel_in_a_select, 0) {
    long v = 7;
    s->x = 1;
    CHECK_INT(sn_select(SN_NEVER, sn_tx(&s->c, &v), sn_rx(NULL, NULL, NULL)), 0);
}
THE_OTHER(a_channel_in_a_select) {
    long v;
    CHECK_INT(sn_select(SN_NEVER, sn_rx(&s->c, &v, NULL), sn_rx(NULL, NULL, NULL)), 0);
    s->x++;
}

SILENT(a_select_that_waits, 0) {
    long v;
    CHECK_INT(sn_select(SN_NEVER, sn_rx(&s->c, &v, NULL), sn_rx(NULL, NULL, NULL)), 0);
    s->x++;
}
THE_OTHER(a_select_that_waits) {
    s->x = 1;
    send_to(&s->c);
}

RACES(a_select_that_finds_nothing_orders_nothing, 0) {
    long v;
    s->x = 1;
    CHECK_INT(sn_select(0, sn_rx(&s->c, &v, NULL)), SN_ETIMEDOUT);
}
THE_OTHER(a_select_that_finds_nothing_orders_nothing) {
    CHECK_INT(sn_try_send(&s->c, &(long){7}), SN_EAGAIN);
    s->x++;
}

/* A value is read by its sender and written by its receiver, at their own call. */
RACES(a_value_changed_while_it_is_sent, 1) {
    CHECK_INT(sn_send(&s->c, &s->x), 0);
    long v;
    CHECK_INT(sn_recv(&s->c, &v), 0);
}
THE_OTHER(a_value_changed_while_it_is_sent) { s->x = 1; }

RACES(a_value_read_while_it_is_received, 1) {
    send_to(&s->c);
    CHECK_INT(sn_recv(&s->c, &s->x), 0);
}
THE_OTHER(a_value_read_while_it_is_received) { s->ring_mem[0] = s->x; }

/* "Send and close operations on the same channel must not run at the same time." */
RACES(a_send_beside_a_close, 1) { send_to(&s->c); }
THE_OTHER(a_send_beside_a_close) {
    let_others();
    sn_chan_close(&s->c);
}

int main(void) {
    CASE_OF(nothing_orders_two_coroutines);
    CASE_OF(yielding_orders_nothing);
    CASE_OF(sleeping_orders_nothing);
    CASE_OF(go_before_its_start);
    CASE_OF(after_go_is_not_before_its_start);
    CASE_OF(an_end_is_before_nothing);
    CASE_OF(an_end_is_before_the_leaving_of_its_scope);
    CASE_OF(send_before_receive);
    CASE_OF(send_before_receive_that_waits);
    CASE_OF(send_before_receive_buffered);
    CASE_OF(send_before_receive_that_waits_buffered);
    CASE_OF(after_the_send_is_not_before_the_receive);
    CASE_OF(close_before_receive);
    CASE_OF(close_before_receive_that_waits);
    CASE_OF(receive_before_send_completes);
    CASE_OF(receive_before_send_that_waits_completes);
    CASE_OF(receive_is_not_before_a_buffered_send);
    CASE_OF(receive_later_is_not_before_a_buffered_send);
    CASE_OF(kth_receive_before_k_plus_cth_send);
    CASE_OF(kth_receive_is_not_before_k_plus_c_minus_1th_send);
    CASE_OF(a_buffered_channel_as_a_lock);
    CASE_OF(a_channel_in_a_select);
    CASE_OF(a_select_that_waits);
    CASE_OF(a_select_that_finds_nothing_orders_nothing);
    CASE_OF(a_value_changed_while_it_is_sent);
    CASE_OF(a_value_read_while_it_is_received);
    CASE_OF(a_send_beside_a_close);
    return check_done();
}
