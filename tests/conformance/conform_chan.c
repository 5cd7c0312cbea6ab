/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Channels against what Go's specification says of channel types, sending, receiving, length
 * and capacity. Each case is named after the statement it takes from there. */
#include "world.h"

/* A scope that ends by itself: how "waits for ever" is observed. */
static void enter_briefly(sn_scope *s) { sn_scope_enter(s, sn_now() + 2 * SN_MILLISECOND); }

static int nil_receive(void *arg) {
    sn_scope s;
    int v = 7;
    (void)arg;
    CHECK_INT(sn_try_recv(NULL, &v), SN_EAGAIN);
    enter_briefly(&s);
    CHECK_INT(sn_recv(NULL, &v), SN_ETIMEDOUT);
    CHECK_INT(sn_scope_leave(&s), SN_ETIMEDOUT);
    CHECK_INT(v, 7);
    return 0;
}

static int nil_send(void *arg) {
    sn_scope s;
    int v = 7;
    (void)arg;
    CHECK_INT(sn_try_send(NULL, &v), SN_EAGAIN);
    enter_briefly(&s);
    CHECK_INT(sn_send(NULL, &v), SN_ETIMEDOUT);
    CHECK_INT(sn_scope_leave(&s), SN_ETIMEDOUT);
    return 0;
}

static int unbuffered_send_alone(void *arg) {
    sn_chan c;
    sn_scope s;
    int v = 1, got = 0;
    (void)arg;
    MUST(sn_chan_init(&c, sizeof v, 0, NULL, NULL) == 0);
    CHECK_INT(sn_try_send(&c, &v), SN_EAGAIN);
    enter_briefly(&s);
    CHECK_INT(sn_send(&c, &v), SN_ETIMEDOUT);
    CHECK_INT(sn_scope_leave(&s), SN_ETIMEDOUT);
    CHECK_INT(sn_try_recv(&c, &got), SN_EAGAIN);
    CHECK_INT(sn_chan_len(&c), 0);
    sn_chan_free(&c);
    return 0;
}

static int receive_from_empty(void *arg) {
    sn_chan c;
    sn_scope s;
    int v = 5;
    (void)arg;
    for (size_t cap = 0; cap < 3; cap++) {
        MUST(sn_chan_init(&c, sizeof v, cap, NULL, NULL) == 0);
        CHECK_INT(sn_try_recv(&c, &v), SN_EAGAIN);
        enter_briefly(&s);
        CHECK_INT(sn_recv(&c, &v), SN_ETIMEDOUT);
        CHECK_INT(sn_scope_leave(&s), SN_ETIMEDOUT);
        CHECK_INT(v, 5);
        sn_chan_free(&c);
    }
    return 0;
}

static int buffered_no_wait(void *arg) {
    sn_chan c;
    sn_scope s;
    int v;
    (void)arg;
    MUST(sn_chan_init(&c, sizeof v, 3, NULL, NULL) == 0);
    for (v = 0; v < 3; v++) CHECK_INT(sn_send(&c, &v), 0);
    CHECK_INT(sn_try_send(&c, &v), SN_EAGAIN);
    enter_briefly(&s);
    CHECK_INT(sn_send(&c, &v), SN_ETIMEDOUT);
    CHECK_INT(sn_scope_leave(&s), SN_ETIMEDOUT);
    CHECK_INT(sn_chan_len(&c), 3);
    for (int i = 0; i < 3; i++) {
        CHECK_INT(sn_recv(&c, &v), 0);
        CHECK_INT(v, i);
    }
    CHECK_INT(sn_try_recv(&c, &v), SN_EAGAIN);
    sn_chan_free(&c);
    return 0;
}

typedef struct line {
    sn_chan c;
    int n, from;
} line;

static int send_run(void *arg) {
    line *l = arg;
    for (int i = 0; i < l->n; i++) {
        int v = l->from + i;
        CHECK_INT(sn_send(&l->c, &v), 0);
    }
    return 0;
}

static void check_line(size_t cap) {
    line l = {.n = 20, .from = 100};
    sn_scope s;
    MUST(sn_chan_init(&l.c, sizeof(int), cap, NULL, NULL) == 0);
    sn_scope_enter(&s, SN_NEVER);
    GO(send_run, &l);
    for (int i = 0; i < l.n; i++) {
        int v = -1;
        CHECK_INT(sn_recv(&l.c, &v), 0);
        CHECK_INT(v, l.from + i);
    }
    CHECK_INT(sn_scope_leave(&s), 0);
    CHECK_INT(sn_chan_len(&l.c), 0);
    sn_chan_free(&l.c);
}

