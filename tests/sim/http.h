/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* What the HTTP scenarios have in common: a host with a server, a host with clients, and pages
 * whose content follows from their number. */
#ifndef TESTS_SIM_HTTP_H
#define TESTS_SIM_HTTP_H

#include "hold.h"

#include <sennit/http.h>
#include <sennit/sennit.h>

#define MS SN_MILLISECOND
#define SITE_ADDR "10.0.0.1:80"

typedef struct site {
    sn_host *server, *clients;
    sn_http_server *http;
    sn_scope serving;
    sn_wg listening;
    sn_http_conf conf;
    sn_http_fn answer;   /* gets this site as its argument */
    sn_time life;        /* it drains then */
    sn_time drain;       /* for so long at most */
    int faults;          /* the link between the two has them */
    int ending, drained; /* the drain has begun; what it said */
    void *more;
} site;

/* Makes the hosts, boots the server and waits until it listens. */
void http_site_open(site *s);
/* Waits until the server is down by itself. */
void http_site_close(site *s);

enum { PAGE_MAX = 6000 };
/* The length of page `id`, and the page. */
size_t http_page_len(unsigned id);
void http_page_fill(unsigned id, char *buf);
/* Holds that this is page `id`. */
void http_page_check(unsigned id, const char *buf, size_t n, const char *where);

int http_exchange(void *arg);
int http_drain(void *arg);

#endif
