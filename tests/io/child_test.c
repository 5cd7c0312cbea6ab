/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Child processes: what they inherit (nothing), how they end, who waits. Also run with
 * SENNIT_NO_PIDFD. The program is its own child: see `as_child`. */
#include "net_util.h"
#include "slice.h"

#include <dirent.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

static char self[512];
static long long slice_at_first; /* of a thread, before there were coroutines */

/* ---- In the child ---- */

static void print_fds(void) {
    for (int fd = 0; fd < 1024; fd++)
        if (fcntl(fd, F_GETFD) >= 0) printf("%d ", fd);
}

static void print_signals(void) {
    char line[200];
    FILE *f = fopen("/proc/self/status", "r");
    while (f && fgets(line, sizeof line, f))
        if (!strncmp(line, "SigBlk", 6) || !strncmp(line, "SigIgn", 6)) printf("%s", line);
}

static int as_child(char **arg) {
    if (!strcmp(arg[0], "fds")) print_fds();
    if (!strcmp(arg[0], "signals")) print_signals();
    if (!strcmp(arg[0], "env")) printf("%s", getenv("WHO") ? getenv("WHO") : "nobody");
    if (!strcmp(arg[0], "dir")) printf("%s", getcwd((char[300]){0}, 300));
    if (!strcmp(arg[0], "exit")) return atoi(arg[1]);
    if (!strcmp(arg[0], "kill")) kill(getpid(), atoi(arg[1]));
    if (!strcmp(arg[0], "both")) return fputs("out", stdout) < 0 || fputs("err", stderr) < 0;
    if (!strcmp(arg[0], "much"))
        for (int i = 0; i < atoi(arg[1]); i++) putchar('x');
    if (!strcmp(arg[0], "cat"))
        for (int c; (c = getchar()) != EOF;) putchar(c);
    if (!strcmp(arg[0], "slice")) printf("%lld", slice_here());
    if (!strcmp(arg[0], "say7")) return write(7, "seven", 5) != 5;
    if (!strcmp(arg[0], "hang") && arg[1]) MUST(setpgid(0, getpgid(getppid())) == 0);
    if (!strcmp(arg[0], "hang")) /* and tells that it does */
        for (fflush(stdout), (void)!write(1, "h", 1);;) pause();
    return 0;
}

/* ---- Here ---- */

typedef struct run {
    const char *argv[5];
    sn_child_how how;
} run;

static run child_run(const char *what, const char *arg) {
    run r = {.argv = {self, "child", what, arg}};
    r.how = (sn_child_how){.size = sizeof r.how};
    return r;
}

static int output(run *r, char *text, size_t room) {
    char *out;
    size_t n;
    int status = 1;
    r->how.argv = r->argv;
    CHECK_INT(sn_child_output(&r->how, room - 1, &out, &n, &status), 0);
    snprintf(text, room, "%s", out ? out : "");
    free(out);
    return status;
}

static int start(sn_child **c, run *r, unsigned flags) {
    r->how.argv = r->argv;
    r->how.flags = flags;
    return sn_child_start(c, &r->how);
}

static int status_of(const char *what, const char *arg) {
    run r = child_run(what, arg);
    sn_child *c;
    int status = 1000;
    MUST(start(&c, &r, 0) == 0);
    CHECK(sn_child_pid(c) > 0);
    CHECK_INT(sn_child_wait(c, SN_NEVER, &status), 0);
    int again = 1001;
    CHECK_INT(sn_child_wait(c, 0, &again), 0);
    CHECK_INT(again, status);
    CHECK_INT(sn_child_kill(c, SIGTERM), SN_ENOENT);
    sn_child_free(c);
    return status;
}

NET_CASE(ends_are_told) {
    CHECK_INT(status_of("exit", "0"), 0);
    CHECK_INT(status_of("exit", "7"), 7);
    CHECK_INT(status_of("exit", "255"), 255);
    CHECK_INT(status_of("kill", "15"), -15);
    CHECK_INT(status_of("kill", "9"), -9);
}

