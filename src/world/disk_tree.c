/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Names on a simulated disk: folders, and what their entries are in the cache and on the disk (see
 * disk.h). An entry whose two sides differ is in disk.pending. Those that a rename ties together
 * have the same group, and reach the disk together. */
#include "world/disk.h"

#include <stdlib.h>
#include <string.h>

static void unname(disk *d, node *n, const entry *e);

/* ---- Entries of a folder, sorted ---- */

static int compare(const char *name, size_t len, const char *with) {
    size_t n = strlen(with);
    int c = memcmp(name, with, len < n ? len : n);
    return c ? c : len < n ? -1 : len > n;
}

/* Where the name is, or would be. */
static size_t search(const node *folder, const char *name, size_t len) {
    size_t lo = 0, hi = folder->n;
    while (lo < hi) {
        size_t mid = lo + (hi - lo) / 2;
        if (compare(name, len, folder->entries[mid]->name) > 0)
            lo = mid + 1;
        else
            hi = mid;
    }
    return lo;
}

static entry *look_up(const node *folder, const char *name, size_t len) {
    size_t i = search(folder, name, len);
    if (i == folder->n || compare(name, len, folder->entries[i]->name)) return NULL;
    return folder->entries[i];
}

static entry *make_entry(node *folder, const char *name, size_t len) {
    entry *e = look_up(folder, name, len);
    if (e) return e;
    size_t at = search(folder, name, len);
    e = sn__disk_alloc(sizeof *e + len + 1);
    *e = (entry){.in = folder};
    memcpy(e->name, name, len);
    e->name[len] = 0;
    if (folder->n == folder->room)
        folder->entries = sn__disk_grow(folder->entries, folder->n, &folder->room, sizeof e);
    memmove(folder->entries + at + 1, folder->entries + at, (folder->n - at) * sizeof e);
    folder->entries[at] = e;
    folder->n++;
    return e;
}

static void unmake_entry(entry *e) {
    node *folder = e->in;
    size_t at = search(folder, e->name, strlen(e->name));
    memmove(folder->entries + at, folder->entries + at + 1,
            (--folder->n - at) * sizeof *folder->entries);
    free(e);
}

size_t sn__tree_count(const node *folder) {
    size_t n = 0;
    for (size_t i = 0; i < folder->n; i++) n += folder->entries[i]->now != NULL;
    return n;
}

/* ---- Life of a node ---- */

node *sn__tree_new(disk *d, bool folder) {
    node *n = sn__disk_alloc(sizeof *n);
    *n = (node){.id = d->ids++, .folder = folder};
    sn__data_init(&n->data);
    return n;
}

static void free_node(disk *d, node *n) {
    for (size_t i = 0; i < n->n; i++) {
        entry *e = n->entries[i];
        node *now = e->now, *on_disk = e->disk;
        if (now != on_disk) sn__list_del(&e->pending);
        e->now = e->disk = NULL;
        if (now) unname(d, now, e);
        if (on_disk) unname(d, on_disk, e);
        free(e);
    }
    free(n->entries);
    sn__data_free(&n->data);
    free(n);
}

/* What nothing leads to any more is gone. */
static void forget(disk *d, node *n) {
    if (!n->names && !n->opened && n != d->root) free_node(d, n);
}

void sn__tree_charge(disk *d, node *n) {
    uint64_t want = n->entry || n->opened ? n->data.held : 0;
    d->used += want - n->charged;
    n->charged = want;
}

void sn__tree_open(disk *d, node *n) {
    n->opened++;
    sn__tree_charge(d, n);
}

void sn__tree_close(disk *d, node *n) {
    n->opened--;
    sn__tree_charge(d, n);
    forget(d, n);
}

/* ---- Changes ---- */

/* A group of one, until a rename makes another entry part of it. */
#define TIED ((uint64_t)1 << 63)

static void join(disk *d, entry *e, uint64_t group) {
    uint64_t old = e->group;
    if (old & TIED) {
        group |= TIED;
        for (sn__link *l = d->pending.next; l != &d->pending; l = l->next) {
            entry *other = SN__OF(l, entry, pending);
            if (other->group == old) other->group = group;
        }
    }
    e->group = group;
}

/* e leads to n no more, in the cache or on the disk. */
static void unname(disk *d, node *n, const entry *e) {
    n->names--;
    if (n->entry == e && e->now != n) n->entry = NULL;
    sn__tree_charge(d, n);
    forget(d, n);
}

/* e->now becomes n. */
static void point(disk *d, entry *e, node *n, uint64_t group) {
    node *old = e->now;
    if (e->now == e->disk) sn__list_push(&d->pending, &e->pending);
    join(d, e, group);
    e->now = n;
    if (n) {
        n->names++;
        n->entry = e;
        sn__tree_charge(d, n);
    }
    if (old) unname(d, old, e);
    if (e->now == e->disk) { /* as it was: nothing is left to do */
        sn__list_del(&e->pending);
        e->group = 0;
        if (!e->now) unmake_entry(e);
    }
}

