/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* What the simulated world does not have: each call says so by its result, and by its name in the
 * trace of the run. */
#include <sennit/child.h>
#include <sennit/serial.h>
#include <sennit/unix.h>

#include "sched/sim/world.h"

static int refuse(const char *call) {
    sn__sim_told(call, 0, 0);
    return SN_ENOSYS;
}

/* ---- Processes: a host's program is a coroutine, and starts no others ---- */

int sn_child_start(sn_child **c, const sn_child_how *how) {
    (void)how;
    *c = NULL;
    return refuse("refused.sn_child_start");
}

int sn_child_output(const sn_child_how *how, size_t max, char **out, size_t *n, int *status) {
    (void)how, (void)max;
    *out = NULL;
    *n = 0;
    *status = 0;
    return refuse("refused.sn_child_output");
}

/* No child exists that these could be called for. */

int sn_child_wait(sn_child *c, sn_time until, int *status) {
    (void)c, (void)until;
    *status = 0;
    return SN_ENOSYS;
}

int sn_child_kill(sn_child *c, int signo) {
    (void)c, (void)signo;
    return SN_ENOSYS;
}

int sn_child_pid(const sn_child *c) {
    (void)c;
    return 0;
}

sn_conn *sn_child_stream(const sn_child *c, int fd) {
    (void)c, (void)fd;
    return NULL;
}

void sn_child_free(sn_child *c) { (void)c; }

/* ---- Unix sockets carry bytes here, and nothing else ---- */

int sn_unix_peer(const sn_conn *c, sn_unix_cred *who) {
    (void)c;
    *who = (sn_unix_cred){0};
    return refuse("refused.sn_unix_peer");
}

int sn_unix_send(sn_conn *c, const void *buf, size_t n, const int *fds, size_t fds_n,
                 size_t *done) {
    (void)c, (void)buf, (void)n, (void)fds, (void)fds_n;
    *done = 0;
    return refuse("refused.sn_unix_send");
}

int sn_unix_recv(sn_conn *c, void *buf, size_t n, size_t *done, int *fds, size_t *fds_n) {
    (void)c, (void)buf, (void)n, (void)fds;
    *done = *fds_n = 0;
    return refuse("refused.sn_unix_recv");
}

int sn_unix_dgram_open(sn_unix_dgram **d, const char *name) {
    (void)name;
    *d = NULL;
    return refuse("refused.sn_unix_dgram_open");
}

/* No such socket exists that these could be called for. */

int sn_unix_dgram_send(sn_unix_dgram *d, const char *to, const void *buf, size_t n, const int *fds,
                       size_t fds_n) {
    (void)d, (void)to, (void)buf, (void)n, (void)fds, (void)fds_n;
    return SN_ENOSYS;
}

int sn_unix_dgram_recv(sn_unix_dgram *d, void *buf, size_t n, size_t *done,
                       char from[SN_UNIX_NAME_MAX], int *fds, size_t *fds_n, sn_time until) {
    (void)d, (void)buf, (void)n, (void)fds, (void)until;
    *done = 0;
    if (from) from[0] = 0;
    if (fds_n) *fds_n = 0;
    return SN_ENOSYS;
}

int sn_unix_dgram_addr(const sn_unix_dgram *d, char *buf, size_t n) {
    (void)d, (void)n;
    buf[0] = 0;
    return SN_ENOSYS;
}

void sn_unix_dgram_close(sn_unix_dgram *d) { (void)d; }

void sn_unix_dgram_free(sn_unix_dgram *d) { (void)d; }

/* ---- Serial ports ---- */

int sn_serial_open(sn_conn **c, const char *path, const sn_serial_how *how) {
    (void)path, (void)how;
    *c = NULL;
    return refuse("refused.sn_serial_open");
}

/* No connection here is a port. */

int sn_serial_set(sn_conn *c, const sn_serial_how *how) {
    (void)c, (void)how;
    return SN_EINVAL;
}

int sn_serial_baud(sn_conn *c, uint32_t *baud) {
    (void)c;
    *baud = 0;
    return SN_EINVAL;
}

int sn_serial_break(sn_conn *c, sn_time length) {
    (void)c, (void)length;
    return SN_EINVAL;
}

int sn_serial_drain(sn_conn *c) {
    (void)c;
    return SN_EINVAL;
}

int sn_serial_discard(sn_conn *c, int in, int out) {
    (void)c, (void)in, (void)out;
    return SN_EINVAL;
}

int sn_serial_lines(sn_conn *c, unsigned *on) {
    (void)c;
    *on = 0;
    return SN_EINVAL;
}

int sn_serial_set_lines(sn_conn *c, unsigned which, unsigned on) {
    (void)c, (void)which, (void)on;
    return SN_EINVAL;
}
