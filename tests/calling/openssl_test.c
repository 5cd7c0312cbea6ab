/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* OpenSSL: contexts may go from thread to thread, the error queue may not. Connections:
 * libsennit-tls keeps all calls between two parks (test tls_conn_migrate). */
#include "calling.h"

#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/rand.h>

/* UNSAFE: the queue of errors is the thread's. */
CALLING_CASE(the_error_queue_over_a_park_is_another_threads) {
    ERR_clear_error();
    ERR_raise(ERR_LIB_USER, 42);
    park_and_move();
    CHECK(ERR_peek_error() == 0);
    for (int i = 0; i < 1000 && ERR_peek_error() == 0; i++) park_and_move();
    ERR_clear_error(); /* for whoever comes by that thread */
}

static int keeps_an_error(void) {
    ERR_clear_error();
    ERR_raise(ERR_LIB_USER, 42);
    park_for_long();
    return ERR_GET_REASON(ERR_get_error()) == 42 && ERR_peek_error() == 0;
}
static void fails_elsewhere(void) { ERR_raise(ERR_LIB_USER, 7); }
CALLING_CASE(the_error_queue_of_a_pinned_coroutine_is_its_own) {
    CHECK_INT(lost_over_parks(keeps_an_error, fails_elsewhere, SN_PIN), 0);
    CHECK(lost_over_parks(keeps_an_error, fails_elsewhere, 0) > 0);
}

CALLING_CASE(the_error_queue_read_at_once_is_right) {
    for (int i = 0; i < 20; i++) {
        ERR_clear_error();
        ERR_raise(ERR_LIB_USER, 42);
        unsigned long e = ERR_get_error();
        park_and_move();
        CHECK_INT(ERR_GET_REASON(e), 42);
    }
}

static int digests(void *arg) {
    unsigned char piece[500], sum[EVP_MAX_MD_SIZE], whole[EVP_MAX_MD_SIZE], all[10 * sizeof piece];
    unsigned n = 0, m = 0;
    EVP_MD_CTX *ctx = EVP_MD_CTX_new();
    (void)arg;
    MUST(ctx && EVP_DigestInit_ex(ctx, EVP_sha256(), NULL));
    for (int k = 0; k < 10; k++) {
        MUST(RAND_bytes(piece, sizeof piece) == 1);
        memcpy(all + (size_t)k * sizeof piece, piece, sizeof piece);
        MUST(EVP_DigestUpdate(ctx, piece, sizeof piece));
        park_and_move();
    }
    MUST(EVP_DigestFinal_ex(ctx, sum, &n));
    MUST(EVP_Digest(all, sizeof all, whole, &m, EVP_sha256(), NULL));
    CHECK(n == m && memcmp(sum, whole, n) == 0);
    EVP_MD_CTX_free(ctx);
    return 0;
}
CALLING_CASE(a_context_goes_from_thread_to_thread) { crowd(8, digests, NULL); }

int main(void) {
    CASE(the_error_queue_over_a_park_is_another_threads);
    CASE(the_error_queue_of_a_pinned_coroutine_is_its_own);
    CASE(the_error_queue_read_at_once_is_right);
    CASE(a_context_goes_from_thread_to_thread);
    return check_done();
}
