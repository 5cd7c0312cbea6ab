/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* sennit-timed: timed scenarios against a live program. */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <sennit/file.h>
#include <sennit/go.h>
#include <sennit/plan.h>
#include <sennit/time.h>

#include "common/child.h"
#include "timed.h"

#define USAGE                                                                                      \
    "usage: sennit-timed check FILE\n"                                                             \
    "       sennit-timed run FILE --connect HOST:PORT [--repeat N] [--slack TIME]\n"               \
    "       sennit-timed run FILE --run COMMAND       [--repeat N] [--slack TIME]\n"               \
    "\n"                                                                                           \
    "COMMAND says on its standard output where it listens: the first line that ends in\n"          \
    "ADDRESS:PORT. Ends with 0 when all of the scenario holds, 1 when not, 2 when it\n"            \
    "cannot be tried.\n"

enum { PASSED = 0, FAILED = 1, TROUBLE = 2, REPEAT_MAX = 100000, ADDR_MAX = 128 };
#define START_TIME (30 * SN_SECOND) /* within which COMMAND must listen, and a dial succeed */

typedef struct options {
    const char *file, *connect, *command;
    unsigned repeat;
    sn_time slack;
    bool check;
} options;

static int trouble(const char *what, const char *why) {
    fprintf(stderr, "sennit-timed: %s: %s\n", what, why);
    return TROUBLE;
}

/* ---- The command line ---- */

static bool read_count(const char *s, unsigned *out) {
    char *end;
    unsigned long n = strtoul(s, &end, 10);
    if (*end || end == s || n == 0 || n > REPEAT_MAX) return false;
    *out = (unsigned)n;
    return true;
}

static int read_option(options *o, const char *name, const char *value) {
    if (!value) return trouble(name, "needs a value");
    if (!strcmp(name, "--connect")) {
        o->connect = value;
    } else if (!strcmp(name, "--run")) {
        o->command = value;
    } else if (!strcmp(name, "--repeat")) {
        if (!read_count(value, &o->repeat)) return trouble(value, "--repeat needs 1 to 100000");
    } else if (!strcmp(name, "--slack")) {
        if (sn_text_time(value, strlen(value), &o->slack) || o->slack < 0 ||
            o->slack > 3600 * SN_SECOND) {
            return trouble(value, "--slack needs a time up to 1h, such as 5s");
        }
    } else {
        return trouble(name, "no such option");
    }
    return PASSED;
}

static int read_options(options *o, int argc, char **argv) {
    *o = (options){.repeat = 1};
    if (argc < 3) return fputs(USAGE, stderr), TROUBLE;
    o->check = !strcmp(argv[1], "check");
    if (!o->check && strcmp(argv[1], "run")) return fputs(USAGE, stderr), TROUBLE;
    o->file = argv[2];
    for (int i = 3; i < argc; i += 2) {
        int rc = read_option(o, argv[i], i + 1 < argc ? argv[i + 1] : NULL);
        if (rc) return rc;
    }
    if (!o->check && !o->connect == !o->command) {
        return trouble("run", "needs one of --connect and --run");
    }
    return PASSED;
}

static int read_script(const options *o, timed_script *script) {
    char *text;
    size_t n;
    timed_error e;
    int rc = sn_path_read(o->file, TIMED_FILE_MAX, &text, &n);
    *script = (timed_script){0};
    if (rc) return trouble(o->file, sn_strerror(rc));
    rc = timed_parse(script, text, n, &e);
    free(text);
    if (rc == SN_ENOMEM) return trouble(o->file, sn_strerror(rc));
    if (rc) {
        fprintf(stderr, "%s:%u:%u: %s\n", o->file, e.line, e.column, e.text);
        return TROUBLE;
    }
    return PASSED;
}

/* ---- The program under test ---- */

typedef struct listening {
    int fd;
    char addr[ADDR_MAX]; /* "": it ended, or said nothing of the kind */
} listening;

