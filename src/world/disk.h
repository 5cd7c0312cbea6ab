/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * A host's simulated disk, with the page cache in front of it.
 *
 *   disk_data.c  the content of one file, in the cache and on the disk
 *   disk_tree.c  names: folders and their entries, in the cache and on the disk
 *   disk.c       one disk: its faults, what a stop leaves of it, the part of the world
 *   disk_sys.c   the file calls of src/io/sys.h on it, under the src/io/file.c of every program
 *   disk_host.c  what tests do to a host's disk
 *
 * Everything exists twice: as programs see it (`now`) and as it would be found after a power cut
 * (`disk`). A write changes `now`. A sync makes the `disk` of a file what its `now` was when the
 * sync began; until then a power cut keeps, drops or tears each write, sector by sector, in any
 * order. Where both are the same they share memory.
 *
 * A folder's entry is on the disk once the folder was synced, or, of a new file, the file. Renames
 * are whole: both of their entries are on the disk, or neither.
 *
 * Nothing in disk_data.c and disk_tree.c parks or has choice points.
 */
#ifndef SN_WORLD_DISK_H
#define SN_WORLD_DISK_H

#include <sennit/file.h>

#include "sched/sim/world.h"

enum { SECTOR = 512, PAGE = 4096, NAME_BYTES = 255, PATH_BYTES = 4096 };
#define FILE_MAX ((uint64_t)1 << 44) /* 16 TiB: as ext4 with blocks of 4 KiB */

/* ---- disk_data.c ---- */

/** A page's bytes, shared by what has not been told apart since. */
typedef struct block {
    uint32_t refs;
    unsigned char bytes[PAGE];
} block;

/** A page of a file. The masks have a bit a sector. A sector in none of them is the same in `now`
 *  and `disk`. */
typedef struct page {
    block *now, *disk; /**< NULL: zeros */
    uint8_t dirty;     /**< written since the last sync began */
    uint8_t flying;    /**< being written by a sync that takes its time */
    uint8_t lost;      /**< a sync failed: differs, and no sync will write it any more */
    bool listed;       /**< in data.dirty */
} page;

/** What a sync has to write: as it was when it began. */
typedef struct flight {
    struct flying {
        uint64_t index;
        block *was;
        uint8_t mask;
    } * items;
    size_t n;
    uint64_t size, cut;
} flight;

typedef struct data {
    page *pages;
    uint64_t room;       /**< of pages */
    uint64_t size, disk; /**< bytes, now and on the disk */
    uint64_t cut;        /**< shortest it was since the last sync began */
    uint64_t *dirty;     /**< numbers of pages with `dirty`, in order of their first write */
    size_t dirty_n, dirty_room;
    uint64_t held; /**< pages of `now` */
    bool syncing;
    flight flight;
} data;

void sn__data_init(data *d);
void sn__data_free(data *d);
/** Bytes up to the end, or n. */
size_t sn__data_read(const data *d, void *to, size_t n, uint64_t at);
/** Writes while no more than `room` new pages are needed; how many bytes that were. */
size_t sn__data_write(data *d, const void *from, size_t n, uint64_t at, uint64_t room);
void sn__data_truncate(data *d, uint64_t size);
/** A sync begins: what is dirty now will be written. A number made of what that is. */
uint64_t sn__data_sync_begin(data *d);
/** … ends, and all of it is on the disk. */
void sn__data_sync_end(data *d);
/** … failed: nothing of it is on the disk, and nothing will be. */
void sn__data_sync_lose(data *d);
/** … did nothing: what was dirty still is. */
void sn__data_sync_nothing(data *d);
/** The power went. How many sectors were torn from what they should be. */
uint64_t sn__data_power(data *d);
/** Flips a bit in cache and disk. */
void sn__data_flip(data *d, uint64_t at, unsigned bit);

/* ---- disk_tree.c ---- */

