/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* The HTTP server that says hello, for sennit-bench and for the static sennit-hello. */
#ifndef BENCH_HELLO_H
#define BENCH_HELLO_H

/** Serves on `addr` until the scope ends. From a coroutine; parks. Returns an error. */
int hello_serve(const char *addr);

#endif
