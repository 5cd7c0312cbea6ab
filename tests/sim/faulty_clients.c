/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* The clients of the scenario "http-faults". Whatever the link does, an answer that a client takes
 * for whole is the one to its own request, byte for byte; and whoever is too slow for the server,
 * or says what no server could understand, is sent away in a time that can be told. */
#include "faulty.h"

enum { OPS = 8, WORKERS = 3 };

typedef struct client {
    sn_http_client *c; /* kept from request to request while it is good for another */
} client;

static uint64_t draw(uint64_t n) { return sn_sim_draw(n); }

/* Sends; 0 with the response's head. A stale connection is no failure of what can be asked twice.
 */
static int ask(client *k, sn_http_call *call, sn_http_response **r) {
    call->size = sizeof *call;
    call->until = sn_now() + 50 * MS + (sn_time)draw(8 * SN_SECOND);
    for (;;) {
        int fresh = !k->c, rc = 0;
        if (fresh) {
            sn_scope s;
            sn_scope_enter(&s, call->until);
            rc = sn_http_client_dial(&k->c, "tcp", SITE_ADDR, NULL);
            int late = sn_scope_leave(&s);
            if (rc || late) return rc ? rc : late;
        }
        rc = sn_http_do(k->c, call, r);
        if (rc != SN_ECLOSED || fresh || call->body_read) return rc;
        sn_http_client_free(k->c);
        k->c = NULL;
    }
}

/* The exchange ended with rc: the connection is kept, or not. */
static void over(client *k, int rc) {
    if (rc == 0)
        faulty.answers++;
    else
        faulty.gone++;
    if (rc == SN_EBADMSG) sn_sim_fail("a malformed answer: %s", sn_http_client_reason(k->c));
    if (k->c && (rc || !sn_http_client_reusable(k->c) || draw(4) == 0)) {
        sn_http_client_free(k->c);
        k->c = NULL;
    } else if (k->c && draw(2)) {
        sn_http_client_idle(k->c);
    }
}

/* A server that has no time left says 503; a reader or writer it found too slow hears 408. */
static int refused(const sn_http_response *r) {
    int status = sn_http_response_status(r);
    return status == 503 || status == 408;
}

/* Reads all that comes, which must be content of the token from byte `at` on; the byte after it. */
static int read_content(sn_http_response *r, uint64_t token, uint64_t *at) {
    char buf[2000];
    size_t n;
    for (;;) {
        int rc = sn_http_response_read(r, buf, (size_t)(1 + draw(sizeof buf)), &n);
        for (size_t i = 0; i < n; i++) {
            if (buf[i] != content_at(token, *at + i))
                sn_sim_fail("byte %llu is of another answer", (unsigned long long)(*at + i));
        }
        *at += n;
        if (rc || n == 0) return rc;
        if (draw(16) == 0 && sn_sleep((sn_time)draw(300 * MS))) return SN_ECANCELED;
    }
}

static void get(client *k) {
    char target[80], want[24];
    uint64_t token = draw(1000000), n = draw(2) ? draw(200) : draw(20000), at = 0;
    snprintf(want, sizeof want, "%llu", (unsigned long long)token);
    snprintf(target, sizeof target, "/get?token=%llu&n=%llu&pause=%d", (unsigned long long)token,
             (unsigned long long)n, draw(2) ? 0 : (int)draw(400));
    sn_http_call call = {.target = target};
    sn_http_response *r;
    int rc = ask(k, &call, &r);
    if (rc == 0 && !refused(r)) {
        const char *got = sn_http_response_header(r, "x-token");
        if (!got || strcmp(got, want)) sn_sim_fail("asked for %s, got %s", want, got ? got : "?");
        rc = read_content(r, token, &at);
        if (rc == 0 && at != n) {
            /* the handler ran out of time in the middle; it did not say how long it would be */
            if (at > n || token & 1)
                sn_sim_fail("%d of %d bytes were taken for the whole", (int)at, (int)n);
        }
    }
    over(k, rc);
}

typedef struct source {
    uint64_t token, at, n;
} source;

static int source_read(void *arg, void *buf, size_t n, size_t *done) {
    source *s = arg;
    uint64_t k = 1 + draw(n);
    if (k > s->n - s->at) k = s->n - s->at;
    for (uint64_t i = 0; i < k; i++) ((char *)buf)[i] = content_at(s->token, s->at + i);
    s->at += k;
    *done = (size_t)k;
    return draw(16) == 0 ? sn_sleep((sn_time)draw(300 * MS)) : 0;
}

