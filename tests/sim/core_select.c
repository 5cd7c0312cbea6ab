/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* core-select: players who pass balls over three channels, each by selects of all channels in an
 * order of its own, some with a deadline, until a referee closes the game. No ball is lost, and
 * the game ends. */
#include "core.h"
#include "hold.h"

#include <sennit/sennit.h>
#include <string.h>

enum { CHANNELS = 3, PLAYERS = 4, BALLS = 3, TURNS = 6, TURNS_MOST = 50000 };

typedef struct game {
    sn_chan ch[CHANNELS];
    sn_chan over;
    sn_chan done; /* a word from each who has had its turns */
    int held[BALLS];
} game;

typedef struct player {
    game *g;
    int ball; /* -1: none */
} player;

static void take(player *p, int ball) {
    HOLD(ball >= 0 && ball < BALLS, "a ball that is none: %d", ball);
    HOLD(!p->g->held[ball]++, "ball %d in two hands", ball);
    p->ball = ball;
}

/* One select: pass the ball on, or take one. 0; 1: the game is over. */
static int turn(player *p) {
    game *g = p->g;
    sn_case k[CHANNELS + 1];
    int in = -1, err = 0, n = 0, first = (int)sn_sim_draw(CHANNELS);
    for (; n < CHANNELS; n++) {
        sn_chan *c = &g->ch[(first + n) % CHANNELS];
        k[n] = p->ball >= 0 ? sn_tx(c, &p->ball) : sn_rx(c, &in, NULL);
    }
    k[n] = sn_rx(&g->over, NULL, &err);
    sn_time until = one_in(3) ? sn_now() + some_time(3) : SN_NEVER;
    int was = p->ball;
    if (was >= 0) g->held[was]--;
    int at = sn_selectv(k, CHANNELS + 1, until);
    HOLD(at >= 0 || (at == SN_ETIMEDOUT && until != SN_NEVER), "select: %s", sn_errname(at));
    if (was >= 0 && at >= 0 && at < CHANNELS) {
        p->ball = -1;
        return 0;
    }
    if (was >= 0) take(p, was);
    if (was < 0 && at >= 0 && at < CHANNELS) take(p, in);
    HOLD(at != CHANNELS || err == SN_ECLOSED, "the end came as %s", sn_errname(err));
    return at == CHANNELS;
}

static int play(void *arg) {
    player *p = arg;
    int over = 0;
    for (int i = 0; !over && i < TURNS; i++) over = turn(p);
    OK(sn_send(&p->g->done, NULL));
    for (int i = 0; !over; i++) {
        HOLD(i < TURNS_MOST, "the game does not end");
        over = turn(p);
    }
    return 0;
}

int core_select(void *arg) {
    game g;
    player players[PLAYERS];
    sn_scope all;
    (void)arg;
    memset(&g, 0, sizeof g);
    for (int i = 0; i < CHANNELS; i++)
        OK(sn_chan_init(&g.ch[i], sizeof(int), (size_t)sn_sim_draw(2), NULL, NULL));
    OK(sn_chan_init(&g.over, 0, 0, NULL, NULL));
    OK(sn_chan_init(&g.done, 0, PLAYERS, NULL, NULL));
    sn_scope_enter(&all, SN_NEVER);
    for (int i = 0; i < PLAYERS; i++) {
        players[i] = (player){&g, i < BALLS ? i : -1};
        if (i < BALLS) g.held[i] = 1;
        OK(sn_go(play, &players[i], 0));
    }
    for (uint64_t n = 1 + sn_sim_draw(PLAYERS); n; n--) OK(sn_recv(&g.done, NULL));
    sn_chan_close(&g.over);
    OK(sn_scope_leave(&all));
    int balls = 0;
    for (int i = 0; i < CHANNELS; i++) balls += (int)sn_chan_len(&g.ch[i]);
    for (int i = 0; i < BALLS; i++) balls += g.held[i];
    HOLD(balls == BALLS, "%d balls at the end, not %d", balls, BALLS);
    for (int i = 0; i < CHANNELS; i++) sn_chan_free(&g.ch[i]);
    sn_chan_free(&g.over);
    sn_chan_free(&g.done);
    return 0;
}
