/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* HTTP/1.1: handlers, router, server and a client (libsennit-http). One coroutine a connection;
 * handlers look blocking. All calls are for coroutines unless said otherwise; a request, its
 * writer and every string got from them belong to the handler that got them and end with it. */
#ifndef SENNIT_HTTP_H
#define SENNIT_HTTP_H

#include <sennit/base.h>
#include <sennit/net.h>

SN_BEGIN_C

/**
 * May park, as SN_PARKS; but the result may be ignored, because the writer keeps its first error
 * (sn_http_error) and does nothing more after it. On an error before the head was sent, the
 * server answers in the handler's stead; after that it breaks the connection off, so that a
 * cut-off body is never taken for a whole one.
 */
#define SN_HTTP_PARKS

typedef struct sn_http_request sn_http_request;
typedef struct sn_http_writer sn_http_writer;

/**
 * A handler: answers request `r` by way of `w`. It runs in a scope of its own, which ends with
 * it: coroutines that it starts with sn_go are waited for; the scope is cancelled when the
 * server's drain runs out of time, when conf.handler_time passes, or (server-sent events) when
 * the client goes away. A handler that writes nothing has answered 200 with an empty body.
 */
typedef void (*sn_http_fn)(sn_http_writer *w, sn_http_request *r, void *arg);

/** A handler with its argument. */
typedef struct sn_http_handler {
    sn_http_fn fn;
    void *arg;
} sn_http_handler;
/** Runs a handler: what a middleware does with `next`. Parks if the handler does. */
SN_INLINE void sn_http_next(const sn_http_handler *next, sn_http_writer *w, sn_http_request *r) {
    next->fn(w, r, next->arg);
}
/** What stands around handlers: calls sn_http_next(next, w, r), or answers itself. */
typedef void (*sn_http_middleware)(sn_http_writer *w, sn_http_request *r,
                                   const sn_http_handler *next, void *arg);

/* ---- The request. Nothing here parks, but for the body. Strings are valid till the end. ---- */

/** "GET". Methods are case-sensitive. */
SN_API const char *sn_http_method(const sn_http_request *r);
/** The request target as it came, path and query: "/a%20b?x=1". */
SN_API const char *sn_http_target(const sn_http_request *r);
/** The path, percent-decoded: "/a b". It has no "." or ".." segments and no NUL; a target with
 *  such, or with an encoded slash or backslash, has been refused with 400 before any handler. */
SN_API const char *sn_http_path(const sn_http_request *r);
/** The query as it came, without "?", or "". */
SN_API const char *sn_http_raw_query(const sn_http_request *r);
/** The Host the client asked for, port included, or "" (HTTP/1.0 without one). */
SN_API const char *sn_http_host(const sn_http_request *r);
/** 10 or 11. */
SN_API int sn_http_version(const sn_http_request *r);
/** The pattern of the route that matched ("GET /a/{id}"), or NULL: nothing did. For logs. */
SN_API const char *sn_http_pattern(const sn_http_request *r);
/** The decoded value of "{name}" or "{name...}" in that pattern, or NULL. */
SN_API const char *sn_http_value(const sn_http_request *r, const char *name);
/** The first value of `name` in the query, decoded ("+" is a space); "" for a bare name; NULL
 *  when absent (or memory is out). The value may hold any byte but NUL. */
SN_API const char *sn_http_query(sn_http_request *r, const char *name);
/** The i-th pair of the query, decoded. 0, or SN_ENOENT past the last, or SN_ENOMEM. */
SN_API SN_MUST int sn_http_query_at(sn_http_request *r, size_t i, const char **name,
                                    const char **value);
/** The first header of that name, in any case; NULL when absent. No white space around it. */
SN_API const char *sn_http_header(const sn_http_request *r, const char *name);
/** The i-th of the headers of that name; NULL past the last. */
SN_API const char *sn_http_header_nth(const sn_http_request *r, const char *name, size_t i);
/** The i-th of all headers, in order of arrival. 0, or SN_ENOENT past the last. */
SN_API SN_MUST int sn_http_header_at(const sn_http_request *r, size_t i, const char **name,
                                     const char **value);