static uint32_t sum_of_content(uint64_t token, uint64_t n) {
    uint32_t sum = 2166136261u;
    for (uint64_t i = 0; i < n; i++) {
        char c = content_at(token, i);
        sum = sum_of(sum, &c, 1);
    }
    return sum;
}

static void post(client *k) {
    char target[80], *text = NULL;
    uint32_t attempt = faulty.next_attempt++ % ATTEMPTS;
    uint64_t n = draw(5000);
    source s = {.token = attempt, .n = n};
    uint32_t sum = sum_of_content(attempt, n);
    size_t len;
    snprintf(target, sizeof target, "/post?attempt=%u&sum=%u&pause=%d", attempt, sum,
             draw(2) ? 0 : (int)draw(100));
    sn_http_call call = {.method = "POST",
                         .target = target,
                         .body_read = source_read,
                         .body_arg = &s,
                         .body_length = draw(2) ? (int64_t)n : -1};
    sn_http_response *r;
    int rc = ask(k, &call, &r);
    if (rc == 0) rc = sn_http_response_all(r, 1000, &text, &len);
    if (rc == 0 && !refused(r)) {
        if (sn_http_response_status(r) != 200 || strtoull(text, NULL, 10) != sum)
            sn_sim_fail("post %u: %d %s", attempt, sn_http_response_status(r), text);
        if (!faulty.executed[attempt])
            sn_sim_fail("post %u was acknowledged and never ran", attempt);
    }
    over(k, rc);
}

/* A file that is fetched over as many attempts as it takes, each from where the last broke. */
static void fetch(client *k) {
    uint64_t at = 0;
    for (int i = 0; i < 4 && at < FILE_SIZE; i++) {
        char range[40];
        snprintf(range, sizeof range, "bytes=%llu-", (unsigned long long)at);
        sn_http_pair headers[] = {{"Range", range}, {"If-Range", "\"one\""}};
        sn_http_call call = {.target = "/file", .headers = headers, .header_count = at ? 2 : 0};
        sn_http_response *r;
        int rc = ask(k, &call, &r);
        if (rc == 0 && !refused(r)) {
            if (sn_http_response_status(r) != (at ? 206 : 200))
                sn_sim_fail("from byte %d: %d", (int)at, sn_http_response_status(r));
            rc = read_content(r, 1, &at);
            if (rc == 0 && at != FILE_SIZE) sn_sim_fail("the file ends at %d", (int)at);
        }
        over(k, rc);
    }
}

/* Takes what is there of `want` off the text's beginning; 0: something else is there. */
static int take(const char **at, const char *want) {
    size_t left = strlen(*at), n = strlen(want);
    if (n > left) n = left;
    if (strncmp(*at, want, n)) return 0;
    *at += n;
    return 1;
}

/* Events come in order, each whole, from the first on; between them there may be a ping. */
static void check_events(const char *p) {
    for (int next = 1; *p;) {
        char want[64];
        snprintf(want, sizeof want, "event: n\nid: %d\ndata: one\ndata: two\n\n", next);
        if (take(&p, ":\n\n")) continue;
        HOLD(take(&p, want), "event %d is not what was sent: %.60s", next, p);
        HOLD(next++ <= EVENTS, "more events than there are");
    }
}

static void listen_to(client *k) {
    char target[40], text[2000];
    size_t have = 0, n = 1;
    snprintf(target, sizeof target, "/events?pause=%d", (int)draw(600));
    sn_http_call call = {.target = target};
    sn_http_response *r;
    int rc = ask(k, &call, &r);
    int stream = rc == 0 && !refused(r);
    while (rc == 0 && n && have + 1 < sizeof text) {
        rc = sn_http_response_read(r, text + have, sizeof text - have - 1, &n);
        have += n;
    }
    text[have] = 0;
    if (stream) check_events(text);
    over(k, rc);
}

static int work(void *arg) {
    static void (*const ops[])(client *) = {get, get, post, post, fetch, listen_to};
    client k = {NULL};
    (void)arg;
    for (int i = 0; i < OPS; i++) {
        if (one_in(4))
            faulty_attack();
        else
            ops[draw(sizeof ops / sizeof *ops)](&k);
        if (one_in(2) && sn_sleep(some_time(2 * SN_SECOND))) break;
    }
    sn_http_client_free(k.c);
    return 0;
}

int faulty_clients(void *arg) {
    sn_scope s;
    int rc = 0;
    (void)arg;
    sn_scope_enter(&s, SN_NEVER);
    for (int i = 0; i < WORKERS && rc == 0; i++) rc = sn_go(work, NULL, 0);
    int end = sn_scope_leave(&s);
    return rc ? rc : end;
}
