/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* The system calls of terminal devices: see sys.h for their rules. */
#ifndef SENNIT_IO_SYS_TTY_H
#define SENNIT_IO_SYS_TTY_H

#include <sennit/serial.h>

/* Makes the line raw and as said, all fields filled in; SN_EINVAL when it is no terminal device, or
 * cannot do that. */
int sn__sys_tty_set(int fd, const sn_serial_how *how);
int sn__sys_tty_baud(int fd, uint32_t *baud);
int sn__sys_tty_exclusive(int fd);
int sn__sys_tty_break(int fd, int on);
int sn__sys_tty_drain(int fd);
int sn__sys_tty_discard(int fd, int in, int out);
int sn__sys_tty_lines(int fd, unsigned *on);
int sn__sys_tty_set_lines(int fd, unsigned which, unsigned on);

#endif
