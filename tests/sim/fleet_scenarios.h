/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Lines of scenarios.h: the fleet server. */
X("fleet-week", fleet_week_scenario, "the fleet server, its devices and a roll-out for some days")
X("fleet-rollout", fleet_rollout_scenario, "the same until the roll-out is decided")
X("fleet-freeze", fleet_freeze_scenario, "the same while the server is killed again and again")
X("fleet-drive", fleet_drive_scenario, "the program's own load driver, over links that fail")
X("fleet-start", fleet_start_scenario, "a first start, and uploads, killed again and again")