/** The value of a cookie, or NULL. */
SN_API const char *sn_http_cookie(sn_http_request *r, const char *name);
/** The peer's address, "127.0.0.1:40000". Never NULL. */
SN_API const char *sn_http_peer(sn_http_request *r);
/** The connection: for sn_tls_… questions about the peer. Not for reading or writing. */
SN_API sn_conn *sn_http_conn(const sn_http_request *r);
/** n bytes that live as long as the request, aligned to 16; NULL when memory is out. */
SN_API void *sn_http_alloc(sn_http_request *r, size_t n);
/** A formatted string in that memory, or NULL. */
SN_API char *sn_http_format(sn_http_request *r, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));
/** One pointer that the program keeps with the request: who is logged in, say. NULL at first. */
SN_API void sn_http_set_user(sn_http_request *r, void *user);
SN_API void *sn_http_user(const sn_http_request *r);
/** Time since the request's head was complete, in ns, starts here (sn_now). */
SN_API sn_time sn_http_started(const sn_http_request *r);

/** The body's length; 0 for none; -1 when it comes in chunks and is known at its end only. */
SN_API int64_t sn_http_content_length(const sn_http_request *r);
/** Other bounds for this request's body, in bytes, than conf.body_max. Before the first read. */
SN_API void sn_http_body_limit(sn_http_request *r, uint64_t max);
/**
 * Reads 1…n bytes of the body, decoded; 0 bytes with result 0 is its end. The first call sends
 * "100 Continue" to a client that expects it. Parks. SN_EFBIG when the body is longer than the
 * limit (before anything is read if its length tells); SN_EBADMSG for a malformed chunk;
 * SN_ETIMEDOUT for a sender slower than the conf allows; SN_EPROTO when it ends early;
 * SN_ECANCELED; the connection's errors. A handler that gives up then without an answer has
 * answered 413, 400, 408 or 400.
 */
SN_API SN_PARKS int sn_http_body_read(sn_http_request *r, void *buf, size_t n, size_t *done);
/** Reads the whole body of at most `max` bytes into the request's memory, terminated by a 0 that
 *  *n does not count. As sn_http_body_read; SN_EFBIG above `max`; SN_ENOMEM. */
SN_API SN_PARKS int sn_http_body_all(sn_http_request *r, size_t max, char **buf, size_t *n);

/* ---- The answer. Small ones leave in one piece, with their length; others in chunks. ---- */

/** The status (default 200). Before the head is sent; SN_EINVAL unless 200…599, or later. */
SN_API int sn_http_status(sn_http_writer *w, int status);
/** Sets a header, replacing those of that name; value NULL removes it. Both are copied.
 *  SN_EINVAL (and nothing set) for a name that is no token, a value with control characters,
 *  Transfer-Encoding, Date, a Connection other than "close", or after the head was sent;
 *  SN_E2BIG for more than 6 KiB of headers; SN_ENOMEM. */
SN_API int sn_http_set(sn_http_writer *w, const char *name, const char *value);
/** Adds a header beside others of that name. As sn_http_set. */
SN_API int sn_http_add(sn_http_writer *w, const char *name, const char *value);
/** sn_http_set of a formatted value. */
SN_API int sn_http_setf(sn_http_writer *w, const char *name, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));
/** Body bytes. Kept in the writer's buffer while they fit. SN_EINVAL when more than a
 *  Content-Length that was set; the connection's errors. For HEAD, 204 and 304 only counted. */
