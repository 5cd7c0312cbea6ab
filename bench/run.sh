#!/bin/sh
# SPDX-License-Identifier: MIT OR Apache-2.0
# What `make bench` calls.
exec python3 "$(dirname "$0")/run.py" "$@"
