/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* What only the port of a processor can get wrong: alignment of new stacks, registers over a
 * switch, where a stack ends, and who is on it. */
#include "check.h"

#include <sennit/sennit.h>
#include <stdarg.h>
#include <stdint.h>
#include <unwind.h>

#define APART __attribute__((noinline))
enum { SWITCHES = 50 };

/* --- alignment: compilers take it for granted, and store vectors by it */

APART static int text_is(const char *want, const char *format, ...) {
    char text[128];
    va_list ap;
    va_start(ap, format);
    vsnprintf(text, sizeof text, format, ap);
    va_end(ap);
    return !strcmp(text, want);
}

static int aligned(void *arg) {
    _Alignas(16) volatile double here[2] = {1.5, -2.25};
    volatile long double wide = 1024.5L;
    (void)arg;
    for (int i = 0; i < 3; i++) {
        CHECK((uintptr_t)here % 16 == 0);
        CHECK(text_is("1.500 -2.250 1024.5", "%.3f %.3f %.1Lf", here[0], here[1], wide));
        MUST(sn_yield() == 0);
    }
    return 0;
}

/* --- registers: more values than there are registers to keep, alive over switches */

static volatile double real_source[16];
static volatile long whole_source[16];

#define EACH(X) X(0) X(1) X(2) X(3) X(4) X(5) X(6) X(7) X(8) X(9) X(10) X(11) X(12) X(13)

static int reals(void *arg) {
    double own = *(int *)arg;
#define X(i) double r##i = real_source[i] + own;
    EACH(X)
#undef X
    for (int n = 0; n < SWITCHES; n++) {
        MUST(sn_yield() == 0);
#define X(i) r##i += 1.0;
        EACH(X)
#undef X
    }
#define X(i) CHECK(r##i == real_source[i] + own + SWITCHES);
    EACH(X)
#undef X
    return 0;
}

static int wholes(void *arg) {
    long own = *(int *)arg;
#define X(i) long w##i = whole_source[i] + own;
    EACH(X)
#undef X
    for (int n = 0; n < SWITCHES; n++) {
        MUST(sn_yield() == 0);
#define X(i) w##i += 1;
        EACH(X)
#undef X
    }
#define X(i) CHECK_INT(w##i, whole_source[i] + own + SWITCHES);
    EACH(X)
#undef X
    return 0;
}

/* --- the end of a stack */

#ifdef HAVE_UNWINDER
static _Unwind_Reason_Code count_frame(struct _Unwind_Context *c, void *arg) {
    (void)c;
    ++*(int *)arg;
    return *(int *)arg < 100 ? _URC_NO_REASON : _URC_END_OF_STACK;
}

static int unwinds(void *arg) {
    (void)arg;
    for (int i = 0; i < 2; i++) {
        int frames = 0;
        _Unwind_Backtrace(count_frame, &frames);
        CHECK(frames >= 1 && frames < 20);
        MUST(sn_yield() == 0);
    }
    return 0;
}
#else
static int unwinds(void *arg) {
    (void)arg;
    return 0;
}
#endif

/* --- who is on a stack */

APART static int innermost(sn_chan *c) {
    int v, rc = sn_recv(c, &v);
    return rc == SN_ECLOSED ? 0 : 1;
}
APART static int in_the_middle(sn_chan *c) { return innermost(c) + (int)sn_chan_len(c); }
APART static int outermost(void *arg) {
    int rc = in_the_middle(*(sn_chan **)arg);
    __asm__ volatile("" : "+r"(rc)); /* no tail call */
    return rc;
}

static void the_dump_names_them(void) {
    static char text[65536];
    static const char *const order[] = {"innermost", "in_the_middle", "outermost", "sn__ctx_start+",
                                        "started as outermost"};
    FILE *f = tmpfile();
    MUST(f);
    sn_dump(fileno(f));
    rewind(f);
    text[fread(text, 1, sizeof text - 1, f)] = 0;
    fclose(f);
    const char *at = text;
    for (size_t i = 0; i < sizeof order / sizeof *order && at; i++) {
        at = strstr(at, order[i]);
        if (!at) fprintf(stderr, "no %s in order in:\n%s\n", order[i], text);
    }
    CHECK(at != NULL);
}

static int test(void *arg) {
    sn_scope s;
    sn_chan *c = sn_chan_new(sizeof(int), 0, NULL);
    (void)arg;
    MUST(c);
    for (int i = 0; i < 16; i++) {
        real_source[i] = i * 1.25;
        whole_source[i] = i * 1000;
    }
    sn_scope_enter(&s, SN_NEVER);
    for (int i = 0; i < 4; i++) {
        MUST(sn_go(aligned, &i, sizeof i) == 0);
        MUST(sn_go(reals, &i, sizeof i) == 0);
        MUST(sn_go(wholes, &i, sizeof i) == 0);
        MUST(sn_go(unwinds, NULL, 0) == 0);
    }
    MUST(sn_go(outermost, &c, sizeof c) == 0);
    MUST(sn_sleep(20 * SN_MILLISECOND) == 0);
    the_dump_names_them();
    sn_chan_close(c);
    CHECK_INT(sn_scope_leave(&s), 0);
    sn_chan_free(c);
    return 0;
}

static void on_threads(void) { CHECK_INT(sn_run(test, NULL, NULL), 0); }

int main(void) {
#ifndef HAVE_UNWINDER
    printf("skipped: the end of the stack, there is no unwinder\n");
#endif
    CASE(on_threads);
    return check_done();
}
