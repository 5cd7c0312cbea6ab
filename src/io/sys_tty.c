/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * Terminal devices. By the kernel's second interface of termios, which takes any rate as a number:
 * the C library's has a constant for each rate that somebody once thought of. Its structure and
 * numbers are the kernel's for x86, ARM and RISC-V (asm-generic/termbits.h); its headers cannot be
 * used beside the C library's.
 */
#include "io/sys_tty.h"

#include <errno.h>
#include <sys/ioctl.h>

#include "io/errmap.h"

#define OUTLINED __attribute__((noinline))

typedef struct line {
    uint32_t iflag, oflag, cflag, lflag;
    uint8_t discipline, cc[19];
    uint32_t in, out; /* rates */
} line;

#define GET_LINE _IOR('T', 0x2A, line)
#define SET_LINE _IOW('T', 0x2B, line)
enum { AT_TIME = 5, AT_LEAST = 6 }; /* in cc: how long and how much a read waits for */
enum { CHECK_PARITY = 020, XON_SENDS = 02000, XOFF_SENDS = 010000 };
enum {
    ANY_RATE = 010000,
    TWO_STOPS = 0100,
    RECEIVE = 0200,
    PARITY = 0400,
    ODD = 01000,
    NO_MODEM = 04000
};
#define RTS_CTS 020000000000u

static uint32_t control(const sn_serial_how *how) {
    uint32_t c = ANY_RATE | RECEIVE | NO_MODEM | (uint32_t)(how->data_bits - 5) << 4;
    if (how->stop_bits == 2) c |= TWO_STOPS;
    if (how->parity != 'N') c |= PARITY;
    if (how->parity == 'O') c |= ODD;
    return how->flags & SN_SERIAL_HARD ? c | RTS_CTS : c;
}

static int error_of(int eno) { return eno == ENOTTY ? SN_EINVAL : sn__errmap(eno); }

OUTLINED int sn__sys_tty_set(int fd, const sn_serial_how *how) {
    line l, made;
    if (ioctl(fd, GET_LINE, &l) < 0) return error_of(errno);
    l.iflag = how->parity != 'N' ? CHECK_PARITY : 0;
    if (how->flags & SN_SERIAL_SOFT) l.iflag |= XON_SENDS | XOFF_SENDS;
    l.oflag = l.lflag = 0;
    l.cflag = control(how);
    l.in = l.out = how->baud;
    l.cc[AT_LEAST] = 1;
    l.cc[AT_TIME] = 0;
    if (ioctl(fd, SET_LINE, &l) < 0) return error_of(errno);
    /* it does what it can and says nothing: look */
    if (ioctl(fd, GET_LINE, &made) < 0) return error_of(errno);
    uint32_t off = made.out > how->baud ? made.out - how->baud : how->baud - made.out;
    return (made.cflag ^ l.cflag) & (PARITY | ODD | TWO_STOPS) || off > how->baud / 20 ? SN_EINVAL
                                                                                       : 0;
}

OUTLINED int sn__sys_tty_baud(int fd, uint32_t *baud) {
    line l;
    if (ioctl(fd, GET_LINE, &l) < 0) return error_of(errno);
    *baud = l.out;
    return 0;
}

OUTLINED int sn__sys_tty_exclusive(int fd) { return ioctl(fd, TIOCEXCL) < 0 ? error_of(errno) : 0; }

OUTLINED int sn__sys_tty_break(int fd, int on) {
    return ioctl(fd, on ? TIOCSBRK : TIOCCBRK) < 0 ? error_of(errno) : 0;
}

OUTLINED int sn__sys_tty_drain(int fd) {
    int r;
    do {
        r = ioctl(fd, TCSBRK, 1);
    } while (r < 0 && errno == EINTR);
    return r < 0 ? error_of(errno) : 0;
}

OUTLINED int sn__sys_tty_discard(int fd, int in, int out) {
    enum { IN, OUT, BOTH };
    return ioctl(fd, TCFLSH, in ? out ? BOTH : IN : OUT) < 0 ? error_of(errno) : 0;
}

static const struct {
    unsigned ours;
    int theirs;
} lines[] = {{SN_SERIAL_DTR, TIOCM_DTR}, {SN_SERIAL_RTS, TIOCM_RTS}, {SN_SERIAL_CTS, TIOCM_CTS},
             {SN_SERIAL_DSR, TIOCM_DSR}, {SN_SERIAL_DCD, TIOCM_CAR}, {SN_SERIAL_RI, TIOCM_RI}};
enum { LINES = sizeof lines / sizeof *lines };

/* Devices without lines say either. */
static int lines_error(int eno) {
    return eno == ENOTTY || eno == EINVAL ? SN_ENOSYS : sn__errmap(eno);
}

OUTLINED int sn__sys_tty_lines(int fd, unsigned *on) {
    int theirs;
    *on = 0;
    if (ioctl(fd, TIOCMGET, &theirs) < 0) return lines_error(errno);
    for (int i = 0; i < LINES; i++)
        if (theirs & lines[i].theirs) *on |= lines[i].ours;
    return 0;
}

OUTLINED int sn__sys_tty_set_lines(int fd, unsigned which, unsigned on) {
    int up = 0, down = 0;
    for (int i = 0; i < LINES; i++)
        if (which & lines[i].ours) *(on & lines[i].ours ? &up : &down) |= lines[i].theirs;
    if (up && ioctl(fd, TIOCMBIS, &up) < 0) return lines_error(errno);
    if (down && ioctl(fd, TIOCMBIC, &down) < 0) return lines_error(errno);
    return 0;
}
