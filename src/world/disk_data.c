/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* The content of one file, in the page cache and on the disk (see disk.h). Pages are shared between
 * the two, and with a sync under way, until somebody writes to one of them. */
#include "world/disk.h"

#include <stdlib.h>
#include <string.h>

enum { SECTORS = PAGE / SECTOR };

void sn__data_init(data *d) { *d = (data){.cut = UINT64_MAX}; }

/* ---- Bytes of a page ---- */

static block *ref(block *b) {
    if (b) b->refs++;
    return b;
}

static void unref(block *b) {
    if (b && --b->refs == 0) free(b);
}

static void share(block **to, block *b) {
    ref(b);
    unref(*to);
    *to = b;
}

/* Makes *b nobody else's; its bytes stay if `keep`. */
static block *own(block **b, bool keep) {
    if (*b && (*b)->refs == 1) return *b;
    block *mine = sn__disk_alloc(sizeof *mine);
    mine->refs = 1;
    if (*b && keep)
        memcpy(mine->bytes, (*b)->bytes, PAGE);
    else
        memset(mine->bytes, 0, PAGE);
    unref(*b);
    *b = mine;
    return mine;
}

/* Sectors that [from, to) of a page touches. */
static uint8_t sectors(size_t from, size_t to) {
    unsigned first = (unsigned)(from / SECTOR), end = (unsigned)((to + SECTOR - 1) / SECTOR);
    return (uint8_t)((1u << end) - (1u << first));
}

/* Copies the sectors of `mask` onto the disk. */
static void put(page *p, const block *from, uint8_t mask) {
    if (!mask || (!from && !p->disk)) return;
    block *to = own(&p->disk, true);
    for (size_t i = 0; i < SECTORS; i++) {
        if (!(mask >> i & 1)) continue;
        if (from)
            memcpy(to->bytes + i * SECTOR, from->bytes + i * SECTOR, SECTOR);
        else
            memset(to->bytes + i * SECTOR, 0, SECTOR);
    }
}

static page *page_at(data *d, uint64_t index) {
    if (index >= d->room) {
        uint64_t room = d->room ? d->room : 4;
        while (room <= index) room *= 2;
        page *at = realloc(d->pages, room * sizeof *at);
        if (!at) sn__fatal("out of memory for a simulated file");
        memset(at + d->room, 0, (room - d->room) * sizeof *at);
        d->pages = at;
        d->room = room;
    }
    return &d->pages[index];
}

static void soil(data *d, uint64_t index, uint8_t mask) {
    page *p = &d->pages[index];
    p->dirty |= mask;
    p->lost &= (uint8_t)~mask;
    if (p->listed) return;
    p->listed = true;
    if (d->dirty_n == d->dirty_room)
        d->dirty = sn__disk_grow(d->dirty, d->dirty_n, &d->dirty_room, sizeof *d->dirty);
    d->dirty[d->dirty_n++] = index;
}

static void drop_now(data *d, page *p) {
    if (p->now) d->held--;
    unref(p->now);
    p->now = NULL;
}

static void forget_flight(data *d) {
    for (size_t i = 0; i < d->flight.n; i++) unref(d->flight.items[i].was);
    free(d->flight.items);
    d->flight = (flight){0};
    d->syncing = false;
}

void sn__data_free(data *d) {
    for (uint64_t i = 0; i < d->room; i++) {
        unref(d->pages[i].now);
        unref(d->pages[i].disk);
    }
    free(d->pages);
    free(d->dirty);
    forget_flight(d);
    sn__data_init(d);
}

/* ---- What programs do ---- */

size_t sn__data_read(const data *d, void *to, size_t n, uint64_t at) {
    if (at >= d->size) return 0;
    if (n > d->size - at) n = (size_t)(d->size - at);
    for (size_t done = 0; done < n;) {
        uint64_t index = (at + done) / PAGE;
        size_t off = (size_t)((at + done) % PAGE), part = PAGE - off;
        if (part > n - done) part = n - done;
        const block *b = index < d->room ? d->pages[index].now : NULL;
        if (b)
            memcpy((char *)to + done, b->bytes + off, part);
        else
            memset((char *)to + done, 0, part);
        done += part;
    }
    return n;
}

/* The kernel may write a dirty page back at any time: what a write covers had perhaps reached the
 * disk before. One write in eight finds it so. */
static void maybe_written_back(page *p, uint8_t mask) {
    mask &= p->dirty;
    if (mask && sn__sim_chance(125000)) put(p, p->now, mask);
}

