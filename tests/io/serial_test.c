/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Serial ports, over a pseudo-terminal: the kernel's line discipline is real, the wire is not. */
#include "net_util.h"

#include <fcntl.h>
#include <termios.h>
#include <unistd.h>

/* A pty: our end of the wire, and the path of the port. */
static int wire(char *path, size_t n) {
    int fd = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC);
    MUST(fd >= 0 && grantpt(fd) == 0 && unlockpt(fd) == 0 && ptsname_r(fd, path, n) == 0);
    return fd;
}

static sn_serial_how how_of(uint32_t baud) {
    return (sn_serial_how){.size = sizeof(sn_serial_how), .baud = baud};
}

NET_CASE(bytes_go_through_as_they_are) {
    char path[64], all[256], got[256];
    size_t n;
    sn_conn *c;
    int fd = wire(path, sizeof path);
    for (int i = 0; i < 256; i++) all[i] = (char)i;
    MUST(sn_serial_open(&c, path, NULL) == 0);
    MUST(write(fd, all, 256) == 256);
    CHECK_INT(sn_read_full(c, got, 256, &n), 0);
    CHECK(memcmp(all, got, 256) == 0);
    CHECK_INT(sn_write(c, all, 256, &n), 0);
    for (size_t at = 0; at < 256;) {
        ssize_t r = read(fd, got + at, 256 - at);
        MUST(r > 0);
        at += (size_t)r;
    }
    CHECK(memcmp(all, got, 256) == 0);
    CHECK_INT(sn_peer_addr(c, got, sizeof got), 0);
    CHECK_STR(got, "serial");
    sn_conn_free(c);
    close(fd);
}

NET_CASE(rates_are_numbers) {
    const uint32_t rates[] = {50, 9600, 115200, 250000, 3000000, 12345};
    char path[64];
    uint32_t made;
    sn_conn *c;
    int fd = wire(path, sizeof path);
    sn_serial_how how = how_of(0);
    MUST(sn_serial_open(&c, path, &how) == 0);
    CHECK_INT(sn_serial_baud(c, &made), 0);
    CHECK_INT(made, 115200);
    for (size_t i = 0; i < sizeof rates / sizeof *rates; i++) {
        how = how_of(rates[i]);
        CHECK_INT(sn_serial_set(c, &how), 0);
        CHECK_INT(sn_serial_baud(c, &made), 0);
        CHECK_INT(made, rates[i]);
    }
    sn_conn_free(c);
    close(fd);
}

NET_CASE(the_line_is_raw) {
    char path[64];
    struct termios t;
    sn_conn *c;
    int fd = wire(path, sizeof path);
    sn_serial_how how = how_of(19200);
    how.flags = SN_SERIAL_SOFT;
    MUST(sn_serial_open(&c, path, &how) == 0);
    MUST(tcgetattr(fd, &t) == 0); /* of a pty both ends have the same */
    CHECK(t.c_lflag == 0 && t.c_oflag == 0 && t.c_iflag == (IXON | IXOFF));
    CHECK((t.c_cflag & CSIZE) == CS8 && t.c_cflag & CREAD && t.c_cflag & CLOCAL);
    CHECK(t.c_cc[VMIN] == 1 && t.c_cc[VTIME] == 0);
    sn_conn_free(c);
    close(fd);
}

