/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Datagrams and addresses as values: whole or cut, deadlines, cancels, closes, who receives. */
#include "net_util.h"

static sn_dgram *open_at(const char *at, sn_addr *own) {
    sn_dgram *d;
    char text[64];
    MUST(sn_dgram_open(&d, at) == 0);
    MUST(sn_dgram_addr(d, text, sizeof text) == 0);
    MUST(sn_addr_parse(own, text) == 0);
    return d;
}

static sn_addr address(const char *text) {
    sn_addr a;
    MUST(sn_addr_parse(&a, text) == 0);
    return a;
}

static void addresses_are_values(void) {
    static const char *const wrong[] = {
        "", ":80", "127.0.0.1", "127.1:80", "some.name:1", "[::1]:70000", "::1:80", "1.2.3.4:x"};
    static const char *const right[] = {"127.0.0.1:80", "[::1]:0", "[2001:db8::1]:5", "0.0.0.0:9"};
    sn_addr a, b;
    char text[64], tiny[5];
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++)
        CHECK_INT(sn_addr_parse(&a, wrong[i]), SN_EINVAL);
    for (size_t i = 0; i < sizeof right / sizeof *right; i++) {
        a = address(right[i]);
        CHECK_INT(sn_addr_text(&a, text, sizeof text), 0);
        CHECK_STR(text, right[i]);
        b = address(text);
        CHECK_INT(sn_addr_equal(&a, &b), 1);
        b = address("127.0.0.2:80");
        CHECK_INT(sn_addr_equal(&a, &b), 0);
    }
    a = address("[::ffff:127.0.0.1]:80"); /* IPv4 in IPv6 clothes is IPv4 */
    b = address("localhost:80");
    CHECK_INT(sn_addr_equal(&a, &b), 1);
    CHECK_INT(sn_addr_text(&a, tiny, sizeof tiny), SN_ERANGE);
    CHECK_STR(tiny, "127.");
}

NET_CASE(looks_up_what_is_no_number) {
    sn_addr a, b = address("127.0.0.1:7");
    sn_scope s;
    CHECK_INT(sn_addr_lookup(&a, "localhost:7"), 0);
    CHECK_INT(sn_addr_equal(&a, &b), 1);
    CHECK_INT(sn_addr_lookup(&a, "no good:7"), SN_EINVAL);
    CHECK_INT(sn_addr_lookup(&a, "127.0.0.1"), SN_EINVAL);
    sn_scope_enter(&s, SN_NEVER);
    sn_scope_cancel(&s, SN_ECANCELED);
    CHECK_INT(sn_addr_lookup(&a, "localhost:7"), SN_ECANCELED);
    CHECK_INT(sn_scope_leave(&s), SN_ECANCELED);
}

NET_CASE(a_datagram_and_its_answer) {
    sn_addr here, there, from;
    sn_dgram *a = open_at("127.0.0.1:0", &here), *b = open_at("localhost:0", &there);
    char buf[16];
    size_t n = 7;
    CHECK_INT(sn_dgram_send(a, &there, "hello", 5), 0);
    CHECK_INT(sn_dgram_recv(b, buf, sizeof buf, &n, &from, SN_NEVER), 0);
    CHECK_INT(n, 5);
    CHECK(memcmp(buf, "hello", 5) == 0);
    CHECK_INT(sn_addr_equal(&from, &here), 1);
    CHECK_INT(sn_dgram_send(b, &from, "", 0), 0); /* empty ones count */
    CHECK_INT(sn_dgram_recv(a, buf, 0, &n, NULL, SN_NEVER), 0);
    CHECK_INT(n, 0);
    sn_dgram_free(a);
    sn_dgram_free(b);
    sn_dgram_free(NULL);
}

NET_CASE(long_ones) {
    static char big[SN_DGRAM_MAX + 1], got[SN_DGRAM_MAX];
    sn_addr here, from;
    sn_dgram *a = open_at("127.0.0.1:0", &here);
    size_t n;
    for (size_t i = 0; i < sizeof big; i++) big[i] = (char)stream_byte(3, i);
    CHECK_INT(sn_dgram_send(a, &here, big, sizeof big), SN_E2BIG);
    CHECK_INT(sn_dgram_send(a, &here, big, SN_DGRAM_MAX), 0);
    CHECK_INT(sn_dgram_recv(a, got, sizeof got, &n, NULL, SN_NEVER), 0);
    CHECK_INT(n, SN_DGRAM_MAX);
    CHECK(memcmp(got, big, SN_DGRAM_MAX) == 0);
    CHECK_INT(sn_dgram_send(a, &here, "abcdef", 6), 0);
    CHECK_INT(sn_dgram_send(a, &here, "next", 4), 0);
    CHECK_INT(sn_dgram_recv(a, got, 4, &n, &from, SN_NEVER), SN_E2BIG); /* the rest is lost */
    CHECK_INT(n, 4);
    CHECK(memcmp(got, "abcd", 4) == 0);
    CHECK_INT(sn_addr_equal(&from, &here), 1);
    CHECK_INT(sn_dgram_recv(a, got, 4, &n, NULL, SN_NEVER), 0);
    CHECK(n == 4 && memcmp(got, "next", 4) == 0);
    sn_dgram_free(a);
}

