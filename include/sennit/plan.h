/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * Fault plans: what goes wrong, where, when, for how long, how often and how far it may spread,
 * as lines that people write (docs/guide/faults-and-timing.md is the reference):
 *
 *     radius 1                       # at most one host is hit at once, by all faults together
 *     spare witness                  # never touched
 *     fault partition from field to server at 2h..6h for 30m every 6h until 7d spread 20%
 *     fault kill server at 3h..9h for 10s times 5
 *
 * A plan is read, and then *expanded*: with a seed and the hosts that there are it becomes a list
 * of concrete faults, each with its time, its place and a number. Both are pure functions: they
 * know neither clock nor system, and may be called from anywhere. Who applies the list is another
 * matter: sn_faults_start in a simulated run (sennit/scenario.h), sennit-chaos on live processes.
 *
 * In libsennit-plan; libsennit-sim has it inside.
 */
#ifndef SENNIT_PLAN_H
#define SENNIT_PLAN_H

#include <sennit/base.h>

SN_BEGIN_C

/** Each kind of fault: what it is called in a plan, and what it does. */
#define SN_FAULTS(X)                                                                               \
    X(SN_FAULT_PARTITION, "partition", "nothing passes")                                           \
    X(SN_FAULT_DELAY, "delay", "what passes comes later")                                          \
    X(SN_FAULT_LOSS, "loss", "packets are lost; streams stall")                                    \
    X(SN_FAULT_THROTTLE, "throttle", "so many bytes a second for each connection")                 \
    X(SN_FAULT_DUPLICATE, "duplicate", "datagrams come twice")                                     \
    X(SN_FAULT_REORDER, "reorder", "datagrams are overtaken")                                      \
    X(SN_FAULT_RESET, "reset", "connections are reset")                                            \
    X(SN_FAULT_HALF_OPEN, "half-open", "one side of a connection goes silent")                     \
    X(SN_FAULT_REFUSE, "refuse", "dials are refused")                                              \
    X(SN_FAULT_KILL, "kill", "the process is killed, and started again")                           \
    X(SN_FAULT_POWER, "power", "power is cut: what was not synced is lost or torn")                \
    X(SN_FAULT_FREEZE, "freeze", "the process stands still and goes on later")                     \
    X(SN_FAULT_HOG, "hog", "others take the processor")                                            \
    X(SN_FAULT_MEMORY, "memory", "others take the memory")                                         \
    X(SN_FAULT_DISK_FULL, "disk-full", "nothing more can be written")                              \
    X(SN_FAULT_DISK_SLOW, "disk-slow", "reads, writes and syncs take long")                        \
    X(SN_FAULT_DISK_ERROR, "disk-error", "reads, writes or syncs fail")                            \
    X(SN_FAULT_DISK_LIE, "disk-lie", "syncs say done and are not")                                 \
    X(SN_FAULT_BIT_ROT, "bit-rot", "reads find a bit flipped for good")                            \
    X(SN_FAULT_CLOCK_JUMP, "clock-jump", "the wall clock jumps")                                   \
    X(SN_FAULT_CLOCK_DRIFT, "clock-drift", "the clocks run fast or slow")

#define SN_X(name, text, about) name,
enum sn_fault_kind { SN_FAULTS(SN_X) SN_FAULT_KINDS };
#undef SN_X

/** Most bytes of a place, with the 0: a host's name, an address or a range. */
#define SN_PLACE_MAX 64u
/** Most faults of an expanded plan. */
#define SN_FAULTS_MAX 100000u

/** One concrete fault. Of the parameters those that its kind has are set, the rest is 0. */
typedef struct sn_fault {
    uint32_t number;          /**< from 1, in the order of time */
    uint32_t line;            /**< of the plan's text */
    uint32_t kind;            /**< enum sn_fault_kind */
    uint32_t both;            /**< of links: 1: both ways */
    sn_time at;               /**< since the plan's start */
    sn_time lasts;            /**< it is undone after so long; 0: it is of an instant */
    char place[SN_PLACE_MAX]; /**< the host; of links: from where (see sn_sim_link) */
    char to[SN_PLACE_MAX];    /**< of links: to where; else "" */
    sn_time by;               /**< delay, disk-slow: so much more; clock-jump: forward, < 0: back */
    sn_time jitter;           /**< delay: at most so much more, drawn for each packet */
    sn_time sync;             /**< disk-slow: so much more for each sync */
    uint32_t share;           /**< of a million packets, connections, dials, syncs, reads */
    uint32_t fail_read;       /**< disk-error: of a million */
    uint32_t fail_write;
    uint32_t fail_sync;
    int32_t drift;  /**< clock-drift: parts in a million */
    uint64_t bytes; /**< throttle: a second; memory: in all */
    uint32_t cpus;  /**< hog: how many at a time */
} sn_fault;

