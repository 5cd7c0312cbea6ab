/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Lists of CPUs and of distances, as the kernel writes them. No system call. */
#ifndef SN_PORT_CPULIST_H
#define SN_PORT_CPULIST_H

#include "port/port.h"

/** "0-3,8,10-11" into *set; false: it is none. Numbers from SN__CPUS_MAX on are left out. */
bool sn__cpulist(const char *text, sn__cpus *set);
/** Up to n numbers with spaces between, each at most 255, into *at; how many. */
uint32_t sn__distances(const char *text, uint8_t *at, uint32_t n);

#endif
