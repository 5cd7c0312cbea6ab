/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Names by c-ares, against a name server of our own on loopback that answers by the first label of
 * what it is asked for: well, late, wrongly, or not at all. */
#include "net_util.h"

#include <arpa/inet.h>
#include <dirent.h>
#include <stdatomic.h>
#include <sys/socket.h>
#include <unistd.h>

enum { A = 1, CNAME = 5, AAAA = 28, NXDOMAIN = 3, SERVFAIL = 2, TRUNCATED = 0x0200 };

typedef struct server {
    sn_dgram *udp;
    sn_listener *tcp;
    sn_scope scope;
    atomic_int asked, over_tcp, lost;
} server;

/* ---- Answers ---- */

typedef struct packet {
    unsigned char at[4096];
    size_t n;
} packet;

static void put(packet *p, const void *bytes, size_t n) {
    MUST(p->n + n <= sizeof p->at);
    memcpy(p->at + p->n, bytes, n);
    p->n += n;
}

static void put16(packet *p, unsigned v) {
    unsigned char b[2] = {(unsigned char)(v >> 8), (unsigned char)v};
    put(p, b, 2);
}

static unsigned get16(const unsigned char *b) { return (unsigned)b[0] << 8 | b[1]; }

/* A record of the name at offset `name` of the packet. */
static void record(packet *p, unsigned name, unsigned type, const void *data, size_t n) {
    put16(p, 0xc000 | name);
    put16(p, type);
    put16(p, 1);
    put16(p, 0);
    put16(p, 60);
    put16(p, (unsigned)n);
    put(p, data, n);
    p->at[7]++; /* answers */
}

static void address(packet *p, unsigned name, int last) {
    const unsigned char ip[4] = {127, 0, 0, (unsigned char)last};
    record(p, name, A, ip, 4);
}

/* An answer's head and question, with these flags. */
static void begin(packet *p, const unsigned char *query, size_t question, unsigned flags) {
    p->n = 0;
    put(p, query, 2);
    put16(p, 0x8180 | flags);
    put(p, "\0\1\0\0\0\0\0\0", 8);
    put(p, query + 12, question);
}

static int is(const unsigned char *label, const char *name) {
    return label[0] == strlen(name) && memcmp(label + 1, name, label[0]) == 0;
}

static void records(packet *p, const unsigned char *label, unsigned type) {
    if (is(label, "alias")) {
        unsigned to = (unsigned)p->n + 12;
        record(p, 12, CNAME, "\3one\4test", 10);
        if (type == A) address(p, to, 1);
    } else if (type == A) {
        int n = is(label, "slow") ? 3 : is(label, "large") ? 40 : 1;
        for (int i = n; i > 0; i--) address(p, 12, i);
    } else if (type == AAAA && is(label, "six")) {
        record(p, 12, AAAA, "\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\1", 16);
    }
}

/* The answer to a query of n bytes; 0 bytes: none. */
static void answer(server *s, packet *p, const unsigned char *q, size_t n, int tcp) {
    size_t end = 12;
    p->n = 0;
    while (end < n && q[end]) end += 1u + q[end];
    if (end + 5 > n) return;
    const unsigned char *label = q + 12;
    unsigned type = get16(q + end + 1);
    atomic_fetch_add(&s->asked, 1);
    if (is(label, "silent") || (is(label, "lost") && atomic_fetch_sub(&s->lost, 1) > 0)) return;
    int cut = is(label, "large") && !tcp;
    unsigned flags = is(label, "gone") ? NXDOMAIN : is(label, "broken") ? SERVFAIL : 0;
    begin(p, q, end + 5 - 12, flags | (cut ? TRUNCATED : 0));
    if (!flags && !cut) records(p, label, type);
}

static int serve_udp(void *arg) {
    server *s = arg;
    unsigned char q[600];
    size_t n;
    sn_addr from;
    packet p;
    while (sn_dgram_recv(s->udp, q, sizeof q, &n, &from, SN_NEVER) == 0) {
        answer(s, &p, q, n, 0);
        if (p.n > 12 && is(q + 12, "lies")) { /* somebody else's answer comes first, and rubbish */
            p.at[0] ^= 1;
            CHECK_INT(sn_dgram_send(s->udp, &from, p.at, p.n), 0);
            p.at[0] ^= 1;
            CHECK_INT(sn_dgram_send(s->udp, &from, "rubbish", 7), 0);
        }
        if (p.n && sn_dgram_send(s->udp, &from, p.at, p.n)) break;
    }
    return 0;
}

typedef struct client {
    server *s;
    sn_conn *c;
} client;