/** What is wrong with a plan, and where. */
typedef struct sn_plan_error {
    uint32_t line, column; /**< from 1; column 0: the line as a whole; line 0: the whole plan */
    char text[232];        /**< for people */
} sn_plan_error;

typedef struct sn_plan sn_plan;

/** An empty plan; free it with sn_plan_free. NULL when memory is out. */
SN_API SN_MUST sn_plan *sn_plan_new(void);
/** NULL is fine. */
SN_API void sn_plan_free(sn_plan *plan);
/** 1 when a line of n bytes begins with one of a plan's words (fault, radius, spare), so that a
 *  file may have lines of other kinds beside. */
SN_API SN_MUST int sn_plan_is_line(const char *text, size_t n);
/** Adds one line of n bytes without its end; `number` is its number in the file. Empty lines and
 *  comments ("# …") add nothing. 0; SN_EINVAL and *error; SN_ENOMEM. After an error the plan is as
 *  it was. */
SN_API SN_MUST int sn_plan_line(sn_plan *plan, const char *text, size_t n, uint32_t number,
                                sn_plan_error *error);
/** Adds all lines of a file's text. As sn_plan_line; stops at the first error. SN_EFBIG, with
 *  *error, when n is above SN_PLAN_MAX. */
SN_API SN_MUST int sn_plan_parse(sn_plan *plan, const char *text, size_t n, sn_plan_error *error);
#define SN_PLAN_MAX (1u << 20)
/** How many fault lines the plan has. */
SN_API size_t sn_plan_size(const sn_plan *plan);

/** A host that a plan may name. */
typedef struct sn_plan_host {
    const char *name;
    uint32_t first, last; /**< IPv4 addresses in host byte order; first < last: a crowd */
} sn_plan_host;

/** An expanded plan. */
typedef struct sn_fault_list {
    sn_fault *faults;
    size_t n;
    size_t dropped; /**< faults left out since the blast radius would not have held */
} sn_fault_list;

/**
 * Makes the plan concrete for these hosts: the same plan, seed and hosts give the same list, in
 * the order of time. What a line's faults are depends on the seed and on its place among the
 * plan's fault lines alone. Frees nothing of *list before; sn_fault_list_free does afterwards.
 * 0; SN_EINVAL and *error (a host that is not there or is spared, a radius below one host, more
 * than SN_FAULTS_MAX faults); SN_ENOMEM.
 */
SN_API SN_MUST int sn_plan_expand(const sn_plan *plan, uint64_t seed, const sn_plan_host *hosts,
                                  size_t n, sn_fault_list *list, sn_plan_error *error);
/** Frees what the list holds and empties it. */
SN_API void sn_fault_list_free(sn_fault_list *list);

/** "partition" of SN_FAULT_PARTITION. "?" for what is none. */
SN_API const char *sn_fault_name(uint32_t kind);
/** 1 when faults of this kind are on a link, 0 when on a host. */
SN_API int sn_fault_on_link(uint32_t kind);
/** The fault as a line for people: "#3 at 2h14m5.221s partition from field to server for 30m (line
 *  4)", cut at n > 0 bytes, always terminated. */
SN_API void sn_fault_print(const sn_fault *f, char *buf, size_t n);

/** Values as plans and scenarios have them: n bytes that are nothing but the value. Times: "250ms",
 *  "1h30m", "1.5s", "-2h"; units ns us ms s m h d; "0" needs none. SN_EINVAL, also beyond 292
 *  years. */
SN_API SN_MUST int sn_text_time(const char *text, size_t n, sn_time *out);
/** In millionths: "0.2%", "1e-3", "0.05", "200ppm". 0 … 100 %. SN_EINVAL. */
SN_API SN_MUST int sn_text_share(const char *text, size_t n, uint32_t *out);
/** Bytes: "64KiB", "1.5MiB", "2GiB", "10kB", "512". SN_EINVAL. */
SN_API SN_MUST int sn_text_bytes(const char *text, size_t n, uint64_t *out);
/** A time as text, "2h14m5.221s", exact; cut at n > 0 bytes, always terminated; 32 are enough. */
SN_API void sn_time_print(sn_time t, char *buf, size_t n);

SN_END_C
#endif
