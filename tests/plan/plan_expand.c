/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* From a plan to concrete faults: the same for the same seed, within the blast radius. */
#include <sennit/plan.h>

#include "check.h"

#define HOUR (3600 * SN_SECOND)

static const sn_plan_host hosts[] = {
    {"server", 0x0a000001, 0x0a000001},  {"node-1", 0x0a000011, 0x0a000011},
    {"node-2", 0x0a000012, 0x0a000012},  {"node-3", 0x0a000013, 0x0a000013},
    {"witness", 0x0a000020, 0x0a000020}, {"field", 0x0a400000, 0x0a4fffff}, /* 10.64.0.0/12 */
};
#define HOSTS (sizeof hosts / sizeof *hosts)

static int expand(const char *text, uint64_t seed, sn_fault_list *list, sn_plan_error *e) {
    sn_plan *p = sn_plan_new();
    MUST(p);
    memset(e, 0, sizeof *e);
    MUST(sn_plan_parse(p, text, strlen(text), e) == 0);
    int rc = sn_plan_expand(p, seed, hosts, HOSTS, list, e);
    sn_plan_free(p);
    return rc;
}

static sn_fault_list must_expand(const char *text, uint64_t seed) {
    sn_fault_list list;
    sn_plan_error e;
    int rc = expand(text, seed, &list, &e);
    if (rc) fprintf(stderr, "%u:%u: %s\n", e.line, e.column, e.text);
    MUST(rc == 0);
    return list;
}

static void one_fault_as_it_was_said(void) {
    sn_fault_list l = must_expand("\nfault delay from node-1 to server at 2h for 30m by 200ms", 1);
    char text[200];
    CHECK_INT(l.n, 1);
    CHECK_INT(l.faults[0].number, 1);
    CHECK_INT(l.faults[0].line, 2);
    CHECK_INT(l.faults[0].at, 2 * HOUR);
    CHECK_INT(l.faults[0].lasts, HOUR / 2);
    CHECK_INT(l.faults[0].by, 200 * SN_MILLISECOND);
    sn_fault_print(&l.faults[0], text, sizeof text);
    CHECK_STR(text, "#1 at 2h delay from node-1 to server by 200ms for 30m (line 2)");
    sn_fault_print(&l.faults[0], text, 9);
    CHECK_STR(text, "#1 at 2h");
    sn_fault_list_free(&l);
    CHECK_INT(l.n, 0);
}

static const char many[] = "fault kill server at 3h..9h for 10s times 5\n"
                           "fault partition from node-* to server at 0..1h for 1m..5m every 2h "
                           "until 24h spread 2\n"
                           "fault power on node-* at 1h..20h for 1m times 9\n";

static void the_same_seed_is_the_same_list(void) {
    sn_fault_list a = must_expand(many, 7), b = must_expand(many, 7), c = must_expand(many, 8);
    CHECK_INT(a.n + a.dropped, 5 + 12 * 2 + 9);
    CHECK_INT(a.n, b.n);
    CHECK(memcmp(a.faults, b.faults, a.n * sizeof *a.faults) == 0);
    CHECK(a.n != c.n || memcmp(a.faults, c.faults, a.n * sizeof *a.faults) != 0);
    for (size_t i = 0; i < a.n; i++) {
        CHECK_INT(a.faults[i].number, i + 1);
        if (i > 0) CHECK(a.faults[i - 1].at <= a.faults[i].at);
    }
    sn_fault_list_free(&a);
    sn_fault_list_free(&b);
    sn_fault_list_free(&c);
}

static void draws_stay_inside_what_was_said(void) {
    sn_time first = SN_NEVER, last = 0;
    for (uint64_t seed = 0; seed < 300; seed++) {
        sn_fault_list l = must_expand(
            "fault clock-jump server at 1h..2h by -1h..1h for 1s..9s every 10h times 2", seed);
        CHECK_INT(l.n, 2);
        for (size_t i = 0; i < l.n; i++) {
            sn_time at = l.faults[i].at - (sn_time)i * 10 * HOUR;
            CHECK(at >= HOUR && at <= 2 * HOUR);
            CHECK(l.faults[i].by >= -HOUR && l.faults[i].by <= HOUR);
            CHECK(l.faults[i].lasts >= SN_SECOND && l.faults[i].lasts <= 9 * SN_SECOND);
            if (at < first) first = at;
            if (at > last) last = at;
        }
        sn_fault_list_free(&l);
    }
    CHECK(first < HOUR + HOUR / 20 && last > 2 * HOUR - HOUR / 20); /* all of it is used */
}

/** Most hosts that are hit at once, at any fault's beginning. */
static size_t worst(const sn_fault_list *l, uint32_t line) {
    size_t most = 0;
    for (size_t i = 0; i < l->n; i++) {
        size_t n = 0;
        for (size_t h = 0; h < HOSTS; h++) {
            int hit = 0;
            for (size_t j = 0; j <= i; j++) {
                const sn_fault *f = &l->faults[j];
                hit |= (line == 0 || f->line == line) && f->at + f->lasts > l->faults[i].at &&
                       strcmp(f->place, hosts[h].name) == 0;
            }
            n += (size_t)hit;
        }
        if (n > most) most = n;
    }
    return most;
}

