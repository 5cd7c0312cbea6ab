/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Goes wrong in the way that the parameter `how` names, in one seed of `every`: what the
 * search must tell apart. */
#include <sennit/scenario.h>
#include <sennit/sennit.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int mishap_scenario(void *arg);

static int crash(void) {
    int *volatile nowhere = NULL;
    return *nowhere;
}

static int stop(void) {
    fprintf(stderr, "it says this and aborts\n");
    abort();
}

/* No choice points: nothing but the real clock notices. */
static int hang(void) {
    for (volatile int on = 1; on;) {
    }
    return 0;
}

/* Choice points for ever, at one instant. */
static int spin(void) {
    int rc = 0;
    while (!rc) rc = sn_yield();
    return rc;
}

static int oversleep(void) {
    int rc = 0;
    while (!rc) rc = sn_sleep(3600 * SN_SECOND);
    return rc;
}

static int wait_for_nobody(void) {
    sn_chan *c = sn_chan_new(0, 0, NULL);
    return c ? sn_recv(c, NULL) : SN_ENOMEM;
}

static int give_error(void) { return SN_EPERM; }

static int one_or_other(void) {
    uint64_t n = sn_sim_draw(100);
    if (n % 2) sn_sim_fail("%llu is odd", (unsigned long long)n);
    sn_sim_fail("%llu is even", (unsigned long long)n);
}

/* What a first run leaves behind changes the second. */
static int remember(void) {
    static uint64_t runs;
    for (int i = 0; i < 5; i++) sn_sim_note("mishap.steady", (uint64_t)i, 0);
    sn_sim_note("mishap.runs", ++runs, 0);
    return 0;
}

/* As deep as nobody's stack is. */
static int dig(volatile char *above, int depth) {
    volatile char here[4096];
    here[0] = above[0];
    return depth ? dig(here, depth - 1) + here[0] : 0;
}

static int overflow(void) {
    volatile char first[1] = {1};
    return dig(first, 1 << 20);
}

/* Leaves in the middle, as if all were well. */
static int leave(void) { exit(0); }

static int succeed(void) { return 0; }

static const struct mishap {
    const char *how;
    int (*happen)(void);
} mishaps[] = {
    {"none", succeed},     {"exit", leave},          {"either", one_or_other},
    {"crash", crash},      {"abort", stop},          {"hang", hang},
    {"spin", spin},        {"oversleep", oversleep}, {"deadlock", wait_for_nobody},
    {"error", give_error}, {"unsteady", remember},   {"overflow", overflow},
};

int mishap_scenario(void *arg) {
    (void)arg;
    const char *how = sn_param_text("how", "none");
    uint64_t every = (uint64_t)sn_param_int("every", 1);
    bool now = sn_sim_draw(every) == 0;
    for (size_t i = 0; i < sizeof mishaps / sizeof *mishaps; i++)
        if (!strcmp(mishaps[i].how, how)) return now ? mishaps[i].happen() : 0;
    sn_sim_fail("no mishap '%s'", how);
}
