# SPDX-License-Identifier: MIT OR Apache-2.0
# Scenarios of the HTTP server and client.
set(http_scenarios http_drain.c http_exchange.c http_site.c)
sennit_sim_sources(${http_scenarios})
sennit_sim_link(sennit-http-sim)
sim_scenario_tests(http_scenarios.h 300)
