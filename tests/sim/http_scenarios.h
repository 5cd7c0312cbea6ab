/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* X(name, function, about): scenarios of the HTTP server and client; see scenarios.h. */
X("http-exchange", http_exchange, "impatient clients, answers in pieces, and a drain")
X("http-drain", http_drain, "a drain begins while many answers leave")
