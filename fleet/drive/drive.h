/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* The load driver: many devices that speak hawkBit's DDI over real HTTP, one coroutine and one
 * kept connection each. A device polls, downloads what it is offered, checks its SHA-256 and
 * reports; whether a version fails on it is drawn from (seed, device, version), so that a run
 * repeats. Lost connections and a dead server are retried with jitter for ever. */
#ifndef FLEET_DRIVE_H
#define FLEET_DRIVE_H

#include <sennit/base.h>
#include <stdatomic.h>
#include <stdint.h>

struct drive_conf {
    char server[128]; /**< "http://host:port", or "host:port" */
    char tenant[64];
    char gateway_token[160]; /**< acts for every device; or … */
    char token_file[256];    /**< … lines of "device token" */
    char prefix[64];         /**< device ids are prefix + number: "dev-00001" */
    char journal[256];       /**< file for acknowledged final feedbacks; "": none */
    char installed_name[64], installed_version[64]; /**< software they say they run; "": none */
    int64_t devices;
    double fail_rate; /**< 0…1 */
    int64_t seed;
    int64_t duration_s; /**< 0: until cancelled */
    int64_t ramp_s;     /**< first polls are spread over this time */
    int64_t poll_max_s; /**< poll at least this often, whatever the server says; 0: obey */
    int64_t install_ms; /**< time an installation takes */
};

#define DRIVE_BUCKETS 256
/** Latencies by powers of two in eighths: within 12 %. */
struct drive_histogram {
    _Atomic uint64_t bucket[DRIVE_BUCKETS];
};
void drive_histogram_add(struct drive_histogram *h, sn_time took);
/** The upper bound of the bucket in which share q (0…1) of the samples lies, ns; 0 for none. */
sn_time drive_histogram_at(const struct drive_histogram *h, double q);

struct drive_stats {
    _Atomic uint64_t polls, downloads, bytes, successes, failures, cancels, closed_before;
    _Atomic uint64_t retries; /**< connections and exchanges begun again */
    _Atomic uint64_t refused; /**< answers of 4xx and 5xx that ended an exchange */
    _Atomic uint64_t corrupt; /**< downloads whose bytes were not those promised */
    _Atomic uint64_t online;  /**< devices whose last poll was answered */
    struct drive_histogram poll_time;
};

/**
 * Drives until conf->duration_s is over or the caller's scope is cancelled. Parks. 0 when the time
 * is over or it was cancelled; SN_EINVAL, SN_ENOENT for a conf it cannot use: *why says which
 * part (static storage). `stats` starts as zero bytes and may be read at any time.
 */
SN_PARKS int drive_run(const struct drive_conf *conf, struct drive_stats *stats, const char **why);
/** Prints the summary, one `key=value` line, to standard output. */
void drive_print(const struct drive_stats *stats, sn_time took);

#endif