void sn__tree_set(disk *d, const place *p, node *n) {
    point(d, make_entry(p->in, p->name, p->len), n, ++d->groups);
}

void sn__tree_move(disk *d, const place *from, const place *to) {
    uint64_t group = ++d->groups | TIED;
    entry *source = from->found->entry;
    point(d, make_entry(to->in, to->name, to->len), from->found, group);
    point(d, source, NULL, group);
}

/* ---- Reaching the disk ---- */

static void commit_one(disk *d, entry *e) {
    node *old = e->disk;
    sn__list_del(&e->pending);
    e->group = 0;
    e->disk = e->now;
    if (e->now) e->now->names++;
    if (old) unname(d, old, e);
    if (!e->now) unmake_entry(e);
}

/* The first pending entry of a group, or in a folder. */
static entry *first_pending(disk *d, uint64_t group, const node *folder) {
    if (sn__list_empty(&d->pending)) return NULL;
    for (sn__link *l = d->pending.next; l != &d->pending; l = l->next) {
        entry *e = SN__OF(l, entry, pending);
        if (folder ? e->in == folder : e->group == group) return e;
    }
    return NULL;
}

void sn__tree_commit(disk *d, entry *e) {
    uint64_t group = e->group;
    if (e->now == e->disk) return;
    commit_one(d, e);
    while (group & TIED && (e = first_pending(d, group, NULL))) commit_one(d, e);
}

void sn__tree_commit_all(disk *d, node *folder) {
    entry *e;
    while ((e = first_pending(d, 0, folder))) sn__tree_commit(d, e);
}

static void revert(disk *d, entry *e) {
    node *old = e->now;
    sn__list_del(&e->pending);
    e->group = 0;
    e->now = e->disk;
    if (e->now) e->now->names++;
    if (old) unname(d, old, e);
    if (!e->now) unmake_entry(e);
}

void sn__tree_each(node *folder, void (*f)(disk *d, node *file), disk *d) {
    for (size_t i = 0; i < folder->n; i++) {
        node *n = folder->entries[i]->now;
        if (n && n->folder)
            sn__tree_each(n, f, d);
        else if (n)
            f(d, n);
    }
}

/* Where each has its name, after a power cut. */
static void settle(disk *d, node *folder) {
    for (size_t i = 0; i < folder->n; i++) {
        node *n = folder->entries[i]->now;
        n->entry = folder->entries[i];
        if (n->folder) settle(d, n);
    }
}

static void decide(disk *d, entry *e, bool keep) {
    if (keep)
        commit_one(d, e);
    else
        revert(d, e);
}

void sn__tree_power(disk *d) {
    while (!sn__list_empty(&d->pending)) {
        entry *e = SN__OF(d->pending.next, entry, pending);
        uint64_t group = e->group;
        bool keep = sn__sim_chance(500000);
        decide(d, e, keep);
        while (group & TIED && (e = first_pending(d, group, NULL))) decide(d, e, keep);
    }
    settle(d, d->root);
}

/* ---- Paths ---- */

bool sn__tree_inside(const node *in, const node *folder) {
    while (in != folder && in->entry) in = in->entry->in;
    return in == folder;
}

static node *parent(disk *d, const node *n) { return n->entry ? n->entry->in : d->root; }

static bool is(const char *name, size_t len, const char *what) {
    return len == strlen(what) && memcmp(name, what, len) == 0;
}

/* One name further. `last`: it need not be there. */
static int step(disk *d, node **at, place *p, bool last) {
    node *folder = *at;
    if (!folder->folder) return SN_ENOTDIR;
    if (p->len > NAME_BYTES) return SN_EINVAL;
    bool dot = is(p->name, p->len, "."), up = is(p->name, p->len, "..");
    p->in = dot || up ? NULL : folder;
    entry *e = dot || up ? NULL : look_up(folder, p->name, p->len);
    p->found = dot ? folder : up ? parent(d, folder) : e ? e->now : NULL;
    *at = p->found;
    return p->found || last ? 0 : SN_ENOENT;
}

int sn__tree_find(disk *d, const char *path, place *p) {
    *p = (place){.found = d->root};
    node *at = d->root;
    if (!*path) return SN_ENOENT;
    if (strlen(path) >= PATH_BYTES) return SN_EINVAL;
    while (*path) {
        p->slash = *path == '/';
        path += strspn(path, "/");
        if (!*path) break;
        p->name = path;
        p->len = strcspn(path, "/");
        path += p->len;
        bool last = !path[strspn(path, "/")];
        int err = step(d, &at, p, last);
        if (err) return err;
        p->slash = *path == '/';
    }
    return 0;
}

/* ---- All of it ---- */

void sn__tree_init(disk *d) {
    d->ids = 1;
    sn__list_init(&d->pending);
    d->root = sn__tree_new(d, true);
    d->root->names = 1;
}

void sn__tree_free(disk *d) { free_node(d, d->root); }
