/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Addresses as text, and the table of errors: pure functions, case by case. */
#include "io/addr.h"
#include "io/errmap.h"

#include "check.h"

#include <errno.h>

static void splits_host_and_port(void) {
    static const struct {
        const char *text, *host;
        int err, port;
    } t[] = {
        {"127.0.0.1:80", "127.0.0.1", 0, 80},
        {"127.0.0.1:0", "127.0.0.1", 0, 0},
        {"localhost:65535", "localhost", 0, 65535},
        {"[::1]:8080", "::1", 0, 8080},
        {"[fe80::1:2]:1", "fe80::1:2", 0, 1},
        {"host.example:00080", "host.example", 0, 80},
        {"", "", SN_EINVAL, 0},
        {":80", "", SN_EINVAL, 0},
        {"127.0.0.1", "", SN_EINVAL, 0},
        {"127.0.0.1:", "", SN_EINVAL, 0},
        {"127.0.0.1:65536", "", SN_EINVAL, 0},
        {"127.0.0.1:000080", "127.0.0.1", 0, 80},
        {"127.0.0.1:0000080", "", SN_EINVAL, 0},
        {"127.0.0.1:+80", "", SN_EINVAL, 0},
        {"127.0.0.1:-1", "", SN_EINVAL, 0},
        {"127.0.0.1: 80", "", SN_EINVAL, 0},
        {"127.0.0.1:80 ", "", SN_EINVAL, 0},
        {"127.0.0.1:http", "", SN_EINVAL, 0},
        {"::1:80", "", SN_EINVAL, 0},
        {"[::1]", "", SN_EINVAL, 0},
        {"[::1]80", "", SN_EINVAL, 0},
        {"[::1:80", "", SN_EINVAL, 0},
        {"[127.0.0.1]:80", "", SN_EINVAL, 0},
        {"[]:80", "", SN_EINVAL, 0},
        {"[::1%eth0]:80", "", SN_EINVAL, 0},
    };
    for (size_t i = 0; i < sizeof t / sizeof *t; i++) {
        char host[SN__HOST_MAX];
        uint16_t port = 0;
        int err = sn__addr_split(t[i].text, host, &port);
        if (err != t[i].err) fprintf(stderr, "in \"%s\":\n", t[i].text);
        CHECK_INT(err, t[i].err);
        if (err) continue;
        CHECK_STR(host, t[i].host);
        CHECK_INT(port, t[i].port);
    }
}

static void refuses_a_host_that_is_too_long(void) {
    char text[SN__HOST_MAX + 8], host[SN__HOST_MAX];
    uint16_t port;
    memset(text, 'a', sizeof text);
    snprintf(text + SN__HOST_MAX - 1, 4, ":80");
    CHECK_INT(sn__addr_split(text, host, &port), 0);
    CHECK_INT(strlen(host), SN__HOST_MAX - 1);
    text[SN__HOST_MAX - 1] = 'a';
    snprintf(text + SN__HOST_MAX, 4, ":80");
    CHECK_INT(sn__addr_split(text, host, &port), SN_EINVAL);
}

