/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* zlib: a stream keeps all it has in itself, so it may go from thread to thread. */
#include "calling.h"

#include <zlib.h>

enum { PIECE = 1000, PIECES = 40 };

static unsigned char byte_at(size_t i) { return (unsigned char)((i / 7 * 31 + i % 5) & 0xff); }

static size_t compress_in_pieces(unsigned char *out, size_t room) {
    z_stream z = {0};
    MUST(deflateInit(&z, Z_BEST_SPEED) == Z_OK);
    z.next_out = out;
    z.avail_out = (uInt)room;
    for (size_t k = 0; k < PIECES; k++) {
        unsigned char in[PIECE];
        for (size_t i = 0; i < PIECE; i++) in[i] = byte_at(k * PIECE + i);
        z.next_in = in;
        z.avail_in = PIECE;
        int rc = deflate(&z, k == PIECES - 1 ? Z_FINISH : Z_NO_FLUSH);
        CHECK(rc == Z_OK || rc == Z_STREAM_END);
        park_and_move();
    }
    size_t n = z.total_out;
    CHECK_INT(deflateEnd(&z), Z_OK);
    return n;
}

static void expand_in_pieces(const unsigned char *in, size_t n) {
    z_stream z = {0};
    size_t at = 0;
    int rc = Z_OK;
    MUST(inflateInit(&z) == Z_OK);
    z.next_in = (Bytef *)(uintptr_t)in;
    z.avail_in = (uInt)n;
    while (rc == Z_OK) {
        unsigned char out[PIECE];
        z.next_out = out;
        z.avail_out = PIECE;
        rc = inflate(&z, Z_NO_FLUSH);
        for (size_t i = 0; i < PIECE - z.avail_out; i++, at++) CHECK(out[i] == byte_at(at));
        park_and_move();
    }
    CHECK_INT(rc, Z_STREAM_END);
    CHECK_INT(at, PIECE * PIECES);
    CHECK_INT(inflateEnd(&z), Z_OK);
}

static int works(void *arg) {
    (void)arg;
    unsigned char *out = malloc(2 * PIECE * PIECES);
    MUST(out);
    expand_in_pieces(out, compress_in_pieces(out, 2 * PIECE * PIECES));
    free(out);
    return 0;
}

CALLING_CASE(a_stream_goes_from_thread_to_thread) { crowd(6, works, NULL); }

int main(void) {
    CASE(a_stream_goes_from_thread_to_thread);
    return check_done();
}
