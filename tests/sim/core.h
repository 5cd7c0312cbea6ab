/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Scenarios of the library's core. None uses a host. */
#ifndef TESTS_SIM_CORE_H
#define TESTS_SIM_CORE_H

#include <sennit/sim.h>

int core_values(void *arg);
int core_handoff(void *arg);
int core_select(void *arg);
int core_close(void *arg);
int core_mutex(void *arg);
int core_sem(void *arg);
int core_cond(void *arg);
int core_scopes(void *arg);
int core_rwmutex(void *arg);
int core_weights(void *arg);
int core_batch(void *arg);
int core_flight(void *arg);
int core_group(void *arg);
int core_pool(void *arg);
int core_errors(void *arg);
int core_cancel(void *arg);

#endif