static int serve_one(void *arg) {
    client *k = arg;
    unsigned char q[600];
    size_t n;
    packet p;
    while (sn_read_full(k->c, q, 2, &n) == 0 && get16(q) <= sizeof q) {
        if (sn_read_full(k->c, q, get16(q), &n)) break;
        answer(k->s, &p, q, n, 1);
        atomic_fetch_add(&k->s->over_tcp, 1);
        unsigned char size[2] = {(unsigned char)(p.n >> 8), (unsigned char)p.n};
        const sn_iov iov[2] = {{size, 2}, {p.at, p.n}};
        if (sn_writev(k->c, iov, 2, &n)) break;
    }
    sn_conn_free(k->c);
    return 0;
}

static int serve_tcp(void *arg) {
    client k = {.s = arg};
    while (sn_accept(k.s->tcp, &k.c) == 0) MUST(sn_go(serve_one, &k, sizeof k) == 0);
    return 0;
}

/* On one port for both. */
static void start(server *s) {
    char addr[64];
    memset(s, 0, sizeof *s);
    for (int i = 0; !s->tcp && i < 100; i++) {
        sn_dgram_free(s->udp);
        MUST(sn_dgram_open(&s->udp, "127.0.0.1:0") == 0);
        MUST(sn_dgram_addr(s->udp, addr, sizeof addr) == 0);
        if (sn_listen(&s->tcp, "tcp", addr)) s->tcp = NULL;
    }
    MUST(s->tcp);
    setenv("SENNIT_NAME_SERVERS", addr, 1);
    sn_scope_enter(&s->scope, SN_NEVER);
    MUST(sn_go(serve_udp, s, 0) == 0 && sn_go(serve_tcp, s, 0) == 0);
}

static void stop(server *s) {
    sn_scope_cancel(&s->scope, SN_ECANCELED);
    CHECK_INT(sn_scope_leave(&s->scope), SN_ECANCELED);
    sn_dgram_free(s->udp);
    sn_listener_free(s->tcp);
}

/* ---- Cases ---- */

static int find(const char *name, char text[64]) {
    sn_addr a;
    int err = sn_addr_lookup(&a, name);
    text[0] = 0;
    if (err == 0) CHECK_INT(sn_addr_text(&a, text, 64), 0);
    return err;
}

static void expect(const char *name, const char *want) {
    char text[64];
    CHECK_INT(find(name, text), 0);
    CHECK_STR(text, want);
}

static void expect_none(const char *name, int err) {
    char text[64];
    CHECK_INT(find(name, text), err);
}

NET_CASE(good_answers) {
    server s;
    start(&s);
    expect("one.test:80", "127.0.0.1:80");
    expect("alias.test:81", "127.0.0.1:81");
    expect("lies.test:82", "127.0.0.1:82");
    CHECK(atomic_load(&s.asked) > 0);
    stop(&s);
}

NET_CASE(bad_answers) {
    server s;
    start(&s);
    expect_none("gone.test:80", SN_ENOENT);
    expect_none("broken.test:80", SN_EAGAIN);
    expect_none("silent.test:80", SN_EAGAIN);
    stop(&s);
}

NET_CASE(lost_packets_are_asked_for_again) {
    server s;
    start(&s);
    atomic_store(&s.lost, 2);
    expect("lost.test:80", "127.0.0.1:80");
    stop(&s);
}

NET_CASE(a_truncated_answer_is_asked_for_over_tcp) {
    server s;
    char text[64];
    start(&s);
    CHECK_INT(find("large.test:80", text), 0);
    CHECK(strncmp(text, "127.0.0.", 8) == 0);
    CHECK_INT(atomic_load(&s.over_tcp), 2); /* once each: nothing had to be asked again */
    CHECK_INT(atomic_load(&s.asked), 4);
    stop(&s);
}

static int count_fds(void) {
    int n = 0;
    DIR *d = opendir("/proc/self/fd");
    MUST(d);
    while (readdir(d)) n++;
    closedir(d);
    return n;
}

static int look_in_vain(void *arg) {
    char text[64];
    *(int *)arg = find("silent.test:80", text);
    return 0;
}