/** A file or a folder. It lives while it has a name in the cache or on the disk, or is open. */
typedef struct node {
    uint32_t id; /**< its number in events */
    uint32_t opened, names;
    bool folder;
    uint8_t lock;           /**< enum lock */
    uint32_t lockers;       /**< open files that hold it */
    uint64_t charged;       /**< its part of disk.used */
    int64_t mtime;          /**< UTC ms */
    struct entry *entry;    /**< its name in the cache; NULL: it has none, or is the root */
    data data;              /**< of a file */
    struct entry **entries; /**< of a folder, sorted by name */
    size_t n, room;
    sn__waiters syncs; /**< those who wait for a sync under way */
} node;

/** A name in a folder. */
typedef struct entry {
    sn__link pending; /**< in disk.pending while now != disk */
    node *in, *now, *disk;
    uint64_t group; /**< pending entries of one group reach the disk together */
    char name[];
} entry;

enum lock { UNLOCKED, SHARED, EXCLUSIVE };

typedef struct opened {
    node *node; /**< NULL: this place is free */
    int flags;
    bool locks;
    uint64_t at; /**< of sn__sys_read */
    char *path;
} opened;

typedef struct disk {
    sn_disk how; /**< what holds: `set`, and faults over it */
    sn_disk set; /**< by the test */
    struct sn__disk_worse *worse;
    uint32_t host; /**< its number */
    node *root;
    sn__link pending;
    uint64_t groups;
    uint32_t ids;
    uint64_t used; /**< pages in files that have a name or are open */
    opened *files;
    size_t files_n;
} disk;

/** What a path leads to. */
typedef struct place {
    node *in;         /**< folder of the last name; NULL: the path names the root, "." or ".." */
    const char *name; /**< the last name, … */
    size_t len;
    bool slash;  /**< … with a slash behind it: callers look whether it is a folder */
    node *found; /**< NULL: nothing has this name */
} place;

/** SN_ENOENT, SN_ENOTDIR for the way there; SN_EINVAL for a name too long. */
int sn__tree_find(disk *d, const char *path, place *p);
node *sn__tree_new(disk *d, bool folder);
/** p->name becomes n in the cache (NULL: nothing). */
void sn__tree_set(disk *d, const place *p, node *n);
/** Moves from->found to to->name, at once or not at all. */
void sn__tree_move(disk *d, const place *from, const place *to);
/** Entries that programs see. */
size_t sn__tree_count(const node *folder);
/** Makes one entry durable, with what goes with it; all of a folder. */
void sn__tree_commit(disk *d, entry *e);
void sn__tree_commit_all(disk *d, node *folder);
/** Counts the room it takes: it has changed. */
void sn__tree_charge(disk *d, node *n);
void sn__tree_open(disk *d, node *n);
void sn__tree_close(disk *d, node *n);
/** True if `in` lies in `folder`, or is it. */
bool sn__tree_inside(const node *in, const node *folder);
/** The power went: each pending change is kept or dropped. */
void sn__tree_power(disk *d);
/** Calls f for every file in the cache, in the order of names. */
void sn__tree_each(node *folder, void (*f)(disk *d, node *file), disk *d);
void sn__tree_free(disk *d);
void sn__tree_init(disk *d);

/* ---- disk.c ---- */

static inline disk *sn__disk_of(const sn_host *h) { return h->disk; }
bool sn__disk_is_right(const sn_disk *how);
/** disk_worse.c: makes `how` anew. */
void sn__disk_renew(disk *d);
void *sn__disk_alloc(size_t n);
/** Room for one more in an array of *room elements that is full with n. */
void *sn__disk_grow(void *at, size_t n, size_t *room, size_t size);
/** Pages that may still be allocated. */
uint64_t sn__disk_room(const disk *d);
/** An event: "disk.…" of this host. */
void sn__disk_told(const sn_host *h, const char *what, const node *n, uint64_t b);
/** Writes with the cache's bounds: bytes done, which are fewer than n when the disk is full. */
size_t sn__disk_write(sn_host *h, node *n, const void *from, size_t len, uint64_t at);
void sn__disk_truncate(sn_host *h, node *n, uint64_t size);

#endif
