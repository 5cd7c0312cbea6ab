/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Dialing, listening and accepting as far as only a kernel can show it: files of Unix sockets,
 * full queues, descriptors and their lack. */
#include "net_util.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <stdatomic.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

NET_CASE(a_unix_socket_s_file_comes_and_goes) {
    char dir[] = "/tmp/sennit-sock-XXXXXX", path[64], got[64], tiny[4];
    struct stat st;
    sn_listener *l, *second;
    MUST(mkdtemp(dir));
    snprintf(path, sizeof path, "%s/s", dir);
    MUST(sn_listen(&l, "unix", path) == 0);
    CHECK_INT(sn_listener_addr(l, got, sizeof got), 0);
    CHECK_STR(got, path);
    CHECK_INT(sn_listener_addr(l, tiny, sizeof tiny), SN_ERANGE);
    CHECK(stat(path, &st) == 0 && S_ISSOCK(st.st_mode));
    exchange(l, "unix", path);
    CHECK_INT(sn_listen(&second, "unix", path), SN_EADDRINUSE);
    CHECK(stat(path, &st) == 0); /* the failed one did not take it away */
    sn_listener_close(l);
    CHECK(stat(path, &st) != 0);
    CHECK_INT(sn_listener_addr(l, got, sizeof got), SN_ECLOSED);
    sn_listener_free(l);
    CHECK_INT(sn_listen(&l, "unix", "/nowhere/at/all"), SN_ENOENT);
    MUST(rmdir(dir) == 0);
}

/* A listener of the kernel's that takes nobody any more: its queue is full. */
static int full_listener(char *addr, size_t n, int *held, int held_n) {
    struct sockaddr_in sa = {.sin_family = AF_INET};
    socklen_t len = sizeof sa;
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sa.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    MUST(fd >= 0 && bind(fd, (struct sockaddr *)&sa, sizeof sa) == 0 && listen(fd, 0) == 0);
    MUST(getsockname(fd, (struct sockaddr *)&sa, &len) == 0);
    for (int i = 0; i < held_n; i++) {
        held[i] = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
        MUST(held[i] >= 0);
        (void)!connect(held[i], (struct sockaddr *)&sa, sizeof sa);
    }
    snprintf(addr, n, "127.0.0.1:%d", ntohs(sa.sin_port));
    return fd;
}

typedef struct dial_arg {
    const char *net, *addr;
    atomic_int *result; /* looked at while it dials */
} dial_arg;

static int dial_one(void *arg) {
    dial_arg *d = arg;
    sn_conn *c;
    *d->result = sn_dial(&c, d->net, d->addr);
    sn_conn_free(c);
    return 0;
}

NET_CASE(a_cancel_and_a_deadline_reach_who_dials) {
    enum { HELD = 4 };
    char addr[64];
    int held[HELD];
    atomic_int r = 1;
    sn_scope s;
    int fd = full_listener(addr, sizeof addr, held, HELD);
    dial_arg d = {"tcp", addr, &r};
    sn_scope_enter(&s, SN_NEVER);
    MUST(sn_go(dial_one, &d, sizeof d) == 0);
    MUST(sn_sleep(5 * SN_MILLISECOND) == 0);
    CHECK_INT(r, 1);
    sn_scope_cancel(&s, SN_ECANCELED);
    CHECK_INT(sn_scope_leave(&s), SN_ECANCELED);
    CHECK_INT(r, SN_ECANCELED);
    sn_conn *c;
    sn_scope_enter(&s, sn_now() + 10 * SN_MILLISECOND);
    CHECK_INT(sn_dial(&c, "tcp", addr), SN_ETIMEDOUT);
    CHECK_INT(sn_scope_leave(&s), SN_ETIMEDOUT);
    for (int i = 0; i < HELD; i++) close(held[i]);
    close(fd);
}

/* A Unix socket's full queue never becomes ready for the dialer: it comes again by itself. */
NET_CASE(waits_for_room_in_a_unix_queue) {
    struct sockaddr_un sa = {.sun_family = AF_UNIX};
    const char name[] = "sennit-full-queue-test";
    char addr[64];
    atomic_int r = 1;
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sn_conn *first, *second;
    sn_scope s;
    snprintf(addr, sizeof addr, "@%s%d", name, (int)getpid());
    memcpy(sa.sun_path + 1, addr + 1, strlen(addr) - 1);
    socklen_t len = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + strlen(addr));
    MUST(fd >= 0 && bind(fd, (struct sockaddr *)&sa, len) == 0 && listen(fd, 0) == 0);
    MUST(sn_dial(&first, "unix", addr) == 0);
    dial_arg d = {"unix", addr, &r};
    sn_scope_enter(&s, SN_NEVER);
    MUST(sn_go(dial_one, &d, sizeof d) == 0);
    MUST(sn_sleep(5 * SN_MILLISECOND) == 0);
    CHECK_INT(r, 1);
    int got = accept(fd, NULL, NULL); /* makes room */
    MUST(got >= 0);
    CHECK_INT(sn_scope_leave(&s), 0);
    CHECK_INT(r, 0);
    sn_scope_enter(&s, sn_now() + 10 * SN_MILLISECOND);
    CHECK_INT(sn_dial(&second, "unix", addr), SN_ETIMEDOUT);
    CHECK_INT(sn_scope_leave(&s), SN_ETIMEDOUT);
    sn_conn_free(first);
    close(got);
    close(fd);
}

