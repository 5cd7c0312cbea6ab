/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Unix sockets: descriptors, credentials, datagrams. Nothing may leak, whatever the peer sends. */
#include "net_util.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>

static int count_fds(void) {
    int n = 0;
    DIR *d = opendir("/proc/self/fd");
    MUST(d);
    while (readdir(d)) n++;
    closedir(d);
    return n;
}

static int same_pipe(int in, int out) {
    char c = 0;
    return write(in, "p", 1) == 1 && read(out, &c, 1) == 1 && c == 'p';
}

NET_CASE(descriptors_go_along) {
    net_pair p = pair_of("unix");
    int end[2], got[2] = {-1, -1};
    char buf[8];
    size_t n, k = 2;
    MUST(pipe2(end, O_CLOEXEC) == 0);
    CHECK_INT(sn_unix_send(p.a, "hello", 5, end, 2, &n), 0);
    CHECK_INT(n, 5);
    CHECK_INT(sn_unix_recv(p.b, buf, sizeof buf, &n, got, &k), 0);
    CHECK(n == 5 && k == 2 && memcmp(buf, "hello", 5) == 0);
    CHECK(fcntl(got[0], F_GETFD) == FD_CLOEXEC && fcntl(got[1], F_GETFD) == FD_CLOEXEC);
    CHECK(same_pipe(got[1], end[0]) && same_pipe(end[1], got[0]));
    for (int i = 0; i < 2; i++) close(end[i]), close(got[i]);
    CHECK_INT(sn_unix_send(p.a, "x", 1, NULL, 0, &n), 0);
    k = 2;
    CHECK_INT(sn_unix_recv(p.b, buf, sizeof buf, &n, got, &k), 0);
    CHECK(n == 1 && k == 0);
    free_pair(p);
}

NET_CASE(what_does_not_fit_is_closed) {
    net_pair p = pair_of("unix");
    int fds[SN_UNIX_FDS_MAX + 1], got[SN_UNIX_FDS_MAX];
    char buf[8];
    size_t n, k = SN_UNIX_FDS_MAX;
    for (size_t i = 0; i <= SN_UNIX_FDS_MAX; i++) fds[i] = 0;
    CHECK_INT(sn_unix_send(p.a, "x", 1, fds, SN_UNIX_FDS_MAX + 1, &n), SN_E2BIG);
    CHECK_INT(sn_unix_send(p.a, "x", 1, fds, SN_UNIX_FDS_MAX, &n), 0);
    CHECK_INT(sn_unix_recv(p.b, buf, 1, &n, got, &k), 0);
    CHECK_INT(k, SN_UNIX_FDS_MAX);
    for (size_t i = 0; i < k; i++) close(got[i]);
    int before = count_fds();
    CHECK_INT(sn_unix_send(p.a, "ab", 2, fds, 5, &n), 0);
    k = 4;
    CHECK_INT(sn_unix_recv(p.b, buf, 2, &n, got, &k), SN_E2BIG);
    CHECK(n == 2 && k == 0 && buf[1] == 'b');
    fds[1] = 1000;
    CHECK_INT(sn_unix_send(p.a, "x", 1, fds, 2, &n), SN_EBADF);
    CHECK_INT(sn_unix_send(p.a, "", 0, fds, 1, &n), SN_EINVAL);
    CHECK_INT(count_fds(), before);
    free_pair(p);
}

/* A peer that knows no bounds: sends more than we ever take. */
NET_CASE(a_flood_of_descriptors_leaks_none) {
    int fds[100], got[SN_UNIX_FDS_MAX];
    union {
        struct cmsghdr align;
        char bytes[CMSG_SPACE(sizeof fds)];
    } room;
    char addr[64], buf[8];
    size_t n, k = SN_UNIX_FDS_MAX;
    sn_unix_dgram *d;
    memset(&room, 0, sizeof room);
    MUST(sn_unix_dgram_open(&d, NULL) == 0 && sn_unix_dgram_addr(d, addr, sizeof addr) == 0);
    struct sockaddr_un {
        sa_family_t family;
        char path[108];
    } to = {.family = AF_UNIX};
    memcpy(to.path + 1, addr + 1, strlen(addr) - 1);
    struct iovec v = {"x", 1};
    struct msghdr m = {.msg_name = &to,
                       .msg_namelen = (socklen_t)(sizeof to.family + strlen(addr)),
                       .msg_iov = &v,
                       .msg_iovlen = 1,
                       .msg_control = room.bytes,
                       .msg_controllen = sizeof room.bytes};
    struct cmsghdr *c = CMSG_FIRSTHDR(&m);
    c->cmsg_level = SOL_SOCKET;
    c->cmsg_type = SCM_RIGHTS;
    c->cmsg_len = CMSG_LEN(sizeof fds);
    memset(fds, 0, sizeof fds);
    memcpy(CMSG_DATA(c), fds, sizeof fds);
    int fd = socket(AF_UNIX, SOCK_DGRAM, 0), before = count_fds();
    for (int i = 0; i < 20; i++) {
        MUST(sendmsg(fd, &m, 0) == 1);
        k = SN_UNIX_FDS_MAX;
        CHECK_INT(sn_unix_dgram_recv(d, buf, 8, &n, NULL, got, &k, SN_NEVER), SN_E2BIG);
        CHECK(k == 0 && n == 1);
        MUST(sendmsg(fd, &m, 0) == 1);
        CHECK_INT(sn_unix_dgram_recv(d, buf, 8, &n, NULL, NULL, NULL, SN_NEVER), 0);
    }
    CHECK_INT(count_fds(), before);
    close(fd);
    sn_unix_dgram_free(d);
}

