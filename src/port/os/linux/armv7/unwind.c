/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * Walking a stack by the exception index tables of the ARM EHABI, for dumps: functions that were
 * compiled with -funwind-tables, as ours are, and C++ ones. The walk ends where there is no table,
 * at a frame outside of [lo, hi), and where a table cannot be followed. Tables are data of the
 * program itself: the loader has checked no more of them than that they are mapped.
 */
#include <link.h>

#include "port/port.h"

enum { PT_EXIDX = 0x70000001, OPS_MAX = 64, CANNOT_UNWIND = 1, FINISH = 0xb0 };

typedef struct entry {
    uint32_t function; /* an offset from here */
    uint32_t data;     /* an offset from here, CANNOT_UNWIND, or instructions themselves */
} entry;

typedef struct table {
    uintptr_t pc;
    const entry *first;
    size_t n;
} table;

/* Offsets have 31 bits and a sign. */
static uintptr_t from_here(const uint32_t *at) {
    return (uintptr_t)at + (uintptr_t)((int32_t)(*at << 1) >> 1);
}

static int table_of_object(struct dl_phdr_info *o, size_t size, void *p) {
    table *t = p;
    const ElfW(Phdr) *index = NULL;
    bool mine = false;
    (void)size;
    for (int i = 0; i < o->dlpi_phnum; i++) {
        const ElfW(Phdr) *ph = &o->dlpi_phdr[i];
        if (ph->p_type == PT_LOAD && t->pc - (o->dlpi_addr + ph->p_vaddr) < ph->p_memsz)
            mine = true;
        if (ph->p_type == PT_EXIDX) index = ph;
    }
    if (!mine || !index) return mine;
    t->first = (const entry *)(o->dlpi_addr + index->p_vaddr);
    t->n = index->p_memsz / sizeof(entry);
    return 1;
}

/* The last entry whose function does not begin after pc. */
static const entry *entry_of(uintptr_t pc) {
    table t = {.pc = pc};
    dl_iterate_phdr(table_of_object, &t);
    size_t lo = 0, hi = t.n;
    while (lo < hi) {
        size_t mid = (lo + hi) / 2;
        if (from_here(&t.first[mid].function) <= pc)
            lo = mid + 1;
        else
            hi = mid;
    }
    return lo ? &t.first[lo - 1] : NULL;
}

/* How many instruction bytes of an entry are now in `ops`; 0: it has none. */
static unsigned ops_of(const entry *e, uint8_t *ops) {
    if (e->data == CANNOT_UNWIND) return 0;
    bool inside = e->data >> 31;
    const uint32_t *w = inside ? &e->data : (const uint32_t *)from_here(&e->data);
    unsigned skip = 1, more = 0;
    if (!(*w >> 31)) { /* a personality of its own: the next word is as ours */
        more = *++w >> 24;
    } else if (*w >> 24 & 0xf) {
        more = *w >> 16 & 0xff;
        skip = 2;
    }
    unsigned n = 4 + 4 * more - skip;
    if ((inside && more) || n > OPS_MAX) return 0;
    for (unsigned i = 0; i < n; i++)
        ops[i] = (uint8_t)(w[(skip + i) / 4] >> (24 - 8 * ((skip + i) % 4)));
    return n;
}

typedef struct walk {
    sn__frame *f;
    uintptr_t lo, hi, sp;
    const uint8_t *op, *end;
    bool pc_set, bad;
} walk;

static unsigned next(walk *w) {
    if (w->op < w->end) return *w->op++;
    w->bad = true;
    return 0;
}

static void pop(walk *w, unsigned mask) {
    for (unsigned r = 0; r < 16; r++) {
        if (!(mask >> r & 1)) continue;
        if (w->sp % 4 || w->sp < w->lo || w->sp > w->hi - 4) {
            w->bad = true;
            return;
        }
        uintptr_t v = *(const uintptr_t *)w->sp;
        w->sp += 4;
        if (r < 15) {
            w->f->r[r] = v;
            if (r == SN__FRAME_SP) w->bad = true;
        } else {
            w->f->pc = sn__code_address(v);
            w->pc_set = true;
        }
    }
}

static uintptr_t big_add(walk *w) {
    uintptr_t v = 0;
    unsigned shift = 0, b;
    do {
        b = next(w);
        v |= (uintptr_t)(b & 0x7f) << shift;
        shift += 7;
    } while (b & 0x80 && shift < 28);
    return 0x204 + (v << 2);
}

/* Instructions above 0xb0. Floating-point registers are passed over: no walk needs them. */
static void rare_op(walk *w, unsigned b) {
    if (b == 0xb1)
        pop(w, next(w) & 0xf);
    else if (b == 0xb2)
        w->sp += big_add(w);
    else if (b == 0xb3)
        w->sp += ((next(w) & 0xf) + 1) * 8 + 4;
    else if (b >= 0xb8 && b <= 0xbf)
        w->sp += ((b & 7) + 1) * 8 + 4;
    else if (b == 0xc8 || b == 0xc9)
        w->sp += ((next(w) & 0xf) + 1) * 8;
    else if (b >= 0xd0 && b <= 0xd7)
        w->sp += ((b & 7) + 1) * 8;
    else
        w->bad = true;
}

static void run_op(walk *w, unsigned b) {
    if (b < 0x40)
        w->sp += (b & 0x3f) * 4 + 4;
    else if (b < 0x80)
        w->sp -= (b & 0x3f) * 4 + 4;
    else if (b < 0x90) {
        unsigned mask = ((b & 0xf) << 8 | next(w)) << 4;
        if (!mask) w->bad = true; /* "refuse to unwind" */
        pop(w, mask);
    } else if (b < 0xa0) {
        if ((b & 0xf) < 15) w->sp = w->f->r[b & 0xf];
    } else if (b < FINISH) {
        unsigned upto = b & 7;
        pop(w, ((2u << upto) - 1) << 4 | (b & 8 ? 1u << SN__FRAME_LR : 0));
    } else {
        rare_op(w, b);
    }
}

bool sn__frame_up(sn__frame *f, uintptr_t lo, uintptr_t hi) {
    uint8_t ops[OPS_MAX];
    const entry *e = entry_of(f->pc);
    unsigned n = e ? ops_of(e, ops) : 0, b;
    if (!n) return false;
    walk w = {.f = f, .lo = lo, .hi = hi, .sp = f->r[SN__FRAME_SP], .op = ops, .end = ops + n};
    while (w.op < w.end && !w.bad && (b = next(&w)) != FINISH) run_op(&w, b);
    if (w.bad || w.sp < f->r[SN__FRAME_SP] || w.sp > hi) return false;
    if (!w.pc_set) f->pc = sn__code_address(f->r[SN__FRAME_LR]);
    if (!f->pc) return false;
    f->r[SN__FRAME_SP] = w.sp;
    f->pc--;
    return true;
}
