/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Any bytes as a response's head, whole and byte by byte. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "http/head.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

static const sn__head_limits limits = {512, 2048, 16};

static void must(int ok) {
    if (!ok) abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n) {
    sn__field fa[16], fb[16];
    sn__head a, b;
    char *s = malloc(n + 1);
    if (!s) return 0;
    memcpy(s, data, n);
    sn__head_init(&a, 1, &limits, fa);
    sn__head_init(&b, 1, &limits, fb);
    int ra = sn__head_parse(&a, s, n), rb = SN__HEAD_MORE;
    for (size_t k = 0; k <= n && rb == SN__HEAD_MORE; k++) rb = sn__head_parse(&b, s, k);
    must(ra == rb);
    if (ra == SN__HEAD_DONE) {
        must(a.status == b.status && a.pos == b.pos && a.status >= 100 && a.status <= 599);
        must(!(a.chunked && a.length >= 0));
        sn__head_terminate(&a, s);
        for (uint32_t i = 0; i < a.nfields; i++) {
            must(strlen(s + fa[i].name.at) == fa[i].name.len);
            must(sn__head_find(&a, s, s + fa[i].name.at, 0) != NULL);
        }
    }
    free(s);
    return 0;
}