NET_CASE(deadlines_and_cancels) {
    sn_addr here;
    sn_dgram *a = open_at("127.0.0.1:0", &here);
    char c;
    size_t n;
    sn_scope s;
    sn_time start = sn_now();
    CHECK_INT(sn_dgram_recv(a, &c, 1, &n, NULL, start + 10 * SN_MILLISECOND), SN_ETIMEDOUT);
    CHECK_INT(n, 0);
    CHECK(sn_now() >= start + 10 * SN_MILLISECOND);
    CHECK_INT(sn_dgram_recv(a, &c, 1, &n, NULL, 0), SN_ETIMEDOUT);
    CHECK_INT(sn_dgram_send(a, &here, "x", 1), 0);
    CHECK_INT(sn_dgram_recv(a, &c, 1, &n, NULL, start), 0); /* it is there */
    CHECK_INT(c, 'x');
    sn_scope_enter(&s, sn_now() + 10 * SN_MILLISECOND);
    CHECK_INT(sn_dgram_recv(a, &c, 1, &n, NULL, SN_NEVER), SN_ETIMEDOUT);
    CHECK_INT(sn_scope_leave(&s), SN_ETIMEDOUT);
    CHECK_INT(sn_dgram_send(a, &here, "y", 1), 0);
    sn_scope_enter(&s, SN_NEVER);
    sn_scope_cancel(&s, SN_ECANCELED);
    CHECK_INT(sn_dgram_send(a, &here, "z", 1), SN_ECANCELED);
    CHECK_INT(sn_dgram_recv(a, &c, 1, &n, NULL, SN_NEVER), SN_ECANCELED);
    CHECK_INT(sn_scope_leave(&s), SN_ECANCELED);
    CHECK_INT(sn_dgram_recv(a, &c, 1, &n, NULL, SN_NEVER), 0);
    CHECK_INT(c, 'y');
    sn_dgram_free(a);
}

typedef struct want {
    sn_dgram *d;
    int *result;
} want;

static int receive_one(void *arg) {
    want *w = arg;
    char c;
    size_t n;
    *w->result = sn_dgram_recv(w->d, &c, 1, &n, NULL, SN_NEVER);
    return 0;
}

/* Each waits as long as it said, also behind one that waits for ever. */
NET_CASE(a_deadline_holds_in_the_row_too) {
    sn_addr here;
    sn_dgram *a = open_at("127.0.0.1:0", &here);
    int result = 1;
    want w = {a, &result};
    char c;
    size_t n;
    sn_scope s;
    sn_scope_enter(&s, SN_NEVER);
    MUST(sn_go(receive_one, &w, sizeof w) == 0);
    MUST(sn_yield() == 0);
    sn_time until = sn_now() + 5 * SN_MILLISECOND;
    CHECK_INT(sn_dgram_recv(a, &c, 1, &n, NULL, until), SN_ETIMEDOUT);
    sn_dgram_close(a);
    CHECK_INT(sn_scope_leave(&s), 0);
    CHECK_INT(result, SN_ECLOSED);
    sn_dgram_free(a);
}

NET_CASE(receivers_share_a_burst) {
    enum { N = 20 };
    sn_addr here;
    sn_dgram *a = open_at("127.0.0.1:0", &here);
    int r[N];
    sn_scope s;
    sn_scope_enter(&s, SN_NEVER);
    for (int i = 0; i < N; i++) {
        want w = {a, &r[i]};
        r[i] = 1;
        MUST(sn_go(receive_one, &w, sizeof w) == 0);
    }
    for (int i = 0; i < N; i++) CHECK_INT(sn_dgram_send(a, &here, "x", 1), 0);
    CHECK_INT(sn_scope_leave(&s), 0);
    for (int i = 0; i < N; i++) CHECK_INT(r[i], 0);
    sn_dgram_free(a);
}

