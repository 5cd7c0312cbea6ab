/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* X(name, function, about): scenarios of the library as a whole; see scenarios.h. */
X("http-faults", http_faults, "an HTTP server through bad links, kills and power cuts")
