/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* A doubly linked list with its links inside the elements. A head is a link to itself. */
#ifndef SN_CORE_LIST_H
#define SN_CORE_LIST_H

#include <stdbool.h>
#include <stddef.h>

typedef struct sn__link {
    struct sn__link *next, *prev;
} sn__link;

#define SN__OF(ptr, type, member) ((type *)(void *)((char *)(ptr)-offsetof(type, member)))

static inline void sn__list_init(sn__link *h) { h->next = h->prev = h; }
/** A head of zero bytes counts as empty, so that "= {0}" objects work. */
static inline bool sn__list_empty(const sn__link *h) { return !h->next || h->next == h; }
static inline void sn__list_push(sn__link *h, sn__link *e) {
    if (!h->next) sn__list_init(h);
    e->next = h;
    e->prev = h->prev;
    h->prev->next = e;
    h->prev = e;
}
static inline void sn__list_del(sn__link *e) {
    e->prev->next = e->next;
    e->next->prev = e->prev;
    e->next = e->prev = NULL;
}
/** e, which is in the list, goes first. */
static inline void sn__list_to_front(sn__link *h, sn__link *e) {
    sn__list_del(e);
    e->prev = h;
    e->next = h->next;
    h->next->prev = e;
    h->next = e;
}
static inline sn__link *sn__list_pop(sn__link *h) {
    if (sn__list_empty(h)) return NULL;
    sn__link *e = h->next;
    sn__list_del(e);
    return e;
}

#endif