/** The word that ends a line, when it is an ADDRESS:PORT. */
static bool take_address(listening *l, char *line) {
    const char *word = strrchr(line, ' ');
    word = word ? word + 1 : line;
    const char *colon = strrchr(word, ':');
    if (!colon || colon == word || strspn(colon + 1, "0123456789") != strlen(colon + 1) ||
        !colon[1]) {
        return false;
    }
    if (strstr(word, "//")) word = strstr(word, "//") + 2;
    if (strlen(word) >= sizeof l->addr) return false;
    memcpy(l->addr, word, strlen(word) + 1);
    return true;
}

/** Reads the command's output until it has said where it listens; SN_ENOENT: it has not. */
static int read_address(void *arg) {
    listening *l = arg;
    char line[1024];
    size_t n = 0;
    char byte;
    while (read(l->fd, &byte, 1) == 1) {
        if (byte != '\n') {
            if (n + 1 < sizeof line) line[n++] = byte;
            continue;
        }
        line[n] = 0;
        n = 0;
        if (take_address(l, line)) return 0;
    }
    return SN_ENOENT;
}

/** What it says from then on nobody reads, but it must not block or break on it. */
static int drain(void *arg) {
    int fd = *(int *)arg;
    char buf[4096];
    while (read(fd, buf, sizeof buf) > 0) continue;
    close(fd);
    return 0;
}

static int drain_blocking(void *arg) { return sn_blocking(drain, arg); }

static int start_command(const options *o, char addr[ADDR_MAX], pid_t *pid) {
    int ends[2];
    if (pipe2(ends, O_CLOEXEC)) return trouble("--run", "no pipe can be had");
    *pid = child_start(o->command, ends[1]);
    close(ends[1]);
    listening l = {.fd = ends[0]};
    bool heard = *pid > 0 && sn_blocking(read_address, &l) == 0;
    memcpy(addr, l.addr, ADDR_MAX);
    if (heard && sn_go(drain_blocking, &ends[0], sizeof ends[0]) == 0) return PASSED;
    close(ends[0]);
    if (*pid < 0) return trouble(o->command, sn_strerror(*pid));
    return trouble(o->command, "it ended before it said where it listens");
}

/* ---- Running ---- */

/** A program that was just started may take a moment before it listens. */
static int dial(sn_conn **c, const char *addr) {
    sn_time until = sn_now() + START_TIME;
    for (;;) {
        int rc = sn_dial(c, "tcp", addr);
        if (rc != SN_ECONNREFUSED || sn_now() > until) return rc;
        rc = sn_sleep(20 * SN_MILLISECOND);
        if (rc) return rc;
    }
}

static int run_once(timed_result *r, const char *addr) {
    sn_conn *c;
    int rc = dial(&c, addr);
    if (rc) return rc;
    rc = timed_run(r, c);
    sn_conn_free(c);
    return rc;
}

static void print_line(void *arg, const char *line) {
    (void)arg;
    puts(line);
}

static int run_script(const options *o, const timed_script *script, const char *addr) {
    timed_result r;
    int rc = timed_result_init(&r, script, o->slack);
    for (unsigned i = 0; i < o->repeat && rc == 0 && !r.broken[0]; i++) rc = run_once(&r, addr);
    int verdict = rc ? trouble(addr, sn_strerror(rc)) : timed_passed(&r) ? PASSED : FAILED;
    if (rc == 0) timed_report(&r, print_line, NULL);
    timed_result_free(&r);
    return verdict;
}

static int run_command(const options *o, const timed_script *script) {
    char addr[ADDR_MAX];
    pid_t pid = -1;
    int rc = start_command(o, addr, &pid);
    if (rc == PASSED) rc = run_script(o, script, addr);
    if (pid > 0) child_kill(pid);
    return rc;
}

static int app(void *arg) {
    const sn_main_args *a = arg;
    options o;
    timed_script script;
    int rc = read_options(&o, a->argc, a->argv);
    if (rc) return rc;
    rc = read_script(&o, &script);
    if (rc == PASSED && o.check) printf("%s: %zu steps\n", o.file, script.n);
    if (rc == PASSED && o.connect) rc = run_script(&o, &script, o.connect);
    if (rc == PASSED && o.command) rc = run_command(&o, &script);
    timed_script_free(&script);
    return rc;
}

SN_MAIN(app)
