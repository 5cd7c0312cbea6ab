/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* What the kernel and the allocator do rarely, made common: interrupted calls, short reads and
 * writes, aborted connections, names that are not found, no memory at every single site. Linked
 * with --wrap, so that the library's calls come through here. */
#include "net_util.h"

#include <arpa/inet.h>
#include <dirent.h>
#include <errno.h>
#include <netdb.h>
#include <stdatomic.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

/* --- interrupted and short --- */

static atomic_int mischief; /* on or off */
static atomic_uint turn;
static atomic_int cached_reads; /* that the cache has little for */

/* 0: leave the call alone; 1: interrupt it; 2: cut it. In an order that no loop keeps step with. */
static int next_mischief(void) {
    if (!atomic_load(&mischief)) return 0;
    unsigned x = atomic_fetch_add(&turn, 1) * 2654435761u;
    return (x >> 13) % 3;
}

#define WRAP_BYTES(name, interrupted, params, args, n, may_cut)                                    \
    ssize_t __real_##name params;                                                                  \
    ssize_t __wrap_##name params;                                                                  \
    ssize_t __wrap_##name params {                                                                 \
        int m = next_mischief();                                                                   \
        errno = EINTR;                                                                             \
        if (m == 1) return interrupted;                                                            \
        if ((may_cut) && m == 2 && n > 8) n = 1 + n % 7;                                           \
        return __real_##name args;                                                                 \
    }

/* A stream socket gives all it has: a short recv means that it is empty, and the reader relies on
 * that. So that one is never cut here; a sender that is makes it short often enough. */
WRAP_BYTES(sn__recv, -EINTR, (int fd, void *buf, size_t n), (fd, buf, n), n, 0)
WRAP_BYTES(sn__send, -EINTR, (int fd, const void *buf, size_t n), (fd, buf, n), n, 1)
WRAP_BYTES(sendto, -1,
           (int fd, const void *buf, size_t n, int flags, const struct sockaddr *sa, socklen_t len),
           (fd, buf, n, flags, sa, len), n, 0)
WRAP_BYTES(recvfrom, -1,
           (int fd, void *buf, size_t n, int flags, struct sockaddr *sa, socklen_t *len),
           (fd, buf, n, flags, sa, len), n, 0)
WRAP_BYTES(read, -1, (int fd, void *buf, size_t n), (fd, buf, n), n, 1)
WRAP_BYTES(pread, -1, (int fd, void *buf, size_t n, off_t at), (fd, buf, n, at), n, 1)
WRAP_BYTES(pwrite, -1, (int fd, const void *buf, size_t n, off_t at), (fd, buf, n, at), n, 1)

/* Now and then the cache has nothing, or the file's system cannot tell. */
ssize_t __real_sn__preadv2(int fd, const struct iovec *v, int n, uint64_t at, int flags);
ssize_t __wrap_sn__preadv2(int fd, const struct iovec *v, int n, uint64_t at, int flags);
ssize_t __wrap_sn__preadv2(int fd, const struct iovec *v, int n, uint64_t at, int flags) {
    static const int why[] = {0, EINTR, EAGAIN, EOPNOTSUPP};
    struct iovec less = *v;
    unsigned k = atomic_load(&mischief) ? atomic_fetch_add(&turn, 1) % 16 : 8;
    if (k > 0 && k < 4) {
        errno = why[k];
        return -1;
    }
    if (k < 8) atomic_fetch_add(&cached_reads, 1);
    if (k < 8 && less.iov_len > 8) less.iov_len = 1 + less.iov_len % 7;
    return __real_sn__preadv2(fd, &less, n, at, flags);
}

ssize_t __real_sendmsg(int fd, const struct msghdr *m, int flags);
ssize_t __wrap_sendmsg(int fd, const struct msghdr *m, int flags);
ssize_t __wrap_sendmsg(int fd, const struct msghdr *m, int flags) {
    struct msghdr less = *m;
    int k = next_mischief();
    if (k == 1) {
        errno = EINTR;
        return -1;
    }
    if (k == 2) less.msg_iovlen = 1;
    return __real_sendmsg(fd, &less, flags);
}

