/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* The command line. */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "chaos.h"

#define USAGE                                                                                      \
    "usage: sennit-chaos check PLAN\n"                                                             \
    "       sennit-chaos run PLAN --host NAME=WHAT ... [option ...]\n"                             \
    "\n"                                                                                           \
    "  --host NAME=run:COMMAND   a host: started here, and again after it was killed\n"            \
    "  --host NAME=pid:NUMBER    a host: a process that runs already\n"                            \
    "  --host NAME=none          a host without a process here: the end of a link\n"               \
    "  --link A-B=LISTEN:TARGET  A dials LISTEN (ADDRESS:PORT) to reach B at TARGET\n"             \
    "  --disk NAME=FOLDER:BYTES  what disk-full may fill, and with how much at most\n"             \
    "  --seed N                  decides what the plan leaves to chance (1)\n"                     \
    "  --for TIME                ends after so long (when the plan is over)\n"                     \
    "  --may-kill                pid: hosts may be killed: somebody else starts them again\n"      \
    "  --dry-run                 says what would be done, and does nothing\n"                      \
    "\n"                                                                                           \
    "Ends with 0 when all was done and undone, 1 when something else happened, 2 when it\n"        \
    "cannot be tried.\n"

enum { TROUBLE = 2 };

static int wrong(const char *what, const char *why) {
    fprintf(stderr, "sennit-chaos: %s: %s\n", what, why);
    return TROUBLE;
}

/** The name before `end` as a host's. */
static int take_name(const char *text, const char *end, char out[SN_PLACE_MAX]) {
    size_t n = end ? (size_t)(end - text) : 0;
    if (n == 0 || n >= SN_PLACE_MAX) return wrong(text, "needs NAME=…");
    memcpy(out, text, n);
    out[n] = 0;
    return 0;
}

static int read_pid(chaos_host *h, const char *text) {
    char *end;
    long n = strtol(text, &end, 10);
    if (*end || end == text || n <= 1 || n > INT32_MAX) return wrong(text, "is no process id");
    if (n == (long)getpid() || n == (long)getppid()) return wrong(text, "is this program's own");
    h->pid = (pid_t)n;
    return 0;
}

static int add_host(chaos *c, const char *text) {
    const char *is = strchr(text, '=');
    chaos_host h = {.pidfd = -1};
    int rc = take_name(text, is, h.name);
    if (rc) return rc;
    if (chaos_host_named(c, h.name)) return wrong(text, "is there already");
    if (c->hosts_n == CHAOS_HOSTS_MAX) return wrong(text, "is one host too many");
    if (!strncmp(is + 1, "run:", 4) && is[5])
        h.command = is + 5;
    else if (!strncmp(is + 1, "pid:", 4))
        rc = read_pid(&h, is + 5);
    else if (strcmp(is + 1, "none"))
        return wrong(text, "needs run:COMMAND, pid:NUMBER or none");
    c->hosts[c->hosts_n++] = h;
    return rc;
}

/** Splits "127.0.0.1:1:127.0.0.1:2" in place: behind the second colon, brackets left alone. */
static char *split_addresses(char *text) {
    int colons = 0, depth = 0;
    for (char *p = text; *p; p++) {
        depth += (*p == '[') - (*p == ']');
        if (*p != ':' || depth > 0 || ++colons < 2) continue;
        *p = 0;
        return p + 1;
    }
    return NULL;
}

static int add_link(chaos *c, const char *text) {
    const char *is = strchr(text, '='), *dash = strchr(text, '-');
    chaos_link *l = &c->links[c->links_n];
    if (c->links_n == CHAOS_LINKS_MAX) return wrong(text, "is one link too many");
    if (!is) return wrong(text, "needs A-B=LISTEN:TARGET");
    for (; dash && dash < is; dash = strchr(dash + 1, '-')) { /* names may have dashes */
        if (take_name(text, dash, l->from) || take_name(dash + 1, is, l->to)) return TROUBLE;
        if (!chaos_host_named(c, l->from) || !chaos_host_named(c, l->to)) continue;
        char *copy = strdup(is + 1);
        char *target = copy ? split_addresses(copy) : NULL;
        if (!target || !*target) {
            free(copy);
            return wrong(text, "needs LISTEN:TARGET, each an ADDRESS:PORT");
        }
        l->listen = copy; /* kept to the end */
        l->target = target;
        c->links_n++;
        return 0;
    }
    return wrong(text, "is between no two hosts that were named before it");
}

static int add_disk(chaos *c, const char *text) {
    char name[SN_PLACE_MAX];
    const char *is = strchr(text, '='), *colon = strrchr(text, ':');
    int rc = take_name(text, is, name);
    if (rc) return rc;
    chaos_host *h = chaos_host_named(c, name);
    if (!h) return wrong(text, "is of no host that was named before it");
    if (!colon || colon <= is + 1 || sn_text_bytes(colon + 1, strlen(colon + 1), &h->fill) ||
        h->fill == 0) {
        return wrong(text, "needs NAME=FOLDER:BYTES, BYTES such as 64MiB");
    }
    h->folder = strndup(is + 1, (size_t)(colon - is - 1));
    return h->folder ? 0 : wrong(text, "out of memory");
}

static int read_seed(chaos *c, const char *text) {
    char *end;
    c->seed = strtoull(text, &end, 10);
    return *end || end == text ? wrong(text, "--seed needs a number") : 0;
}

static int read_limit(chaos *c, const char *text) {
    bool bad = sn_text_time(text, strlen(text), &c->limit) || c->limit <= 0;
    return bad ? wrong(text, "--for needs a time such as 10m") : 0;
}

static int read_valued(chaos *c, const char *name, const char *value) {
    static const struct {
        const char *name;
        int (*read)(chaos *, const char *);
    } known[] = {{"--host", add_host},
                 {"--link", add_link},
                 {"--disk", add_disk},
                 {"--seed", read_seed},
                 {"--for", read_limit}};
    for (size_t i = 0; i < sizeof known / sizeof *known; i++) {
        if (strcmp(name, known[i].name)) continue;
        return value ? known[i].read(c, value) : wrong(name, "needs a value");
    }
    return wrong(name, "no such option");
}

int chaos_options(chaos *c, int argc, char **argv) {
    bool check = argc == 3 && !strcmp(argv[1], "check");
    c->seed = 1;
    c->limit = SN_NEVER;
    if (!check && (argc < 3 || strcmp(argv[1], "run"))) {
        fputs(USAGE, stderr);
        return TROUBLE;
    }
    c->plan_file = argv[2];
    for (int i = 3; i < argc; i++) {
        bool *flag = !strcmp(argv[i], "--dry-run")    ? &c->dry_run
                     : !strcmp(argv[i], "--may-kill") ? &c->may_kill
                                                      : NULL;
        if (flag) {
            *flag = true;
            continue;
        }
        int rc = read_valued(c, argv[i], i + 1 < argc ? argv[i + 1] : NULL);
        if (rc) return rc;
        i++;
    }
    if (!check && c->hosts_n == 0) return wrong("run", "needs a --host: nothing else is touched");
    return 0;
}