SN_API SN_HTTP_PARKS int sn_http_write(sn_http_writer *w, const void *buf, size_t n);
SN_API SN_HTTP_PARKS int sn_http_puts(sn_http_writer *w, const char *s);
SN_API SN_HTTP_PARKS int sn_http_printf(sn_http_writer *w, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));
/** Sends what was written so far (head included), as a chunk unless the length was set. */
SN_API SN_HTTP_PARKS int sn_http_flush(sn_http_writer *w);
/** Status, Content-Type (NULL: none) and the whole body. Cheapest way to answer. */
SN_API SN_HTTP_PARKS int sn_http_reply(sn_http_writer *w, int status, const char *type,
                                       const void *buf, size_t n);
/** As sn_http_reply with text/plain; charset=utf-8 and a formatted body. */
SN_API SN_HTTP_PARKS int sn_http_replyf(sn_http_writer *w, int status, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));
/** Status and Location, no body. */
SN_API SN_HTTP_PARKS int sn_http_redirect(sn_http_writer *w, int status, const char *location);
/** An error as application/problem+json (RFC 9457). `type` is a URI reference; NULL: about:blank.
 *  `title` NULL: the status's own. `detail` may be NULL. Text is escaped here. */
SN_API SN_HTTP_PARKS int sn_http_problem(sn_http_writer *w, int status, const char *type,
                                         const char *title, const char *detail);
/** As sn_http_problem of type about:blank with a formatted detail. */
SN_API SN_HTTP_PARKS int sn_http_problemf(sn_http_writer *w, int status, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));
/** 1 when the head is on its way: status and headers are settled. */
SN_API int sn_http_sent(const sn_http_writer *w);
/** The writer's first error, or 0. */
SN_API int sn_http_error(const sn_http_writer *w);
/** The request being answered. */
SN_API sn_http_request *sn_http_writer_request(const sn_http_writer *w);
/** The standard words of a status: "Not Found"; "" for an unknown one. Static. From anywhere. */
SN_API const char *sn_http_status_text(int status);

/** Something of known length that can be read at any offset: an artifact, a file. */
typedef struct sn_http_content {
    uint32_t size;       /**< sizeof(sn_http_content) */
    const char *type;    /**< Content-Type; NULL: application/octet-stream */
    uint64_t length;     /**< bytes */
    const char *etag;    /**< with its quotes: "\"abc\"" or "W/\"abc\""; NULL: none */
    int64_t modified_ms; /**< UTC, for Last-Modified; 0: none */
    /** Reads up to n bytes at offset `at`; fewer than asked only at an error. May park. */
    int (*read)(void *arg, void *buf, size_t n, uint64_t at, size_t *done);
    void *arg;
} sn_http_content;
/**
 * Answers GET or HEAD with content: 200, 206 for one range, 304, 412 or 416 by Range, If-Range,
 * If-Match, If-Unmodified-Since, If-None-Match and If-Modified-Since, in RFC 9110's order. A
 * request for several ranges gets the whole. Headers set before are kept. Another method: 405.
 * Errors: those of `read`, and the connection's.
 */
SN_API SN_HTTP_PARKS int sn_http_serve_content(sn_http_writer *w, sn_http_request *r,
                                               const sn_http_content *c);

/**
 * Starts a stream of server-sent events; sends the head. From now on the connection is watched:
 * when the client goes away, the handler's scope is cancelled, so that any parking call returns
 * SN_ECANCELED. The client's Last-Event-ID is a header like another.
 */
SN_API SN_HTTP_PARKS int sn_http_sse_begin(sn_http_writer *w);
/** Sends one event; `event` and `id` may be NULL; lines of `data` are taken care of. SN_EINVAL
 *  for a line end in event or id; SN_ECLOSED, SN_ECONNRESET … when the client is gone. */
SN_API SN_HTTP_PARKS int sn_http_sse_send(sn_http_writer *w, const char *event, const char *id,
                                          const char *data);
/** Sends a comment, so that proxies keep the connection and a dead client is noticed. */
SN_API SN_HTTP_PARKS int sn_http_sse_ping(sn_http_writer *w);