NET_CASE(takes_over_a_descriptor) {
    sn_listener *l;
    char addr[64];
    struct sockaddr_in sa = {.sin_family = AF_INET};
    sa.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    MUST(fd >= 0 && bind(fd, (struct sockaddr *)&sa, sizeof sa) == 0);
    CHECK_INT(sn_listen_fd(&l, fd), SN_EINVAL); /* does not listen yet */
    CHECK(l == NULL);
    MUST(listen(fd, 16) == 0);
    MUST(sn_listen_fd(&l, fd) == 0);
    CHECK(fcntl(fd, F_GETFL) & O_NONBLOCK);
    CHECK(fcntl(fd, F_GETFD) & FD_CLOEXEC);
    MUST(sn_listener_addr(l, addr, sizeof addr) == 0);
    exchange(l, "tcp", addr);
    sn_listener_free(l);
    CHECK(fcntl(fd, F_GETFD) < 0); /* it owned it */
    int udp = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0), null = open("/dev/null", O_RDONLY);
    CHECK_INT(sn_listen_fd(&l, udp), SN_EINVAL);
    CHECK_INT(sn_listen_fd(&l, null), SN_EINVAL);
    CHECK_INT(sn_listen_fd(&l, -1), SN_EBADF);
    close(udp);
    close(null);
}

/* Every connected TCP socket of the process sends at once, dialed or accepted. */
NET_CASE(tcp_does_not_wait_for_more) {
    net_pair p = pair_of("tcp");
    int seen = 0;
    for (int fd = 3; fd < 256; fd++) {
        struct sockaddr_in sa;
        socklen_t len = sizeof sa, vlen = sizeof(int);
        int on = 0;
        if (getpeername(fd, (struct sockaddr *)&sa, &len) < 0 || sa.sin_family != AF_INET) continue;
        seen++;
        CHECK(getsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, &vlen) == 0 && on);
        CHECK(fcntl(fd, F_GETFD) & FD_CLOEXEC);
    }
    CHECK_INT(seen, 2);
    free_pair(p);
}

/* A short read says that nothing is left; but bytes behind an urgent one are read by themselves. */
NET_CASE(an_urgent_byte_hides_nothing) {
    struct sockaddr_in sa = {.sin_family = AF_INET};
    char addr[64], buf[64];
    size_t n;
    sn_conn *c;
    sn_scope scope;
    sn_listener *l = listen_any("tcp", addr, sizeof addr);
    sa.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    sa.sin_port = htons((uint16_t)atoi(strrchr(addr, ':') + 1));
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    MUST(fd >= 0 && connect(fd, (struct sockaddr *)&sa, sizeof sa) == 0);
    MUST(sn_accept(l, &c) == 0);
    sn_scope_enter(&scope, sn_now() + 60 * SN_SECOND);
    MUST(send(fd, "first", 5, 0) == 5);
    CHECK_INT(sn_read(c, buf, sizeof buf, &n), 0);
    CHECK_INT(n, 5);
    MUST(send(fd, "abc", 3, 0) == 3 && send(fd, "!", 1, MSG_OOB) == 1 &&
         send(fd, "def", 3, 0) == 3);
    CHECK_INT(sn_read(c, buf, sizeof buf, &n), 0);
    CHECK(n == 3 && memcmp(buf, "abc", 3) == 0);
    CHECK_INT(sn_read(c, buf, sizeof buf, &n), 0);
    CHECK(n == 3 && memcmp(buf, "def", 3) == 0);
    close(fd);
    CHECK_INT(sn_read(c, buf, sizeof buf, &n), 0);
    CHECK_INT(n, 0);
    CHECK_INT(sn_scope_leave(&scope), 0);
    sn_conn_free(c);
    sn_listener_free(l);
}

NET_CASE(no_descriptors_left) {
    struct rlimit was, less;
    char addr[64];
    int r = 1, fds[64], n = 0;
    sn_conn *a, *c;
    sn_listener *l = listen_any("tcp", addr, sizeof addr), *l2;
    MUST(sn_dial(&a, "tcp", addr) == 0); /* waits in the queue */
    MUST(getrlimit(RLIMIT_NOFILE, &was) == 0);
    less = was;
    less.rlim_cur = 64;
    MUST(setrlimit(RLIMIT_NOFILE, &less) == 0);
    while (n < 64 && (fds[n] = open("/dev/null", O_RDONLY | O_CLOEXEC)) >= 0) n++;
    CHECK_INT(sn_accept(l, &c), SN_EMFILE);
    CHECK(c == NULL);
    CHECK_INT(sn_dial(&c, "tcp", addr), SN_EMFILE);
    CHECK_INT(sn_listen(&l2, "tcp", "127.0.0.1:0"), SN_EMFILE);
    sn_file *f;
    CHECK_INT(sn_file_open(&f, "/dev/null", SN_F_READ), SN_EMFILE);
    while (n > 0) close(fds[--n]);
    MUST(setrlimit(RLIMIT_NOFILE, &was) == 0);
    r = sn_accept(l, &c); /* the peer has waited */
    CHECK_INT(r, 0);
    sn_conn_free(a);
    sn_conn_free(c);
    sn_listener_free(l);
}

int main(void) {
    CASE(a_unix_socket_s_file_comes_and_goes);
    CASE(a_cancel_and_a_deadline_reach_who_dials);
    CASE(waits_for_room_in_a_unix_queue);
    CASE(takes_over_a_descriptor);
    CASE(tcp_does_not_wait_for_more);
    CASE(an_urgent_byte_hides_nothing);
    CASE(no_descriptors_left);
    return check_done();
}
