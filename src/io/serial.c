/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Serial ports: opening and setting the line; the bytes go by fdconn.c. */
#include <fcntl.h>
#include <sennit/go.h>
#include <sennit/time.h>

#include "io/fdconn.h"
#include "io/sys.h"
#include "io/sys_tty.h"

#define LONGEST_BREAK (5 * SN_SECOND)

/* All fields filled in; SN_EINVAL for what makes no sense. */
static int complete(sn_serial_how *out, const sn_serial_how *how) {
    sn_serial_how h = how ? *how : (sn_serial_how){.size = sizeof h};
    if (h.size != sizeof h) return SN_EINVAL;
    if (!h.baud) h.baud = 115200;
    if (!h.data_bits) h.data_bits = 8;
    if (!h.stop_bits) h.stop_bits = 1;
    if (!h.parity) h.parity = 'N';
    *out = h;
    if (h.data_bits < 5 || h.data_bits > 8 || h.stop_bits > 2) return SN_EINVAL;
    if (h.parity != 'N' && h.parity != 'E' && h.parity != 'O') return SN_EINVAL;
    return h.flags & ~(SN_SERIAL_HARD | SN_SERIAL_SOFT | SN_SERIAL_SHARED) ? SN_EINVAL : 0;
}

int sn_serial_open(sn_conn **c, const char *path, const sn_serial_how *how) {
    sn_serial_how h;
    *c = NULL;
    int err = complete(&h, how);
    if (err == 0) err = sn_canceled();
    if (err) return err;
    int fd = sn__sys_open(path, O_RDWR | O_NOCTTY | O_NONBLOCK, 0);
    if (fd < 0) return fd;
    err = sn__sys_tty_set(fd, &h);
    if (err == 0 && !(h.flags & SN_SERIAL_SHARED)) err = sn__sys_tty_exclusive(fd);
    if (err == 0) err = sn__fdconn(c, fd, "serial");
    if (err) sn__sys_close(fd);
    return err;
}

/* The descriptor of a port, with a reference, which give_back gives back. */
static int take(const sn_conn *c, sn__pd **pd) {
    *pd = sn__fdconn_pd(c);
    int err = *pd ? sn__pd_ref(*pd) : SN_EINVAL;
    return err ? err : sn__pd_fd(*pd);
}

static int give_back(sn__pd *pd, int result) {
    sn__pd_unref(pd);
    return result;
}

int sn_serial_set(sn_conn *c, const sn_serial_how *how) {
    sn_serial_how h;
    sn__pd *pd = NULL;
    int err = complete(&h, how);
    if (err) return err;
    int fd = take(c, &pd);
    return fd < 0 ? fd : give_back(pd, sn__sys_tty_set(fd, &h));
}

int sn_serial_baud(sn_conn *c, uint32_t *baud) {
    sn__pd *pd = NULL;
    *baud = 0;
    int fd = take(c, &pd);
    return fd < 0 ? fd : give_back(pd, sn__sys_tty_baud(fd, baud));
}

int sn_serial_break(sn_conn *c, sn_time length) {
    sn__pd *pd = NULL;
    if (length < SN_MILLISECOND || length > LONGEST_BREAK) return SN_EINVAL;
    int err = sn_canceled(), fd = err ? err : take(c, &pd);
    if (fd < 0) return fd;
    err = sn__sys_tty_break(fd, 1);
    if (err == 0) {
        err = sn_sleep(length);
        int end = sn__sys_tty_break(fd, 0);
        if (err == 0) err = end;
    }
    return give_back(pd, err);
}

static int drain(void *arg) { return sn__sys_tty_drain(*(int *)arg); }

int sn_serial_drain(sn_conn *c) {
    sn__pd *pd = NULL;
    int err = sn_canceled(), fd = err ? err : take(c, &pd);
    return fd < 0 ? fd : give_back(pd, sn_blocking(drain, &fd));
}

int sn_serial_discard(sn_conn *c, int in, int out) {
    sn__pd *pd = NULL;
    if (!in && !out) return SN_EINVAL;
    int fd = take(c, &pd);
    return fd < 0 ? fd : give_back(pd, sn__sys_tty_discard(fd, in, out));
}

int sn_serial_lines(sn_conn *c, unsigned *on) {
    sn__pd *pd = NULL;
    *on = 0;
    int fd = take(c, &pd);
    return fd < 0 ? fd : give_back(pd, sn__sys_tty_lines(fd, on));
}

int sn_serial_set_lines(sn_conn *c, unsigned which, unsigned on) {
    sn__pd *pd = NULL;
    if (!which || which & ~(unsigned)(SN_SERIAL_DTR | SN_SERIAL_RTS)) return SN_EINVAL;
    int fd = take(c, &pd);
    return fd < 0 ? fd : give_back(pd, sn__sys_tty_set_lines(fd, which, on));
}
