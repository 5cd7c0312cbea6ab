/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * A brake by wire, small enough to be read at once and with what makes such a thing late: a
 * filter, a queue, a disk. It talks lines: "pedal 90" comes in (per cent), "brake on" and "brake
 * off" go out, and "alive" every 100 ms. A pedal that is not held for 20 ms was a glitch.
 *
 *     reader --pedal--> control --signal--> writer --what was done--> recorder
 */
#ifndef BRAKE_H
#define BRAKE_H

#include <sennit/net.h>

typedef struct brake_conf {
    const char *record;    /* file that every signal is written to, durably; NULL: none */
    uint32_t record_first; /* 1: before the signal leaves. It may take what a disk may take */
} brake_conf;

/** Serves one controller after the other until it is cancelled. Takes over the listener. */
int brake_serve(sn_listener *l, const brake_conf *conf);

#endif