NET_CASE(a_cancel_and_a_deadline_end_it) {
    server s;
    sn_scope in;
    int err = 1;
    start(&s);
    expect("one.test:80", "127.0.0.1:80");
    int before = count_fds();
    sn_scope_enter(&in, sn_now() + 20 * SN_MILLISECOND);
    expect_none("silent.test:80", SN_ETIMEDOUT);
    CHECK_INT(sn_scope_leave(&in), SN_ETIMEDOUT);
    int asked = atomic_load(&s.asked);
    sn_scope_enter(&in, SN_NEVER);
    MUST(sn_go(look_in_vain, &err, 0) == 0);
    while (atomic_load(&s.asked) == asked) MUST(sn_sleep(SN_MILLISECOND) == 0);
    sn_scope_cancel(&in, SN_ECANCELED);
    CHECK_INT(sn_scope_leave(&in), SN_ECANCELED);
    CHECK_INT(err, SN_ECANCELED);
    CHECK_INT(count_fds(), before);
    stop(&s);
}

static int one_of_many(void *arg) {
    (void)arg;
    expect("one.test:80", "127.0.0.1:80");
    return 0;
}

NET_CASE(many_at_once) {
    server s;
    sn_scope in;
    start(&s);
    int before = count_fds();
    sn_scope_enter(&in, SN_NEVER);
    for (int i = 0; i < 150; i++) MUST(sn_go(one_of_many, NULL, 0) == 0);
    CHECK_INT(sn_scope_leave(&in), 0);
    CHECK_INT(count_fds(), before);
    stop(&s);
}

/* The first name of /etc/hosts but localhost that has an IPv4 address. */
static int host_in_file(char ip[64], char name[128]) {
    char line[300];
    struct in_addr a;
    int found = 0;
    FILE *f = fopen("/etc/hosts", "r");
    while (f && !found && fgets(line, sizeof line, f))
        found = sscanf(line, "%63s %127s", ip, name) == 2 && inet_pton(AF_INET, ip, &a) == 1 &&
                strcmp(name, "localhost") != 0;
    if (f) fclose(f);
    return found;
}

NET_CASE(the_file_of_hosts_comes_first) {
    char ip[64], name[128], host[140], want[70];
    server s;
    if (!host_in_file(ip, name)) return; /* there is no other name in it */
    start(&s);
    snprintf(host, sizeof host, "%s:80", name);
    snprintf(want, sizeof want, "%s:80", ip);
    expect(host, want);
    CHECK_INT(atomic_load(&s.asked), 0);
    stop(&s);
}

/* A port of 127.0.0.3 where connects hang: a queue that is full. */
static int hang_at(int port, int fill[4]) {
    struct sockaddr_in sa = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
    MUST(inet_pton(AF_INET, "127.0.0.3", &sa.sin_addr) == 1);
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (bind(fd, (struct sockaddr *)&sa, sizeof sa) || listen(fd, 0)) {
        close(fd);
        return -1;
    }
    for (int i = 0; i < 4; i++) {
        fill[i] = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
        if (connect(fill[i], (struct sockaddr *)&sa, sizeof sa) == 0) continue;
    }
    return fd;
}

/* Of "slow" one address swallows what is sent, one refuses, one answers. */
NET_CASE(a_dial_does_not_wait_for_the_slow) {
    server s;
    sn_listener *l = NULL;
    sn_conn *c, *b;
    char addr[64], name[64], peer[64];
    int fill[4], fd = -1;
    start(&s);
    for (int i = 0; fd < 0 && i < 100; i++) {
        sn_listener_free(l);
        l = listen_any("tcp", addr, sizeof addr);
        fd = hang_at(atoi(strchr(addr, ':') + 1), fill);
    }
    MUST(fd >= 0);
    snprintf(name, sizeof name, "slow.test%s", strchr(addr, ':'));
    CHECK_INT(sn_dial(&c, "tcp", name), 0);
    MUST(c);
    CHECK_INT(sn_peer_addr(c, peer, sizeof peer), 0);
    CHECK_STR(peer, addr);
    MUST(sn_accept(l, &b) == 0);
    sn_conn_free(c);
    sn_conn_free(b);
    sn_listener_free(l);
    for (int i = 0; i < 4; i++) close(fill[i]);
    close(fd);
    stop(&s);
}

int main(void) {
    setenv("RES_OPTIONS", "retrans:50 retry:2", 1); /* milliseconds, and how often */
    CASE(bad_answers);
    setenv("RES_OPTIONS", "retrans:100 retry:8", 1);
    CASE(lost_packets_are_asked_for_again);
    setenv("RES_OPTIONS", "retrans:30000 retry:2", 1);
    CASE(good_answers);
    CASE(a_truncated_answer_is_asked_for_over_tcp);
    CASE(a_cancel_and_a_deadline_end_it);
    CASE(many_at_once);
    CASE(the_file_of_hosts_comes_first);
    CASE(a_dial_does_not_wait_for_the_slow);
    return check_done();
}
