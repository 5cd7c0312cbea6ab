/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Functions for the stack report. Those that begin with yes_ have a bound, no_ have none. */
#include <alloca.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define OUT __attribute__((noinline, noclone))
int samples_sink;
int (*samples_pointer)(int);

OUT int yes_leaf(int n) { return n * 3 + samples_sink; }

OUT int yes_frame_400(int n) {
    volatile char room[400];
    room[n & 255] = (char)n;
    return room[0];
}

OUT int yes_chain_400(int n) { return yes_frame_400(n) + yes_leaf(n); }

OUT int yes_copies_100(const char *from) {
    char room[100];
    size_t n = strlen(from) % 90;
    memcpy(room, from, n);
    samples_sink += room[n / 2];
    return (int)n;
}

OUT int yes_frame_40000(int n) {
    volatile char room[40000];
    room[n & 4095] = (char)n;
    return room[17];
}

OUT int yes_switch_400(int n) {
    switch (n) {
    case 1:
        return yes_leaf(n);
    case 2:
        return yes_leaf(n + 7) + 2;
    case 3:
        return yes_frame_400(n) + 1;
    case 4:
        return samples_sink++;
    case 5:
        return yes_leaf(samples_sink);
    case 6:
        return 1 + yes_leaf(n - 1);
    default:
        return 0;
    }
}

OUT int yes_loop(int n) {
    int sum = 0;
    for (int i = 0; i < n; i++) sum += yes_leaf(i);
    return sum;
}

OUT int yes_ends(int n) {
    if (n > 1000) abort();
    return n;
}

OUT int no_recursion(int n) {
    if (!n) return 1;
    int deeper = no_recursion(n - 1);
    samples_sink += deeper * n;
    return samples_sink - deeper;
}

OUT int no_odd(int n);
OUT int no_even(int n) { return n ? no_odd(n - 1) + samples_sink : 1; }
OUT int no_odd(int n) { return n ? no_even(n - 1) * samples_sink : 0; }

OUT int no_pointer(int n) { return samples_pointer(n) + 1; }
OUT int no_pointer_at_the_end(int n) { return samples_pointer(n); }

OUT int no_alloca(int n) {
    volatile char *room = alloca((size_t)n);
    room[0] = (char)n;
    return room[n / 2];
}

OUT int no_variable_array(int n) {
    volatile char room[n];
    room[0] = (char)n;
    return room[n / 2];
}

OUT int no_library(int n) { return printf("%d\n", n); }
OUT int no_far_below(int n) { return yes_leaf(n) + no_library(n); }
OUT int no_sort(int *n) {
    qsort(n, 1, sizeof *n, (int (*)(const void *, const void *))(void *)yes_leaf);
    return *n;
}

int main(int argc, char **argv) {
    int n = argc;
    samples_pointer = argc > 1 ? yes_leaf : yes_frame_400;
    n += yes_chain_400(n) + yes_copies_100(argv[0]) + yes_frame_40000(n) + yes_switch_400(n);
    n += yes_loop(n) + yes_ends(argc) + no_recursion(argc) + no_even(argc) + no_pointer(n);
    n += no_pointer_at_the_end(n) + no_alloca(100) + no_variable_array(100) + no_far_below(n);
    return no_sort(&n) == 12345;
}
