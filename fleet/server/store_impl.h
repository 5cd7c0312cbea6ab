/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Inside of the store, for its own files and the power-cut tests.
 *
 * The writer owns `writer` and `batch`; each reader owns its connection; requests belong to
 * whoever waits for them (`waits`) or, submitted, to the writer. */
#ifndef FLEET_STORE_IMPL_H
#define FLEET_STORE_IMPL_H

#include <sennit/sennit.h>
#include <stdatomic.h>

#include "store.h"

typedef struct store_request {
    store_op op;
    store_done done;
    void *arg;
    int result;
    int waits; /**< somebody waits for `answered`; else the writer frees it */
    sn_sem answered;
} store_request;

struct store {
    sql writer;
    struct store_reader_slot {
        sql db;
        store *s;
    } * readers;
    uint32_t readers_n, readers_want, batch_max;
    sn_time window;
    store_request **batch;
    sn_chan *writes, *reads;
    sn_wg running;
    int started;
    atomic_uint_fast64_t commits, ops, failed, commit_ns_sum, commit_ns_max, reads_done;
};

/** Runs n operations in one transaction, sets their results, calls their `done`s in order. */
void store_run_batch(store *s, store_request **batch, uint32_t n);
/** Runs one read on `c` as a snapshot. */
void store_run_read(store *s, sql *c, store_request *r);
/** The coroutines. */
int store_writer(void *s);
int store_reader(void *slot);

#endif