static atomic_int aborts; /* so many accepts find an aborted connection, or a signal, first */

int __real_accept4(int fd, struct sockaddr *sa, socklen_t *len, int flags);
int __wrap_accept4(int fd, struct sockaddr *sa, socklen_t *len, int flags);
int __wrap_accept4(int fd, struct sockaddr *sa, socklen_t *len, int flags) {
    int left = atomic_load(&aborts);
    if (left <= 0) return __real_accept4(fd, sa, len, flags);
    atomic_store(&aborts, left - 1);
    *len = 0;
    const int why[] = {ECONNABORTED, EINTR, EPROTO, ENETDOWN, EHOSTUNREACH};
    errno = why[left % 5];
    return -1;
}

NET_CASE(streams_stand_interruptions_and_short_calls) {
    const char *const nets[] = {"tcp", "unix"};
    for (int i = 0; i < 2; i++) {
        net_pair p = pair_of(nets[i]);
        int r[2] = {1, 1};
        sn_scope s;
        stream_job tx = {p.a, 200000, 4, &r[0]}, rx = {p.b, 200000, 4, &r[1]};
        atomic_store(&mischief, 1);
        sn_scope_enter(&s, SN_NEVER);
        MUST(sn_go(send_stream, &tx, sizeof tx) == 0);
        MUST(sn_go(receive_stream, &rx, sizeof rx) == 0);
        CHECK_INT(sn_scope_leave(&s), 0);
        atomic_store(&mischief, 0);
        CHECK_INT(r[0], 0);
        CHECK_INT(r[1], 0);
        free_pair(p);
    }
}

NET_CASE(pieces_stand_them_too) {
    net_pair p = pair_of("tcp");
    sn_iov iov[5] = {{"a", 1}, {"bcdefghijklmnop", 15}, {"", 0}, {"qrstuvw", 7}, {"xyz", 3}};
    char buf[26];
    size_t n;
    for (int i = 0; i < 300; i++) {
        atomic_store(&mischief, 1);
        CHECK_INT(sn_writev(p.a, iov, 5, &n), 0);
        CHECK_INT(n, 26);
        CHECK_INT(sn_read_full(p.b, buf, 26, &n), 0);
        atomic_store(&mischief, 0);
        CHECK(memcmp(buf, "abcdefghijklmnopqrstuvwxyz", 26) == 0);
    }
    free_pair(p);
}

NET_CASE(datagrams_stand_them) {
    sn_addr own;
    char text[64], c;
    size_t n;
    sn_dgram *d;
    MUST(sn_dgram_open(&d, "127.0.0.1:0") == 0);
    MUST(sn_dgram_addr(d, text, sizeof text) == 0 && sn_addr_parse(&own, text) == 0);
    for (int i = 0; i < 100; i++) {
        atomic_store(&mischief, 1);
        CHECK_INT(sn_dgram_send(d, &own, "x", 1), 0);
        CHECK_INT(sn_dgram_recv(d, &c, 1, &n, NULL, SN_NEVER), 0);
        atomic_store(&mischief, 0);
        CHECK(n == 1 && c == 'x');
    }
    sn_dgram_free(d);
}

