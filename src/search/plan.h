/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * The contract between the search (which reads scenario files and makes failing seeds smaller) and
 * the fault plan of a simulated run. The plan itself is sennit/plan.h.
 *
 * The search reads a scenario's file, hands each line for which sn_plan_is_line holds to
 * sn_plan_line, and before it starts a run says sn__faults_use. When the scenario calls
 * sn_faults_start, the plan is expanded with the run's seed for the hosts that there are. The list
 * does not depend on what is left out: `without` switches faults off by their numbers in it, so
 * that numbers stay the same while a search tries with fewer and fewer.
 *
 * The list is known only once a run has got there: sn__faults_list tells it afterwards, to the
 * same process.
 */
#ifndef SN_SEARCH_PLAN_H
#define SN_SEARCH_PLAN_H

#include <sennit/plan.h>

/** The plan for the runs that come, until told otherwise. NULL: none. The plan and the `n` sorted
 *  numbers are the caller's and must live as long. `file` is for messages. */
void sn__faults_use(const sn_plan *plan, const char *file, uint64_t seed, const uint32_t *without,
                    size_t n);
/** The list that the last sn_faults_start of this process made, those left out included; it lives
 *  until the next sn_faults_start or sn__faults_use. NULL and 0: there was none. */
const sn_fault *sn__faults_list(size_t *n);

#endif