/* ---- The router. ---- */

typedef struct sn_http_mux sn_http_mux;
/** NULL when memory is out. From anywhere. */
SN_API SN_MUST sn_http_mux *sn_http_mux_new(void);
SN_API void sn_http_mux_free(sn_http_mux *m);
/**
 * Adds a route before the mux is used. Pattern: an optional method and a path, "GET /a/{id}/b".
 * "{id}" is one segment that is not empty; "{rest...}", last only, is all the rest, slashes
 * included, perhaps empty. GET serves HEAD as well. Where two patterns fit, the one that is
 * literal at the first segment where they differ wins, then "{id}", then "{rest...}"; one with a
 * method wins over one without. A path that fits with no method that does gets 405 with Allow;
 * no path, 404; both as problem+json. The pattern is copied.
 * SN_EINVAL for a malformed pattern; SN_EEXIST for one like another; SN_ENOMEM.
 */
SN_API SN_MUST int sn_http_handle(sn_http_mux *m, const char *pattern, sn_http_fn fn, void *arg);
/** Puts a middleware around all routes of the mux, its 404 and 405 too; it runs after the route
 *  was found (sn_http_pattern, sn_http_value work). The first added is the outermost. SN_ENOMEM. */
SN_API SN_MUST int sn_http_use(sn_http_mux *m, sn_http_middleware mw, void *arg);
/** Routes a request: an sn_http_fn whose argument is the mux. */
SN_API void sn_http_mux_serve(sn_http_writer *w, sn_http_request *r, void *mux);

/* ---- The server. ---- */

/** One finished request, for the log. Strings are valid during the call. */
typedef struct sn_http_log {
    uint32_t size;
    int status;               /**< as sent; 0: the connection broke before */
    int error;                /**< 0, or why the request or answer was cut short */
    const char *reason;       /**< what was malformed, or NULL */
    sn_http_request *request; /**< NULL: the head could not be parsed */
    const char *peer;
    uint64_t body_in, body_out; /**< bytes of the two bodies */
    sn_time took;               /**< from the complete head to the last write, ns */
} sn_http_log;

/** Configuration. Set size; what is 0 or NULL takes the default given. Times in ns. */
typedef struct sn_http_conf {
    uint32_t size;              /**< sizeof(sn_http_conf) */
    uint32_t line_max;          /**< request line, bytes (8192): 414 */
    uint32_t head_max;          /**< request line and headers, bytes (16384): 431 */
    uint32_t header_count_max;  /**< headers (100): 431 */
    uint64_t body_max;          /**< body, bytes (1 MiB): 413 */
    sn_time head_time;          /**< first byte to complete head (10 s): 408 */
    sn_time body_time;          /**< longest wait for a piece of body (30 s): 408 */
    uint64_t body_rate;         /**< least average bytes/s of a body after body_time (256): 408 */
    sn_time write_time;         /**< longest wait for 64 KiB or less to leave (30 s) */
    sn_time idle_time;          /**< wait for the next request, or the first (75 s) */
    sn_time handler_time;       /**< deadline of a handler's scope (SN_NEVER) */
    uint32_t conn_max;          /**< connections at once (100000); above it idle ones are closed,
                                     and new ones wait */
    uint32_t conn_requests_max; /**< requests on one connection (1000000) */
    uint32_t stack;             /**< of a connection's coroutine; 0: the default */
    uint32_t flags;             /**< SN_FOREIGN: handlers call SQL, TLS … */
    const char *server;         /**< Server header; NULL: none */
    /** Makes a connection of an accepted one (a TLS handshake, say) in the connection's own
     *  coroutine; within head_time. On error it leaves `raw` alone. */
    int (*wrap)(void *arg, sn_conn *raw, sn_conn **out);
    void *wrap_arg;
    /** Called after each request, in its coroutine. Should not park long. */
    void (*log)(void *arg, const sn_http_log *e);
    void *log_arg;
} sn_http_conf;

