/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* PROGRAM SEED N: operations on the machine's own files, in the current folder. */
#include "disk_ops.h"

#include <stdlib.h>

int main(int argc, char **argv) {
    if (argc != 3) return 2;
    disk_ops(strtoull(argv[1], NULL, 0), atoi(argv[2]), stdout);
    return 0;
}
