/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Which parts does a failure need; see parts.h. Delta debugging (A. Zeller, R. Hildebrandt:
 * "Simplifying and isolating failure-inducing input", 2002), without its tests of subsets alone:
 * what a failure needs seldom lies in one place. */
#include "search/parts.h"

#include <stdlib.h>

enum { PAIRS = 16 }; /* parts of which pairs are tried: 120 of them */

typedef struct reduction {
    numbers *kept;
    sn__parts_fn fails;
    void *arg;
} reduction;

/* Tries without n from `from` on, and without the one at `also`. True: they are out. */
static bool drop(reduction *r, size_t from, size_t n, size_t also) {
    numbers *kept = r->kept, fewer = {malloc((kept->n + 1) * sizeof *fewer.at), 0};
    if (!fewer.at) return false;
    for (size_t i = 0; i < kept->n; i++)
        if ((i < from || i >= from + n) && i != also) fewer.at[fewer.n++] = kept->at[i];
    bool gone = r->fails(r->arg, &fewer);
    numbers was = gone ? *kept : fewer;
    if (gone) *kept = fewer;
    sn__numbers_free(&was);
    return gone;
}

/* Tries without each stretch of n, the last first: what comes before one then stays as it is. True
 * when one was dropped. */
static bool drop_stretches(reduction *r, size_t n) {
    bool any = false;
    for (size_t to = r->kept->n; to;) {
        size_t from = to > n ? to - n : 0;
        any |= drop(r, from, to - from, SIZE_MAX);
        to = from;
    }
    return any;
}

/* Two that undo each other can only go together. True when two were dropped. */
static bool drop_pair(reduction *r) {
    if (r->kept->n > PAIRS) return false;
    for (size_t j = r->kept->n; j-- > 1;)
        for (size_t i = j; i-- > 0;)
            if (drop(r, i, 1, j)) return true;
    return false;
}

void sn__parts_drop(numbers *kept, sn__parts_fn fails, void *arg) {
    reduction r = {kept, fails, arg};
    size_t n = kept->n;
    while (n) {
        bool fewer = drop_stretches(&r, n);
        if (n == 1 && !fewer) fewer = drop_pair(&r);
        if (n > kept->n) n = kept->n;
        if (!fewer || n > 1) n /= 2;
    }
}

bool sn__parts_others(const numbers *l, uint32_t n, numbers *rest) {
    *rest = (numbers){malloc(((size_t)n + 1) * sizeof *rest->at), 0};
    if (!rest->at) return false;
    for (uint32_t v = 1, i = 0; v <= n; v++) {
        while (i < l->n && l->at[i] < v) i++;
        if (i == l->n || l->at[i] != v) rest->at[rest->n++] = v;
    }
    return true;
}
