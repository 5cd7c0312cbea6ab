/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* sennit-bare PORT: TCP echo by a bare epoll loop, the least that a server of readiness can do.
 * bench/instructions.py counts what the runtime adds to it. */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

enum { BATCH = 128, ROOM = 4096 };

static int listen_on(int port) {
    int one = 1, s = socket(AF_INET, SOCK_STREAM, 0);
    struct sockaddr_in a = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
    a.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    setsockopt(s, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
    if (bind(s, (struct sockaddr *)&a, sizeof a) || listen(s, 4096)) return -1;
    return s;
}

static void watch(int set, int fd) {
    struct epoll_event e = {.events = EPOLLIN, .data.fd = fd};
    epoll_ctl(set, EPOLL_CTL_ADD, fd, &e);
}

static void take(int set, int s) {
    int one = 1, fd = accept4(s, NULL, NULL, SOCK_NONBLOCK);
    if (fd < 0) return;
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    watch(set, fd);
}

static void echo(int fd) {
    char buf[ROOM];
    ssize_t n = read(fd, buf, sizeof buf);
    if (n < 0 && errno == EAGAIN) return;
    if (n <= 0 || write(fd, buf, (size_t)n) != n) close(fd);
}

int main(int argc, char **argv) {
    struct epoll_event ev[BATCH];
    int set = epoll_create1(0), s = argc == 2 ? listen_on(atoi(argv[1])) : -1;
    if (set < 0 || s < 0) return fprintf(stderr, "usage: sennit-bare PORT (one that is free)\n"), 2;
    for (watch(set, s);;) {
        int n = epoll_wait(set, ev, BATCH, -1);
        for (int i = 0; i < n; i++)
            if (ev[i].data.fd == s)
                take(set, s);
            else
                echo(ev[i].data.fd);
    }
}