NET_CASE(it_has_what_is_listed_and_nothing_else) {
    char text[400];
    int leak = open("/dev/null", O_RDONLY); /* not close-on-exec, as of a careless library */
    MUST(leak > 2);
    run r = child_run("fds", NULL);
    CHECK_INT(output(&r, text, sizeof text), 0);
    CHECK_STR(text, "0 1 2 ");
    const sn_child_fd more[] = {{9, leak}, {leak == 5 ? 6 : 5, leak}, {30, 0}};
    r = child_run("fds", NULL);
    r.how.fds = more;
    r.how.fds_n = 3;
    CHECK_INT(output(&r, text, sizeof text), 0);
    CHECK_STR(text, leak == 5 ? "0 1 2 6 9 30 " : "0 1 2 5 9 30 ");
    close(leak);
}

/* 3 becomes 4 and 4 becomes 3. */
NET_CASE(descriptors_may_change_places) {
    int a[2], b[2];
    char c[6] = "";
    MUST(pipe(a) == 0 && pipe(b) == 0);
    const sn_child_fd swap[] = {{7, a[1]}, {a[1], b[1]}, {b[1], a[1]}};
    run r = child_run("say7", NULL);
    r.how.fds = swap;
    r.how.fds_n = a[1] == 7 || b[1] == 7 ? 1 : 3;
    char text[10];
    CHECK_INT(output(&r, text, sizeof text), 0);
    CHECK(read(a[0], c, 5) == 5 && !strcmp(c, "seven"));
    for (int i = 0; i < 2; i++) close(a[i]), close(b[i]);
}

NET_CASE(its_signals_are_as_at_first) {
    char text[400];
    sigset_t some, was;
    sigemptyset(&some);
    sigaddset(&some, SIGUSR1);
    signal(SIGHUP, SIG_IGN);
    signal(SIGPIPE, SIG_IGN);
    pthread_sigmask(SIG_BLOCK, &some, &was);
    run r = child_run("signals", NULL);
    CHECK_INT(output(&r, text, sizeof text), 0);
    CHECK_STR(text, "SigBlk:\t0000000000000000\nSigIgn:\t0000000000000000\n");
    pthread_sigmask(SIG_SETMASK, &was, NULL);
    signal(SIGHUP, SIG_DFL);
    signal(SIGPIPE, SIG_DFL);
}

static void look_at_slice(void *arg) { *(long long *)arg = slice_here(); }

/* The threads that run coroutines ask for short ones, and whatever comes of them is not to have
 * them: a child, a forked child, a helper thread. */
NET_CASE(their_slices_are_as_at_first) {
    char text[40], usual[40];
    run r = child_run("slice", NULL);
    snprintf(usual, sizeof usual, "%lld", slice_at_first);
    CHECK_INT(output(&r, text, sizeof text), 0);
    CHECK_STR(text, usual);
    pid_t pid = fork();
    if (pid == 0) _exit(slice_here() == slice_at_first ? 3 : 4);
    int status = 0;
    while (waitpid(pid, &status, 0) < 0) continue;
    CHECK_INT(WEXITSTATUS(status), 3);
    long long slice = 0;
    CHECK_INT(sn_offload(look_at_slice, &slice, sizeof slice, NULL, SN_NEVER), 0);
    CHECK(slice == slice_at_first);
}

NET_CASE(environment_and_folder) {
    char text[400];
    const char *const env[] = {"WHO=somebody", NULL};
    run r = child_run("env", NULL);
    r.how.env = env;
    CHECK_INT(output(&r, text, sizeof text), 0);
    CHECK_STR(text, "somebody");
    r = child_run("dir", NULL);
    r.how.dir = "/";
    CHECK_INT(output(&r, text, sizeof text), 0);
    CHECK_STR(text, "/");
    run sh = {.argv = {"sh", "-c", "echo $0; exit 3"}, .how = {.size = sizeof sh.how}};
    CHECK_INT(output(&sh, text, sizeof text), 3); /* found in PATH */
    CHECK_STR(text, "sh\n");
}

NET_CASE(output_is_bounded) {
    char *out;
    size_t n;
    int status;
    run r = child_run("much", "5000");
    r.how.argv = r.argv;
    CHECK_INT(sn_child_output(&r.how, 5000, &out, &n, &status), 0);
    CHECK(n == 5000 && out[0] == 'x' && out[5000] == 0);
    free(out);
    CHECK_INT(sn_child_output(&r.how, 4999, &out, &n, &status), SN_EFBIG);
    CHECK(out == NULL && n == 0);
    CHECK_INT(sn_child_output(&r.how, 0, &out, &n, &status), SN_EFBIG);
    r = child_run("both", NULL);
    r.how.argv = r.argv;
    r.how.flags = SN_CHILD_ERR_OUT;
    CHECK_INT(sn_child_output(&r.how, 100, &out, &n, &status), 0);
    CHECK_INT(n, 6);
    free(out);
}