static void tells_numbers_from_names(void) {
    static const struct {
        const char *host, *text; /* as formatted with port 7 */
        int err, n;
    } t[] = {
        {"127.0.0.1", "127.0.0.1:7", 0, 1},
        {"255.255.255.255", "255.255.255.255:7", 0, 1},
        {"::", "[::]:7", 0, 1},
        {"2001:DB8:0:0:0:0:0:1", "[2001:db8::1]:7", 0, 1},
        {"::ffff:10.0.0.1", "10.0.0.1:7", 0, 1},
        {"localhost", "127.0.0.1:7", 0, 2},
        {"example.org", NULL, SN_ENOENT, 0},
        {"example.org.", NULL, SN_ENOENT, 0},
        {"a_b-c", NULL, SN_ENOENT, 0},
        {"4you", NULL, SN_ENOENT, 0},
        {"127.1", NULL, SN_EINVAL, 0},
        {"127.0.0.256", NULL, SN_EINVAL, 0},
        {"127.0.0.01", NULL, SN_EINVAL, 0},
        {"2130706433", NULL, SN_EINVAL, 0},
        {"a.1", NULL, SN_EINVAL, 0},
        {".a", NULL, SN_EINVAL, 0},
        {"a..b", NULL, SN_EINVAL, 0},
        {"-a", NULL, SN_EINVAL, 0},
        {"a b", NULL, SN_EINVAL, 0},
        {"a/b", NULL, SN_EINVAL, 0},
        {"a\nb", NULL, SN_EINVAL, 0},
        {"*", NULL, SN_EINVAL, 0},
        {"0123456789012345678901234567890123456789012345678901234567890123.org", NULL, SN_EINVAL,
         0},
    };
    for (size_t i = 0; i < sizeof t / sizeof *t; i++) {
        sn__addrs all;
        char text[80];
        int err = sn__addr_numeric(t[i].host, 7, &all);
        if (err != t[i].err) fprintf(stderr, "in \"%s\":\n", t[i].host);
        CHECK_INT(err, t[i].err);
        if (err) continue;
        CHECK_INT(all.n, t[i].n);
        CHECK_INT(sn__addr_format(&all.a[0], text, sizeof text), 0);
        CHECK_STR(text, t[i].text);
    }
}

static void unix_names(void) {
    sn__addr a;
    char text[128], path[120];
    CHECK_INT(sn__addr_unix("/tmp/x", &a), 0);
    CHECK_INT(a.len, offsetof(struct sockaddr_un, sun_path) + 7);
    CHECK_INT(sn__addr_format(&a, text, sizeof text), 0);
    CHECK_STR(text, "/tmp/x");
    CHECK_INT(sn__addr_unix("@gate", &a), 0);
    CHECK_INT(a.u.un.sun_path[0], 0);
    CHECK_INT(a.len, offsetof(struct sockaddr_un, sun_path) + 5);
    CHECK_INT(sn__addr_format(&a, text, sizeof text), 0);
    CHECK_STR(text, "@gate");
    CHECK_INT(sn__addr_unix("", &a), SN_EINVAL);
    CHECK_INT(sn__addr_unix("@", &a), SN_EINVAL);
    memset(path, 'p', sizeof path);
    path[107] = 0;
    CHECK_INT(sn__addr_unix(path, &a), 0);
    CHECK_INT(sn__addr_format(&a, text, sizeof text), 0);
    CHECK_STR(text, path);
    path[107] = 'p';
    path[108] = 0;
    CHECK_INT(sn__addr_unix(path, &a), SN_EINVAL);
}

static void says_when_the_text_is_cut(void) {
    sn__addrs all;
    char text[12];
    MUST(sn__addr_numeric("127.0.0.1", 80, &all) == 0);
    CHECK_INT(sn__addr_format(&all.a[0], text, sizeof text), SN_ERANGE);
    CHECK_STR(text, "127.0.0.1:8");
    CHECK_INT(sn__addr_format(&all.a[0], text, 1), SN_ERANGE);
    CHECK_STR(text, "");
}

static void every_errno_has_an_error(void) {
    for (int eno = 1; eno < 200; eno++) {
        int err = sn__errmap(eno);
        CHECK(err < 0);
        CHECK(strcmp(sn_errname(err), sn_errname(-4095)) != 0);
    }
    CHECK_INT(sn__errmap(EAGAIN), SN_EAGAIN);
    CHECK_INT(sn__errmap(ECONNREFUSED), SN_ECONNREFUSED);
    CHECK_INT(sn__errmap(EPIPE), SN_ECLOSED);
    CHECK_INT(sn__errmap(ENFILE), SN_EMFILE);
    CHECK_INT(sn__errmap(ENOTEMPTY), SN_EBUSY);
    CHECK_INT(sn__errmap(EUCLEAN), SN_EIO);
}

int main(void) {
    CASE(splits_host_and_port);
    CASE(refuses_a_host_that_is_too_long);
    CASE(tells_numbers_from_names);
    CASE(unix_names);
    CASE(says_when_the_text_is_cut);
    CASE(every_errno_has_an_error);
    return check_done();
}
