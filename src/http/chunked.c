/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Chunk headers are read byte by byte (they are short), data by the slice. Strict: CRLF only, no
 * white space around the size, sizes below 2^60, extensions and trailers bounded, and trailers
 * well-formed; they are then dropped. */
#include "http/chunked.h"

#include "http/chars.h"

enum { SIZE, EXT, SIZE_LF, DATA, DATA_CR, DATA_LF, LINE, NAME, VALUE, LINE_LF, LAST_LF, END };

void sn__chunked_init(sn__chunked *c) { *c = (sn__chunked){.state = SIZE}; }

static int bad(sn__chunked *c, const char *why) {
    c->error = why;
    return -1;
}

static int size_byte(sn__chunked *c, char ch) {
    int d = sn__hex(ch);
    if (d >= 0) {
        if (++c->digits > 15) return bad(c, "chunk size too large");
        c->left = c->left << 4 | (unsigned)d;
        return 0;
    }
    if (c->digits == 0) return bad(c, "chunk without a size");
    if (ch == '\r')
        c->state = SIZE_LF;
    else if (ch == ';')
        c->state = EXT;
    else
        return bad(c, "malformed chunk size");
    return 0;
}

static int ext_byte(sn__chunked *c, char ch) {
    if (ch == '\r') {
        c->state = SIZE_LF;
        return 0;
    }
    if (!sn__is(ch, SN__C_VALUE)) return bad(c, "control character in a chunk extension");
    return ++c->extra > SN__CHUNK_EXT_MAX ? bad(c, "chunk extensions too long") : 0;
}

static int size_end(sn__chunked *c, char ch) {
    if (ch != '\n') return bad(c, "chunk size ends in a bare CR");
    c->state = c->left ? DATA : LINE;
    c->digits = 0;
    return 0;
}

static int data_end(sn__chunked *c, char ch) {
    if (ch != (c->state == DATA_CR ? '\r' : '\n')) return bad(c, "chunk longer than its size");
    c->state = c->state == DATA_CR ? DATA_LF : SIZE;
    return 0;
}

static int trailer_byte(sn__chunked *c, char ch) {
    if (++c->trailer > SN__CHUNK_TRAILER_MAX) return bad(c, "trailers too long");
    switch (c->state) {
    case LINE:
        if (ch == '\r') {
            c->state = LAST_LF;
            return 0;
        }
        c->state = NAME;
        return sn__is(ch, SN__C_TOKEN) ? 0 : bad(c, "malformed trailer name");
    case NAME:
        if (ch == ':')
            c->state = VALUE;
        else if (!sn__is(ch, SN__C_TOKEN))
            return bad(c, "malformed trailer name");
        return 0;
    case VALUE:
        if (ch == '\r')
            c->state = LINE_LF;
        else if (!sn__is(ch, SN__C_VALUE))
            return bad(c, "control character in a trailer");
        return 0;
    default:
        if (ch != '\n') return bad(c, "trailer ends in a bare CR");
        c->state = c->state == LINE_LF ? LINE : END;
        return 0;
    }
}

static int byte(sn__chunked *c, char ch) {
    switch (c->state) {
    case SIZE:
        return size_byte(c, ch);
    case EXT:
        return ext_byte(c, ch);
    case SIZE_LF:
        return size_end(c, ch);
    case DATA_CR:
    case DATA_LF:
        return data_end(c, ch);
    default:
        return trailer_byte(c, ch);
    }
}

int sn__chunked_next(sn__chunked *c, const char *in, size_t n, size_t *used, const char **data,
                     size_t *len) {
    size_t i = 0;
    *used = 0;
    for (;;) {
        if (c->state == END) return SN__CHUNK_END;
        if (i == n) return SN__CHUNK_MORE;
        if (c->state == DATA) {
            *data = in + i;
            *len = n - i < c->left ? n - i : (size_t)c->left;
            c->left -= *len;
            if (c->left == 0) c->state = DATA_CR;
            *used = i + *len;
            return SN__CHUNK_DATA;
        }
        if (byte(c, in[i])) return SN__CHUNK_BAD;
        *used = ++i;
    }
}