static int fifo_one_sender(void *arg) {
    static const size_t caps[] = {0, 1, 2, 7, 20, 64};
    (void)arg;
    for (size_t i = 0; i < sizeof caps / sizeof *caps; i++) check_line(caps[i]);
    return 0;
}

typedef struct numbered {
    int sender, seq;
} numbered;
typedef struct many {
    sn_chan *c;
    int sender, n;
} many;

static int send_numbered(void *arg) {
    many *m = arg;
    for (int i = 0; i < m->n; i++) {
        numbered v = {m->sender, i};
        CHECK_INT(sn_send(m->c, &v), 0);
    }
    return 0;
}

static int fifo_many_senders(void *arg) {
    sn_chan c;
    sn_scope s;
    int next[4] = {0};
    (void)arg;
    MUST(sn_chan_init(&c, sizeof(numbered), 2, NULL, NULL) == 0);
    sn_scope_enter(&s, SN_NEVER);
    for (int i = 0; i < 4; i++) {
        many m = {&c, i, 10};
        MUST(sn_go(send_numbered, &m, sizeof m) == 0);
    }
    for (int i = 0; i < 40; i++) {
        numbered v = {0, 0};
        CHECK_INT(sn_recv(&c, &v), 0);
        CHECK_INT(v.seq, next[v.sender & 3]++);
    }
    CHECK_INT(sn_scope_leave(&s), 0);
    sn_chan_free(&c);
    return 0;
}

typedef struct total {
    sn_chan c;
    sn_mutex lock;
    long sum;
    int left;
} total;

static int add_up(void *arg) {
    total *t = arg;
    int v;
    while (sn_recv(&t->c, &v) == 0) {
        size_t len = sn_chan_len(&t->c);
        CHECK(len <= sn_chan_cap(&t->c));
        sn_lock(&t->lock);
        t->sum += v;
        sn_unlock(&t->lock);
    }
    return 0;
}

static int send_some(void *arg) {
    total *t = arg;
    for (int i = 1; i <= 10; i++) CHECK_INT(sn_send(&t->c, &i), 0);
    sn_lock(&t->lock);
    if (--t->left == 0) sn_chan_close(&t->c);
    sn_unlock(&t->lock);
    return 0;
}

static int any_number(void *arg) {
    (void)arg;
    for (size_t cap = 0; cap < 4; cap += 3) {
        total t = {.left = 5};
        sn_scope s;
        MUST(sn_chan_init(&t.c, sizeof(int), cap, NULL, NULL) == 0);
        sn_scope_enter(&s, SN_NEVER);
        for (int i = 0; i < 3; i++) GO(add_up, &t);
        for (int i = 0; i < 5; i++) GO(send_some, &t);
        CHECK_INT(sn_scope_leave(&s), 0);
        CHECK_INT(t.sum, 5 * 55);
        sn_chan_free(&t.c);
    }
    return 0;
}

static int len_and_cap(void *arg) {
    sn_chan c;
    char v = 'x';
    (void)arg;
    CHECK_INT(sn_chan_len(NULL), 0);
    CHECK_INT(sn_chan_cap(NULL), 0);
    for (size_t cap = 0; cap < 5; cap++) {
        MUST(sn_chan_init(&c, 1, cap, NULL, NULL) == 0);
        CHECK_INT(sn_chan_cap(&c), cap);
        for (size_t i = 0; i < cap; i++) {
            CHECK_INT(sn_chan_len(&c), i);
            CHECK_INT(sn_send(&c, &v), 0);
        }
        CHECK_INT(sn_chan_len(&c), cap);
        for (size_t i = cap; i > 0; i--) {
            CHECK_INT(sn_recv(&c, &v), 0);
            CHECK_INT(sn_chan_len(&c), i - 1);
        }
        sn_chan_free(&c);
    }
    return 0;
}

static int zero_size(void *arg) {
    sn_chan c;
    char none = 'n';
    (void)arg;
    MUST(sn_chan_init(&c, 0, 4, NULL, NULL) == 0);
    for (int i = 0; i < 4; i++) CHECK_INT(sn_send(&c, &none), 0);
    CHECK_INT(sn_try_send(&c, &none), SN_EAGAIN);
    CHECK_INT(sn_chan_len(&c), 4);
    for (int i = 0; i < 4; i++) CHECK_INT(sn_recv(&c, i & 1 ? &none : NULL), 0);
    CHECK_INT(sn_try_recv(&c, &none), SN_EAGAIN);
    CHECK_INT(sn_try_recv(&c, NULL), SN_EAGAIN);
    CHECK_INT(none, 'n');
    sn_chan_close(&c);
    CHECK_INT(sn_recv(&c, NULL), SN_ECLOSED);
    sn_chan_free(&c);
    return 0;
}