NET_CASE(streams_both_ways) {
    sn_child *c;
    char buf[20000], got[20000];
    size_t n;
    int status;
    run r = child_run("cat", NULL);
    MUST(start(&c, &r, SN_CHILD_IN | SN_CHILD_OUT) == 0);
    for (size_t i = 0; i < sizeof buf; i++) buf[i] = (char)stream_byte(3, i);
    CHECK(sn_child_stream(c, 2) == NULL && sn_child_stream(c, 3) == NULL);
    CHECK_INT(sn_write(sn_child_stream(c, 0), buf, sizeof buf, &n), 0);
    CHECK_INT(sn_shutdown_write(sn_child_stream(c, 0)), 0);
    CHECK_INT(sn_read_full(sn_child_stream(c, 1), got, sizeof got, &n), 0);
    CHECK(memcmp(buf, got, sizeof buf) == 0);
    CHECK_INT(sn_read(sn_child_stream(c, 1), got, 1, &n), 0);
    CHECK_INT(n, 0);
    CHECK_INT(sn_child_wait(c, SN_NEVER, &status), 0);
    CHECK_INT(sn_write(sn_child_stream(c, 0), buf, 1, &n), SN_ECLOSED); /* and no SIGPIPE */
    sn_child_free(c);
}

typedef struct waiter {
    sn_child *c;
    int err, status;
} waiter;

static int waits(void *arg) {
    waiter *w = arg;
    w->err = sn_child_wait(w->c, SN_NEVER, &w->status);
    return 0;
}

/* In a group of its own; or that it has left. */
static sn_child *hanging(const char *outside) {
    sn_child *c;
    char h;
    size_t n;
    run r = child_run("hang", outside);
    MUST(start(&c, &r, SN_CHILD_OUT | SN_CHILD_GROUP) == 0);
    MUST(sn_read(sn_child_stream(c, 1), &h, 1, &n) == 0 && n == 1);
    return c;
}

NET_CASE(several_wait_and_one_kills) {
    sn_child *c = hanging(NULL);
    waiter w[5];
    sn_scope s;
    int status;
    CHECK_INT(sn_child_wait(c, 0, &status), SN_ETIMEDOUT);
    CHECK_INT(sn_child_wait(c, sn_now() + SN_MILLISECOND, &status), SN_ETIMEDOUT);
    sn_scope_enter(&s, SN_NEVER);
    for (int i = 0; i < 5; i++) {
        w[i] = (waiter){c, 1, 1000};
        MUST(sn_go(waits, &w[i], 0) == 0);
    }
    MUST(sn_yield() == 0);
    CHECK_INT(sn_child_kill(c, 0), 0);
    CHECK_INT(sn_child_kill(c, 99), SN_EINVAL);
    CHECK_INT(sn_child_kill(c, SIGTERM), 0);
    CHECK_INT(sn_scope_leave(&s), 0);
    for (int i = 0; i < 5; i++) CHECK(w[i].err == 0 && w[i].status == -SIGTERM);
    sn_child_free(c);
}

NET_CASE(a_cancel_ends_the_wait_not_the_child) {
    sn_child *c = hanging(NULL);
    waiter w = {c, 1, 1000};
    sn_scope s;
    sn_scope_enter(&s, SN_NEVER);
    MUST(sn_go(waits, &w, 0) == 0);
    MUST(sn_yield() == 0);
    sn_scope_cancel(&s, SN_ECANCELED);
    CHECK_INT(sn_scope_leave(&s), SN_ECANCELED);
    CHECK_INT(w.err, SN_ECANCELED);
    int pid = sn_child_pid(c);
    CHECK_INT(kill(pid, 0), 0);
    sn_child_free(c); /* that does */
    CHECK(kill(pid, 0) < 0);
    sn_child_free(NULL);
}

