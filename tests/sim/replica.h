/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * A small replicated server for campaigns of faults: three nodes each keep a set of numbers on
 * disk and answer "add N" with "ok N" once N is durable there. A client holds a number for kept
 * when two nodes have said so. Every second a node asks the others for what it has not got. So as
 * long as no two nodes are hit at once, nothing that was acknowledged may be lost.
 */
#ifndef REPLICA_H
#define REPLICA_H

#include <sennit/base.h>

enum { REPLICA_NODES = 3, REPLICA_MAX = 1000 };
#define REPLICA_PORT "7000"

extern const char *const replica_names[REPLICA_NODES];

typedef struct replica_conf {
    uint32_t index;
    uint8_t *seen; /* of REPLICA_MAX: what the test may look at: the node's set, while it is up */
    uint32_t ack_first; /* 1: a planted bug: answers before the number is durable */
} replica_conf;

/** Main of a node's host; its argument is a replica_conf. Ends when it cannot trust its disk. */
int replica_node(void *conf);

/** One exchange of lines with a node, within a second: sends `line`, and calls `each` for each
 *  line of the answer until it returns non-zero or the stream ends. What `each` returned, 0 at the
 *  end of the stream, or an error. */
int replica_ask(const char *node, const char *line, int (*each)(void *arg, const char *line),
                void *arg);

#endif
