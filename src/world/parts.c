/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* What the world consists of, in the order in which the parts are told of a host's life. */
#include "world/parts.h"

const sn__part *const sn__world_parts[] = {
    &sn__net_part, &sn__disk_part, &sn__signal_part, &sn__seam_part, NULL,
};