NET_CASE(files_stand_them) {
    char path[] = "/tmp/sennit-fault-XXXXXX", want[5000], got[5000], *whole;
    size_t n;
    sn_file *f;
    int fd = mkstemp(path);
    MUST(fd >= 0);
    close(fd);
    for (size_t i = 0; i < sizeof want; i++) want[i] = (char)stream_byte(8, i);
    atomic_store(&mischief, 1);
    MUST(sn_file_open(&f, path, SN_F_READ | SN_F_WRITE) == 0);
    CHECK_INT(sn_file_write(f, want, sizeof want, 0, &n), 0);
    CHECK_INT(n, sizeof want);
    sn_file_close(f);
    for (int i = 0; i < 16; i++) { /* one that was told that nobody can tell does not ask again */
        MUST(sn_file_open(&f, path, SN_F_READ) == 0);
        CHECK_INT(sn_file_read(f, got, sizeof got, 0, &n), 0);
        CHECK(n == sizeof got && memcmp(got, want, n) == 0);
        sn_file_close(f);
    }
    CHECK(atomic_load(&cached_reads) > 0);
    CHECK_INT(sn_path_write(path, want, 3000), 0);
    CHECK_INT(sn_path_read(path, 3000, &whole, &n), 0);
    atomic_store(&mischief, 0);
    CHECK(n == 3000 && memcmp(whole, want, n) == 0);
    free(whole);
    CHECK_INT(sn_path_remove(path), 0);
}

NET_CASE(aborted_connections_are_passed_over) {
    char addr[64];
    sn_conn *a, *b;
    sn_listener *l = listen_any("tcp", addr, sizeof addr);
    MUST(sn_dial(&a, "tcp", addr) == 0);
    atomic_store(&aborts, 5);
    CHECK_INT(sn_accept(l, &b), 0);
    CHECK_INT(atomic_load(&aborts), 0);
    sn_conn_free(a);
    sn_conn_free(b);
    sn_listener_free(l);
}

/* --- names --- */

/* What the next look-up gives: an error, or the numeric addresses. */
static struct {
    int error;
    const char *addr[4];
} names;

int __wrap_getaddrinfo(const char *host, const char *port, const struct addrinfo *hints,
                       struct addrinfo **out);
void __wrap_freeaddrinfo(struct addrinfo *ai);

int __wrap_getaddrinfo(const char *host, const char *port, const struct addrinfo *hints,
                       struct addrinfo **out) {
    CHECK_STR(host, "gate.example");
    CHECK(hints->ai_socktype == SOCK_STREAM);
    *out = NULL;
    for (int i = 3; i >= 0 && !names.error; i--) {
        if (!names.addr[i]) continue;
        struct addrinfo *ai = calloc(1, sizeof *ai + sizeof(struct sockaddr_in));
        struct sockaddr_in *sa = (struct sockaddr_in *)(ai + 1);
        MUST(ai && inet_pton(AF_INET, names.addr[i], &sa->sin_addr) == 1);
        ai->ai_family = sa->sin_family = AF_INET;
        sa->sin_port = htons((uint16_t)atoi(port));
        ai->ai_addr = (struct sockaddr *)sa;
        ai->ai_addrlen = sizeof *sa;
        ai->ai_next = *out;
        *out = ai;
    }
    return names.error;
}

void __wrap_freeaddrinfo(struct addrinfo *ai) {
    while (ai) {
        struct addrinfo *next = ai->ai_next;
        free(ai);
        ai = next;
    }
}

NET_CASE(names_that_cannot_be_looked_up) {
    const int t[][2] = {{EAI_NONAME, SN_ENOENT},
                        {EAI_AGAIN, SN_EAGAIN},
                        {EAI_MEMORY, SN_ENOMEM},
                        {EAI_FAIL, SN_EIO},
                        {0, SN_ENOENT}};
    sn_conn *c;
    memset(&names, 0, sizeof names);
    for (size_t i = 0; i < sizeof t / sizeof *t; i++) {
        names.error = t[i][0];
        CHECK_INT(sn_dial(&c, "tcp", "gate.example:80"), t[i][1]);
        CHECK(c == NULL);
    }
    CHECK_INT(sn_dial(&c, "tcp", "gate.example:0"), SN_EINVAL);
}

