# SPDX-License-Identifier: MIT OR Apache-2.0
# The scenarios that the search itself is tested with, and those tests.
sennit_sim_sources(relay.c counter.c mishap.c)
