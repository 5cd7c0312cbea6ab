/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Reads a scenario file from this machine's disk: outside of any run. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "search/spec.h"

static bool refused(trouble *t, const char *what) {
    *t = (trouble){.line = 0};
    snprintf(t->what, sizeof t->what, "%s", what);
    return false;
}

/* Up to SPEC_BYTES + 1, so that one byte too many shows. */
static ssize_t read_all(int fd, char *buf) {
    size_t have = 0;
    while (have <= SPEC_BYTES) {
        ssize_t n = read(fd, buf + have, SPEC_BYTES + 1 - have);
        if (n < 0 && errno == EINTR) continue;
        if (n < 0) return -1;
        if (n == 0) break;
        have += (size_t)n;
    }
    return (ssize_t)have;
}

bool sn__spec_read(spec *s, const char *path, trouble *t) {
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0) return refused(t, strerror(errno));
    char *buf = malloc(SPEC_BYTES + 1);
    ssize_t n = buf ? read_all(fd, buf) : -1;
    bool ok = n >= 0 ? sn__spec_parse(s, buf, (size_t)n, t)
                     : refused(t, buf ? strerror(errno) : "out of memory");
    s->file = path;
    free(buf);
    close(fd);
    return ok;
}