/* Who does not ask how many there are gets none. */
NET_CASE(uncounted_descriptors_are_closed) {
    char addr[64], buf[8];
    size_t n;
    int got[SN_UNIX_FDS_MAX] = {-7}, in = 0;
    sn_unix_dgram *d;
    MUST(sn_unix_dgram_open(&d, NULL) == 0 && sn_unix_dgram_addr(d, addr, sizeof addr) == 0);
    int before = count_fds();
    CHECK_INT(sn_unix_dgram_send(d, addr, "x", 1, &in, 1), 0);
    CHECK_INT(sn_unix_dgram_recv(d, buf, 8, &n, NULL, got, NULL, SN_NEVER), 0);
    CHECK(n == 1 && got[0] == -7);
    CHECK_INT(count_fds(), before);
    sn_unix_dgram_free(d);
}

/* A reader that wants bytes only: descriptors come to nothing, and what follows them is not held
 * up. */
NET_CASE(plain_reads_go_on_over_descriptors) {
    net_pair p = pair_of("unix");
    int zero = 0, before = count_fds();
    char buf[64];
    size_t n, got = 0;
    for (int i = 0; i < 10; i++) {
        CHECK_INT(sn_unix_send(p.a, "ab", 2, &zero, 1, &n), 0);
        CHECK_INT(sn_write(p.a, "cd", 2, &n), 0);
    }
    while (got < 40 && sn_read(p.b, buf, sizeof buf, &n) == 0 && n > 0) got += n;
    CHECK_INT(got, 40);
    CHECK_INT(count_fds(), before);
    free_pair(p);
}

NET_CASE(credentials) {
    net_pair p = pair_of("unix"), q = pair_of("tcp");
    sn_unix_cred who;
    char c;
    int fd;
    size_t n, k = 1;
    CHECK_INT(sn_unix_peer(p.b, &who), 0);
    CHECK(who.pid == getpid() && who.uid == getuid() && who.gid == getgid());
    CHECK_INT(sn_unix_peer(q.b, &who), SN_EINVAL);
    CHECK_INT(sn_unix_send(q.a, "x", 1, NULL, 0, &n), SN_EINVAL);
    CHECK_INT(sn_unix_recv(q.a, &c, 1, &n, &fd, &k), SN_EINVAL);
    sn_close(p.b);
    CHECK_INT(sn_unix_peer(p.b, &who), SN_ECLOSED);
    k = 1;
    CHECK_INT(sn_unix_recv(p.a, &c, 1, &n, &fd, &k), 0); /* the end of the stream */
    CHECK(n == 0 && k == 0);
    free_pair(p);
    free_pair(q);
}

typedef struct receiver {
    sn_conn *c;
    int err;
} receiver;

static int receives(void *arg) {
    receiver *r = arg;
    char c;
    int fd;
    size_t n, k = 1;
    r->err = sn_unix_recv(r->c, &c, 1, &n, &fd, &k);
    return 0;
}

NET_CASE(deadlines_and_cancels_end_waiting) {
    net_pair p = pair_of("unix");
    receiver r = {p.a, 1};
    sn_scope s;
    sn_set_read_deadline(p.a, sn_now() + 5 * SN_MILLISECOND);
    (void)receives(&r);
    CHECK_INT(r.err, SN_ETIMEDOUT);
    sn_set_read_deadline(p.a, SN_NEVER);
    sn_scope_enter(&s, SN_NEVER);
    MUST(sn_go(receives, &r, 0) == 0);
    MUST(sn_yield() == 0);
    sn_scope_cancel(&s, SN_ECANCELED);
    CHECK_INT(sn_scope_leave(&s), SN_ECANCELED);
    CHECK_INT(r.err, SN_ECANCELED);
    free_pair(p);
}

