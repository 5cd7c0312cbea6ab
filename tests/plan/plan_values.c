/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Times, shares and sizes as text. */
#include <sennit/plan.h>

#include "check.h"

static int time_of(const char *s, sn_time *t) { return sn_text_time(s, strlen(s), t); }
static int share_of(const char *s, uint32_t *v) { return sn_text_share(s, strlen(s), v); }
static int bytes_of(const char *s, uint64_t *v) { return sn_text_bytes(s, strlen(s), v); }

static void times_are_read(void) {
    static const struct {
        const char *text;
        sn_time ns;
    } good[] = {{"0", 0},
                {"250ms", 250 * SN_MILLISECOND},
                {"1.5s", 1500 * SN_MILLISECOND},
                {"1h30m", 5400 * SN_SECOND},
                {"7d", 7 * 86400 * SN_SECOND},
                {"-2h", -7200 * SN_SECOND},
                {"0.001us", 1},
                {"1d2h3m4s5ms6us7ns", 93784005006007},
                {"106751d", 106751 * (86400 * SN_SECOND)}};
    for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
        sn_time t = -1;
        CHECK_INT(time_of(good[i].text, &t), 0);
        CHECK_INT(t, good[i].ns);
    }
}

static void no_times(void) {
    static const char *const bad[] = {
        "",     "-",   "s",    "1",       "1x",     "1..2s",
        ".5s",  "5.s", "1s1s", "1s2h",    "1.5h2m", "0.1ns",
        "--1s", "1 s", "+1s",  "106752d", "1e3s",   "9999999999999999999s"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        sn_time t;
        CHECK_INT(time_of(bad[i], &t), SN_EINVAL);
    }
}

static void times_are_printed(void) {
    static const struct {
        sn_time ns;
        const char *text;
    } all[] = {{0, "0s"},
               {1, "1ns"},
               {1500, "1.5us"},
               {80 * SN_MILLISECOND, "80ms"},
               {-SN_SECOND, "-1s"},
               {8045221 * SN_MILLISECOND, "2h14m5.221s"},
               {7200 * SN_SECOND, "2h"},
               {86400 * SN_SECOND + 1, "1d0.000000001s"}};
    char text[40];
    for (size_t i = 0; i < sizeof all / sizeof *all; i++) {
        sn_time_print(all[i].ns, text, sizeof text);
        CHECK_STR(text, all[i].text);
    }
    sn_time_print(8045221 * SN_MILLISECOND, text, 5);
    CHECK_STR(text, "2h14");
}

static void shares(void) {
    static const struct {
        const char *text;
        uint32_t ppm;
    } good[] = {{"0.2%", 2000},  {"1e-3", 1000},    {"0.05", 50000},
                {"200ppm", 200}, {"100%", 1000000}, {"1", 1000000},
                {"0", 0},        {"1e-6", 1},       {"25e-2", 250000}};
    static const char *const bad[] = {"",    "%",  "101%", "1.1",  "1e-7",   "0.00001%",
                                      "-1%", "1e", "1%%",  "1e99", "0.5ppm", "2e5%"};
    for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
        uint32_t got = 77;
        CHECK_INT(share_of(good[i].text, &got), 0);
        CHECK_INT(got, good[i].ppm);
    }
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        uint32_t got;
        CHECK_INT(share_of(bad[i], &got), SN_EINVAL);
    }
}

static void sizes(void) {
    uint64_t n = 1;
    CHECK_INT(bytes_of("512", &n), 0);
    CHECK_INT(n, 512);
    CHECK_INT(bytes_of("1.5MiB", &n), 0);
    CHECK_INT(n, 1572864);
    CHECK_INT(bytes_of("10kB", &n), 0);
    CHECK_INT(n, 10000);
    CHECK_INT(bytes_of("0.3B", &n), SN_EINVAL);
    CHECK_INT(bytes_of("1KB", &n), SN_EINVAL);
    CHECK_INT(bytes_of("", &n), SN_EINVAL);
    CHECK_INT(bytes_of("99999999999TiB", &n), SN_EINVAL);
}

int main(void) {
    CASE(times_are_read);
    CASE(no_times);
    CASE(times_are_printed);
    CASE(shares);
    CASE(sizes);
    return check_done();
}
