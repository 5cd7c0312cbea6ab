# SPDX-License-Identifier: MIT OR Apache-2.0
# Hosts that are paused, and fault plans in the simulated world.
sennit_test(sim_host_pause SOURCES host_pause_test.c LINK sennit-sim LABELS sim notsan)
sennit_test(sim_faults SOURCES faults_test.c LINK sennit-sim LABELS sim notsan INTERNAL
            INCLUDE ${PROJECT_SOURCE_DIR}/src/sched/sim)
# The campaign of every kind of fault, on a small replicated server.
sennit_sim_sources(replica.c replica_node.c)
