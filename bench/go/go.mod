// SPDX-License-Identifier: MIT OR Apache-2.0
module sennit-bench-peers

go 1.19
