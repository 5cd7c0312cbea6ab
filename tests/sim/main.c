/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* sennit-sim: the project's scenarios, all that scenarios.h lists. */
#include <sennit/scenario.h>

#define X(name, body, about) int body(void *arg);
#include "scenarios.h"
#undef X

static const sn_scenario all[] = {
#define X(name_, body_, about_) {.name = name_, .about = about_, .body = body_},
#include "scenarios.h"
#undef X
};

int main(int argc, char **argv) {
    return sn_scenario_main(argc, argv, all, sizeof all / sizeof *all);
}