/* The addresses of a name are tried in turn. */
NET_CASE(a_name_with_several_addresses) {
    char addr[64], name[80], peer[64];
    sn_conn *c;
    sn_listener *l = listen_any("tcp", addr, sizeof addr);
    snprintf(name, sizeof name, "gate.example%s", strchr(addr, ':'));
    memset(&names, 0, sizeof names);
    names.addr[0] = "127.0.0.2"; /* nobody listens there */
    names.addr[1] = "127.0.0.1";
    CHECK_INT(sn_dial(&c, "tcp", name), 0);
    MUST(c);
    CHECK_INT(sn_peer_addr(c, peer, sizeof peer), 0);
    CHECK_STR(peer, addr);
    sn_conn_free(c);
    sn_listener_free(l);
    CHECK_INT(sn_dial(&c, "tcp", name), SN_ECONNREFUSED);
}

/* --- no memory, no room in the poller --- */

static atomic_int fail_in = -1; /* allocations until the one that fails; below 0: none */

static int runs_out(void) {
    int left = atomic_load(&fail_in);
    if (left < 0) return 0;
    atomic_store(&fail_in, left - 1);
    if (left == 0) errno = ENOMEM;
    return left == 0;
}

#define WRAP_ALLOC(name, params, args)                                                             \
    void *__real_##name params;                                                                    \
    void *__wrap_##name params;                                                                    \
    void *__wrap_##name params { return runs_out() ? NULL : __real_##name args; }

WRAP_ALLOC(malloc, (size_t n), (n))
WRAP_ALLOC(calloc, (size_t k, size_t n), (k, n))
WRAP_ALLOC(realloc, (void *p, size_t n), (p, n))

char *__real_strdup(const char *s);
char *__wrap_strdup(const char *s);
char *__wrap_strdup(const char *s) { return runs_out() ? NULL : __real_strdup(s); }

int __real_epoll_ctl(int ep, int op, int fd, struct epoll_event *e);
int __wrap_epoll_ctl(int ep, int op, int fd, struct epoll_event *e);
int __wrap_epoll_ctl(int ep, int op, int fd, struct epoll_event *e) {
    if (!runs_out()) return __real_epoll_ctl(ep, op, fd, e);
    errno = ENOSPC;
    return -1;
}

static int count_fds(void) {
    int n = 0;
    DIR *d = opendir("/proc/self/fd");
    MUST(d);
    while (readdir(d)) n++;
    closedir(d);
    return n;
}

/* Listens, dials, accepts, swaps a byte. The first error, or 0. */
static int whole_way(const char *net, const char *at) {
    sn_listener *l = NULL;
    sn_conn *a = NULL, *b = NULL;
    char addr[128], c = 0;
    size_t n;
    int err = sn_listen(&l, net, at);
    if (err == 0) err = sn_listener_addr(l, addr, sizeof addr);
    if (err == 0) err = sn_dial(&a, net, addr);
    if (err == 0) err = sn_accept(l, &b);
    if (err == 0) err = sn_write(a, "x", 1, &n);
    if (err == 0) err = sn_read(b, &c, 1, &n);
    if (err == 0) CHECK_INT(c, 'x');
    sn_conn_free(a);
    sn_conn_free(b);
    sn_listener_free(l);
    return err;
}

static void every_site_fails_once(int (*way)(const char *, const char *), const char *one,
                                  const char *two) {
    MUST(way(one, two) == 0);
    int fds = count_fds(), k = 0, failures = 0;
    for (;; k++) {
        atomic_store(&fail_in, k);
        int err = way(one, two);
        int untouched = atomic_exchange(&fail_in, -1) >= 0;
        if (untouched) {
            CHECK_INT(err, 0);
            break;
        }
        CHECK_INT(err, SN_ENOMEM);
        CHECK_INT(count_fds(), fds);
        failures++;
    }
    CHECK(failures > 0);
}

NET_CASE(no_memory_is_an_error_everywhere) {
    char path[64];
    snprintf(path, sizeof path, "/tmp/sennit-fault-%d", (int)getpid());
    every_site_fails_once(whole_way, "tcp", "127.0.0.1:0");
    every_site_fails_once(whole_way, "unix", path);
    CHECK(access(path, F_OK) != 0); /* no attempt left its socket behind */
}

