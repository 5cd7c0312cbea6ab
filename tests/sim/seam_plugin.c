/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* A shared library that the test loads at run time. */
#include <time.h>

__attribute__((visibility("default"))) long plugin_time(void);
long plugin_time(void) { return 1 + (long)time(NULL); }
