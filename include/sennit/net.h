/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Connections, listeners and datagrams. Calls look blocking and park the coroutine. All of them are
 * for coroutines only; a connection may be read by one and written by another at the same time. */
#ifndef SENNIT_NET_H
#define SENNIT_NET_H

#include <sennit/base.h>

SN_BEGIN_C

typedef struct sn_conn sn_conn;
typedef struct sn_listener sn_listener;

/**
 * Connects. `net` is "tcp" (addr "127.0.0.1:80", "[::1]:80"; numeric hosts and "localhost";
 * other names are looked up by c-ares where the library was built with it, else, and with
 * SENNIT_NAMES=libc, by getaddrinfo on a helper thread) or "unix" (addr is a path, or "@name" for
 * an abstract one). Of the addresses of a name (8 at most) each further one is tried when one has
 * failed or after 250 ms, IPv6 and IPv4 in turns, and the first that connects is taken (RFC 8305);
 * the scope's deadline is over all of them. Parks;
 * observes the scope. The caller owns *c: sn_conn_free. Returns 0 and *c; SN_EINVAL for an
 * address it cannot read; SN_ENOENT for an unknown name or a socket file that is not there;
 * SN_EAGAIN when the name servers do not answer now, SN_EIO when what they say makes no sense;
 * SN_ECONNREFUSED, SN_ENETUNREACH, SN_EHOSTUNREACH, SN_ETIMEDOUT, SN_ECANCELED, SN_EADDRNOTAVAIL
 * (no port left), SN_EACCES, SN_EMFILE, SN_ENOMEM. *c is NULL on error.
 */
SN_API SN_PARKS int sn_dial(sn_conn **c, const char *net, const char *addr);
/** As sn_dial, from local TCP address `from` ("127.0.0.10:0", numeric; NULL: any). With "unix"
 *  `from` must be NULL. Also SN_EADDRINUSE. */
SN_API SN_PARKS int sn_dial_from(sn_conn **c, const char *net, const char *addr, const char *from);
/**
 * Listens (SO_REUSEADDR, close-on-exec, backlog 4096). `addr` as for sn_dial, but numeric or
 * "localhost" (127.0.0.1). Port 0 lets the kernel choose. "[::]:p" takes IPv4 too. A Unix
 * socket's file is removed when the listener closes. Never parks. Returns 0 and *l; SN_EINVAL,
 * SN_EADDRINUSE, SN_EADDRNOTAVAIL, SN_EACCES, SN_ENOENT (folder of a Unix socket), SN_EMFILE,
 * SN_ENOMEM. *l is NULL on error.
 */
SN_API SN_MUST int sn_listen(sn_listener **l, const char *net, const char *addr);
/** Takes over listening descriptor `fd` (socket activation). The listener owns it on success.
 *  SN_EINVAL when it is not a listening stream socket; SN_EBADF; SN_ENOMEM. */
SN_API SN_MUST int sn_listen_fd(sn_listener **l, int fd);
/**
 * Accepts; several coroutines may, they are served in order. Parks. An accepted socket beats a
 * cancel. The caller owns *c. SN_ECLOSED after sn_listener_close; SN_ECANCELED, SN_ETIMEDOUT
 * from the scope; SN_EMFILE, SN_ENOMEM when there is no descriptor or memory: wait a little and
 * come again, the peer is still queued. *c is NULL on error.
 */
SN_API SN_PARKS int sn_accept(sn_listener *l, sn_conn **c);
/** The bound address as text, "127.0.0.1:8080", or the path or "@name" of a Unix socket. n > 0
 *  bytes at buf, always terminated. SN_ERANGE when cut; SN_ECLOSED. Never parks. */
SN_API int sn_listener_addr(const sn_listener *l, char *buf, size_t n);
/** Stops listening and wakes acceptors with SN_ECLOSED. Safe while others accept. Never parks. */
SN_API void sn_listener_close(sn_listener *l);
/** Frees the listener (closing it if need be). Nobody may use it any more. NULL is fine. */
SN_API void sn_listener_free(sn_listener *l);

