/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * The inside of the simulated network. A connection is two ends and two pipes; pipe s carries what
 * end s sends. End 0 dialed, end 1 was accepted.
 *
 * A pipe counts positions. The first ones stand for the handshake (of pipe 0: SYN and ACK; of pipe
 * 1: SYN-ACK), then each byte has one, and the last is the FIN. So loss, partition, reset at a
 * position and going silent need no case of their own for the handshake and the end.
 *
 *     taken <= arrived <= sent <= wrote        what the reader took; what came to its kernel;
 *                                              what was put on the wire; what was written
 *     acked <= arrived                         what the sender knows to have arrived
 *
 * On an ideal link a write arrives at once. On others it leaves as segments, which arrive in
 * order at times of their own. What does not get through leaves the pipe *stuck*: nothing is sent
 * until its next try, later each time, as TCP's retransmission does.
 *
 * The end of an acceptor: NONE -- SYN --> EMBRYO -- ACK --> QUEUED -- sn_accept --> OWNED -- free
 * --> FREED. That of a dialer: OWNED --> FREED. An end that is `dead` is closed for its kernel: by
 * a reset, by time-out, or since its host stopped; what still comes to it is answered by a reset.
 * A connection is over when nobody owns either end nor will; it is freed by who lets go of it, or,
 * when a timer found it so, before the next one is made.
 *
 * One thread, and no choice points but where public calls have them: see world.h.
 */
#ifndef SN_WORLD_NET_H
#define SN_WORLD_NET_H

#include <sennit/net.h>

#include "core/list.h"
#include "sched/sim/world.h"

enum {
    NET_BUFFER = 256 << 10, /* most bytes of a pipe that were written and not read */
    NET_BACKLOG = 4096,     /* most connections that wait to be accepted */
    NET_FEW = 4             /* segments that a pipe holds without an allocation */
};
#define NET_LOOPBACK6 1u /* "[::1]" among the IPv4 addresses, of which it is none */

typedef struct net_addr {
    uint32_t ip; /* host byte order */
    uint16_t port;
} net_addr;

/* What is bound to an address: in a table by host, ip and port. */
typedef struct net_bound {
    struct net_bound *next;
    uint32_t host, ip;
    uint16_t port;
    uint8_t kind; /* enum net_kind */
} net_bound;
enum net_kind { NET_UNBOUND, NET_STREAM, NET_LISTEN, NET_DATAGRAM };

typedef struct net_rule net_rule;

typedef struct net_segment {
    uint64_t end;     /* positions before this one */
    sn_time left, at; /* when it left and when it arrives */
} net_segment;

typedef struct net_ring {
    unsigned char *at;
    uint32_t size; /* a power of two; 0: none, since it is empty */
} net_ring;

enum net_fault { NET_SOUND, NET_RESETS, NET_FALLS_SILENT };

typedef struct net_pipe {
    sn__timer timer; /* for the first of all the times below */
    struct net_conn *conn;
    uint64_t wrote, sent, arrived, acked, taken;
    uint64_t freed;       /* what the writer knows to have been taken */
    uint64_t cut;         /* the position at which `fault` strikes */
    uint64_t room_to;     /* `freed` at room_at */
    sn_time retry_at;     /* while stuck */
    sn_time reset_at;     /* a reset arrives; SN_NEVER */
    sn_time room_at;      /* news of room arrive at the writer; SN_NEVER */
    sn_time busy, last;   /* the wire is taken until; the last arrival */
    const net_rule *link; /* as of `rules`; NULL: ideal */
    uint32_t rules;       /* generation of the rules */
    uint32_t first, queued, room;
    net_segment few[NET_FEW], *many;
    net_ring ring;
    uint8_t lead, tries, fault;
    bool fin, stuck, silent, chop;
} net_pipe;

enum net_state { NET_NONE, NET_EMBRYO, NET_QUEUED, NET_OWNED, NET_FREED };

typedef struct net_end {
    struct net_conn *conn;
    sn_host *host;
    sn__link of_host;
    net_addr addr;
    int err;       /* to be told once */
    uint8_t state; /* enum net_state */
    bool closed;   /* by its owner */
    bool dead;
    sn_time until[2];    /* deadlines, its host's time: read, write */
    sn__waiters wait[2]; /* readers (and who dials); writers */
} net_end;

typedef struct net_conn {
    uint64_t id;
    sn__link all, queue;     /* of all connections; of a listener */
    net_bound bound;         /* end 0 */
    struct sn_listener *via; /* of a Unix socket, while it is made */
    sn__timer moment;        /* a fault that strikes at a time */
    uint8_t moment_fault, moment_side;
    bool open; /* the dialer has heard of its success */
    bool is_unix;
    net_end end[2];
    net_pipe pipe[2];
} net_conn;

typedef struct net_acceptor {
    sn__link link;
    sn__waiters wait;
    net_conn *got;
} net_acceptor;

struct sn_listener {
    net_bound bound;
    sn__link of_host, queue, acceptors;
    sn_host *host;
    char *name;       /* of a Unix socket */
    uint32_t waiting; /* connections in the queue */
    bool closed, v6;
};

typedef struct net_host {
    uint16_t port; /* the next ephemeral one to try */
    sn__link ends, listeners, sockets;
} net_host;

typedef struct net_world {
    uint64_t conns;  /* made so far */
    uint32_t rules;  /* generation */
    sn__link all;    /* connections */
    sn__link over;   /* those to be freed, by `queue` */
    net_conn *spare; /* linked by end[0].conn */
} net_world;
extern net_world sn__net;

