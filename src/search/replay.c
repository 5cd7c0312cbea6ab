/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * `replay`: one seed in this process, so that a debugger stands at the place where it fails. What
 * it fails with goes to standard output as `run` prints it, the dump to standard error, and the
 * process aborts.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "search/commands.h"
#include "search/crash.h"
#include "search/differ.h"
#include "search/number.h"
#include "search/once.h"
#include "search/trace.h"

static const args *replayed; /* there is one in a process */
static _Atomic uint64_t asked;

static void print_failure(const char *why) {
    char at[TIME_TEXT];
    outcome o = sn__once_now();
    sn__once_story(stdout, &replayed->spec);
    printf("seed %llu failed at %s: %s\nhash=%016llx\n", (unsigned long long)replayed->seeds.first,
           sn__show_time(o.time, at), why, (unsigned long long)o.hash);
    fflush(stdout);
}

static void run_failed(void *arg, const char *why) {
    (void)arg;
    sn__trace_flush();
    print_failure(why);
    sn__args_all_asked(replayed, asked);
}

static bool start_trace(const args *a, watch *w) {
    int fd = STDOUT_FILENO;
    if (a->trace_file) fd = open(a->trace_file, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
    if (fd < 0) {
        fprintf(stderr, "%s: --trace=%s: %s\n", a->program, a->trace_file, strerror(errno));
        return false;
    }
    sn__trace_start(fd);
    w->trace = sn__trace_event;
    return true;
}

static int replay(args *a) {
    watch w = {.failed = run_failed};
    char at[TIME_TEXT];
    outcome o;
    if (a->trace && !start_trace(a, &w)) return EXIT_USAGE;
    replayed = a;
    sn__params_use(&a->spec, &asked);
    sn__crash_watch(sn__trace_flush);
    int rc = sn__once(&a->spec, a->scenario, a->seeds.first, &w, &o);
    sn__trace_flush();
    if (rc || o.rc < 0) {
        printf("seed %llu failed at %s: %s\n", (unsigned long long)a->seeds.first,
               sn__show_time(o.time, at), sn_strerror(rc ? rc : o.rc));
    } else {
        printf("seed %llu passed: %s of virtual time, %llu events, %llu choice points\n",
               (unsigned long long)a->seeds.first, sn__show_time(o.time, at),
               (unsigned long long)o.events, (unsigned long long)o.choices);
    }
    printf("hash=%016llx\n", (unsigned long long)o.hash);
    if (!sn__args_all_asked(a, asked)) return EXIT_USAGE;
    return rc || o.rc < 0 ? EXIT_FAILED : EXIT_PASSED;
}

/* ---- Under gdb ---- */

/* What gdb is started with, before the words of this command. The run stops where it fails, with
 * everything still there. */
static const char *const gdb_words[] = {"gdb",   "-q",
                                        "-ex",   "set breakpoint pending on",
                                        "-ex",   "break sn__fatal",
                                        "-ex",   "break abort",
                                        "-ex",   "run",
                                        "-ex",   "backtrace",
                                        "--args"};
enum { GDB_WORDS = sizeof gdb_words / sizeof *gdb_words, WORDS_MAX = 256 };

static int under_gdb(const args *a) {
    char self[4096];
    const char *words[WORDS_MAX];
    int n = 0;
    ssize_t length = readlink("/proc/self/exe", self, sizeof self - 1);
    self[length > 0 ? length : 0] = 0;
    if (a->given_n > WORDS_MAX - GDB_WORDS - 8) {
        fprintf(stderr, "%s: --gdb: too many words\n", a->program);
        return EXIT_USAGE;
    }
    for (; n < GDB_WORDS; n++) words[n] = gdb_words[n];
    words[n++] = length > 0 ? self : a->program;
    words[n++] = "replay";
    words[n++] = a->name;
    for (int i = 0; i < a->given_n; i++)
        if (strcmp(a->given[i], "--gdb")) words[n++] = a->given[i];
    words[n] = NULL;
    execvp(words[0], (char *const *)(uintptr_t)words);
    fprintf(stderr, "%s: --gdb: cannot start gdb: %s\n", a->program, strerror(errno));
    return EXIT_USAGE;
}

int sn__command_replay(args *a) {
    if (a->gdb) return under_gdb(a);
    if (a->twice) return sn__differ(a, stdout);
    return replay(a);
}