/**
 * Reads at least 1 and at most n bytes. *done is set in every case, error or not; 0 bytes with
 * result 0 is the end of the stream. SN_ECLOSED after sn_close; SN_ETIMEDOUT from the read
 * deadline or the scope; SN_ECANCELED; SN_ECONNRESET; SN_EINVAL when n is 0.
 */
SN_API SN_PARKS int sn_read(sn_conn *c, void *buf, size_t n, size_t *done);
/** Reads exactly n bytes; SN_EPROTO when the stream ends before that. */
SN_API SN_PARKS int sn_read_full(sn_conn *c, void *buf, size_t n, size_t *done);
/** Writes all n bytes, or returns an error and in *done how many went out. SN_ECLOSED after
 *  sn_close, sn_shutdown_write, or when the peer has gone; otherwise as sn_read. */
SN_API SN_PARKS int sn_write(sn_conn *c, const void *buf, size_t n, size_t *done);
typedef struct sn_iov {
    const void *base;
    size_t len;
} sn_iov;
#define SN_IOV_MAX 64u
/** As sn_write for `cnt` (<= SN_IOV_MAX, else SN_EINVAL) pieces in order. */
SN_API SN_PARKS int sn_writev(sn_conn *c, const sn_iov *iov, size_t cnt, size_t *done);
/**
 * Deadlines of reads and writes; SN_NEVER: none (default). A deadline bounds waiting: what can
 * be read or written at once is, even after it. It reaches a read or write that waits already.
 * Never parks.
 */
SN_API void sn_set_read_deadline(sn_conn *c, sn_time until);
SN_API void sn_set_write_deadline(sn_conn *c, sn_time until);
/** Ends the writing side; the peer reads the end of the stream. May park (TLS has a closing
 *  record to write). 0; SN_ECLOSED; and under TLS what sn_write returns. */
SN_API SN_PARKS int sn_shutdown_write(sn_conn *c);
/** Closes for use: wakes its readers and writers with SN_ECLOSED. Safe while others use it.
 *  Never parks. */
SN_API void sn_close(sn_conn *c);
/** As sn_close, but the peer is told that the connection broke: what was written and not yet sent
 *  is thrown away, and its reads and writes return SN_ECONNRESET (over a Unix socket: the end of
 *  the stream). Never parks. */
SN_API void sn_reset(sn_conn *c);
/** Frees the connection (closing it if need be). Nobody may use it any more. NULL is fine.
 *  Never parks. */
SN_API void sn_conn_free(sn_conn *c);
/** Peer's and own address as text: "192.0.2.1:80", "[2001:db8::1]:80", an IPv4 peer of an IPv6
 *  socket as IPv4; "unix" for Unix sockets. n > 0 bytes at buf, always terminated. SN_ERANGE when
 *  cut; sn_local_addr SN_ECLOSED. Never parks. */
SN_API int sn_peer_addr(const sn_conn *c, char *buf, size_t n);
SN_API int sn_local_addr(const sn_conn *c, char *buf, size_t n);

/**
 * The connection interface: what sn_read and the others call through, so that TLS (and a
 * simulated link) can stand behind an sn_conn. Semantics are those of the functions above.
 */
typedef struct sn_conn_ops {
    uint32_t size; /**< sizeof(sn_conn_ops) */
    int (*read)(void *self, void *buf, size_t n, size_t *done);
    int (*writev)(void *self, const sn_iov *iov, size_t cnt, size_t *done);
    void (*set_deadline)(void *self, int write, sn_time until);
    int (*shutdown_write)(void *self);
    void (*close)(void *self);
    void (*free)(void *self);
    int (*addr)(const void *self, int peer, char *buf, size_t n);
    void (*reset)(void *self); /**< NULL: as close */
} sn_conn_ops;
/** Makes a connection from an implementation. `ops` must live as long as it. The connection owns
 *  `self` from then. SN_ENOMEM; SN_EINVAL when ops->size is not that of this library. */
SN_API SN_MUST int sn_conn_new(sn_conn **c, const sn_conn_ops *ops, void *self);
/** The `self` behind a connection made with exactly these ops, else NULL. */
SN_API void *sn_conn_self(const sn_conn *c, const sn_conn_ops *ops);

