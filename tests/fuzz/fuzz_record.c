/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Any bytes as an exported record: the verdict comes with a text, and is the same twice. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "record.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

static void must(int ok) {
    if (!ok) abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n) {
    char path[64];
    int fd = memfd_create("record", 0);
    must(fd >= 0);
    must(write(fd, data, n) == (ssize_t)n);
    snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
    uint64_t first, again;
    fleet_err a = {{0}}, b = {{0}};
    int rc = record_verify_file(path, NULL, &first, &a);
    must(record_verify_file(path, NULL, &again, &b) == rc);
    must(first == again && strcmp(a.text, b.text) == 0);
    must((rc == 0) == (a.text[0] == 0));
    close(fd);
    return 0;
}