typedef struct blob {
    sn_chan c;
    size_t size;
} blob;

static int send_blobs(void *arg) {
    blob *b = arg;
    unsigned char *v = malloc(b->size);
    MUST(v);
    for (int k = 0; k < 3; k++) {
        for (size_t i = 0; i < b->size; i++) v[i] = (unsigned char)(i * 31 + (size_t)k);
        CHECK_INT(sn_send(&b->c, v), 0);
        memset(v, 0xEE, b->size);
    }
    free(v);
    return 0;
}

static void check_blobs(size_t size, size_t cap) {
    blob b = {.size = size};
    unsigned char *v = malloc(size);
    sn_scope s;
    MUST(v && sn_chan_init(&b.c, size, cap, NULL, NULL) == 0);
    sn_scope_enter(&s, SN_NEVER);
    GO(send_blobs, &b);
    for (int k = 0; k < 3; k++) {
        size_t wrong = 0;
        memset(v, 0, size);
        CHECK_INT(sn_recv(&b.c, v), 0);
        for (size_t i = 0; i < size; i++) wrong += v[i] != (unsigned char)(i * 31 + (size_t)k);
        CHECK_INT(wrong, 0);
    }
    CHECK_INT(sn_scope_leave(&s), 0);
    sn_chan_free(&b.c);
    free(v);
}

static int any_size(void *arg) {
    static const size_t sizes[] = {1, 3, 8, 24, 1000, 65536};
    (void)arg;
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        check_blobs(sizes[i], 0);
        check_blobs(sizes[i], 2);
    }
    return 0;
}

static int bad_make(void *arg) {
    sn_chan c;
    (void)arg;
    CHECK_INT(sn_chan_init(&c, SN_ELEM_MAX + 1, 1, NULL, NULL), SN_EINVAL);
    CHECK_INT(sn_chan_init(&c, 16, SIZE_MAX / 8, NULL, NULL), SN_EINVAL);
    CHECK(sn_chan_new(SN_ELEM_MAX + 1, 0, NULL) == NULL);
    CHECK(sn_chan_new(16, SIZE_MAX / 8, NULL) == NULL);
    return 0;
}

static int given_room(void *arg) {
    sn_chan c;
    int room[6] = {-1, 0, 0, 0, 0, -1}, v;
    (void)arg;
    MUST(sn_chan_init(&c, sizeof v, 4, room + 1, NULL) == 0);
    for (int round = 0; round < 5; round++) {
        for (v = 0; v < 4; v++) CHECK_INT(sn_send(&c, &v), 0);
        for (int i = 0; i < 3; i++) {
            CHECK_INT(sn_recv(&c, &v), 0);
            CHECK_INT(v, i);
        }
        CHECK_INT(sn_recv(&c, NULL), 0);
    }
    sn_chan_free(&c);
    CHECK_INT(room[0], -1);
    CHECK_INT(room[5], -1);
    return 0;
}

static int dropped_sum, dropped_n;
static void drop_int(void *v) {
    dropped_sum += *(int *)v;
    dropped_n++;
}

static int left_values(void *arg) {
    sn_chan *c = sn_chan_new(sizeof(int), 8, drop_int);
    (void)arg;
    MUST(c);
    dropped_sum = dropped_n = 0;
    for (int v = 1; v <= 5; v++) CHECK_INT(sn_send(c, &v), 0);
    CHECK_INT(sn_recv(c, NULL), 0); /* 1: thrown away, so dropped */
    int got = 0;
    CHECK_INT(sn_recv(c, &got), 0); /* 2: ours */
    CHECK_INT(got, 2);
    CHECK_INT(dropped_n, 1);
    CHECK_INT(sn_try_recv(c, NULL), 0); /* 3: thrown away */
    CHECK_INT(dropped_n, 2);
    sn_chan_close(c);
    sn_chan_free(c); /* 4, 5 */
    CHECK_INT(dropped_n, 4);
    CHECK_INT(dropped_sum, 1 + 3 + 4 + 5);
    return 0;
}

/* First-class: a channel carries channels, as a request with the place for its answer does. */
typedef struct request {
    int x;
    sn_chan *answer;
} request;

static int serve_requests(void *arg) {
    request r;
    while (sn_recv(arg, &r) == 0) {
        int y = r.x * r.x;
        CHECK_INT(sn_send(r.answer, &y), 0);
    }
    return 0;
}

