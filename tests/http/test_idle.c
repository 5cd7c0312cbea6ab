/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* test_http_idle [N]: N connections (300; 15,000 in "make stress") open at once, each answered,
 * idle, and answered again; with what each costs the server. Two processes, since each has the
 * descriptors of one side: the server is the child, the client asks it over HTTP for its memory and
 * to stop. */
#include <signal.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "site.h"

static int count = 300;
static int address_pipe[2];
static sn_http_server *server;

/* Resident bytes of this process. */
static long resident(void) {
    long pages = 0;
    FILE *f = fopen("/proc/self/statm", "r");
    if (!f || fscanf(f, "%*d %ld", &pages) != 1) pages = 0;
    if (f) fclose(f);
    return pages * sysconf(_SC_PAGESIZE);
}

static int stop_server(void *arg) {
    (void)arg;
    return sn_http_shutdown(server, sn_now() + 20 * SN_SECOND);
}

static void answer(sn_http_writer *w, sn_http_request *r, void *arg) {
    (void)arg;
    if (!strcmp(sn_http_path(r), "/stop")) MUST(sn_go_root(stop_server, NULL, 0) == 0);
    sn_http_replyf(w, 200, "%ld", resident());
}

static int serve(void *arg) {
    char addr[64] = "";
    sn_listener *l;
    (void)arg;
    MUST(sn_listen(&l, "tcp", "127.0.0.1:0") == 0);
    MUST(sn_listener_addr(l, addr, sizeof addr) >= 0);
    MUST(write(address_pipe[1], addr, sizeof addr) == sizeof addr);
    MUST(sn_http_server_new(&server, answer, NULL, NULL) == 0);
    int rc = sn_http_serve(server, l);
    sn_listener_free(l);
    sn_http_server_free(server);
    return rc;
}

/* One exchange; the number in the answer's body, or -1. */
static long exchange(sn_conn *c, const char *path) {
    char text[128], reply[512];
    snprintf(text, sizeof text, "GET %s HTTP/1.1\r\n" H "\r\n", path);
    say(c, text);
    size_t n = 0, done;
    const char *body = NULL;
    do {
        if (sn_read(c, reply + n, sizeof reply - n - 1, &done) || done == 0) return -1;
        n += done;
        reply[n] = 0;
        body = strstr(reply, "\r\n\r\n");
    } while (!body || !body[4]);
    return status_of(reply) == 200 ? atol(body + 4) : -1;
}

static void all_answered(sn_conn **c) {
    int answered = 0;
    for (int i = 0; i < count; i++) answered += exchange(c[i], "/") > 0;
    CHECK_INT(answered, count);
}

static site web;

/* With time for all the others between two questions. */
static sn_conn *dial(void) {
    sn_conn *c = site_dial(&web);
    sn_set_read_deadline(c, sn_now() + 300 * SN_SECOND);
    return c;
}

static void test_idle(void) {
    sn_conn **c = calloc((size_t)count, sizeof *c), *ask_on = dial();
    MUST(c);
    long before = exchange(ask_on, "/");
    for (int i = 0; i < count; i++) c[i] = dial();
    long opened = exchange(ask_on, "/");
    all_answered(c);
    long used = exchange(ask_on, "/");
    CHECK_INT(sn_sleep(3 * SN_SECOND), 0); /* for the figure only: buffers are given back */
    long idle = exchange(ask_on, "/");
    all_answered(c);
    CHECK(before > 0 && opened > 0 && used > 0 && idle > 0);
    printf("connections=%d bytes_each: opened=%ld used=%ld idle=%ld rss_kb=%ld\n", count,
           (opened - before) / count, (used - before) / count, (idle - before) / count,
           idle / 1024);
    CHECK(exchange(ask_on, "/stop") > 0);
    for (int i = 0; i < count; i++) sn_conn_free(c[i]);
    sn_conn_free(ask_on);
    free(c);
}

static int client(void *arg) {
    (void)arg;
    MUST(read(address_pipe[0], web.addr, sizeof web.addr) == sizeof web.addr);
    CASE(test_idle);
    return check_done();
}

int main(int argc, char **argv) {
    struct rlimit files;
    if (getenv("SENNIT_STRESS_SECONDS")) count = 15000;
    if (argc > 1) count = atoi(argv[1]);
    if (getrlimit(RLIMIT_NOFILE, &files) == 0) {
        files.rlim_cur = files.rlim_max;
        setrlimit(RLIMIT_NOFILE, &files);
    }
    MUST(count > 0 && pipe(address_pipe) == 0);
    pid_t pid = fork();
    MUST(pid >= 0);
    if (pid == 0) return sn_run(serve, NULL, NULL) != 0;
    int rc = sn_run(client, NULL, NULL), status = 0;
    if (rc) kill(pid, SIGTERM);
    MUST(waitpid(pid, &status, 0) == pid);
    return rc || status;
}
