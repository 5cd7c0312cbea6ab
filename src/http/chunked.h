/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* The chunked transfer coding, decoded in place: it hands out slices of its input.
 *
 * State machine: SIZE → (EXT) → SIZE_LF → DATA → DATA_CR → DATA_LF → SIZE …; after the chunk of
 * size 0: TRAILER lines until an empty one → END. */
#ifndef HTTP_CHUNKED_H
#define HTTP_CHUNKED_H

#include <stddef.h>
#include <stdint.h>

#define SN__CHUNK_EXT_MAX 4096u     /* extension bytes of one whole body */
#define SN__CHUNK_TRAILER_MAX 4096u /* trailer bytes */

enum { SN__CHUNK_MORE, SN__CHUNK_DATA, SN__CHUNK_END, SN__CHUNK_BAD };

typedef struct sn__chunked {
    uint64_t left; /* of the chunk */
    uint32_t extra, trailer;
    uint8_t state, digits;
    const char *error;
} sn__chunked;

void sn__chunked_init(sn__chunked *c);
/* Takes from the n bytes at `in`; *used is how many are done with, in every case. DATA: a piece
 * of body of *len bytes is at *data, inside `in` and among the used; call again with the rest.
 * MORE: all was used. END: the body and its trailers are over. BAD: c->error says why. */
int sn__chunked_next(sn__chunked *c, const char *in, size_t n, size_t *used, const char **data,
                     size_t *len);

#endif
