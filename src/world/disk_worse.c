/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Faults of disks, over what the test has set. */
#include "world/disk.h"
#include "world/worse.h"

static uint32_t more(uint32_t a, uint32_t b) { return a > b ? a : b; }
static sn_time longer(sn_time a, sn_time b) { return a > b ? a : b; }
/** Of two bounds of which 0 is none. */
static uint64_t tighter(uint64_t a, uint64_t b) { return a && (!b || a < b) ? a : b; }

void sn__disk_renew(disk *d) {
    sn_time latency = 0, sync = 0;
    sn_disk sum = d->set;
    for (const sn__disk_worse *w = d->worse; w; w = w->next) {
        latency = longer(latency, w->disk.latency);
        sync = longer(sync, w->disk.sync);
        sum.fail_read = more(sum.fail_read, w->disk.fail_read);
        sum.fail_write = more(sum.fail_write, w->disk.fail_write);
        sum.fail_sync = more(sum.fail_sync, w->disk.fail_sync);
        sum.lie = more(sum.lie, w->disk.lie);
        sum.flip = more(sum.flip, w->disk.flip);
        sum.capacity = tighter(sum.capacity, w->disk.capacity);
    }
    sum.latency += latency;
    sum.sync += sync;
    d->how = sum;
}

int sn__disk_worsen(sn__disk_worse *w, sn_host *h, const sn_disk *how) {
    disk *d = sn__disk_of(h);
    if (!sn__disk_is_right(how)) return SN_EINVAL;
    *w = (sn__disk_worse){.next = d->worse, .host = h, .disk = *how};
    d->worse = w;
    sn__disk_renew(d);
    return 0;
}

void sn__disk_heal(sn__disk_worse *w) {
    disk *d = sn__disk_of(w->host);
    for (sn__disk_worse **at = &d->worse; *at; at = &(*at)->next) {
        if (*at != w) continue;
        *at = w->next;
        sn__disk_renew(d);
        return;
    }
}