/** Counters since the start, and gauges. Not one instant's. */
typedef struct sn_http_stats {
    uint32_t size;        /**< sizeof(sn_http_stats) */
    uint32_t connections; /**< open now */
    uint32_t idle;        /**< of them, waiting for a request */
    uint64_t accepted;    /**< ever */
    uint64_t requests;    /**< with a complete head */
    uint64_t status[6];   /**< answers by class; [0]: cut short */
    uint64_t malformed;   /**< refused by the parser (4xx, 5xx) */
    uint64_t timeouts;    /**< slow heads, bodies and readers */
    uint64_t evicted;     /**< idle connections closed to make room */
    uint64_t bytes_in, bytes_out;
} sn_http_stats;

typedef struct sn_http_server sn_http_server;
/** A server that gives all requests to `fn` (sn_http_mux_serve, say). `conf` may be NULL and is
 *  copied. SN_EINVAL for a conf of another size or out of range; SN_ENOMEM. */
SN_API SN_MUST int sn_http_server_new(sn_http_server **s, sn_http_fn fn, void *arg,
                                      const sn_http_conf *conf);
/**
 * Accepts and serves on `l` (which stays the caller's) till sn_http_shutdown or the caller's
 * scope is cancelled, then waits for its connections and for the shutdown to be done. One server
 * may serve several listeners, each by a coroutine. Parks. 0 after a shutdown; SN_ECANCELED,
 * SN_ETIMEDOUT; sn_accept's errors that do not pass.
 */
SN_API SN_PARKS int sn_http_serve(sn_http_server *s, sn_listener *l);
/** Serves one connection in the caller's coroutine, to its end, and frees it in every case. Parks.
 *  0; SN_ECANCELED or SN_ETIMEDOUT while it waited for a place. */
SN_API SN_PARKS int sn_http_serve_conn(sn_http_server *s, sn_conn *c);
/**
 * Drains: no more is accepted, idle connections are closed, running requests are answered with
 * "Connection: close"; at `until` what is left is cancelled. Parks until all have ended; not
 * cancellable; not from a handler. 0, or SN_ETIMEDOUT when something had to be cancelled. May be
 * called again.
 */
SN_API SN_PARKS int sn_http_shutdown(sn_http_server *s, sn_time until);
/** 1 since sn_http_shutdown was called: long handlers (event streams) should end. */
SN_API int sn_http_draining(const sn_http_server *s);
/** From anywhere but interrupts; never parks. Set st->size before. */
SN_API void sn_http_get_stats(const sn_http_server *s, sn_http_stats *st);
/** After every sn_http_serve has returned. NULL is fine. */
SN_API void sn_http_server_free(sn_http_server *s);

/* ---- The client: one connection, one request at a time. ---- */

typedef struct sn_http_client sn_http_client;
typedef struct sn_http_response sn_http_response;
/** A header to send. */
typedef struct sn_http_pair {
    const char *name, *value;
} sn_http_pair;

/** Limits of a client. Set size; 0 takes the default. */
typedef struct sn_http_client_conf {
    uint32_t size;             /**< sizeof(sn_http_client_conf) */
    uint32_t head_max;         /**< response head, bytes (16384) */
    uint32_t header_count_max; /**< (100) */
} sn_http_client_conf;

/** One request to make. Set size. */
typedef struct sn_http_call {
    uint32_t size;               /**< sizeof(sn_http_call) */
    const char *method;          /**< NULL: GET */
    const char *target;          /**< "/path?query", escaped already */
    const char *host;            /**< Host header; NULL: the one given to sn_http_client_new */
    const sn_http_pair *headers; /**< Host, Content-Length, Transfer-Encoding are ours */
    size_t header_count;
    const void *body; /**< the whole body, or NULL */
    size_t body_len;
    /** Or its source: fills up to n bytes; 0 bytes with result 0 ends it. May park. */
    int (*body_read)(void *arg, void *buf, size_t n, size_t *done);
    void *body_arg;
    int64_t body_length; /**< of the source: bytes, or -1: send chunks */
    sn_time until;       /**< of the whole exchange, reading the body too; 0: SN_NEVER */
} sn_http_call;

