/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Reading plans: what is accepted, and what is said about what is not: where, and what. */
#include <sennit/plan.h>

#include "check.h"

static int read_plan(const char *text, sn_plan_error *e) {
    sn_plan *p = sn_plan_new();
    MUST(p);
    memset(e, 0, sizeof *e);
    int rc = sn_plan_parse(p, text, strlen(text), e);
    sn_plan_free(p);
    return rc;
}

static void every_kind_can_be_said(void) {
    static const char text[] =
        "# a plan\n"
        "radius 2   # hosts\n"
        "spare witness\n"
        "spare log-*\n"
        "\n"
        "fault partition from field to server at 2h..6h for 30m every 6h until 7d spread 20%\n"
        "fault partition between a and 10.1.0.0/16 at 0 for 1s\n"
        "fault delay from * to server at 1s for 1s by 200ms jitter 10ms..50ms\n"
        "fault loss between a and b at 1s for 1s share 5%\n"
        "fault throttle between a and b at 1s for 1s rate 64KiB\n"
        "fault duplicate between a and b at 1s for 1s share 1%\n"
        "fault reorder between a and b at 1s for 1s share 1%\n"
        "fault reset between a and b at 1s\n"
        "fault reset between a and b at 1s for 1m share 1%\n"
        "fault half-open between a and b at 1s for 1m share 1%\n"
        "fault refuse from a to b at 1s for 1m share 50%\n"
        "fault kill server at 3h..9h for 10s times 5\n"
        "fault power on node* at 3h for 10s..1m every 1h times 4 spread 1\n"
        "fault freeze server at 1s for 1s\n"
        "fault hog server at 1s for 1s cpus 2\n"
        "fault memory server at 1s for 1s size 512MiB\n"
        "fault disk-full server at 1s for 1s\n"
        "fault disk-slow server at 1s for 1s by 5ms sync 200ms\n"
        "fault disk-error server at 1s for 1s write 0.1% sync 1%\n"
        "fault disk-lie server at 1s for 1s share 1%\n"
        "fault bit-rot server at 1s for 1s share 1e-4\n"
        "fault clock-jump server at 1s by -1h..1h\n"
        "fault clock-drift server at 1s for 1h by -200ppm\r\n";
    sn_plan_error e;
    sn_plan *p = sn_plan_new();
    MUST(p);
    int rc = sn_plan_parse(p, text, sizeof text - 1, &e);
    if (rc) fprintf(stderr, "%u:%u: %s\n", e.line, e.column, e.text);
    CHECK_INT(rc, 0);
    CHECK_INT(sn_plan_size(p), 23);
    sn_plan_free(p);
}