NET_CASE(who_left_its_group_is_freed_too) {
    sn_child *c = hanging("outside");
    CHECK_INT(sn_child_kill(c, SIGTERM), SN_ENOENT); /* nobody is in there */
    sn_child_free(c);
    CHECK(waitpid(-1, NULL, WNOHANG) < 0);
}

NET_CASE(a_deadline_kills_who_is_read) {
    char *out;
    size_t n;
    int status;
    sn_scope s;
    run r = child_run("hang", NULL);
    r.how.argv = r.argv;
    sn_scope_enter(&s, sn_now() + 50 * SN_MILLISECOND);
    CHECK_INT(sn_child_output(&r.how, 100, &out, &n, &status), SN_ETIMEDOUT);
    CHECK_INT(sn_scope_leave(&s), SN_ETIMEDOUT);
    CHECK(waitpid(-1, NULL, WNOHANG) < 0); /* nobody is left */
}

NET_CASE(what_cannot_start_says_so) {
    sn_child *c;
    run r = {.argv = {"/no/such/program"}, .how = {.size = sizeof r.how}};
    CHECK_INT(start(&c, &r, 0), SN_ENOENT);
    CHECK(c == NULL);
    r.argv[0] = "sennit-there-is-no-such-program";
    CHECK_INT(start(&c, &r, 0), SN_ENOENT);
    r.argv[0] = "/etc/passwd";
    CHECK_INT(start(&c, &r, 0), SN_EACCES);
    r = child_run("exit", "0");
    r.how.dir = "/no/such/folder";
    CHECK_INT(start(&c, &r, 0), SN_ENOENT);
    r = child_run("exit", "0");
    const sn_child_fd bad[] = {{4, 1000}}, none[] = {{1, -1}}, twice[] = {{4, 0}, {4, 1}},
                      below[] = {{-1, 0}};
    r.how.fds = bad;
    r.how.fds_n = 1;
    CHECK_INT(start(&c, &r, 0), SN_EBADF);
    r.how.fds = none;
    CHECK_INT(start(&c, &r, 0), SN_EBADF);
    r.how.fds = below;
    CHECK_INT(start(&c, &r, 0), SN_EINVAL);
    r.how.fds = twice;
    r.how.fds_n = 2;
    CHECK_INT(start(&c, &r, 0), SN_EINVAL);
    r = child_run("exit", "0");
    CHECK_INT(start(&c, &r, SN_CHILD_ERR | SN_CHILD_STDERR), SN_EINVAL);
    CHECK_INT(start(&c, &r, 1024), SN_EINVAL);
    r.how.size--;
    CHECK_INT(start(&c, &r, 0), SN_EINVAL);
    CHECK(waitpid(-1, NULL, WNOHANG) < 0);
}

static int one_of_many(void *arg) {
    char text[10];
    run r = child_run("exit", *(int *)arg % 2 ? "1" : "0");
    CHECK_INT(output(&r, text, sizeof text), *(int *)arg % 2);
    return 0;
}

NET_CASE(many_at_once_leak_nothing) {
    sn_scope s;
    int before = dup(0), after;
    sn_scope_enter(&s, SN_NEVER);
    for (int i = 0; i < 40; i++) MUST(sn_go(one_of_many, &i, sizeof i) == 0);
    CHECK_INT(sn_scope_leave(&s), 0);
    close(before);
    after = dup(0);
    CHECK_INT(after, before); /* the first free number is still the same */
    close(after);
}

int main(int argc, char **argv) {
    if (argc > 2 && !strcmp(argv[1], "child")) return as_child(argv + 2);
    ssize_t n = readlink("/proc/self/exe", self, sizeof self - 1);
    MUST(n > 0);
    slice_at_first = slice_here();
    CASE(ends_are_told);
    CASE(it_has_what_is_listed_and_nothing_else);
    CASE(descriptors_may_change_places);
    CASE(its_signals_are_as_at_first);
    CASE(their_slices_are_as_at_first);
    CASE(environment_and_folder);
    CASE(output_is_bounded);
    CASE(streams_both_ways);
    CASE(several_wait_and_one_kills);
    CASE(a_cancel_ends_the_wait_not_the_child);
    CASE(who_left_its_group_is_freed_too);
    CASE(a_deadline_kills_who_is_read);
    CASE(what_cannot_start_says_so);
    CASE(many_at_once_leak_nothing);
    return check_done();
}
