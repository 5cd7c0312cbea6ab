/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* The whole server: data folder, fleet, routes, listeners. One at a time in a process (the rate
 * of polls is the process's). Needs a coroutine with an SN_FOREIGN stack for open and close. */
#ifndef FLEET_SERVER_H
#define FLEET_SERVER_H

#include "app.h"

struct server;

/** Opens the data folder and binds the listeners: after it clients may connect, and wait. Takes
 *  over sockets that a service manager passed (LISTEN_FDS). `conf` must outlive the server.
 *  Blocks. Results of the fleet, and sn_listen's; err tells. */
int server_open(struct server **s, const struct serve_conf *conf, fleet_err *err);
/** As server_open; a first start shows its admin's token to `tell` (see fleet_config). */
int server_open_telling(struct server **s, const struct serve_conf *conf,
                        int (*tell)(void *arg, const char *token, fleet_err *err), void *arg,
                        fleet_err *err);
/** Serves until server_stop, then drains and stops the fleet. Parks. 0, or why it broke off. */
SN_PARKS int server_run(struct server *s);
/** Begins the drain; server_run returns when it is over. From any coroutine; never parks. */
void server_stop(struct server *s);
/** Closes and frees; NULL is fine. Not while server_run runs. Blocks. */
void server_close(struct server *s);

fleet *server_fleet(struct server *s);
/** "127.0.0.1:8080" of the listener (APP_DEVICES, APP_OPERATORS; the same text with one for
 *  both). Valid while the server is. */
const char *server_addr(const struct server *s, int which);
/** Waits until the fleet has started and requests are answered. 0, or a cancel. */
SN_PARKS int server_wait_ready(struct server *s);

#endif
