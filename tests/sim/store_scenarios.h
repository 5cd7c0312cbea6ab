/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* X(name, function, about): scenarios of the fleet server's inner parts; see scenarios.h. */
X("store-commit", store_commit, "shared transactions, a bad disk, kills and power cuts")
X("store-rollout", store_rollout, "a roll-out, its devices and an operator, without HTTP")
