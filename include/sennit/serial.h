/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Serial ports as connections: sn_read, sn_write, deadlines and sn_close are those of net.h. A read
 * gives what has come, at least a byte. The other calls are here. For coroutines. SN_ENOSYS under
 * simulation. */
#ifndef SENNIT_SERIAL_H
#define SENNIT_SERIAL_H

#include <sennit/net.h>

SN_BEGIN_C

enum {
    SN_SERIAL_HARD = 1,  /**< flow control by RTS and CTS */
    SN_SERIAL_SOFT = 2,  /**< flow control by the bytes XON and XOFF */
    SN_SERIAL_SHARED = 4 /**< others may open it too; else they get SN_EBUSY */
};

/** How a line is set. Set `size` to sizeof(sn_serial_how); zero means default. */
typedef struct sn_serial_how {
    uint32_t size;     /**< sizeof(sn_serial_how): the ABI version */
    uint32_t baud;     /**< any rate that the device can make, 115200 by default */
    uint8_t data_bits; /**< 5 … 8; 8 by default */
    uint8_t stop_bits; /**< 1 or 2; 1 by default */
    char parity;       /**< 'N', 'E' or 'O'; 'N' by default. A wrong byte reads as 0 */
    uint8_t flags;     /**< SN_SERIAL_… */
} sn_serial_how;

/**
 * Opens a port, raw: bytes go through as they are, nothing is echoed, and no signal is made of
 * them; it becomes nobody's terminal. `how` may be NULL. Never parks. The caller owns *c. 0;
 * SN_EINVAL for attributes without sense, a rate the device refuses, or what is no terminal device;
 * SN_ENOENT, SN_EACCES, SN_EBUSY, SN_EMFILE, SN_ENOMEM, SN_EIO; SN_ECANCELED, SN_ETIMEDOUT from the
 * scope. *c is NULL on error. When the device goes, reads and writes return SN_EIO or the end.
 */
SN_API SN_MUST int sn_serial_open(sn_conn **c, const char *path, const sn_serial_how *how);
/** Sets the line anew, for what is written and read from now on. Never parks. As sn_serial_open;
 *  SN_EINVAL when `c` is no serial port; SN_ECLOSED. */
SN_API SN_MUST int sn_serial_set(sn_conn *c, const sn_serial_how *how);
/** The rate that the device made of what was asked for. Never parks. */
SN_API SN_MUST int sn_serial_baud(sn_conn *c, uint32_t *baud);
/** Holds the line in break for so long, 1 ms … 5 s. Parks; the scope may cut it short. */
SN_API SN_PARKS int sn_serial_break(sn_conn *c, sn_time length);
/** Waits until all that was written is on the line. Blocks on the caller's stack, with the P given
 *  away; parks after. The scope is looked at before. */
SN_API SN_PARKS int sn_serial_drain(sn_conn *c);
/** Throws away what has come and was not read (in), and what was written and is not sent (out). */
SN_API SN_MUST int sn_serial_discard(sn_conn *c, int in, int out);

enum {
    SN_SERIAL_DTR = 1,
    SN_SERIAL_RTS = 2, /* ours */
    SN_SERIAL_CTS = 4,
    SN_SERIAL_DSR = 8,
    SN_SERIAL_DCD = 16,
    SN_SERIAL_RI = 32
};
/** The modem lines that are on. SN_ENOSYS when the device has none (a pty). Never parks. */
SN_API SN_MUST int sn_serial_lines(sn_conn *c, unsigned *on);
/** Switches SN_SERIAL_DTR and SN_SERIAL_RTS: those of `which` become as in `on`. SN_EINVAL for
 * other lines; else as sn_serial_lines. Never parks. */
SN_API SN_MUST int sn_serial_set_lines(sn_conn *c, unsigned which, unsigned on);

SN_END_C
#endif
