/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Ask three mirrors, take the first answer, cancel the others. No coroutine outlives its scope,
 * and nobody hands a context through every function: each parking call sees the cancel. */
#include <sennit/sennit.h>
#include <stdio.h>

typedef struct question {
    const char *mirror;
    sn_time takes;
    sn_chan *answer;
} question;

static int ask(void *arg) {
    question *q = (question *)arg;
    int rc = sn_sleep(q->takes); /* the network, as it were */
    if (rc) {
        printf("%s: %s\n", q->mirror, sn_strerror(rc));
        return rc;
    }
    return sn_send(q->answer, &q->mirror);
}

static int ask_all(sn_chan *answer) {
    int rc = SN_GO(ask, question, "slow", 3600 * SN_SECOND, answer);
    if (!rc) rc = SN_GO(ask, question, "quick", 20 * SN_MILLISECOND, answer);
    if (!rc) rc = SN_GO(ask, question, "slower", SN_NEVER, answer);
    return rc;
}

static int app(void *arg) {
    (void)arg;
    const char *winner = "nobody";
    sn_chan *answer = sn_chan_new(sizeof winner, 1, NULL);
    if (!answer) return SN_ENOMEM;
    sn_scope s;
    sn_scope_enter(&s, sn_now() + 5 * SN_SECOND); /* a deadline over everything inside */
    int rc = ask_all(answer);
    if (!rc) rc = sn_recv(answer, &winner);
    sn_scope_cancel(&s, SN_ECANCELED);
    int left = sn_scope_leave(&s);
    printf("first: %s; the others: %s\n", winner, sn_strerror(left));
    sn_chan_free(answer);
    return rc;
}

SN_MAIN(app)
