/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* C++ exceptions: a throw finds its catch within its coroutine; a catch block in progress is the
 * thread's. */
#include <exception>
#include <stdexcept>

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

int main(void) {
    CASE(a_throw_is_caught_in_its_coroutine);
    CASE(a_try_block_may_park);
    CASE(a_catch_block_over_a_park_forgets_its_exception);
    return check_done();
}