static void the_blast_radius_holds(void) {
    static const char text[] = "fault power on node-* at 0..1h for 30m times 20 spread 2\n"
                               "fault freeze node-* at 0..1h for 30m times 20\n";
    char with[300];
    size_t dropped = 0, worst_of_line = 0;
    for (uint64_t seed = 0; seed < 100; seed++) {
        sn_fault_list l = must_expand(text, seed);
        CHECK(worst(&l, 1) <= 2);
        CHECK(worst(&l, 2) <= 1);
        if (worst(&l, 0) > worst_of_line) worst_of_line = worst(&l, 0);
        sn_fault_list_free(&l);
        for (int share = 0; share < 2; share++) {
            snprintf(with, sizeof with, "radius %s\n%s", share ? "20%" : "1", text);
            l = must_expand(with, seed);
            CHECK_INT(worst(&l, 0), 1);
            dropped += l.dropped;
            sn_fault_list_free(&l);
        }
    }
    CHECK(dropped > 0);
    CHECK_INT(worst_of_line, 3); /* without a radius the lines add up */
}

static void what_is_spared_is_not_hit(void) {
    sn_fault_list l;
    sn_plan_error e;
    CHECK_INT(expand("spare witness\nfault kill witness at 1s for 1s", 1, &l, &e), SN_EINVAL);
    CHECK_INT(e.line, 2);
    CHECK_INT(e.column, 12);
    CHECK_STR(e.text, "'witness' is spared");
    l = must_expand("spare node-2\nspare w*\nspare field\nspare server\n"
                    "fault kill * at 1s for 1s every 2s times 100",
                    3);
    CHECK_INT(l.n, 100);
    for (size_t i = 0; i < l.n; i++) {
        CHECK(strcmp(l.faults[i].place, "node-1") == 0 || strcmp(l.faults[i].place, "node-3") == 0);
    }
    sn_fault_list_free(&l);
}

static void links_have_two_ends(void) {
    sn_fault_list l = must_expand("fault partition between node-1 and node-* at 1s for 1s", 1);
    CHECK_INT(l.n, 2); /* and not to itself */
    CHECK_STR(l.faults[0].to, "node-2");
    CHECK_STR(l.faults[1].to, "node-3");
    CHECK_INT(l.faults[1].both, 1);
    sn_fault_list_free(&l);
    l = must_expand("fault partition from 10.1.0.0/16 to * at 1s for 1s", 1);
    CHECK_INT(l.n, 1);
    CHECK_STR(l.faults[0].place, "10.1.0.0/16");
    CHECK_STR(l.faults[0].to, "*");
    sn_fault_list_free(&l);
}

static void a_part_of_a_crowd(void) {
    int places = 0;
    char before[SN_PLACE_MAX] = "";
    for (uint64_t seed = 0; seed < 50; seed++) {
        sn_fault_list l =
            must_expand("fault partition from field to server at 1s for 1s spread 20%", seed);
        unsigned a, b, c, d, bits;
        CHECK_INT(l.n, 1);
        CHECK_INT(sscanf(l.faults[0].place, "%u.%u.%u.%u/%u", &a, &b, &c, &d, &bits), 5);
        CHECK_INT(bits, 15); /* an eighth of a /12: the largest block below a fifth */
        CHECK(a == 10 && b >= 64 && b < 80 && b % 2 == 0 && c == 0 && d == 0);
        places += strcmp(before, l.faults[0].place) != 0;
        snprintf(before, sizeof before, "%s", l.faults[0].place);
        sn_fault_list_free(&l);
    }
    CHECK(places > 10);
    sn_fault_list l = must_expand("fault partition from field to server at 1s for 1s", 1);
    CHECK_STR(l.faults[0].place, "field");
    sn_fault_list_free(&l);
}

static void what_cannot_be_expanded(void) {
    static const struct {
        const char *text;
        unsigned line, column;
        const char *says;
    } bad[] = {
        {"fault kill nobody at 1s for 1s", 1, 12, "there is no host 'nobody'"},
        {"fault kill no* at 1s for 1s spread 20%", 1, 12, "less than one"},
        {"fault loss from server to moon at 1s for 1s share 1%", 1, 27, "no host 'moon'"},
        {"radius 10%\nfault kill server at 1s for 1s", 1, 0, "6 hosts is less than one"},
        {"fault kill server at 1s for 1s every 1ns until 2s", 0, 0, "more than 100000 faults"},
        {"fault kill server at 1s for 1s every 100000d times 2000", 1, 0, "292 years"},
    };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        sn_fault_list l;
        sn_plan_error e;
        CHECK_INT(expand(bad[i].text, 1, &l, &e), SN_EINVAL);
        CHECK_INT(e.line, bad[i].line);
        CHECK_INT(e.column, bad[i].column);
        CHECK_INT(l.n, 0);
        if (strstr(e.text, bad[i].says)) continue;
        fprintf(stderr, "'%s': \"%s\" does not say \"%s\"\n", bad[i].text, e.text, bad[i].says);
        CHECK(!"the message");
    }
}

int main(void) {
    CASE(one_fault_as_it_was_said);
    CASE(the_same_seed_is_the_same_list);
    CASE(draws_stay_inside_what_was_said);
    CASE(the_blast_radius_holds);
    CASE(what_is_spared_is_not_hit);
    CASE(links_have_two_ends);
    CASE(a_part_of_a_crowd);
    CASE(what_cannot_be_expanded);
    return check_done();
}
