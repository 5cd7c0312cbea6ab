/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* No faults are made yet. */
#include <sennit/scenario.h>

#include "search/plan.h"

void sn__faults_use(const sn_plan *plan, const char *file, uint64_t seed, const uint32_t *without,
                    size_t n) {
    (void)plan, (void)file, (void)seed, (void)without, (void)n;
}
const sn_fault *sn__faults_list(size_t *n) {
    *n = 0;
    return NULL;
}
int sn_faults_start(void) { return 0; }