/* net_link.c: the rules. */
struct net_rule {
    uint32_t from[2], to[2]; /* first and last address */
    sn_link link;
};
/* The rule between two addresses; NULL: an ideal link, of a host to itself too. */
const net_rule *sn__net_rule(uint32_t from, uint32_t to);
/* A place as a range of addresses: 0, SN_EINVAL, SN_ENOENT. */
int sn__net_place(const char *text, uint32_t range[2]);
void sn__net_rules_end(void);

/* net_worse.c: faults over the rules. */
/* What the rule comes to between these addresses. */
const net_rule *sn__net_worse(const net_rule *base, uint32_t from, uint32_t to);
bool sn__net_is_worse(void);
void sn__net_worse_end(void);

/* net_bound.c: addresses in use. */
net_bound *sn__net_find(const sn_host *h, uint32_t ip, uint16_t port, bool datagram);
/* Binds b (host, ip, port and kind are set; port 0: any that is free): 0, SN_EADDRINUSE,
 * SN_EADDRNOTAVAIL when no port is left, SN_ENOMEM. */
int sn__net_bind(sn_host *h, net_bound *b);
void sn__net_unbind(net_bound *b);
void sn__net_bound_end(void);
bool sn__net_is_local(const sn_host *h, uint32_t ip);
/* The host that an address means for h; NULL. */
sn_host *sn__net_target(sn_host *h, uint32_t ip);
/* Text of an address: 0, SN_ERANGE. */
int sn__net_text(net_addr a, char *buf, size_t n);
/* The addresses of "host:port" in the simulated world, at most two: their number, or SN_E…. */
int sn__net_parse(const char *text, bool names, net_addr to[2]);

/* net_ring.c: the bytes of a pipe, in buffers that are used again. */
int sn__net_ring_put(net_ring *r, uint64_t first, uint64_t at, const void *from, size_t n);
void sn__net_ring_get(const net_ring *r, uint64_t at, void *to, size_t n);
void sn__net_ring_drop(net_ring *r);
void sn__net_rings_end(void);

/* net_pipe.c: what lies between two ends. */
void sn__net_pipe_init(net_conn *c, int s);
/* Sends what was written. */
void sn__net_push(net_conn *c, int s);
/* End s resets the other: the reset takes its way. */
void sn__net_send_reset(net_conn *c, int s);
/* The sender is no more: nothing is tried again. What is on the wire arrives. */
void sn__net_pipe_stop(net_pipe *p);
/* Its first position is not there: it is tried again later. */
void sn__net_try_later(net_conn *c, int s);
/* n bytes were read by end r. */
void sn__net_took(net_conn *c, int r, size_t n);
/* What had not left end s does not leave: its host has no power, or it breaks off. */
void sn__net_drop_unsent(net_conn *c, int s);
/* The fault of a connection: resets it, or makes side s fall silent. */
void sn__net_strike(net_conn *c, int s, enum net_fault fault);
/* Takes out timers and gives buffers back. */
void sn__net_pipe_end(net_pipe *p);
/* Bytes that end r can read now. */
static inline uint64_t sn__net_avail(const net_conn *c, int r) {
    const net_pipe *p = &c->pipe[!r];
    uint64_t end = p->wrote - p->fin;
    if (p->arrived < end) end = p->arrived;
    return end > p->taken ? end - p->taken : 0;
}
/* The peer's end of the stream has come. */
static inline bool sn__net_over(const net_conn *c, int r) {
    return c->pipe[!r].fin && c->pipe[!r].arrived == c->pipe[!r].wrote;
}

/* net_conn.c: the life of a connection. */
net_conn *sn__net_conn_new(sn_host *from, net_addr own, sn_host *to, net_addr there, bool is_unix);
/* Position `at` of the handshake came from end s. False: nobody heard it. */
bool sn__net_opens(net_conn *c, int s, uint64_t at);
/* End e is over for its kernel: `err` is told to its owner. */
void sn__net_kill(net_conn *c, int e, int err);
/* End e is over, and resets its peer, unless it was over before. */
void sn__net_break_off(net_conn *c, int e);
/* A reset came to end e. */
void sn__net_reset_came(net_conn *c, int e);
/* What the owner's close does. */
void sn__net_close(net_conn *c, int e);
/* What the owner's reset does. */
void sn__net_abort(net_conn *c, int e);
/* The owner of end e is no more. */
void sn__net_release(net_conn *c, int e);
void sn__net_conns_end(void);

/* net_listen.c */
struct sn_listener *sn__net_listener(const sn_host *h, uint32_t ip, uint16_t port);
struct sn_listener *sn__net_unix_listener(const sn_host *h, const char *name);
void sn__net_enqueue(struct sn_listener *l, net_conn *c);

/* Its address, closed or not. */
int sn__net_listener_text(const struct sn_listener *l, char *buf, size_t n);

/* net_dgram.c */
void sn__net_sockets_stop(sn_host *h, enum sn_stop how);
void sn__net_each_socket(sn_host *h, void (*f)(void *arg, net_addr at), void *arg);
void sn__net_packets_end(void);

/* net_stream.c: an end as an sn_conn. */
int sn__net_wrap(sn_conn **c, net_end *e);
int sn__net_end_text(const net_end *e, int peer, char *buf, size_t n);

/* The host's kernel is there: it is up, or only its process is gone. */
static inline bool sn__net_hears(const sn_host *h) { return h->boot && !h->lost_power; }
static inline net_host *sn__net_of(const sn_host *h) { return h->net; }
static inline int sn__net_side(const net_end *e) { return e == &e->conn->end[1]; }

#endif