static int channels_in_channels(void *arg) {
    sn_chan asks, answer;
    sn_scope s;
    (void)arg;
    MUST(sn_chan_init(&asks, sizeof(request), 0, NULL, NULL) == 0);
    MUST(sn_chan_init(&answer, sizeof(int), 0, NULL, NULL) == 0);
    sn_scope_enter(&s, SN_NEVER);
    for (int i = 0; i < 3; i++) GO(serve_requests, &asks);
    for (int i = 0; i < 10; i++) {
        request r = {i, &answer};
        int y = -1;
        CHECK_INT(sn_send(&asks, &r), 0);
        CHECK_INT(sn_recv(&answer, &y), 0);
        CHECK_INT(y, i * i);
    }
    sn_chan_close(&asks);
    CHECK_INT(sn_scope_leave(&s), 0);
    sn_chan_free(&asks);
    sn_chan_free(&answer);
    return 0;
}

/* The prime sieve: a chain of filters that grows while values run through it. */
typedef struct filter {
    sn_chan *in, *out;
    int prime;
} filter;

static int count_up(void *arg) {
    filter *f = arg;
    for (int i = 2;; i++) {
        int rc = sn_send(f->out, &i);
        if (rc) return 0;
    }
}

static int pass_indivisible(void *arg) {
    filter *f = arg;
    int v;
    while (sn_recv(f->in, &v) == 0) {
        if (v % f->prime && sn_send(f->out, &v)) break;
    }
    return 0;
}

static int prime_sieve(void *arg) {
    static const int primes[] = {2, 3, 5, 7, 11, 13, 17, 19, 23, 29, 31, 37};
    enum { N = sizeof primes / sizeof *primes };
    sn_chan chain[N + 1];
    sn_scope s;
    (void)arg;
    for (int i = 0; i <= N; i++) MUST(sn_chan_init(&chain[i], sizeof(int), 0, NULL, NULL) == 0);
    sn_scope_enter(&s, SN_NEVER);
    filter source = {NULL, &chain[0], 0};
    MUST(sn_go(count_up, &source, sizeof source) == 0);
    for (int i = 0; i < N; i++) {
        int p = 0;
        CHECK_INT(sn_recv(&chain[i], &p), 0);
        CHECK_INT(p, primes[i]);
        filter f = {&chain[i], &chain[i + 1], primes[i]};
        MUST(sn_go(pass_indivisible, &f, sizeof f) == 0);
    }
    sn_scope_cancel(&s, SN_ECANCELED);
    CHECK_INT(sn_scope_leave(&s), SN_ECANCELED);
    for (int i = 0; i <= N; i++) sn_chan_free(&chain[i]);
    return 0;
}

SN_CHAN_TYPE(int_chan, int)

static int send_typed(void *arg) {
    for (int i = 0; i < 5; i++) CHECK_INT(int_chan_send(arg, i * 3), 0);
    int_chan_close(arg);
    return 0;
}

static int typed_channel(void *arg) {
    int_chan c;
    sn_scope s;
    int v, n = 0;
    (void)arg;
    MUST(int_chan_init(&c, 1, NULL) == 0);
    sn_scope_enter(&s, SN_NEVER);
    GO(send_typed, &c);
    while (int_chan_recv(&c, &v) == 0) CHECK_INT(v, 3 * n++);
    CHECK_INT(n, 5);
    CHECK_INT(sn_scope_leave(&s), 0);
    int_chan_free(&c);
    return 0;
}

int main(void) {
    world_case("spec: receiving from a nil channel blocks for ever", nil_receive, 200);
    world_case("spec: sending to a nil channel blocks for ever", nil_send, 200);
    world_case("spec: an unbuffered send cannot go on without a receiver", unbuffered_send_alone,
               200);
    world_case("spec: a receive blocks until there is a value", receive_from_empty, 200);
    world_case("spec: with room in the buffer a send does not wait, with values a receive does not",
               buffered_no_wait, 200);
    world_case("spec: a channel is a first-in-first-out queue", fifo_one_sender, 500);
    world_case("spec: values of each of several senders arrive in their order", fifo_many_senders,
               500);
    world_case("spec: any number of coroutines may use one channel without other locks", any_number,
               500);
    world_case("spec: 0 <= len <= cap, cap is the size made, both are 0 for nil", len_and_cap, 50);
    world_case("spec: elements of size zero are counted like others", zero_size, 50);
    world_case("spec: a send passes the whole value, of any element size", any_size, 50);
    world_case("make: sizes that cannot be are refused", bad_make, 3);
    world_case("make: a buffer given by the caller is used and kept within", given_room, 50);
    world_case("free: what is still inside is dropped, each value once", left_values, 50);
    world_case("spec: channels are values and travel in channels", channels_in_channels, 500);
    world_case("spec: a chain of coroutines joined by channels (prime sieve)", prime_sieve, 300);
    world_case("spec: a channel type has its element type", typed_channel, 200);
    return check_done();
}
