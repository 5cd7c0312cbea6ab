/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Failing calls of sockets, files, children, signals, names: see inject.h. */
#include "inject.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>

/* What came first: the own error, or that of those it waited for. */
static int first_of(int err, int left) { return err && err != SN_ECANCELED ? err : left; }

/* ---- streams: a server and a client, who end each other by the scope when they fail */

typedef struct meeting {
    sn_listener *l;
    const char *net;
    char addr[128];
} meeting;

static int serve(void *arg) {
    meeting *m = arg;
    sn_conn *c = NULL;
    char buf[8];
    size_t n = 0;
    int err = sn_accept(m->l, &c);
    if (!err) err = sn_read_full(c, buf, 5, &n);
    if (!err) CHECK(!memcmp(buf, "hello", 5));
    if (!err) err = sn_write(c, buf, 5, &n);
    if (!err) err = sn_read(c, buf, sizeof buf, &n);
    if (!err) CHECK_INT(n, 0);
    sn_conn_free(c);
    return err == SN_ECLOSED ? 0 : err;
}

static int call(void *arg) {
    meeting *m = arg;
    const sn_iov pieces[2] = {{"he", 2}, {"llo", 3}};
    sn_conn *c = NULL;
    char buf[128];
    size_t n = 0;
    int err = sn_dial(&c, m->net, m->addr);
    if (!err) err = sn_yield();
    if (!err) err = sn_writev(c, pieces, 2, &n);
    if (!err) err = sn_read_full(c, buf, 5, &n);
    if (!err) CHECK(!memcmp(buf, "hello", 5));
    if (!err) sn_set_read_deadline(c, sn_now() + SN_MILLISECOND);
    if (!err) err = sn_read(c, buf, 1, &n) == SN_ETIMEDOUT ? 0 : SN_ECLOSED;
    if (!err) err = sn_peer_addr(c, buf, sizeof buf);
    if (!err) err = sn_local_addr(c, buf, sizeof buf);
    if (!err) err = sn_shutdown_write(c);
    sn_conn_free(c);
    return err;
}

static int meet(const char *net, const char *at) {
    meeting m = {.net = net};
    sn_scope s;
    int err = sn_listen(&m.l, net, at);
    if (!err) err = sn_listener_addr(m.l, m.addr, sizeof m.addr);
    sn_scope_enter(&s, sn_now() + 10 * SN_SECOND);
    if (!err) err = sn_go(serve, &m, 0);
    if (!err) err = sn_go(call, &m, 0);
    if (err) sn_scope_cancel(&s, SN_ECANCELED);
    err = first_of(err, sn_scope_leave(&s));
    sn_listener_free(m.l);
    return err;
}

static char folder[] = "/tmp/sennit-inject-XXXXXX";
static const char *in_folder(const char *name, char path[64]) {
    snprintf(path, 64, "%s/%d-%s", folder, (int)getpid(), name);
    return path;
}

static int tcp(void *arg) {
    (void)arg;
    return meet("tcp", "127.0.0.1:0");
}
static int unix_stream(void *arg) {
    char path[64];
    (void)arg;
    return meet("unix", in_folder("stream", path));
}

/* A descriptor goes from one end to the other. */
static int passes_fd(void *arg) {
    char path[64], buf[4];
    sn_listener *l = NULL;
    sn_conn *a = NULL, *b = NULL;
    int fds[2] = {-1, -1}, got[2];
    size_t n = 0, n_fds = 2;
    (void)arg;
    int err = sn_listen(&l, "unix", in_folder("fds", path));
    if (!err) err = sn_dial(&a, "unix", path);
    if (!err) err = sn_accept(l, &b);
    if (!err && pipe(fds)) err = SN_EMFILE;
    if (!err) err = sn_unix_send(a, "x", 1, fds, 2, &n);
    if (!err) err = sn_unix_recv(b, buf, sizeof buf, &n, got, &n_fds);
    for (size_t i = 0; !err && i < n_fds; i++) close(got[i]);
    if (!err) CHECK(n == 1 && n_fds == 2);
    for (int i = 0; i < 2 && fds[i] >= 0; i++) close(fds[i]);
    sn_conn_free(a);
    sn_conn_free(b);
    sn_listener_free(l);
    return err;
}

/* ---- datagrams */

static int dgram(void *arg) {
    sn_dgram *d = NULL;
    sn_addr own;
    char text[64], c;
    size_t n;
    (void)arg;
    int err = sn_dgram_open(&d, "127.0.0.1:0");
    if (!err) err = sn_dgram_addr(d, text, sizeof text);
    if (!err) err = sn_addr_parse(&own, text);
    if (!err) err = sn_dgram_send(d, &own, "x", 1);
    if (!err) err = sn_dgram_recv(d, &c, 1, &n, NULL, sn_now() + 10 * SN_SECOND);
    if (!err) CHECK(n == 1 && c == 'x');
    sn_dgram_free(d);
    return err;
}

static int unix_dgram(void *arg) {
    char path[64], buf[4];
    sn_unix_dgram *d = NULL;
    size_t n;
    (void)arg;
    int err = sn_unix_dgram_open(&d, in_folder("dgram", path));
    if (!err) err = sn_unix_dgram_send(d, path, "x", 1, NULL, 0);
    if (!err) err = sn_unix_dgram_recv(d, buf, 4, &n, NULL, NULL, NULL, sn_now() + 10 * SN_SECOND);
    sn_unix_dgram_free(d);
    return err;
}

/* ---- children */

static int output(void *arg) {
    const char *argv[] = {"sh", "-c", "echo text", NULL};
    const sn_child_how how = {.size = sizeof how, .argv = argv, .dir = "/"};
    char *out = NULL;
    size_t n = 0;
    int status = 0;
    (void)arg;
    int err = sn_child_output(&how, 100, &out, &n, &status);
    if (!err) CHECK(n == 5 && !status && !strcmp(out, "text\n"));
    free(out);
    return err;
}