static int datagram_way(const char *at, const char *unused) {
    sn_dgram *d = NULL;
    sn_addr own;
    char text[64], c;
    size_t n;
    (void)unused;
    int err = sn_dgram_open(&d, at);
    if (err == 0) err = sn_dgram_addr(d, text, sizeof text);
    if (err == 0) err = sn_addr_parse(&own, text);
    if (err == 0) err = sn_dgram_send(d, &own, "x", 1);
    if (err == 0) err = sn_dgram_recv(d, &c, 1, &n, NULL, SN_NEVER);
    sn_dgram_free(d);
    return err;
}

NET_CASE(no_memory_for_datagrams) { every_site_fails_once(datagram_way, "127.0.0.1:0", NULL); }

static int file_way(const char *path, const char *text) {
    const char *name;
    sn_dir *d = NULL;
    char *buf = NULL;
    size_t n, len = strlen(text);
    sn_file *f = NULL;
    int err = sn_path_write(path, text, len);
    if (err == 0) err = sn_path_read(path, 5000, &buf, &n);
    if (err == 0) CHECK_STR(buf, text);
    free(buf);
    if (err == 0) err = sn_file_open(&f, path, SN_F_READ);
    sn_file_close(f);
    if (err == 0) err = sn_dir_open(&d, "/proc/self/fd");
    if (err == 0) err = sn_dir_next(d, &name);
    sn_dir_close(d);
    if (err == 0) err = sn_path_remove_tree(path, 1);
    return err;
}

static void free_owned(void *arg) { free(*(char **)arg); }

static void make_owned(void *arg) { *(char **)arg = strdup("made"); }

static int offload_way(const char *unused, const char *unused_too) {
    char *owned = NULL;
    (void)unused, (void)unused_too;
    int err = sn_offload(make_owned, &owned, sizeof owned, free_owned, SN_NEVER);
    if (err == 0 && !owned) err = SN_ENOMEM;
    if (err == 0) free(owned);
    return err;
}

/* A helper more that cannot be had is no error where there is another. */
NET_CASE(no_memory_for_offloaded_calls) {
    for (int k = 0; k < 8; k++) {
        atomic_store(&fail_in, k);
        int err = offload_way(NULL, NULL);
        atomic_store(&fail_in, -1);
        CHECK(err == SN_ENOMEM || (k > 0 && err == 0));
    }
}

NET_CASE(no_memory_for_files) {
    char path[64];
    snprintf(path, sizeof path, "/tmp/sennit-fault-file-%d", (int)getpid());
    every_site_fails_once(file_way, path, "some text");
}

static int signal_way(const char *unused, const char *unused_too) {
    static sn_chan *c;
    (void)unused, (void)unused_too;
    if (!c) c = sn_chan_new(sizeof(int), 1, NULL);
    MUST(c);
    int err = sn_signal_notify(c, 10);
    sn_signal_stop(c);
    /* The pump that was told to end frees its descriptor a little later. */
    for (int i = 0; i < 50; i++) MUST(sn_yield() == 0);
    return err;
}

NET_CASE(no_memory_for_signals) { every_site_fails_once(signal_way, NULL, NULL); }

int main(void) {
    CASE(streams_stand_interruptions_and_short_calls);
    CASE(pieces_stand_them_too);
    CASE(datagrams_stand_them);
    CASE(files_stand_them);
    CASE(aborted_connections_are_passed_over);
    CASE(names_that_cannot_be_looked_up);
    CASE(a_name_with_several_addresses);
    CASE(no_memory_is_an_error_everywhere);
    CASE(no_memory_for_datagrams);
    CASE(no_memory_for_files);
    CASE(no_memory_for_offloaded_calls);
    CASE(no_memory_for_signals);
    return check_done();
}
