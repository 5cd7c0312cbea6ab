/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* X(name, function, about): the scenarios of the library's core; see scenarios.h. */
X("core-values", core_values, "a random program over channels, selects and scopes")
X("core-handoff", core_handoff, "a value, cancels and deadlines meet at one channel")
X("core-select", core_select, "balls passed by selects over several channels")
X("core-close", core_close, "many wait for one close")
X("core-mutex", core_mutex, "a mutex, deadlines and cancels")
X("core-sem", core_sem, "a semaphore, deadlines and cancels")
X("core-cond", core_cond, "a queue of a mutex and two conditions")
X("core-scopes", core_scopes, "scopes ended by deadlines, errors, cancels and by themselves")
X("core-cancel", core_cancel, "coroutines dive into scopes while all of it is cancelled")
X("core-errors", core_errors, "a scope is left with what its members failed with")