static int child(void *arg) {
    const char *argv[] = {"cat", NULL};
    const sn_child_how how = {
        .size = sizeof how, .argv = argv, .flags = SN_CHILD_IN | SN_CHILD_OUT | SN_CHILD_GROUP};
    sn_child *c = NULL;
    char buf[8];
    size_t n;
    int status, err = sn_child_start(&c, &how);
    (void)arg;
    if (!err) err = sn_write(sn_child_stream(c, 0), "hello", 5, &n);
    if (!err) err = sn_read_full(sn_child_stream(c, 1), buf, 5, &n);
    if (!err) err = sn_child_kill(c, SIGTERM);
    if (!err) err = sn_child_wait(c, sn_now() + 10 * SN_SECOND, &status);
    if (!err) CHECK_INT(status, -SIGTERM);
    sn_child_free(c);
    return err;
}

/* ---- files */

static int count_one(void *arg, const char *name) {
    (void)name;
    ++*(int *)arg;
    return 0;
}

static int a_file(const char *path) {
    sn_file *f = NULL;
    sn_file_info info;
    char got[8];
    size_t n;
    int err = sn_file_open(&f, path, SN_F_READ | SN_F_WRITE | SN_F_CREATE);
    if (!err) err = sn_file_lock(f);
    if (!err) err = sn_file_write(f, "hello, all", 10, 0, &n);
    if (!err) err = sn_file_truncate(f, 5);
    if (!err) err = sn_file_sync(f);
    if (!err) err = sn_file_stat(f, &info);
    if (!err) CHECK_INT(info.size, 5);
    if (!err) err = sn_file_read(f, got, sizeof got, 0, &n);
    if (!err) CHECK(n == 5 && !memcmp(got, "hello", 5));
    sn_file_close(f);
    return err;
}

static int a_folder(const char *path, const char *in, const char *to) {
    char *text = NULL;
    size_t n;
    int entries = 0, err = sn_path_mkdir(path);
    if (!err) err = sn_path_write(in, "some text", 9);
    if (!err) err = sn_path_read(in, 100, &text, &n);
    if (!err) CHECK_STR(text, "some text");
    free(text);
    if (!err) err = sn_path_rename(in, to);
    if (!err) err = sn_path_sync(path);
    if (!err) err = sn_path_list(path, count_one, &entries);
    if (!err) CHECK_INT(entries, 1);
    return err ? err : sn_path_remove_tree(path, 10);
}

static int files(void *arg) {
    char file[64], path[64], in[80], to[80];
    (void)arg;
    int err = a_file(in_folder("file", file));
    if (err) return err;
    in_folder("folder", path);
    snprintf(in, sizeof in, "%s/in", path);
    snprintf(to, sizeof to, "%s/to", path);
    return a_folder(path, in, to);
}

/* ---- the rest */

static int serial(void *arg) {
    char path[64], got[4];
    sn_conn *c = NULL;
    uint32_t baud;
    size_t n;
    int fd = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC);
    (void)arg;
    /* which fail too where the C library is linked statically */
    int err = fd >= 0 && !unlockpt(fd) && !ptsname_r(fd, path, sizeof path) ? 0 : SN_EMFILE;
    if (!err) err = sn_serial_open(&c, path, NULL);
    if (!err) err = sn_serial_baud(c, &baud);
    if (!err) err = sn_serial_discard(c, 1, 1);
    if (!err) err = sn_write(c, "x", 1, &n);
    if (!err) sn_set_read_deadline(c, sn_now() + SN_MILLISECOND);
    if (!err) err = sn_read(c, got, 1, &n) == SN_ETIMEDOUT ? 0 : SN_EIO;
    sn_conn_free(c);
    if (fd >= 0) close(fd);
    return err;
}

static int signals(void *arg) {
    sn_chan c;
    int got = 0, err = sn_chan_init(&c, sizeof got, 1, NULL, NULL);
    (void)arg;
    if (err) return err;
    err = sn_signal_notify(&c, SIGUSR1);
    if (!err && raise(SIGUSR1)) err = SN_EIO;
    if (!err) err = sn_select(sn_now() + 10 * SN_SECOND, sn_rx(&c, &got, NULL));
    if (!err) CHECK_INT(got, SIGUSR1);
    sn_signal_stop(&c);
    sn_chan_free(&c);
    return err;
}

static int names(void *arg) {
    sn_addr a;
    (void)arg;
    return sn_addr_lookup(&a, "localhost:80");
}

static const inject_scenario scenarios[] = {
    {"tcp", tcp, INJECT_ANY_ERROR},
    {"unix", unix_stream, INJECT_ANY_ERROR},
    {"passes_fd", passes_fd, INJECT_ANY_ERROR},
    {"dgram", dgram, INJECT_ANY_ERROR},
    {"unix_dgram", unix_dgram, INJECT_ANY_ERROR},
    {"output", output, INJECT_ANY_ERROR},
    {"child", child, INJECT_ANY_ERROR},
    {"files", files, INJECT_ANY_ERROR},
    {"serial", serial, INJECT_ANY_ERROR},
    {"signals", signals, INJECT_ANY_ERROR},
    {"names", names, INJECT_ANY_ERROR},
};

int main(int argc, char **argv) {
    char command[80];
    MUST(mkdtemp(folder));
    int rc = inject_all(argc, argv, scenarios, sizeof scenarios / sizeof *scenarios);
    snprintf(command, sizeof command, "rm -r %s", folder);
    MUST(system(command) == 0);
    return rc;
}
