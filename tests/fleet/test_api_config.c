/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Options: flags beat the environment, which beats the file; errors name the place. */
#include "check.h"
#include "config.h"

#include <sennit/base.h>
#include <sennit/file.h>
#include <unistd.h>

struct settings {
    char config[128], name[16];
    int64_t wait_s, size, count;
    double share;
    int loud;
};
#define AT(f) offsetof(struct settings, f)
static const struct config_key keys[] = {
    {"config", CONFIG_TEXT, AT(config), 0, 128, "FILE", "", CONFIG_FLAG_ONLY},
    {"name", CONFIG_TEXT, AT(name), 0, 16, "TEXT", "", 0},
    {"wait", CONFIG_TIME, AT(wait_s), 1, 86400, "TIME", "", 0},
    {"size-max", CONFIG_SIZE, AT(size), 0, 1 << 30, "SIZE", "", 0},
    {"count", CONFIG_NUMBER, AT(count), 0, 10, "N", "", 0},
    {"share", CONFIG_REAL, AT(share), 0, 1, "F", "", 0},
    {"loud", CONFIG_SWITCH, AT(loud), 0, 0, "", "", 0},
};
#define N (sizeof keys / sizeof *keys)

static struct settings s;
static struct config_error err;
static const char *rest[16];
static int nrest;

static int load(int argc, char **argv) {
    memset(&s, 0, sizeof s);
    err.text[0] = 0;
    return config_load(keys, N, &s, argc, argv, rest, &nrest, &err);
}
#define LOAD(...)                                                                                  \
    load(sizeof((char *[]){"cmd", __VA_ARGS__}) / sizeof(char *),                                  \
         (char *[]){"cmd", __VA_ARGS__, NULL})

static void reads_every_type(void) {
    MUST(!LOAD("--name=ab", "--wait", "5m", "--size-max", "16K", "word", "--share", "0.25",
               "--loud", "--count", "3"));
    CHECK_STR(s.name, "ab");
    CHECK_INT(s.wait_s, 300);
    CHECK_INT(s.size, 16384);
    CHECK_INT(s.count, 3);
    CHECK(s.share > 0.24 && s.share < 0.26);
    CHECK_INT(s.loud, 1);
    CHECK_INT(nrest, 1);
    CHECK_STR(rest[0], "word");
}

static void refuses_with_the_place(void) {
    CHECK(LOAD("--nmae", "x") < 0);
    CHECK_STR(err.text, "unknown option --nmae");
    CHECK(LOAD("--count", "11") < 0);
    CHECK_STR(err.text, "--count: count is 11, not between 0 and 10");
    CHECK(LOAD("--count", "1x") < 0);
    CHECK_STR(err.text, "--count: count wants N, not \"1x\"");
    CHECK(LOAD("--count") < 0);
    CHECK_STR(err.text, "--count wants N");
    CHECK(LOAD("--name", "0123456789abcdef") < 0);
    CHECK_STR(err.text, "--name: name is longer than 15 bytes");
    CHECK(LOAD("--loud=maybe") < 0);
    CHECK_STR(err.text, "--loud: loud is on or off, not \"maybe\"");
    CHECK(LOAD("--share", "nan") < 0);
    CHECK(LOAD("--wait", "9223372036854775807d") < 0);
}

static char path[64];

static void file(const char *text) {
    snprintf(path, sizeof path, "config-test-%d.conf", (int)getpid());
    MUST(!sn_path_write(path, text, strlen(text)));
}

static void flags_beat_environment_beats_file(void) {
    file("# comment\n\n name = file \nwait=7\n  size-max = 1K\n");
    MUST(!setenv("SENNIT_FLEET_SIZE_MAX", "2K", 1) && !setenv("SENNIT_FLEET_NAME", "env", 1));
    MUST(!LOAD("--name", "flag", "--config", path));
    CHECK_STR(s.name, "flag");
    CHECK_INT(s.wait_s, 7);
    CHECK_INT(s.size, 2048);
    unsetenv("SENNIT_FLEET_SIZE_MAX");
    unsetenv("SENNIT_FLEET_NAME");
}

static void a_file_with_an_error(const char *text, const char *want) {
    char expected[200];
    file(text);
    CHECK(LOAD("--config", path) < 0);
    snprintf(expected, sizeof expected, "%s:%s", path, want);
    CHECK_STR(err.text, expected);
}

static void file_errors_name_the_line(void) {
    a_file_with_an_error("name = a\nnmae = b\n", "2: unknown key \"nmae\"");
    a_file_with_an_error("\n\nwait 5\n", "3: not a line of the form key = value");
    a_file_with_an_error("config = other\n", "1: unknown key \"config\"");
    a_file_with_an_error("count = many", "1: count wants N, not \"many\"");
    CHECK(!sn_path_remove(path));
    CHECK_INT(LOAD("--config", path), SN_ENOENT);
}

int main(void) {
    CASE(reads_every_type);
    CASE(refuses_with_the_place);
    CASE(flags_beat_environment_beats_file);
    CASE(file_errors_name_the_line);
    return check_done();
}
