/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Time that nobody could use: the server was away, or its wall clock was set forward (by hand, by
 * NTP, after a machine slept). Deadlines are wall clock times, so that they outlive the process;
 * what the clock skips is no device's silence. A clock that is set back only gives devices more
 * time. */
#include "fleet_impl.h"

enum { FORGIVEN_MS = 30000 };

int fleet_forgive(sql *db, int64_t before, int64_t away) {
    int rc =
        sql_run(db, "INSERT OR REPLACE INTO alive(one, utc_ms) VALUES(1, ?)", "i", sn_utc_ms());
    if (rc || away < FORGIVEN_MS) return rc;
    rc = sql_run(db,
                 "UPDATE stage SET soak_from_ms = soak_from_ms + ? WHERE soak_from_ms > 0"
                 " AND soak_from_ms <= ? AND closed_ms = 0",
                 "ii", away, before);
    if (!rc)
        rc = sql_run(db,
                     "UPDATE action SET deadline_ms = deadline_ms + ? WHERE active = 1"
                     " AND deadline_ms > 0 AND created_ms <= ?",
                     "ii", away, before);
    if (!rc && sql_changes(db))
        log_event(LOG_INFO, "fleet.deadlines_moved", log_i("away_ms", away),
                  log_i("actions", sql_changes(db)));
    return rc;
}

struct skipped {
    int64_t last, by;
};

static int forgive_op(sql *db, void *arg) {
    const struct skipped *s = arg;
    return fleet_forgive(db, s->last, s->by);
}

void fleet_mind_clock(fleet *f) {
    sn_time mono = sn_now();
    int64_t utc = sn_utc_ms();
    struct skipped s = {f->clock_utc, utc - f->clock_utc - (mono - f->clock_mono) / SN_MILLISECOND};
    int first = !f->clock_mono;
    f->clock_mono = mono;
    f->clock_utc = utc;
    if (first || s.by < FORGIVEN_MS) return;
    int rc = store_write(f->store, forgive_op, &s);
    log_event(LOG_WARN, "fleet.clock_set", log_i("by_ms", s.by), log_e(rc));
}