static void write_page(data *d, uint64_t index, size_t off, const void *from, size_t n) {
    page *p = page_at(d, index);
    uint8_t mask = sectors(off, off + n);
    maybe_written_back(p, mask);
    if (!p->now) d->held++;
    block *b = own(&p->now, n < PAGE);
    if (from)
        memcpy(b->bytes + off, from, n);
    else
        memset(b->bytes + off, 0, n);
    soil(d, index, mask);
}

size_t sn__data_write(data *d, const void *from, size_t n, uint64_t at, uint64_t room) {
    size_t done = 0;
    while (done < n) {
        uint64_t index = (at + done) / PAGE;
        size_t off = (size_t)((at + done) % PAGE), part = PAGE - off;
        if (part > n - done) part = n - done;
        if (!page_at(d, index)->now && room-- == 0) break;
        write_page(d, index, off, (const char *)from + done, part);
        done += part;
    }
    if (done && at + done > d->size) d->size = at + done;
    return done;
}

void sn__data_truncate(data *d, uint64_t size) {
    uint64_t whole = (size + PAGE - 1) / PAGE, old = (d->size + PAGE - 1) / PAGE;
    if (size % PAGE && size < d->size && size / PAGE < d->room && d->pages[size / PAGE].now)
        write_page(d, size / PAGE, size % PAGE, NULL, PAGE - size % PAGE);
    for (uint64_t i = whole; i < old && i < d->room; i++) {
        page *p = &d->pages[i];
        if (!p->now && !p->disk) continue;
        maybe_written_back(p, 0xff);
        drop_now(d, p);
        soil(d, i, 0xff);
    }
    d->size = size;
    if (size < d->cut) d->cut = size;
}

/* ---- Syncing ---- */

static uint64_t mix(uint64_t h, const block *b, uint8_t mask) {
    for (size_t i = 0; i < SECTORS; i++) {
        if (!(mask >> i & 1)) continue;
        for (size_t at = i * SECTOR; at < (i + 1) * SECTOR; at += 8) {
            uint64_t word = 0;
            if (b) memcpy(&word, b->bytes + at, 8);
            h = (h ^ word) * 0x100000001b3u;
        }
    }
    return h;
}

uint64_t sn__data_sync_begin(data *d) {
    flight *f = &d->flight;
    uint64_t h = (0xcbf29ce484222325u ^ d->size) * 0x100000001b3u;
    *f = (flight){.size = d->size, .cut = d->cut, .n = d->dirty_n};
    if (f->n) f->items = sn__disk_alloc(f->n * sizeof *f->items);
    for (size_t i = 0; i < f->n; i++) {
        page *p = &d->pages[d->dirty[i]];
        f->items[i] = (struct flying){d->dirty[i], ref(p->now), p->dirty};
        h = mix((h ^ d->dirty[i]) * 0x100000001b3u, p->now, p->dirty);
        p->flying = p->dirty;
        p->dirty = 0;
        p->listed = false;
    }
    d->dirty_n = 0;
    d->cut = UINT64_MAX;
    d->syncing = true;
    return h;
}

static void land(page *p, const struct flying *it) {
    p->flying = 0;
    if (it->was == p->now && !p->dirty && !(p->lost & ~it->mask))
        share(&p->disk, p->now);
    else
        put(p, it->was, it->mask);
}

void sn__data_sync_end(data *d) {
    for (size_t i = 0; i < d->flight.n; i++)
        land(&d->pages[d->flight.items[i].index], &d->flight.items[i]);
    d->disk = d->flight.size;
    forget_flight(d);
}

/* As Linux does: the pages are clean now, though the disk has never seen them. The cache keeps
 * them, or has dropped them already and then the old is there again. */
void sn__data_sync_lose(data *d) {
    bool keep = sn__sim_chance(500000);
    for (size_t i = 0; i < d->flight.n; i++) {
        page *p = &d->pages[d->flight.items[i].index];
        p->flying = 0;
        bool inside = (d->flight.items[i].index + 1) * PAGE <= d->size;
        if (keep || p->dirty || !inside) {
            p->lost |= (uint8_t)(d->flight.items[i].mask & ~p->dirty);
            continue;
        }
        drop_now(d, p);
        p->now = ref(p->disk);
        p->lost = 0;
        if (p->now) d->held++;
    }
    forget_flight(d);
}

void sn__data_sync_nothing(data *d) {
    for (size_t i = 0; i < d->flight.n; i++) {
        uint64_t index = d->flight.items[i].index;
        d->pages[index].flying = 0;
        soil(d, index, d->flight.items[i].mask);
    }
    if (d->flight.cut < d->cut) d->cut = d->flight.cut;
    forget_flight(d);
}