/* ---- Datagrams ---- */

/** An address and a port, IPv4 or IPv6. A value: may be copied; opaque. */
typedef struct sn_addr {
    uint64_t w_[4];
} sn_addr;
/** Reads "127.0.0.1:80" or "[::1]:80": numeric, or "localhost" for 127.0.0.1. 0; SN_EINVAL.
 *  Never parks. */
SN_API SN_MUST int sn_addr_parse(sn_addr *a, const char *text);
/** As sn_addr_parse, and looks up names as sn_dial does: the first address of one. Parks. Also
 *  SN_ENOENT, SN_EAGAIN, SN_EIO, SN_EMFILE, SN_ENOMEM; SN_ECANCELED, SN_ETIMEDOUT from the scope.
 */
SN_API SN_PARKS int sn_addr_lookup(sn_addr *a, const char *text);
/** As text: "192.0.2.1:80", "[2001:db8::1]:80". n > 0 bytes at buf, always terminated. SN_ERANGE
 *  when cut. Never parks. */
SN_API int sn_addr_text(const sn_addr *a, char *buf, size_t n);
/** 1 when both are the same address and port. Never parks. */
SN_API int sn_addr_equal(const sn_addr *a, const sn_addr *b);

typedef struct sn_dgram sn_dgram;
/** Most bytes of a datagram. */
#define SN_DGRAM_MAX 65507u

/**
 * Opens a UDP socket at `addr`, numeric or "localhost" (127.0.0.1), close-on-exec; port 0 lets
 * the kernel choose. "[::]:p" takes IPv4 too. Never parks. The caller owns *d: sn_dgram_free. 0
 * and *d; SN_EINVAL, SN_EADDRINUSE, SN_EADDRNOTAVAIL, SN_EACCES, SN_EMFILE, SN_ENOMEM. *d is NULL
 * on error.
 */
SN_API SN_MUST int sn_dgram_open(sn_dgram **d, const char *addr);
/**
 * Sends n bytes (0 is fine) as one datagram. What becomes of it is not told: it may be lost,
 * doubled, overtaken. Parks while the socket has no room; several may send, they go in turn. 0;
 * SN_E2BIG above SN_DGRAM_MAX, or what the network takes; SN_EINVAL when `to` has port 0;
 * SN_EADDRNOTAVAIL when it is of another family; SN_ENETUNREACH, SN_EHOSTUNREACH, SN_EACCES;
 * SN_ECLOSED after sn_dgram_close; SN_ECANCELED, SN_ETIMEDOUT from the scope; SN_ENOMEM.
 */
SN_API SN_PARKS int sn_dgram_send(sn_dgram *d, const sn_addr *to, const void *buf, size_t n);
/**
 * Receives one datagram of at most n bytes (n may be 0). *done is its size and *from (may be
 * NULL) its sender. Parks until `until` (SN_NEVER: no deadline); what is there already is received
 * even after it. Several may receive; they are served in order. 0; SN_E2BIG when it was longer:
 * *done bytes of it are in buf, *from is set, the rest is lost; SN_ETIMEDOUT; SN_ECLOSED after
 * sn_dgram_close; SN_ECANCELED, SN_ETIMEDOUT from the scope. *done is 0 on other errors.
 */
SN_API SN_PARKS int sn_dgram_recv(sn_dgram *d, void *buf, size_t n, size_t *done, sn_addr *from,
                                  sn_time until);
/** The bound address as text, "127.0.0.1:5000". n > 0 bytes at buf, always terminated. SN_ERANGE
 *  when cut; SN_ECLOSED. Never parks. */
SN_API int sn_dgram_addr(const sn_dgram *d, char *buf, size_t n);
/** Closes for use: wakes who sends and receives with SN_ECLOSED. What was not received is lost.
 *  Safe while others use it. Never parks. */
SN_API void sn_dgram_close(sn_dgram *d);
/** Frees the socket (closing it if need be). Nobody may use it any more. NULL is fine. Never
 *  parks. */
SN_API void sn_dgram_free(sn_dgram *d);

SN_END_C
#endif
