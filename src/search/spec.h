/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* What is to be run, all but the seed: the scenario, its parameters, its faults, how it is
 * scheduled, and what is expected of it. Filled in by a scenario file, then by the command line. */
#ifndef SN_SEARCH_SPEC_H
#define SN_SEARCH_SPEC_H

#include <stdbool.h>

#include <sennit/plan.h>
#include <sennit/scenario.h>

#include "sched/sim/script.h"
#include "search/number.h"

enum {
    SPEC_NAME = 64,          /* bytes of a name, its end included */
    SPEC_TEXT = 256,         /* of a value or a sentence */
    SPEC_PARAMS = 64,        /* most parameters: a bit each in a word */
    SPEC_LINE = 1000,        /* longest line of a file */
    SPEC_BYTES = 256 * 1024, /* longest file */
    SPEC_DEPTH = 64          /* most of PCT */
};

#define SPEC_SEED ((uint64_t)1 << 62) /* the last seed */

typedef struct seeds {
    uint64_t first, last; /* both included; last 0: not given */
} seeds;

typedef struct param {
    char name[SPEC_NAME], value[SPEC_TEXT];
    char least[SPEC_TEXT]; /* how far `minimise` may shrink it; "": not at all */
} param;

/** Who goes first when, told instead of drawn: sched/sim/script.h. */
typedef struct order {
    bool told;
    sn__step *steps; /* NULL when there are none */
    size_t n;
    sn__step *record; /* where the run writes down its own, memory shared with it; NULL */
    size_t room, *recorded;
} order;

typedef struct spec {
    const char *file; /* NULL: none */
    char scenario[SPEC_NAME], about[SPEC_TEXT];
    seeds all, brief;
    sn_sim_config config; /* all but the seed */
    bool mixed;           /* uniform for odd seeds, PCT for even ones */
    sn_time limit;        /* of the real clock, for one seed */
    bool must_fail;
    char must_say[SPEC_TEXT]; /* part of the reason; "": any */
    param params[SPEC_PARAMS];
    unsigned params_n;
    sn_plan *plan;   /* NULL: no faults */
    numbers without; /* of its faults, as the seed makes them: those that are left out */
    order order;
} spec;

/** What was wrong in a file, and where; line 0: in no line. */
typedef struct trouble {
    unsigned line, column;
    char what[SPEC_TEXT + 128];
} trouble;

/** Reads n bytes of a scenario file into *s, which sn__spec_init has made. false: *t says why. */
bool sn__spec_parse(spec *s, const char *text, size_t n, trouble *t);
/** Reads the file at `path`, as sn__spec_parse. */
bool sn__spec_read(spec *s, const char *path, trouble *t);
void sn__spec_init(spec *s);
/** "uniform", "pct" or "mixed"; false: it is none. */
bool sn__spec_mode(spec *s, const char *name);
/** Sets a parameter, or sets it anew. NULL, or what was wrong: a literal. */
const char *sn__spec_set(spec *s, const char *name, const char *value);
void sn__spec_free(spec *s);

#endif