void sn__data_flip(data *d, uint64_t at, unsigned bit) {
    page *p = page_at(d, at / PAGE);
    size_t off = (size_t)(at % PAGE);
    uint8_t mask = sectors(off, off + 1);
    bool same = !((p->dirty | p->flying | p->lost) & mask);
    if (!p->now) d->held++;
    own(&p->now, true)->bytes[off] ^= (unsigned char)(1u << bit);
    if (same) own(&p->disk, true)->bytes[off] ^= (unsigned char)(1u << bit);
}

/* ---- The power goes ---- */

/* How the disk had come along with what it had not been made to finish. */
enum fate { NOTHING, ALL, SOME };

/* Which sectors of a page had made it. Pages are written as one, as a rule. */
static uint8_t survivors(enum fate fate) {
    if (fate == NOTHING) return 0;
    if (fate == ALL) return 0xff;
    uint64_t r = sn__sim_world_random();
    if (r & 0x100) return r & 0x200 ? 0xff : 0;
    return (uint8_t)r;
}

/* The disk forgets what is behind `size`. */
static void cut_disk(data *d, uint64_t size) {
    for (uint64_t i = (size + PAGE - 1) / PAGE; i < d->room; i++) share(&d->pages[i].disk, NULL);
    if (size % PAGE && size / PAGE < d->room && d->pages[size / PAGE].disk) {
        block *b = own(&d->pages[size / PAGE].disk, true);
        memset(b->bytes + size % PAGE, 0, PAGE - size % PAGE);
    }
    d->disk = size;
}

/* One page reaches the disk in part; what it does to the file's length there. */
static uint64_t salvage(data *d, uint64_t index, const block *from, uint8_t mask, uint8_t kept,
                        uint64_t size) {
    uint64_t start = index * PAGE;
    if (start >= size) return 0;
    mask &= kept;
    if (size - start < PAGE) mask &= sectors(0, (size_t)(size - start));
    if (!mask) return 0;
    put(&d->pages[index], from, mask);
    uint64_t end = start + (uint64_t)(32 - __builtin_clz(mask)) * SECTOR;
    return end < size ? end : size;
}

static uint64_t torn_bits(uint8_t mask, uint8_t kept) {
    return (uint64_t)__builtin_popcount(mask & (uint8_t)~kept);
}

/* What had begun to be synced, then what was written since: pages of `f` or, NULL, the dirty. */
static uint64_t settle(data *d, const flight *f, enum fate fate) {
    uint64_t size = f ? f->size : d->size, cut = f ? f->cut : d->cut, torn = 0, reach = 0;
    if (cut < d->disk && fate != NOTHING && (fate == ALL || sn__sim_chance(500000)))
        cut_disk(d, cut);
    for (size_t i = 0; i < (f ? f->n : d->dirty_n); i++) {
        uint64_t index = f ? f->items[i].index : d->dirty[i];
        const block *from = f ? f->items[i].was : d->pages[index].now;
        uint8_t mask = f ? f->items[i].mask : d->pages[index].dirty, kept = survivors(fate);
        uint64_t end = salvage(d, index, from, mask, kept, size);
        if (end > reach) reach = end;
        torn += torn_bits(mask, kept);
    }
    if (reach > d->disk) d->disk = reach;
    if (size > d->disk && (fate == ALL || (fate == SOME && sn__sim_chance(250000)))) d->disk = size;
    return torn;
}

static enum fate draw_fate(void) {
    uint64_t r = sn__sim_world_random() % 4;
    return r == 0 ? NOTHING : r == 1 ? ALL : SOME;
}

static void now_is_disk(data *d) {
    cut_disk(d, d->disk); /* what was written back behind an end that nobody wrote */
    d->held = 0;
    for (uint64_t i = 0; i < d->room; i++) {
        page *p = &d->pages[i];
        if (p->now != p->disk) share(&p->now, p->disk);
        if (p->now) d->held++;
        p->dirty = p->flying = p->lost = 0;
        p->listed = false;
    }
    d->size = d->disk;
    d->cut = UINT64_MAX;
    d->dirty_n = 0;
}

uint64_t sn__data_power(data *d) {
    uint64_t torn = 0;
    if (d->syncing) torn = settle(d, &d->flight, draw_fate());
    if (d->dirty_n || d->cut < d->disk) torn += settle(d, NULL, draw_fate());
    forget_flight(d);
    now_is_disk(d);
    return torn;
}
