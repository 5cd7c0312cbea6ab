/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Streams of the simulated network under everything at once: whatever the links do and whoever is
 * stopped, what is read is the beginning of what was written, and every call comes back. */
#include "net_kit.h"

/* ---- pieces ---- */

static unsigned splits[8]; /* how often the first read of eight bytes found so many */

static int reads_eight(void *arg) {
    sn_listener *l;
    sn_conn *c;
    char buf[8];
    size_t n;
    (void)arg;
    MUST(sn_listen(&l, "tcp", "0.0.0.0:9") == 0);
    for (int i = 0; i < 10; i++) {
        MUST(sn_accept(l, &c) == 0);
        CHECK_INT(sn_read(c, buf, 8, &n), 0);
        splits[n - 1]++;
        CHECK_INT(sn_read_full(c, buf + n, 8 - n, &n), 0);
        CHECK(memcmp(buf, "in parts", 8) == 0);
        sn_conn_free(c);
    }
    sn_listener_free(l);
    return 0;
}

static int sends_eight(void *arg) {
    sn_conn *c;
    size_t n;
    (void)arg;
    for (int i = 0; i < 10; i++) {
        MUST(sn_dial(&c, "tcp", "10.0.0.2:9") == 0);
        CHECK_INT(sn_write(c, "in parts", 8, &n), 0);
        sn_conn_free(c);
    }
    return 0;
}

static int pieces(void *arg) {
    sn_host *a = kit_host("a", "10.0.0.1"), *b = kit_host("b", "10.0.0.2");
    (void)arg;
    kit_start(b, reads_eight);
    MUST(sn_sim_settle() == 0);
    if (sn_sim_draw(2)) kit_link("*", "*", (sn_link){.latency = MS, .jitter = MS});
    kit_run(a, sends_eight);
    MUST(sn_host_wait(b, NULL) == 0);
    return 0;
}

/* ---- room ---- */

static int never_reads(void *arg) {
    sn_listener *l;
    sn_conn *c;
    (void)arg;
    MUST(sn_listen(&l, "tcp", "0.0.0.0:9") == 0);
    MUST(sn_accept(l, &c) == 0);
    (void)!sn_sleep(3600 * SN_SECOND);
    static char block[300000];
    size_t n;
    CHECK_INT(sn_read_full(c, block, sizeof block, &n), 0); /* all of it has waited */
    sn_conn_free(c);
    sn_listener_free(l);
    return 0;
}

static int fills_it(void *arg) {
    static char block[300000];
    sn_conn *c;
    size_t n;
    (void)arg;
    MUST(sn_dial(&c, "tcp", "10.0.0.2:9") == 0);
    sn_set_write_deadline(c, sn_now() + 1000 * SN_SECOND);
    CHECK_INT(sn_write(c, block, sizeof block, &n), SN_ETIMEDOUT);
    CHECK_INT(n, 256 << 10); /* a peer that does not read is no dead peer */
    sn_set_write_deadline(c, SN_NEVER);
    CHECK_INT(sn_write(c, block, sizeof block - n, &n), 0);
    CHECK(kit_since(SN_SECOND) >= 3600 * SN_SECOND + 40 * MS); /* the news took its way */
    CHECK(kit_since(SN_SECOND) < 3600 * SN_SECOND + 200 * MS);
    sn_conn_free(c);
    return 0;
}

static int room(void *arg) {
    sn_host *a = kit_host("a", "10.0.0.1"), *b = kit_host("b", "10.0.0.2");
    (void)arg;
    kit_start(b, never_reads);
    MUST(sn_sim_settle() == 0);
    kit_link("*", "*", (sn_link){.latency = 10 * MS});
    kit_run(a, fills_it);
    MUST(sn_host_wait(b, NULL) == 0);
    return 0;
}

