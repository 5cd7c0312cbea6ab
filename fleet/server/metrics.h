/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Figures of the server for Prometheus and the console. Totals only: no names of tenants,
 * devices or operators, since anybody on the operators' listener may read them. */
#ifndef FLEET_METRICS_H
#define FLEET_METRICS_H

#include "fleet.h"

/** Notes the polls of the last second, each second, until the scope ends: a coroutine whose
 *  argument is the fleet. */
int metrics_run(void *arg);
/** Polls a second, averaged over about five. From anywhere. */
double metrics_polls_per_s(void);

#endif
