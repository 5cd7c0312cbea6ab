/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* C++ exceptions: a throw finds its catch within its coroutine; a catch block in progress is the
 * thread's. */
#include <exception>
#include <stdexcept>
#include <string>

#include "calling.h"

static int throws_deep(int depth) {
    if (depth == 0) throw std::runtime_error("from below");
    return throws_deep(depth - 1) + 1;
}

static int catches(void *arg) {
    (void)arg;
    for (int i = 0; i < 20; i++) {
        bool caught = false;
        park_and_move();
        try {
            CHECK_INT(throws_deep(5), -1);
        } catch (const std::exception &e) {
            caught = strcmp(e.what(), "from below") == 0;
        }
        CHECK(caught);
    }
    return 0;
}
CALLING_CASE(a_throw_is_caught_in_its_coroutine) { crowd(6, catches, nullptr); }

/* A try block that parks is no problem: only a catch block in progress is. */
CALLING_CASE(a_try_block_may_park) {
    bool caught = false;
    try {
        park_and_move();
        throw 7;
    } catch (int v) {
        caught = v == 7;
    }
    CHECK(caught);
}

/* UNSAFE: after a park in a catch block, "the current exception" is another thread's. */
CALLING_CASE(a_catch_block_over_a_park_forgets_its_exception) {
    static std::exception_ptr kept; /* or nobody would free it */
    try {
        throw std::runtime_error("left behind");
    } catch (...) {
        kept = std::current_exception();
        CHECK(kept != nullptr);
        park_and_move();
        CHECK(std::current_exception() == nullptr);
        for (int i = 0; i < 1000 && std::current_exception() != kept; i++) park_and_move();
    }
    kept = nullptr;
}

/* A catch block in progress, and a thread_local with a destructor. */
static int keeps_an_exception(void) {
    static thread_local std::string whose;
    std::string own = "coroutine " + std::to_string(sn_id());
    bool kept = false;
    whose = own;
    try {
        try {
            throw std::runtime_error(own);
        } catch (...) {
            park_for_long();
            throw; /* the one that is handled */
        }
    } catch (const std::exception &e) {
        kept = own == e.what();
    }
    return kept && whose == own;
}
CALLING_CASE(a_catch_block_of_a_pinned_coroutine_may_park) {
    CHECK_INT(lost_over_parks(keeps_an_exception, nullptr, SN_PIN), 0);
}

/* UNSAFE: unpinned, a variable of the thread is another's. (`throw;` would end the program.) */
__attribute__((noinline)) static std::string &variable_here(void) {
    static thread_local std::string whose;
    return whose;
}
static int keeps_a_variable(void) {
    std::string own = "coroutine " + std::to_string(sn_id());
    variable_here() = own;
    park_for_long();
    return variable_here() == own;
}
CALLING_CASE(a_thread_local_of_a_pinned_coroutine_is_its_own) {
    CHECK_INT(lost_over_parks(keeps_a_variable, nullptr, SN_PIN), 0);
    CHECK(lost_over_parks(keeps_a_variable, nullptr, 0) > 0);
}

int main(void) {
    CASE(a_throw_is_caught_in_its_coroutine);
    CASE(a_try_block_may_park);
    CASE(a_catch_block_over_a_park_forgets_its_exception);
    CASE(a_catch_block_of_a_pinned_coroutine_may_park);
    CASE(a_thread_local_of_a_pinned_coroutine_is_its_own);
    return check_done();
}
