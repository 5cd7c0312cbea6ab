/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* One host's disk: how well it works, and what the end of a process or of the power leaves of it.
 */
#include "world/disk.h"

#include <stdlib.h>

#include "world/parts.h"

enum { MILLION = 1000000 };

void *sn__disk_alloc(size_t n) {
    void *p = malloc(n);
    if (!p) sn__fatal("out of memory for a simulated disk");
    return p;
}

void *sn__disk_grow(void *at, size_t n, size_t *room, size_t size) {
    *room = n ? n * 2 : 8;
    at = realloc(at, *room * size);
    if (!at) sn__fatal("out of memory for a simulated disk");
    return at;
}

uint64_t sn__disk_room(const disk *d) {
    if (!d->how.capacity) return UINT64_MAX;
    uint64_t pages = d->how.capacity / PAGE;
    return pages > d->used ? pages - d->used : 0;
}

static void told(const disk *d, const char *what, const node *n, uint64_t b) {
    sn__sim_told(what, (uint64_t)d->host << 32 | n->id, b);
}

void sn__disk_told(const sn_host *h, const char *what, const node *n, uint64_t b) {
    told(sn__disk_of(h), what, n, b);
}

static void touch(sn_host *h, node *n) {
    n->mtime = sn__sim_utc_ms(h);
    sn__tree_charge(sn__disk_of(h), n);
}

size_t sn__disk_write(sn_host *h, node *n, const void *from, size_t len, uint64_t at) {
    size_t done = sn__data_write(&n->data, from, len, at, sn__disk_room(sn__disk_of(h)));
    touch(h, n);
    sn__disk_told(h, "disk.write", n, at);
    return done;
}

void sn__disk_truncate(sn_host *h, node *n, uint64_t size) {
    sn__data_truncate(&n->data, size);
    touch(h, n);
    sn__disk_told(h, "disk.truncate", n, size);
}

bool sn__disk_is_right(const sn_disk *how) {
    const uint32_t shares[] = {how->fail_read, how->fail_write, how->fail_sync, how->lie,
                               how->flip};
    for (size_t i = 0; i < sizeof shares / sizeof *shares; i++)
        if (shares[i] > MILLION) return false;
    return how->size == sizeof *how && how->latency >= 0 && how->sync >= 0;
}

int sn_host_disk(sn_host *h, const sn_disk *how) {
    if (!sn__disk_is_right(how)) return SN_EINVAL;
    sn__disk_of(h)->set = *how;
    sn__disk_renew(sn__disk_of(h));
    return 0;
}

/* ---- The part of the world ---- */

static int host_new(sn_host *h) {
    disk *d = calloc(1, sizeof *d);
    if (!d) return SN_ENOMEM;
    d->host = h->index;
    sn__tree_init(d);
    h->disk = d;
    return 0;
}

static void power_file(disk *d, node *n) {
    uint64_t torn = sn__data_power(&n->data);
    if (torn) told(d, "disk.torn", n, torn);
    sn__tree_charge(d, n);
}

static void host_stop(sn_host *h, enum sn_stop how) {
    disk *d = sn__disk_of(h);
    /* who waits for a sync under way finds the host frozen */
    for (size_t i = 0; i < d->files_n; i++)
        if (d->files[i].node) sn__sim_wake(&d->files[i].node->syncs);
    if (how != SN_STOP_POWER) return;
    sn__sim_told("disk.power", h->index, 0);
    sn__tree_power(d);
    sn__tree_each(d->root, power_file, d);
}

static void host_down(sn_host *h) {
    disk *d = sn__disk_of(h);
    for (size_t i = 0; i < d->files_n; i++)
        if (d->files[i].node)
            sn_sim_fail("host %s is down and has left a file open: %s", h->name, d->files[i].path);
}

static void host_free(sn_host *h) {
    disk *d = sn__disk_of(h);
    if (!d) return;
    sn__tree_free(d);
    for (size_t i = 0; i < d->files_n; i++) free(d->files[i].path);
    free(d->files);
    free(d);
    h->disk = NULL;
}

const sn__part sn__disk_part = {
    .host_new = host_new, .host_stop = host_stop, .host_down = host_down, .host_free = host_free};