/* The news of room are lost in a partition: after it the writer is told all the same. */
static int reads_in_a_partition(void *arg) {
    static char block[300000];
    sn_listener *l;
    sn_conn *c;
    size_t n, m;
    (void)arg;
    MUST(sn_listen(&l, "tcp", "0.0.0.0:9") == 0);
    MUST(sn_accept(l, &c) == 0);
    MUST(sn_sleep(10 * SN_SECOND) == 0); /* until the pipe is full */
    kit_link("b", "a", (sn_link){.down = 1});
    CHECK_INT(sn_read_full(c, block, 200000, &n), 0);
    MUST(sn_sleep(100 * SN_SECOND) == 0);
    kit_link("b", "a", (sn_link){.latency = MS});
    CHECK_INT(sn_read_full(c, block + n, sizeof block - n, &m), 0);
    sn_conn_free(c);
    sn_listener_free(l);
    return 0;
}

static int writes_all(void *arg) {
    static char block[300000];
    sn_conn *c;
    size_t n;
    (void)arg;
    MUST(sn_dial(&c, "tcp", "10.0.0.2:9") == 0);
    CHECK_INT(sn_write(c, block, sizeof block, &n), 0);
    CHECK(sn_now() > 110 * SN_SECOND && sn_now() < 350 * SN_SECOND);
    sn_conn_free(c);
    return 0;
}

static int lost_news(void *arg) {
    sn_host *a = kit_host("a", "10.0.0.1"), *b = kit_host("b", "10.0.0.2");
    (void)arg;
    kit_start(b, reads_in_a_partition);
    MUST(sn_sim_settle() == 0);
    kit_run(a, writes_all);
    MUST(sn_host_wait(b, NULL) == 0);
    return 0;
}

/* ---- everything at once ---- */

enum { TALKERS = 4, TALKS = 12, MOST = 20000 };
static unsigned whole, broken_off;

static unsigned char stream_at(uint32_t id, size_t i) {
    return (unsigned char)((i + id * 977) * 2654435761u >> 11);
}

/* What talkers say: {id, n, to be sent back}, then n bytes; back come so many. */
typedef struct head {
    uint32_t id, n, back;
} head;

/* Reads n bytes of the stream `id`: 0, or the error. Wrong bytes fail the case. */
static int read_stream(sn_conn *c, uint32_t id, size_t n) {
    unsigned char buf[3000];
    size_t k, wrong = 0;
    for (size_t at = 0; at < n;) {
        size_t want = n - at < sizeof buf ? n - at : sizeof buf;
        int err = sn_read(c, buf, want, &k);
        for (size_t i = 0; i < k; i++) wrong += buf[i] != stream_at(id, at + i);
        CHECK_INT(wrong, 0);
        at += k;
        if (err) return err;
        if (!k) return SN_EPROTO;
    }
    return 0;
}

static int write_stream(sn_conn *c, uint32_t id, size_t n, size_t piece) {
    unsigned char buf[3000];
    size_t done;
    for (size_t at = 0; at < n; at += done) {
        size_t k = n - at < piece ? n - at : piece;
        for (size_t i = 0; i < k; i++) buf[i] = stream_at(id, at + i);
        int err = sn_write(c, buf, k, &done);
        if (err) return err;
    }
    return 0;
}

static int hear(sn_conn *c) {
    head h;
    size_t n;
    sn_set_read_deadline(c, sn_now() + 60 * SN_SECOND);
    sn_set_write_deadline(c, sn_now() + 60 * SN_SECOND);
    int err = sn_read_full(c, &h, sizeof h, &n);
    if (err) return err;
    CHECK(h.n <= MOST && h.back <= MOST);
    err = read_stream(c, h.id, h.n);
    return err ? err : write_stream(c, h.id + 1, h.back, 2999);
}

static int hears_one(void *arg) {
    sn_conn *c = *(sn_conn **)arg;
    (void)hear(c);
    sn_conn_free(c);
    return 0;
}

static int hears(void *arg) {
    sn_listener *l;
    sn_conn *c;
    (void)arg;
    int err = sn_listen(&l, "tcp", "0.0.0.0:9");
    if (err) return err;
    while (sn_accept(l, &c) == 0)
        if (sn_go(hears_one, &c, sizeof c)) sn_conn_free(c);
    sn_listener_free(l);
    return 0;
}

