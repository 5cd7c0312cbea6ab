/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* A mistake, to see what the runtime makes of it: each side waits for the other to speak first.
 * Nothing can ever wake them, so the program stops and says who waits for what. */
#include <sennit/sennit.h>

static int listener(void *arg) {
    sn_chan **pair = (sn_chan **)arg;
    int word;
    sn_set_name("listener");
    int rc = sn_recv(pair[0], &word); /* waits for app to send… */
    return rc ? rc : sn_send(pair[1], &word);
}

static int app(void *arg) {
    (void)arg;
    sn_chan *pair[2] = {sn_chan_new(sizeof(int), 0, NULL), sn_chan_new(sizeof(int), 0, NULL)};
    if (!pair[0] || !pair[1]) return SN_ENOMEM;
    int word = 0;
    int rc = sn_go(listener, pair, sizeof pair);
    if (!rc) rc = sn_recv(pair[1], &word); /* …while app waits for listener to */
    if (!rc) rc = sn_send(pair[0], &word);
    return rc;
}

SN_MAIN(app)