NET_CASE(without_sense) {
    sn_conn *c, *d;
    char path[64], pipe_path[] = "/dev/null";
    int fd = wire(path, sizeof path);
    sn_serial_how how = how_of(9600);
    how.data_bits = 9;
    CHECK_INT(sn_serial_open(&c, path, &how), SN_EINVAL);
    CHECK(c == NULL);
    how = how_of(9600);
    how.parity = 'X';
    CHECK_INT(sn_serial_open(&c, path, &how), SN_EINVAL);
    how = how_of(9600);
    how.stop_bits = 3;
    CHECK_INT(sn_serial_open(&c, path, &how), SN_EINVAL);
    how = how_of(9600);
    how.flags = 128;
    CHECK_INT(sn_serial_open(&c, path, &how), SN_EINVAL);
    how = how_of(9600);
    how.size++;
    CHECK_INT(sn_serial_open(&c, path, &how), SN_EINVAL);
    CHECK_INT(sn_serial_open(&c, pipe_path, NULL), SN_EINVAL);
    CHECK_INT(sn_serial_open(&c, "/dev/no-such-port", NULL), SN_ENOENT);
    MUST(sn_serial_open(&c, path, NULL) == 0);
    int again = sn_serial_open(&d, path, NULL);
    CHECK(again == SN_EBUSY || (again == 0 && geteuid() == 0)); /* root may */
    if (again == 0) sn_conn_free(d);
    CHECK_INT(sn_serial_break(c, 0), SN_EINVAL);
    CHECK_INT(sn_serial_discard(c, 0, 0), SN_EINVAL);
    CHECK_INT(sn_serial_set_lines(c, SN_SERIAL_CTS, 0), SN_EINVAL);
    net_pair p = pair_of("tcp");
    CHECK_INT(sn_serial_set(p.a, NULL), SN_EINVAL);
    free_pair(p);
    sn_close(c);
    CHECK_INT(sn_serial_set(c, NULL), SN_ECLOSED);
    sn_conn_free(c);
    close(fd);
}

NET_CASE(break_drain_discard_lines) {
    char path[64], b;
    unsigned on = 1;
    size_t n;
    sn_conn *c;
    int fd = wire(path, sizeof path);
    MUST(sn_serial_open(&c, path, NULL) == 0);
    CHECK_INT(sn_serial_break(c, SN_MILLISECOND), 0);
    CHECK_INT(sn_serial_drain(c), 0);
    CHECK_INT(sn_serial_lines(c, &on), SN_ENOSYS);
    CHECK_INT(sn_serial_set_lines(c, SN_SERIAL_DTR, 0), SN_ENOSYS);
    MUST(write(fd, "old", 3) == 3);
    sn_set_read_deadline(c, sn_now() + 10 * SN_SECOND);
    CHECK_INT(sn_read(c, &b, 1, &n), 0); /* it is there, with the rest behind it */
    CHECK_INT(sn_serial_discard(c, 1, 1), 0);
    MUST(write(fd, "new", 3) == 3);
    CHECK_INT(sn_read(c, &b, 1, &n), 0);
    CHECK_INT(b, 'n');
    sn_conn_free(c);
    close(fd);
}

static int reads(void *arg) {
    char b;
    size_t n;
    return sn_read(arg, &b, 1, &n);
}

NET_CASE(a_reader_can_be_told_to_stop) {
    char path[64];
    sn_scope s;
    sn_conn *c;
    int fd = wire(path, sizeof path);
    MUST(sn_serial_open(&c, path, NULL) == 0);
    sn_set_read_deadline(c, sn_now() + 2 * SN_MILLISECOND);
    CHECK_INT(reads(c), SN_ETIMEDOUT);
    sn_set_read_deadline(c, SN_NEVER);
    sn_scope_enter(&s, SN_NEVER);
    MUST(sn_go(reads, c, 0) == 0);
    MUST(sn_yield() == 0);
    sn_scope_cancel(&s, SN_ECANCELED);
    CHECK_INT(sn_scope_leave(&s), SN_ECANCELED);
    close(fd); /* the device goes */
    CHECK(reads(c) == SN_EIO || reads(c) == 0);
    sn_conn_free(c);
}

int main(void) {
    CASE(bytes_go_through_as_they_are);
    CASE(rates_are_numbers);
    CASE(the_line_is_raw);
    CASE(without_sense);
    CASE(break_drain_discard_lines);
    CASE(a_reader_can_be_told_to_stop);
    return check_done();
}
