/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Random programs over thousands of seeds, and the promise that a seed is the whole run: the
 * same seed gives the same events. */
#include "program.h"
#include "world.h"

static const program_size sizes[] = {
    {1, 1, 2, 6, 0}, {1, 2, 2, 8, 1}, {2, 2, 3, 12, 1}, {3, 3, 4, 20, 2}, {4, 2, 8, 30, 0},
};
enum { SIZES = sizeof sizes / sizeof *sizes };
static program_tally tally;

static int one_program(void *arg) {
    (void)arg;
    CHECK_INT(program_run(world_round(), &sizes[world_round() % SIZES], &tally), 0);
    return 0;
}

/* Programs that never reach the collisions would prove nothing. */
static void reached(void) {
    printf("%ld handed, %ld kept, %ld received, %ld dropped, %ld cancelled, %ld selected\n",
           tally.handed, tally.kept, tally.received, tally.dropped, tally.canceled, tally.selected);
    CHECK_INT(tally.handed, tally.received + tally.dropped);
    CHECK(world_few() || (tally.handed > 1000 && tally.kept > 1000));
    CHECK(world_few() || (tally.received > 1000 && tally.dropped > 100));
    CHECK(world_few() || (tally.canceled > 1000 && tally.selected > 1000));
}

static uint64_t hash_of(uint64_t seed) {
    CHECK_INT(world_run(seed, one_program, NULL), 0);
    return world_hash();
}

static int by_value(const void *a, const void *b) {
    uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
    return (x > y) - (x < y);
}

static void replays(void) {
    enum { SEEDS = 200 };
    uint64_t hash[SEEDS];
    int distinct = 1;
    for (int i = 0; i < SEEDS; i++) hash[i] = hash_of((uint64_t)i + 1);
    for (int i = SEEDS - 1; i >= 0; i--) {
        uint64_t again = hash_of((uint64_t)i + 1);
        if (again != hash[i]) fprintf(stderr, "seed %d: another run of events\n", i + 1);
        CHECK(again == hash[i]);
    }
    qsort(hash, SEEDS, sizeof *hash, by_value);
    for (int i = 1; i < SEEDS; i++) distinct += hash[i] != hash[i - 1];
    CHECK(distinct > SEEDS * 9 / 10);
}

int main(void) {
    world_case("each value is received once, dropped once, or still its sender's", one_program,
               5000);
    CASE(reached);
    CASE(replays);
    return check_done();
}
