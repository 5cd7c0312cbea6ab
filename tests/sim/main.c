/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* A program of the scenarios that SCENARIOS lists: sennit-sim, with all of scenarios.h; and, for
 * each planted bug, one with those of its area, linked in place of the file that it is planted in.
 */
#include <sennit/scenario.h>

#define X(name, body, about) int body(void *arg);
#include SCENARIOS
#undef X

static const sn_scenario all[] = {
#define X(name_, body_, about_) {.name = name_, .about = about_, .body = body_},
#include SCENARIOS
#undef X
};

int main(int argc, char **argv) {
    return sn_scenario_main(argc, argv, all, sizeof all / sizeof *all);
}
