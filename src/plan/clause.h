/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#ifndef SN_PLAN_CLAUSE_H
#define SN_PLAN_CLAUSE_H

#include "plan/kind.h"

/** Reads the value that follows a clause's word into the rule's field. */
int plan_clause_value(plan_cursor *c, const plan_clause *k, plan_rule *rule);

#endif