static void wrong_lines_are_named(void) {
    static const struct {
        const char *text;
        unsigned line, column;
        const char *says;
    } bad[] = {
        {"\nfualt kill a at 1s for 1s", 2, 1, "did you mean 'fault'?"},
        {"hello", 1, 1, "begins with fault, radius or spare"},
        {"fault", 1, 6, "ends before the kind"},
        {"fault partiton from a to b at 1s for 1s", 1, 7, "did you mean 'partition'?"},
        {"fault sabotage a", 1, 7, "no kind of fault 'sabotage'"},
        {"fault partition a at 1s for 1s", 1, 17, "needs 'from A to B'"},
        {"fault partition from a at 1s for 1s", 1, 24, "needs 'to'"},
        {"fault partition between a to b at 1s for 1s", 1, 27, "needs 'and'"},
        {"fault partition from a to", 1, 26, "ends before the name"},
        {"fault partition from 10.0.0.x to b at 1s for 1s", 1, 22, "no address or range"},
        {"fault kill 10.0.0.1 at 1s for 1s", 1, 12, "by its name"},
        {"fault kill a*b at 1s for 1s", 1, 12, "no name of a host"},
        {"fault kill a at 1s", 1, 0, "kill needs 'for'"},
        {"fault kill a for 1s", 1, 0, "kill needs 'at'"},
        {"fault kill a at 1 for 1s", 1, 17, "'1': at needs a time"},
        {"fault kill a at 1s..x for 1s", 1, 21, "'x': at needs a time"},
        {"fault kill a at 2s..1s for 1s", 1, 17, "ends before it begins"},
        {"fault kill a at -1s for 1s", 1, 17, "may not be negative"},
        {"fault kill a at 1s for 0s", 1, 0, "needs a time above 0"},
        {"fault kill a at 1s for", 1, 23, "the line ends after 'for'"},
        {"fault kill a at 1s for 1s for 2s", 1, 27, "said twice"},
        {"fault kill a at 1s for 1s share 1%", 1, 27, "kill has no 'share'"},
        {"fault kill a at 1s for 1s tmies 3", 1, 27, "did you mean 'times'?"},
        {"fault kill a at 1s for 1s whenever", 1, 27, "is no word of a fault"},
        {"fault kill a at 1s for 1s every 1h", 1, 0, "plans end"},
        {"fault kill a at 1s for 1s until 1h", 1, 0, "comes 'every' so often"},
        {"fault kill a at 2s for 1s every 1s until 2s", 1, 0, "over before 'at' begins"},
        {"fault kill a at 1s for 1s times 0", 1, 33, "needs a number from 1"},
        {"fault kill a at 1s for 1s times 100001", 1, 33, "at most 100000"},
        {"fault kill a at 1s for 1s spread 0%", 1, 34, "needs a number of hosts"},
        {"fault hog a at 1s for 1s cpus 65", 1, 31, "at most 64"},
        {"fault delay from a to b at 1s for 1s", 1, 0, "needs 'by' or 'jitter'"},
        {"fault disk-error a at 1s for 1s", 1, 0, "needs 'sync' or 'read'"},
        {"fault loss from a to b at 1s for 1s share 101%", 1, 43, "needs a share"},
        {"fault memory a at 1s for 1s size big", 1, 34, "needs a size"},
        {"fault clock-drift a at 1s for 1s by 200001ppm", 1, 37, "at most 100000ppm"},
        {"fault clock-drift a at 1s for 1s by 2ms", 1, 37, "needs a drift"},
        {"fault reset from a to b at 1s for 1s", 1, 0, "needs the 'share'"},
        {"fault reset from a to b at 1s share 1%", 1, 0, "needs 'for'"},
        {"radius", 1, 7, "needs a number of hosts"},
        {"radius 1\nradius 2", 2, 8, "set in line 1 already"},
        {"radius 1 host", 1, 10, "should end here"},
        {"spare", 1, 6, "ends before the name"},
        {"spare a b", 1, 9, "should end here"},
    };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        sn_plan_error e;
        CHECK_INT(read_plan(bad[i].text, &e), SN_EINVAL);
        CHECK_INT(e.line, bad[i].line);
        CHECK_INT(e.column, bad[i].column);
        if (strstr(e.text, bad[i].says)) continue;
        fprintf(stderr, "'%s': \"%s\" does not say \"%s\"\n", bad[i].text, e.text, bad[i].says);
        CHECK(!"the message");
    }
}

static void there_are_limits(void) {
    sn_plan_error e;
    char line[2000];
    memset(line, 'x', sizeof line);
    sn_plan *p = sn_plan_new();
    MUST(p);
    CHECK_INT(sn_plan_line(p, line, sizeof line, 9, &e), SN_EINVAL);
    CHECK_INT(e.line, 9);
    static const char one[] = "fault kill a at 1s for 1s";
    for (unsigned i = 0; i < 256; i++) CHECK_INT(sn_plan_line(p, one, sizeof one - 1, i, &e), 0);
    CHECK_INT(sn_plan_line(p, one, sizeof one - 1, 257, &e), SN_EINVAL);
    CHECK(strstr(e.text, "at most 256 faults"));
    CHECK_INT(sn_plan_line(p, "fault\0kill", 10, 258, &e), SN_EINVAL);
    CHECK_INT(sn_plan_size(p), 256);
    char *big = calloc(1, SN_PLAN_MAX + 1);
    MUST(big);
    memset(big, '\n', SN_PLAN_MAX + 1);
    CHECK_INT(sn_plan_parse(p, big, SN_PLAN_MAX + 1, &e), SN_EFBIG);
    CHECK_INT(sn_plan_parse(p, big, SN_PLAN_MAX, &e), 0);
    free(big);
    sn_plan_free(p);
}

static void which_lines_are_a_plans(void) {
    CHECK(sn_plan_is_line("fault kill a", 12));
    CHECK(sn_plan_is_line("  radius 1", 10));
    CHECK(sn_plan_is_line("spare", 5));
    CHECK(!sn_plan_is_line("# fault", 7));
    CHECK(!sn_plan_is_line("faults", 6));
    CHECK(!sn_plan_is_line("", 0));
    CHECK(!sn_plan_is_line("set n 3", 7));
}

int main(void) {
    CASE(every_kind_can_be_said);
    CASE(wrong_lines_are_named);
    CASE(there_are_limits);
    CASE(which_lines_are_a_plans);
    return check_done();
}
