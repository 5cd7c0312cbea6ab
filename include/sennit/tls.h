/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* TLS 1.2 and 1.3 (OpenSSL) behind the connection interface; library sennit-tls. Coroutines that
 * use such connections need an SN_FOREIGN stack. */
#ifndef SENNIT_TLS_H
#define SENNIT_TLS_H

#include <sennit/net.h>

SN_BEGIN_C

/** What the connections of one kind have in common: certificate, key, whom to trust. Never
 *  changes; any number of connections and threads may use one at once. */
typedef struct sn_tls_conf sn_tls_conf;

enum {
    SN_TLS_CLIENT_CERT =
        1,             /**< server: a client must show a certificate that ca_file vouches for */
    SN_TLS_ONLY_13 = 2 /**< TLS 1.3 only; otherwise 1.2 is accepted too */
};

/** What sn_tls_conf_new is told. Set `size` to sizeof(sn_tls_options); the rest may be zero. */
typedef struct sn_tls_options {
    uint32_t size;         /**< sizeof(sn_tls_options): the ABI version */
    uint32_t flags;        /**< SN_TLS_… */
    const char *cert_file; /**< own certificate and its chain, PEM, leaf first; NULL: none */
    const char *key_file;  /**< its key, PEM, without pass phrase; goes with cert_file */
    const char *ca_file;   /**< certificates to trust, PEM; NULL: the system's (clients) */
    const char *alpn;      /**< protocol spoken, such as "http/1.1"; NULL: says nothing */
} sn_tls_options;

/**
 * Reads the files and makes a configuration. With errors `why` (n bytes, always terminated; NULL
 * with n = 0 to do without) names the file and what is wrong with it. Blocks on the files; from
 * coroutines and foreign threads; never parks. The caller owns *conf: sn_tls_conf_free.
 * Returns 0; SN_EINVAL for options that do not go together or a wrong size; SN_EBADMSG for a file
 * that is not what it should be or a key that does not fit; the errors of sn_path_read;
 * SN_ENOMEM. *conf is NULL on error.
 */
SN_API SN_MUST int sn_tls_conf_new(sn_tls_conf **conf, const sn_tls_options *o, char *why,
                                   size_t n);
/** Gives the caller's part up; connections made with it keep theirs. NULL is fine. */
SN_API void sn_tls_conf_free(sn_tls_conf *conf);

/**
 * Puts TLS on top of connection `raw`, as its server side. *c owns `raw` from then (on error the
 * caller does). No byte moves yet: sn_tls_handshake does that, or the first read or write. Never
 * parks. SN_EINVAL when conf has no certificate; SN_ENOMEM. *c is NULL on error.
 *
 * On such a connection a read fails with SN_EPROTO when the stream ends without the peer's closing
 * record (somebody may have cut it). A write that fails counts in *done what was encrypted: up to
 * 64 KiB of that may still be waiting and go out before the next write. sn_shutdown_write sends the
 * closing record; sn_close only if that needs no waiting.
 */
SN_API SN_MUST int sn_tls_server(sn_conn **c, sn_conn *raw, sn_tls_conf *conf);
/**
 * As sn_tls_server, as the client side of `server`: the DNS name or IP address that the peer's
 * certificate must be for (DNS names are also told to the peer, SNI). SN_EINVAL when it is empty
 * or too long; SN_EBADMSG when the system's certificates are needed and cannot be read.
 */
SN_API SN_MUST int sn_tls_client(sn_conn **c, sn_conn *raw, sn_tls_conf *conf, const char *server);

/**
 * Does the handshake if it has not been done. Parks; observes the scope and the connection's
 * deadlines; after SN_ECANCELED or SN_ETIMEDOUT it may be taken up again.
 * Returns 0; SN_EACCES when the peer's certificate is not accepted (or it has none); SN_EPROTO for
 * everything else that TLS finds wrong, the peer's refusal included: sn_tls_error says what;
 * errors of the raw connection; SN_EINVAL when `c` is not a TLS connection.
 */
SN_API SN_PARKS int sn_tls_handshake(sn_conn *c);

/** What made TLS fail on this connection, for logs: "certificate verify failed: certificate has
 *  expired". "" when nothing did or `c` has no TLS. Lives as long as `c`. Ask after a call on `c`
 *  has failed. Never parks. */
SN_API const char *sn_tls_error(const sn_conn *c);

/** What a handshake found. Set `size` before the call. */
typedef struct sn_tls_info {
    uint32_t size;         /**< sizeof(sn_tls_info) */
    uint32_t has_cert;     /**< the peer showed a certificate, and it was accepted */
    uint8_t sha256[32];    /**< fingerprint of that certificate (of its DER form) */
    char common_name[257]; /**< subject's last common name, UTF-8; "" when it has none. Never cut:
                                a certificate with a longer one, or a 0 in it, is refused */
    char version[8];       /**< "TLSv1.3" */
    char cipher[48];       /**< "TLS_AES_256_GCM_SHA384" */
    char alpn[32];         /**< protocol agreed on; "" for none */
} sn_tls_info;
/** Fills *out. Never parks. SN_EAGAIN before the handshake is done; SN_EINVAL when `c` has no TLS
 *  or the size is wrong. */
SN_API SN_MUST int sn_tls_get_info(const sn_conn *c, sn_tls_info *out);

SN_END_C
#endif