static int talk(sn_conn *c, head h) {
    size_t n;
    char end;
    sn_set_read_deadline(c, sn_now() + 60 * SN_SECOND);
    sn_set_write_deadline(c, sn_now() + 60 * SN_SECOND);
    int err = sn_write(c, &h, sizeof h, &n);
    if (!err) err = write_stream(c, h.id, h.n, 1 + h.id % 3000);
    if (!err) err = sn_shutdown_write(c);
    if (!err) err = read_stream(c, h.id + 1, h.back);
    if (err) return err;
    err = sn_read(c, &end, 1, &n);
    return err ? err : n ? SN_EBADMSG : 0;
}

static int talks(void *arg) {
    uint32_t id = *(uint32_t *)arg;
    for (uint32_t i = 0; i < TALKS && !sn_canceled(); i++) {
        sn_conn *c;
        sn_scope s;
        head h = {id + i * 2, (uint32_t)sn_sim_draw(MOST), 0};
        h.back = (uint32_t)sn_sim_draw(MOST);
        if (sn_sim_draw(2)) h.n %= 50;
        if (sn_sim_draw(2)) h.back %= 50;
        sn_scope_enter(&s, sn_now() + 100 * SN_SECOND);
        int err = sn_dial(&c, "tcp", "b:9");
        if (!err) err = talk(c, h);
        CHECK(err <= 0 && err != SN_EBADMSG && err != SN_EINVAL && err != SN_EHOSTUNREACH);
        whole += !err;
        broken_off += err != 0;
        sn_conn_free(c);
        (void)!sn_scope_leave(&s);
        (void)!sn_sleep((sn_time)sn_sim_draw(3000) * MS);
    }
    return 0;
}

static int all_talk(void *arg) {
    sn_scope s;
    (void)arg;
    sn_scope_enter(&s, SN_NEVER);
    for (uint32_t i = 0; i < TALKERS; i++) {
        uint32_t id = i * 1000;
        (void)!sn_go(talks, &id, sizeof id);
    }
    return sn_scope_leave(&s);
}

static sn_link some_link(void) {
    sn_link l = {.size = sizeof l};
    if (sn_sim_draw(2)) l.latency = (sn_time)sn_sim_draw(50) * MS;
    if (sn_sim_draw(2)) l.jitter = (sn_time)sn_sim_draw(50) * MS;
    if (sn_sim_draw(3) == 0) l.bandwidth = 10000 + sn_sim_draw(1000000);
    if (sn_sim_draw(3) == 0) l.loss = (uint32_t)sn_sim_draw(50000);
    if (sn_sim_draw(3) == 0) l.reset = (uint32_t)sn_sim_draw(400000);
    if (sn_sim_draw(4) == 0) l.half_open = (uint32_t)sn_sim_draw(300000);
    if (sn_sim_draw(4) == 0) l.refuse = (uint32_t)sn_sim_draw(300000);
    if (sn_sim_draw(5) == 0) l.down = 1;
    return l;
}

/* Faults, for as long as anybody talks. */
static void trouble(const sn_host *a, sn_host *b) {
    while (sn_host_up(a)) {
        MUST(sn_sleep((sn_time)sn_sim_draw(3000) * MS) == 0);
        sn_link l = some_link();
        switch (sn_sim_draw(6)) {
        case 0:
            MUST(sn_sim_link("a", "b", &l) == 0);
            break;
        case 1:
            MUST(sn_sim_link("*", "*", &l) == 0);
            break;
        case 2:
            MUST(sn_sim_link("a", "b", NULL) == 0);
            break;
        case 3:
            (void)sn_sim_reset("*", "b");
            break;
        case 4:
            sn_host_stop(b, sn_sim_draw(2) ? SN_STOP_POWER : SN_STOP_PROCESS);
            MUST(sn_sleep((sn_time)sn_sim_draw(3000) * MS) == 0);
            kit_start(b, hears);
            break;
        default:
            MUST(sn_sim_link("*", "*", NULL) == 0);
        }
    }
}

