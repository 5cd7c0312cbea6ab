/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* sennit-sim with the scenarios of one area only: BUG_SCENARIOS. Each planted bug is linked with
 * it, in place of the file that it is planted in. */
#include <sennit/scenario.h>

#define X(name, body, about) int body(void *arg);
#include BUG_SCENARIOS
#undef X

static const sn_scenario all[] = {
#define X(name_, body_, about_) {.name = name_, .about = about_, .body = body_},
#include BUG_SCENARIOS
#undef X
};

int main(int argc, char **argv) {
    return sn_scenario_main(argc, argv, all, sizeof all / sizeof *all);
}
