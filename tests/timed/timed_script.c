/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Reading timed scenarios: what is understood, and what is said about what is not. */
#include "timed/timed.h"

#include "check.h"

static int parse(const char *text, timed_script *s, timed_error *e) {
    return timed_parse(s, text, strlen(text), e);
}

static void every_kind_of_line(void) {
    static const char text[] = "# a scenario\n"
                               "run 10s\n"
                               "send \"go\" at 1s every 500ms times 4 # often\n"
                               "send \"ok\" 20ms after \"ready *\"\n"
                               "after \"go\" within 80ms \"gone\"\n"
                               "never \"horn\"\n"
                               "never \"horn\" before 2s\n"
                               "never \"gone\" before \"go\"\n"
                               "every 100ms \"tick\" tolerance 5ms for 9s from 1s\n"
                               "expect \"ready 1\" within 2s\r\n"
                               "  expect no \"x\" for 500ms after \"y\"\n";
    static const enum timed_kind kinds[] = {TIMED_SEND_AT, TIMED_SEND_AFTER,  TIMED_WITHIN,
                                            TIMED_NEVER,   TIMED_NEVER_UNTIL, TIMED_NEVER_BEFORE,
                                            TIMED_EVERY,   TIMED_EXPECT,      TIMED_EXPECT_NO};
    timed_script s;
    timed_error e;
    int rc = parse(text, &s, &e);
    if (rc) fprintf(stderr, "%u:%u: %s\n", e.line, e.column, e.text);
    MUST(rc == 0 && s.n == 9);
    for (size_t i = 0; i < s.n; i++) CHECK_INT(s.steps[i].kind, kinds[i]);
    CHECK_INT(s.length, 10 * SN_SECOND);
    CHECK_STR(s.steps[0].text, "send \"go\" at 1s every 500ms times 4");
    CHECK_INT(s.steps[0].times, 4);
    CHECK_INT(s.steps[1].time, 20 * SN_MILLISECOND);
    CHECK_STR(s.steps[1].cause, "ready *");
    CHECK_STR(s.steps[2].cause, "go");
    CHECK_STR(s.steps[2].event, "gone");
    CHECK_INT(s.steps[6].from, SN_SECOND);
    CHECK_STR(s.steps[8].text, "expect no \"x\" for 500ms after \"y\"");
    timed_script_free(&s);
}

static void wrong_lines_are_named(void) {
    static const struct {
        const char *text;
        unsigned line, column;
        const char *says;
    } bad[] = {
        {"", 0, 0, "how long to run"},
        {"run 1s", 0, 0, "nothing is asked"},
        {"run 1s\nsend \"a\" at 0", 0, 0, "nothing is asked"},
        {"run 1s\nrun 2s", 2, 1, "in line 1 already"},
        {"run soon", 1, 5, "needs a time"},
        {"run 1s 2s", 1, 8, "should end here"},
        {"\nwait 1s", 2, 1, "a line begins with"},
        {"never horn", 1, 7, "needs an event in quotes"},
        {"never \"horn", 1, 7, "quotes are not closed"},
        {"never \"\"", 1, 7, "has a name"},
        {"never \"a\" before", 1, 17, "needs a time"},
        {"never \"a\" after 1s", 1, 11, "should end here"},
        {"after \"a\" in 80ms \"b\"", 1, 11, "needs 'within'"},
        {"after \"a\" within 0 \"b\"", 1, 18, "within needs a time"},
        {"after \"a\" within 80 \"b\"", 1, 18, "'80': within needs a time"},
        {"after \"a\" within 80ms b", 1, 23, "in quotes"},
        {"send \"a*\" at 1s", 1, 6, "has no '*'"},
        {"send \"a\" when 1s", 1, 10, "send (at, or so long after"},
        {"send \"a\" at 1s every 1s", 1, 24, "needs 'times'"},
        {"send \"a\" at 1s every 1s times 0", 1, 31, "from 1 to"},
        {"send \"a\" at 1s every 1s times 99999999999", 1, 31, "from 1 to"},
        {"every 1s \"a\" tolerance 1s for 5s", 1, 0, "says nothing"},
        {"every 1s \"a\" for 5s", 1, 14, "needs 'tolerance'"},
        {"expect no \"a\" for 1s", 1, 21, "needs 'after'"},
        {"run 1s\nexpect \"a\" within 2s", 2, 0, "after the run of line 1"},
        {"run 5s\nnever \"x\"\nsend \"a\" at 1s every 1s times 6", 3, 0, "after the run"},
        {"run 9d\nnever \"x\"\nsend \"a\" at 1s every 9000d times 100000", 3, 0, "after the run"},
    };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        timed_script s;
        timed_error e;
        CHECK_INT(parse(bad[i].text, &s, &e), SN_EINVAL);
        timed_script_free(&s);
        CHECK_INT(e.line, bad[i].line);
        CHECK_INT(e.column, bad[i].column);
        if (strstr(e.text, bad[i].says)) continue;
        fprintf(stderr, "'%s': \"%s\" does not say \"%s\"\n", bad[i].text, e.text, bad[i].says);
        CHECK(!"the message");
    }
}

static void there_are_limits(void) {
    timed_script s;
    timed_error e;
    char *big = malloc(TIMED_FILE_MAX + 1);
    MUST(big);
    memset(big, '\n', TIMED_FILE_MAX + 1);
    CHECK_INT(timed_parse(&s, big, TIMED_FILE_MAX + 1, &e), SN_EFBIG);
    timed_script_free(&s);
    memset(big, 'x', TIMED_LINE_MAX + 1);
    CHECK_INT(timed_parse(&s, big, TIMED_LINE_MAX + 1, &e), SN_EINVAL);
    CHECK_INT(e.line, 1);
    timed_script_free(&s);
    size_t n = 0;
    for (int i = 0; i < TIMED_STEPS_MAX + 1; i++) n += (size_t)sprintf(big + n, "never \"x\"\n");
    CHECK_INT(timed_parse(&s, big, n, &e), SN_EINVAL);
    CHECK_INT(e.line, TIMED_STEPS_MAX + 1);
    timed_script_free(&s);
    n = (size_t)sprintf(big, "never \"");
    memset(big + n, 'y', TIMED_EVENT_MAX);
    big[n + TIMED_EVENT_MAX] = '"';
    CHECK_INT(timed_parse(&s, big, n + TIMED_EVENT_MAX + 1, &e), SN_EINVAL);
    CHECK(strstr(e.text, "at most"));
    timed_script_free(&s);
    free(big);
}

static void patterns(void) {
    CHECK(timed_matches("a", "a", 1));
    CHECK(!timed_matches("a", "ab", 2));
    CHECK(timed_matches("a*", "ab", 2));
    CHECK(timed_matches("a*", "a", 1));
    CHECK(!timed_matches("ab*", "a", 1));
    CHECK(timed_matches("*", "", 0));
}

int main(void) {
    CASE(every_kind_of_line);
    CASE(wrong_lines_are_named);
    CASE(there_are_limits);
    CASE(patterns);
    return check_done();
}
