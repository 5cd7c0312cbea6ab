/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* The owner coroutine and its queue. The owner never waits for anything but its queue, so who
 * sends to it cannot wait in a circle. */
#include <string.h>

#include "shard.h"

typedef struct shard_msg {
    shard_fn fn;
    void *arg;    /**< NULL: data */
    sn_sem *done; /**< NULL: nobody waits */
    union {
        unsigned char bytes[SHARD_DATA];
        int64_t align;
    } data;
} shard_msg;

enum { QUEUE_CAP = 1024 };

int shard_start(shard *s, sn_scope *scope) {
    s->queue = sn_chan_new(sizeof(shard_msg), QUEUE_CAP, NULL);
    if (!s->queue) return SN_ENOMEM;
    sn_attr attr = {.size = sizeof attr, .name = "shard"};
    return sn_scope_go(scope, &attr, shard_run, s, 0);
}

int shard_run(void *arg) {
    shard *s = arg;
    shard_msg m;
    sn_shield(1);
    while (sn_recv(s->queue, &m) == 0) {
        m.fn(s, m.arg ? m.arg : m.data.bytes);
        if (m.done) sn_sem_post(m.done);
    }
    return 0;
}

/* Sending can only fail for a closed queue, which is a programmer's error and ends the program. */
static void send(shard *s, const shard_msg *m, sn_sem *done) {
    uint32_t was = sn_shield(1);
    int rc = sn_send(s->queue, m);
    if (!rc && done) rc = sn_sem_wait(done, SN_NEVER);
    (void)rc;
    sn_shield(was);
}

void shard_do(shard *s, shard_fn fn, void *arg) {
    if (!s->queue) {
        fn(s, arg);
        return;
    }
    sn_sem done = {{0}};
    shard_msg m = {.fn = fn, .arg = arg, .done = &done};
    send(s, &m, &done);
}

void shard_post(shard *s, shard_fn fn, const void *data, size_t n) {
    shard_msg m = {.fn = fn};
    memcpy(m.data.bytes, data, n);
    if (s->queue)
        send(s, &m, NULL);
    else
        fn(s, m.data.bytes);
}
