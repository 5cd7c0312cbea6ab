/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* What lines of the kernel's files about control groups say: text in, values out, no system call.
 */
#ifndef SN_PORT_CGROUP_LINE_H
#define SN_PORT_CGROUP_LINE_H

#include <stdbool.h>
#include <stdint.h>

enum { SN__CGROUP_PATH = 4096 };

/** Of /proc/self/cgroup: is this the line of the CPU controller (v1) or of the one tree (v2)? Then
 *  *path is where the process is in it. */
bool sn__cgroup_own(const char *line, bool v2, char path[SN__CGROUP_PATH]);
/** Of /proc/self/mountinfo: is this the mount of it? Then *point is where, and *root which part of
 *  the tree is to be seen there. */
bool sn__cgroup_mount(const char *line, bool v2, char point[SN__CGROUP_PATH],
                      char root[SN__CGROUP_PATH]);
/** The folder of the process: `point`, and what of `path` lies below `root`. False: too long. */
bool sn__cgroup_folder(const char *point, const char *root, const char *path,
                       char folder[SN__CGROUP_PATH]);
/** Thousandths of a CPU, rounded up; 0 is no limit. Of cpu.max: "150000 100000" or "max 100000". */
uint32_t sn__cgroup_max(const char *text);
/** … of cpu.cfs_quota_us and cpu.cfs_period_us. */
uint32_t sn__cgroup_quota(const char *quota, const char *period);

#endif