NET_CASE(close_wakes_receivers) {
    sn_addr here;
    sn_dgram *a = open_at("127.0.0.1:0", &here);
    int r[3] = {1, 1, 1};
    char text[64];
    size_t n;
    sn_scope s;
    sn_scope_enter(&s, SN_NEVER);
    for (int i = 0; i < 3; i++) {
        want w = {a, &r[i]};
        MUST(sn_go(receive_one, &w, sizeof w) == 0);
    }
    MUST(sn_sleep(2 * SN_MILLISECOND) == 0);
    sn_dgram_close(a);
    CHECK_INT(sn_scope_leave(&s), 0);
    for (int i = 0; i < 3; i++) CHECK_INT(r[i], SN_ECLOSED);
    CHECK_INT(sn_dgram_send(a, &here, "x", 1), SN_ECLOSED);
    CHECK_INT(sn_dgram_recv(a, text, 1, &n, NULL, SN_NEVER), SN_ECLOSED);
    CHECK_INT(sn_dgram_addr(a, text, sizeof text), SN_ECLOSED);
    sn_dgram_close(a);
    sn_dgram_free(a);
}

NET_CASE(where_a_socket_may_be) {
    static const char *const wrong[] = {"", "127.0.0.1", "some.name:0", "[::1]:70000", "@x"};
    sn_addr here;
    sn_dgram *d, *a = open_at("127.0.0.1:0", &here);
    char text[64];
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        CHECK_INT(sn_dgram_open(&d, wrong[i]), SN_EINVAL);
        CHECK(d == NULL);
    }
    CHECK_INT(sn_dgram_open(&d, "192.0.2.1:0"), SN_EADDRNOTAVAIL);
    CHECK_INT(sn_addr_text(&here, text, sizeof text), 0);
    CHECK_INT(sn_dgram_open(&d, text), SN_EADDRINUSE);
    sn_dgram_free(a);
    CHECK_INT(sn_dgram_open(&d, text), 0); /* free again */
    sn_dgram_free(d);
}

NET_CASE(nobody_is_there) {
    sn_addr here, gone;
    sn_dgram *a = open_at("127.0.0.1:0", &here), *b = open_at("127.0.0.1:0", &gone);
    char c;
    size_t n;
    sn_dgram_free(b);
    for (int i = 0; i < 3; i++) CHECK_INT(sn_dgram_send(a, &gone, "x", 1), 0);
    sn_addr nowhere = address("127.0.0.1:0");
    CHECK_INT(sn_dgram_send(a, &nowhere, "x", 1), SN_EINVAL);
    CHECK_INT(sn_dgram_recv(a, &c, 1, &n, NULL, sn_now() + 5 * SN_MILLISECOND), SN_ETIMEDOUT);
    sn_dgram_free(a);
}

NET_CASE(both_families) {
    sn_dgram *six, *all, *four;
    sn_addr at6, at4, from, to;
    char text[64], buf[4];
    size_t n;
    int err = sn_dgram_open(&six, "[::1]:0");
    if (err == SN_EADDRNOTAVAIL) return; /* a machine without IPv6 */
    MUST(err == 0 && sn_dgram_addr(six, text, sizeof text) == 0);
    at6 = address(text);
    four = open_at("127.0.0.1:0", &at4);
    MUST(sn_dgram_open(&all, "[::]:0") == 0 && sn_dgram_addr(all, text, sizeof text) == 0);
    CHECK(strncmp(text, "[::]:", 5) == 0);
    CHECK_INT(sn_dgram_send(four, &at6, "x", 1), SN_EADDRNOTAVAIL);
    CHECK_INT(sn_dgram_send(six, &at6, "six", 3), 0);
    CHECK_INT(sn_dgram_recv(six, buf, 4, &n, &from, SN_NEVER), 0);
    CHECK_INT(sn_addr_equal(&from, &at6), 1);
    char dual[64];
    snprintf(dual, sizeof dual, "127.0.0.1:%s", strrchr(text, ':') + 1);
    to = address(dual);
    CHECK_INT(sn_dgram_send(four, &to, "four", 4), 0);
    CHECK_INT(sn_dgram_recv(all, buf, 4, &n, &from, SN_NEVER), 0);
    CHECK_INT(sn_addr_equal(&from, &at4), 1); /* as IPv4 */
    CHECK_INT(sn_dgram_send(all, &at4, "back", 4), 0);
    CHECK_INT(sn_dgram_recv(four, buf, 4, &n, &from, SN_NEVER), 0);
    CHECK_INT(sn_addr_equal(&from, &to), 1);
    sn_dgram_free(six);
    sn_dgram_free(four);
    sn_dgram_free(all);
}

int main(void) {
    CASE(addresses_are_values);
    CASE(looks_up_what_is_no_number);
    CASE(a_datagram_and_its_answer);
    CASE(long_ones);
    CASE(deadlines_and_cancels);
    CASE(a_deadline_holds_in_the_row_too);
    CASE(receivers_share_a_burst);
    CASE(close_wakes_receivers);
    CASE(where_a_socket_may_be);
    CASE(nobody_is_there);
    CASE(both_families);
    return check_done();
}