NET_CASE(datagrams_with_names) {
    char path[64], name[64], from[SN_UNIX_NAME_MAX], buf[16];
    sn_unix_dgram *a, *b, *c;
    size_t n;
    snprintf(path, sizeof path, "/tmp/sennit-unix-%d", (int)getpid());
    MUST(sn_unix_dgram_open(&a, path) == 0);
    MUST(sn_unix_dgram_open(&b, NULL) == 0);
    CHECK_INT(sn_unix_dgram_open(&c, path), SN_EADDRINUSE);
    CHECK(c == NULL);
    CHECK_INT(sn_unix_dgram_open(&c, "/no/such/folder/x"), SN_ENOENT);
    CHECK_INT(sn_unix_dgram_open(&c, ""), SN_EINVAL);
    CHECK_INT(sn_unix_dgram_addr(b, name, sizeof name), 0);
    CHECK_INT(name[0], '@');
    CHECK_INT(sn_unix_dgram_send(b, path, "hello", 5, NULL, 0), 0);
    CHECK_INT(sn_unix_dgram_recv(a, buf, sizeof buf, &n, from, NULL, NULL, SN_NEVER), 0);
    CHECK(n == 5 && memcmp(buf, "hello", 5) == 0);
    CHECK_STR(from, name);
    CHECK_INT(sn_unix_dgram_send(a, from, "answer", 6, NULL, 0), 0);
    CHECK_INT(sn_unix_dgram_recv(b, buf, 3, &n, from, NULL, NULL, SN_NEVER), SN_E2BIG);
    CHECK(n == 3 && memcmp(buf, "ans", 3) == 0);
    CHECK_STR(from, path);
    CHECK_INT(sn_unix_dgram_recv(b, buf, 3, &n, from, NULL, NULL, 0), SN_ETIMEDOUT);
    CHECK_INT(sn_unix_dgram_send(b, "@sennit-nobody", "x", 1, NULL, 0), SN_ECONNREFUSED);
    sn_unix_dgram_close(a);
    CHECK_INT(sn_unix_dgram_recv(a, buf, 3, &n, NULL, NULL, NULL, SN_NEVER), SN_ECLOSED);
    CHECK_INT(sn_unix_dgram_send(a, name, "x", 1, NULL, 0), SN_ECLOSED);
    CHECK(access(path, F_OK) != 0);
    sn_unix_dgram_free(a);
    sn_unix_dgram_free(b);
    sn_unix_dgram_free(NULL);
}

typedef struct sender {
    sn_unix_dgram *d;
    const char *to;
} sender;

static int sends_many(void *arg) {
    sender *s = arg;
    int zero = 0;
    for (int i = 0; i < 500; i++)
        CHECK_INT(sn_unix_dgram_send(s->d, s->to, &i, sizeof i, &zero, i % 2 ? 1 : 0), 0);
    return 0;
}

/* More than a queue holds, in order, every second with a descriptor. */
NET_CASE(a_full_queue_holds_its_senders_up) {
    char name[64];
    sn_unix_dgram *a, *b;
    sn_scope s;
    size_t n, k;
    int before = count_fds();
    MUST(sn_unix_dgram_open(&a, NULL) == 0 && sn_unix_dgram_open(&b, NULL) == 0);
    MUST(sn_unix_dgram_addr(b, name, sizeof name) == 0);
    sender tx = {a, name};
    sn_scope_enter(&s, SN_NEVER);
    MUST(sn_go(sends_many, &tx, sizeof tx) == 0);
    MUST(sn_sleep(2 * SN_MILLISECOND) == 0);
    for (int i = 0; i < 500; i++) {
        int got = -1, fd = -1;
        k = 1;
        CHECK_INT(sn_unix_dgram_recv(b, &got, sizeof got, &n, NULL, &fd, &k, SN_NEVER), 0);
        CHECK(got == i && n == sizeof got && k == (size_t)(i % 2));
        if (k) close(fd);
    }
    CHECK_INT(sn_scope_leave(&s), 0);
    sn_unix_dgram_free(a);
    sn_unix_dgram_free(b);
    CHECK_INT(count_fds(), before);
}

int main(void) {
    CASE(credentials); /* first: it brings the poller's descriptors, which stay */
    CASE(descriptors_go_along);
    CASE(what_does_not_fit_is_closed);
#ifndef EMULATOR /* which takes all of them itself, and loses what we have no room for */
    CASE(a_flood_of_descriptors_leaks_none);
    CASE(uncounted_descriptors_are_closed);
#else
    (void)a_flood_of_descriptors_leaks_none;
#endif
    CASE(plain_reads_go_on_over_descriptors);
    CASE(deadlines_and_cancels_end_waiting);
    CASE(datagrams_with_names);
    CASE(a_full_queue_holds_its_senders_up);
    return check_done();
}
