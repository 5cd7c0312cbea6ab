/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* errno to the library's errors: the one table. */
#ifndef SENNIT_IO_ERRMAP_H
#define SENNIT_IO_ERRMAP_H

/* The SN_E… for `eno` (> 0). What has no name of its own becomes the nearest that has, else
 * SN_EIO. Never 0. */
int sn__errmap(int eno);

#endif
