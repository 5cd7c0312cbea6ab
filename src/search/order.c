/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Orders as text; see order.h. */
#include "search/order.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { PAIR = 44, ORDER_MAX = 100000 }; /* bytes of one in text; most of them */

static const char form[] = "not a list such as 812:7,900+1:3 (moment:coroutine), nor none";

static bool read_moment(char *text, uint64_t *moment) {
    char *plus = strchr(text, '+');
    uint64_t choice, wait = 0;
    if (plus) *plus = 0;
    if (!sn__read_count(text, &choice) || choice > UINT64_MAX >> 8) return false;
    if (plus && (!sn__read_count(plus + 1, &wait) || wait > 0xff)) return false;
    *moment = SN__MOMENT(choice, wait);
    return true;
}

/* "812:7" or "812+1:7" up to a comma or the end; moves *s behind it. */
static bool read_step(const char **s, sn__step *step) {
    char text[PAIR];
    size_t n = strcspn(*s, ",");
    if (n >= sizeof text) return false;
    memcpy(text, *s, n);
    text[n] = 0;
    *s += n;
    char *colon = strchr(text, ':');
    if (!colon) return false;
    *colon = 0;
    return read_moment(text, &step->moment) && sn__read_count(colon + 1, &step->id);
}

static const char *append(order *o, sn__step step) {
    if (o->n && step.moment <= o->steps[o->n - 1].moment) return "the moments do not ascend";
    if (o->n == ORDER_MAX) return "more than 100,000 exceptions";
    sn__step *more = realloc(o->steps, (o->n + 1) * sizeof *more);
    if (!more) return "out of memory";
    o->steps = more;
    o->steps[o->n++] = step;
    return NULL;
}

static const char *read_steps(const char *text, order *o) {
    for (;;) {
        sn__step step;
        if (!read_step(&text, &step)) return form;
        const char *bad = append(o, step);
        if (bad || !*text) return bad;
        text++;
    }
}

const char *sn__order_read(const char *text, order *o) {
    order fresh = {.told = true};
    const char *bad = strcmp(text, "none") ? read_steps(text, &fresh) : NULL;
    sn__step *old = bad ? fresh.steps : o->steps;
    if (!bad) *o = fresh;
    free(old);
    return bad;
}

char *sn__order_show(const order *o) {
    char *text = malloc(o->n * PAIR + sizeof "none"), *to = text;
    if (!text) return NULL;
    strcpy(text, "none");
    for (size_t i = 0; i < o->n; i++) {
        unsigned long long choice = o->steps[i].moment >> 8, id = o->steps[i].id;
        unsigned wait = o->steps[i].moment & 0xff;
        to += snprintf(to, PAIR, "%s%llu", i ? "," : "", choice);
        if (wait) to += snprintf(to, PAIR, "+%u", wait);
        to += snprintf(to, PAIR, ":%llu", id);
    }
    return text;
}
