/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Two coroutines pass a number to and fro over unbuffered channels; each send waits until the
 * other side takes it. Closing the channel ends the loop on the other side. */
#include <sennit/sennit.h>
#include <stdio.h>

SN_CHAN_TYPE(int_chan, int)

typedef struct table {
    int_chan *ping, *pong;
} table;

static int player(void *arg) {
    table *t = (table *)arg;
    int v, rc;
    while ((rc = int_chan_recv(t->ping, &v)) == 0) {
        rc = int_chan_send(t->pong, v + 1);
        if (rc) return rc;
    }
    return rc == SN_ECLOSED ? 0 : rc; /* closed is how it should end */
}

static int rally(int_chan *ping, int_chan *pong, int *v) {
    int rc = SN_GO(player, table, ping, pong);
    for (int i = 0; i < 100000 && !rc; i++) {
        rc = int_chan_send(ping, *v);
        if (!rc) rc = int_chan_recv(pong, v);
    }
    int_chan_close(ping);
    return rc;
}

static int app(void *arg) {
    (void)arg;
    int_chan ping, pong;
    int rc = int_chan_init(&ping, 0, NULL);
    if (rc) return rc;
    rc = int_chan_init(&pong, 0, NULL);
    if (rc) return rc;
    int v = 0;
    sn_scope s;
    sn_scope_enter(&s, SN_NEVER);
    rc = rally(&ping, &pong, &v);
    if (rc) sn_scope_cancel(&s, rc);
    rc = sn_scope_leave(&s);
    printf("the ball crossed the net and came back %d times\n", v);
    int_chan_free(&ping);
    int_chan_free(&pong);
    return rc;
}

SN_MAIN(app)
