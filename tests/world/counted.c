/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* In builds that count what runs: a program that is stopped writes down its counts first. */

void __gcov_dump(void);
_Noreturn void __real_abort(void);
_Noreturn void __wrap_abort(void);

_Noreturn void __wrap_abort(void) {
    __gcov_dump();
    __real_abort();
}
