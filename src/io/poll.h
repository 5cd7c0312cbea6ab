/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * One pollable descriptor: registered edge-triggered once, for life. Its memory is type-stable,
 * so an event that comes late still finds a pd: its next user gets one spurious wake-up.
 *
 * Use: sn__pd_ref; try the system call; on EAGAIN sn__pd_wait and try again (a wake-up may be
 * spurious); sn__pd_unref. Edges are latched: one that comes between EAGAIN and the wait is not
 * lost. All of it from coroutines, outside the bracket.
 */
#ifndef SN_IO_POLL_H
#define SN_IO_POLL_H

#include <stdbool.h>

#include <sennit/base.h>

typedef struct sn__pd sn__pd;
enum sn__pd_mode { SN__PD_READ = 0, SN__PD_WRITE = 1 };

/** Takes over `fd`, which must be non-blocking: see sn__pd_close. SN_ENOMEM, SN_EPERM for what
 * cannot be polled; then the caller keeps fd. */
int sn__pd_open(sn__pd **pd, int fd);
/** Before each use: 0, or SN_ECLOSED. */
int sn__pd_ref(sn__pd *pd);
/** After it. */
void sn__pd_unref(sn__pd *pd);
int sn__pd_fd(const sn__pd *pd);
/** Parks until an edge came that no wait has consumed: 0, SN_ETIMEDOUT, SN_ECANCELED, SN_ECLOSED.
 *  With `until` 0 it never parks. */
int sn__pd_wait(sn__pd *pd, int mode, sn_time until);
/** The same until the deadline of that side, SN_NEVER at first; which another may move meanwhile.
 */
int sn__pd_wait_deadline(sn__pd *pd, int mode);
/** Moves it. Who waits for it waits for the new one. */
void sn__pd_set_deadline(sn__pd *pd, int mode, sn_time until);
/** Makes a wait of now or the next one return 0 as if an edge had come. */
void sn__pd_kick(sn__pd *pd, int mode);
/** Wakes all waiters with SN_ECLOSED; later refs fail. The descriptor is closed when the last who
 *  has a reference gives it back. */
void sn__pd_close(sn__pd *pd);
/** Closes if need be; the pd is no longer the owner's. */
void sn__pd_free(sn__pd *pd);

#endif
