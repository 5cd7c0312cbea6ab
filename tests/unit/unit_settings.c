/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Settings from the environment: what is used, and what is said on standard error about the rest.
 */
#include "check.h"

#include <sennit/sennit.h>
#include <string.h>
#include <unistd.h>

static unsigned procs;

static int note_procs(void *arg) {
    (void)arg;
    sn_stats st = {.size = sizeof st};
    sn_get_stats(&st);
    procs = st.procs;
    return 0;
}

/* What a run with this value says on standard error. */
static const char *said_with(const char *name, const char *value) {
    static char text[1024];
    int out[2], err = dup(2);
    setenv(name, value, 1);
    MUST(err >= 0 && pipe(out) == 0 && dup2(out[1], 2) == 2);
    close(out[1]);
    int rc = sn_run(note_procs, NULL, NULL);
    dup2(err, 2);
    close(err);
    ssize_t n = read(out[0], text, sizeof text - 1);
    close(out[0]);
    CHECK_INT(rc, 0);
    text[n > 0 ? n : 0] = 0;
    unsetenv(name);
    return text;
}

static unsigned allowed;

static void good_values(void) {
    CHECK_STR(said_with("SENNIT_PROCS", "3"), "");
    CHECK_INT(procs, 3);
    CHECK_STR(said_with("SENNIT_PROCS", "0003"), "");
    CHECK_INT(procs, 3);
    CHECK_STR(said_with("SENNIT_PROCS", "0"), "");
    CHECK_INT(procs, allowed);
    CHECK_STR(said_with("SENNIT_PROCS", ""), "");
    CHECK_INT(procs, allowed);
    CHECK_STR(said_with("SENNIT_NO_MEMBARRIER", "1"), "");
    CHECK_STR(said_with("SENNIT_NO_MEMBARRIER", "0"), "");
}

static void no_number(void) {
    static const char *const bad[] = {"four", "-1", "+2", " 2", "2 ", "0x2", "2.5"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        char want[200];
        snprintf(want, sizeof want,
                 "sennit: SENNIT_PROCS '%s': needs a number from 0 to 1024; "
                 "using the CPUs allowed\n",
                 bad[i]);
        CHECK_STR(said_with("SENNIT_PROCS", bad[i]), want);
        CHECK_INT(procs, allowed);
    }
}

static void beyond_bounds(void) {
    CHECK_STR(said_with("SENNIT_PROCS", "1025"),
              "sennit: SENNIT_PROCS '1025': needs a number from 0 to 1024; using 1024\n");
    CHECK_STR(said_with("SENNIT_PROCS", "18446744073709551617"),
              "sennit: SENNIT_PROCS '18446744073709551617': needs a number from 0 to 1024; "
              "using 1024\n");
    CHECK_INT(procs, 1024);
}

static void no_word(void) {
    CHECK_STR(said_with("SENNIT_NO_MEMBARRIER", "yes"),
              "sennit: SENNIT_NO_MEMBARRIER 'yes': needs 0 or 1; using 0\n");
}

/* One line on a terminal, however long the value and whatever is in it. */
static void one_line(void) {
    char value[400];
    memset(value, 'x', sizeof value);
    value[0] = '\n';
    value[1] = '\033';
    value[sizeof value - 1] = 0;
    const char *said = said_with("SENNIT_PROCS", value);
    CHECK(strstr(said, "'??xxx") && strstr(said, "x...': needs"));
    CHECK(strlen(said) < 200);
    CHECK(strchr(said, '\n') == said + strlen(said) - 1);
}

int main(void) {
    MUST(sn_run(note_procs, NULL, NULL) == 0);
    allowed = procs;
    CASE(good_values);
    CASE(no_number);
    CASE(beyond_bounds);
    CASE(no_word);
    CASE(one_line);
    return check_done();
}