/** A client on `conn`, which it owns on success. `host` is copied. SN_EINVAL, SN_ENOMEM. */
SN_API SN_MUST int sn_http_client_new(sn_http_client **c, sn_conn *conn, const char *host,
                                      const sn_http_client_conf *conf);
/** Dials (sn_dial) and makes a client with host = addr. */
SN_API SN_PARKS int sn_http_client_dial(sn_http_client **c, const char *net, const char *addr,
                                        const sn_http_client_conf *conf);
/** Closes and frees. NULL is fine. */
SN_API void sn_http_client_free(sn_http_client *c);
/**
 * Sends the request and reads the response's head; 1xx are passed over. What is left of the
 * response before is read and thrown away first. *r is the client's, valid till the next call.
 * Parks. SN_EINVAL for a call that cannot be sent (nothing was); SN_EBADMSG for a malformed
 * response (sn_http_client_reason); SN_EFBIG for a head over the limits; SN_EPROTO when the
 * connection ends early; SN_ECLOSED when an idle one was closed by the server before it answered
 * a byte; SN_ETIMEDOUT, SN_ECANCELED, the connection's errors. After an error but SN_EINVAL the
 * client is good for sn_http_client_free only.
 */
SN_API SN_PARKS int sn_http_do(sn_http_client *c, const sn_http_call *call, sn_http_response **r);
/** 1 when the connection can carry another request once this response is read. */
SN_API int sn_http_client_reusable(const sn_http_client *c);
/** What was malformed in the response, or NULL. */
SN_API const char *sn_http_client_reason(const sn_http_client *c);
/** Gives the buffers back until the next call; the last response is gone. */
SN_API void sn_http_client_idle(sn_http_client *c);

/** The status, 200…599 (1xx are passed over). */
SN_API int sn_http_response_status(const sn_http_response *r);
/** As sn_http_header, sn_http_header_at, sn_http_content_length (-1: till the end). */
SN_API const char *sn_http_response_header(const sn_http_response *r, const char *name);
SN_API SN_MUST int sn_http_response_header_at(const sn_http_response *r, size_t i,
                                              const char **name, const char **value);
SN_API int64_t sn_http_response_length(const sn_http_response *r);
/** Reads 1…n bytes of the body; 0 bytes with result 0 is its end. SN_EBADMSG, SN_EPROTO … */
SN_API SN_PARKS int sn_http_response_read(sn_http_response *r, void *buf, size_t n, size_t *done);
/** The whole body, terminated by a 0 that *n does not count; the client's, till the next call.
 *  SN_EFBIG above `max`; SN_ENOMEM. */
SN_API SN_PARKS int sn_http_response_all(sn_http_response *r, size_t max, char **buf, size_t *n);

/* ---- Small tools. From anywhere; nothing parks. ---- */

#define SN_HTTP_DATE_LEN 29u
/** "Sun, 06 Nov 1994 08:49:37 GMT" of UTC milliseconds, terminated; the years 1970…9999. */
SN_API void sn_http_date(int64_t utc_ms, char buf[30]);
/** Reads that form, strictly, or one of the two obsolete ones. 0, or SN_EINVAL. */
SN_API SN_MUST int sn_http_date_parse(const char *s, int64_t *utc_ms);
/** Percent-encodes all but unreserved characters: safe as a path segment or in a query.
 *  Terminated if n > 0; returns the length wanted, as snprintf does. */
SN_API size_t sn_http_escape(const char *s, char *buf, size_t n);

SN_END_C
#endif