static int everything(void *arg) {
    sn_host *a = kit_host("a", "10.0.0.1"), *b = kit_host("b", "10.0.0.2");
    (void)arg;
    kit_start(b, hears);
    MUST(sn_sim_settle() == 0);
    kit_link("*", "*", some_link());
    kit_start(a, all_talk);
    trouble(a, b);
    return 0;
}

/* ---- acceptors ---- */

static int order[3], served;

static int accepts_one(void *arg) {
    sn_listener *l = *(sn_listener **)arg;
    sn_conn *c;
    int me = served++; /* no choice point between this and the accept's place in the row */
    if (sn_accept(l, &c)) return 0;
    char byte;
    size_t n;
    CHECK_INT(sn_read(c, &byte, 1, &n), 0);
    order[me] = byte;
    sn_conn_free(c);
    return 0;
}

static int acceptors_in_a_row(void *arg) {
    sn_listener *l;
    sn_scope s;
    (void)arg;
    MUST(sn_listen(&l, "tcp", "0.0.0.0:9") == 0);
    sn_scope_enter(&s, SN_NEVER);
    for (int i = 0; i < 3; i++) {
        MUST(sn_go(accepts_one, &l, sizeof l) == 0);
        MUST(sn_sleep(MS) == 0); /* the next comes later */
    }
    for (char i = 0; i < 3; i++) {
        sn_conn *c;
        size_t n;
        MUST(sn_dial(&c, "tcp", "127.0.0.1:9") == 0);
        CHECK_INT(sn_write(c, &i, 1, &n), 0);
        sn_conn_free(c);
    }
    CHECK_INT(sn_scope_leave(&s), 0);
    for (int i = 0; i < 3; i++) CHECK_INT(order[i], i);
    sn_listener_free(l);
    return 0;
}

static int in_order(void *arg) {
    (void)arg;
    served = 0;
    kit_run(kit_host("a", "10.0.0.1"), acceptors_in_a_row);
    return 0;
}

/* The queue of a listener has an end: who dials then waits, and comes in when there is room. */
static int fills_the_queue(void *arg) {
    enum { QUEUE = 4096 };
    static sn_conn *c[QUEUE + 1];
    sn_listener *l;
    sn_scope s;
    (void)arg;
    MUST(sn_listen(&l, "tcp", "0.0.0.0:9") == 0);
    for (int i = 0; i < QUEUE; i++) MUST(sn_dial(&c[i], "tcp", "127.0.0.1:9") == 0);
    sn_scope_enter(&s, sn_now() + 10 * SN_SECOND);
    CHECK_INT(sn_dial(&c[QUEUE], "tcp", "127.0.0.1:9"), SN_ETIMEDOUT);
    CHECK_INT(sn_scope_leave(&s), SN_ETIMEDOUT);
    sn_conn_free(c[0]);
    MUST(sn_accept(l, &c[0]) == 0);
    CHECK_INT(sn_dial(&c[QUEUE], "tcp", "127.0.0.1:9"), 0);
    sn_listener_free(l);
    for (int i = 0; i <= QUEUE; i++) sn_conn_free(c[i]);
    return 0;
}

static int queue_is_full(void *arg) {
    (void)arg;
    kit_run(kit_host("a", "10.0.0.1"), fills_the_queue);
    return 0;
}

static void every_split_is_seen(void) {
    for (int i = 0; i < 8; i++) CHECK(world_few() || splits[i] > 0);
    printf("first reads of eight bytes:");
    for (int i = 0; i < 8; i++) printf(" %u", splits[i]);
    printf("\n");
}

static void both_ends_are_reached(void) {
    CHECK(whole > 100 && broken_off > 100);
    printf("%u talks whole, %u broken off\n", whole, broken_off);
}

int main(void) {
    world_case("streams come in pieces", pieces, 20);
    CASE(every_split_is_seen);
    world_case("room", room, 2);
    world_case("news of room that are lost", lost_news, 5);
    world_case("acceptors in a row", in_order, 20);
    world_case("a full queue", queue_is_full, 1);
    world_case("everything at once", everything, 20);
    CASE(both_ends_are_reached);
    return check_done();
}
