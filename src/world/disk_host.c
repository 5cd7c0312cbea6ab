/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* What tests do to a host's disk from outside: put files there, look at them, let bits rot. None of
 * it takes time, parks, or fails by chance. */
#include <stdlib.h>
#include <string.h>

#include "world/disk.h"

static int find_file(sn_host *h, const char *path, node **n) {
    place p;
    int err = sn__tree_find(sn__disk_of(h), path, &p);
    if (err) return err;
    *n = p.found;
    if (!p.found) return SN_ENOENT;
    return p.found->folder ? SN_EISDIR : 0;
}

int sn_host_rot(sn_host *h, const char *path, uint64_t at, unsigned bit) {
    node *n;
    int err = find_file(h, path, &n);
    if (err) return err;
    if (at >= n->data.size || bit > 7) return SN_ERANGE;
    sn__data_flip(&n->data, at, bit);
    sn__tree_charge(sn__disk_of(h), n);
    sn__disk_told(h, "disk.flip", n, at);
    return 0;
}

int sn_host_put(sn_host *h, const char *path, const void *buf, size_t n) {
    disk *d = sn__disk_of(h);
    place p;
    int err = sn__tree_find(d, path, &p);
    if (err) return err;
    if (!p.in || p.slash || (p.found && p.found->folder)) return SN_EISDIR;
    if ((n + PAGE - 1) / PAGE > sn__disk_room(d)) return SN_ENOSPC;
    node *file = sn__tree_new(d, false);
    sn__tree_set(d, &p, file);
    (void)sn__disk_write(h, file, buf, n, 0);
    (void)sn__data_sync_begin(&file->data);
    sn__data_sync_end(&file->data);
    sn__tree_commit(d, file->entry);
    return 0;
}

int sn_host_get(sn_host *h, const char *path, size_t max, char **buf, size_t *n) {
    node *file;
    *buf = NULL;
    *n = 0;
    int err = find_file(h, path, &file);
    if (err) return err;
    if (file->data.size > max) return SN_EFBIG;
    *buf = malloc((size_t)file->data.size + 1);
    if (!*buf) return SN_ENOMEM;
    *n = sn__data_read(&file->data, *buf, (size_t)file->data.size, 0);
    (*buf)[*n] = 0;
    return 0;
}
