/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* One HTTP exchange of a device, and trying again until there is an answer. */
#include "drive_impl.h"

#include <string.h>

#define EXCHANGE_TIME (60 * SN_SECOND)
#define BACK_OFF_FIRST (100 * SN_MILLISECOND)
#define BACK_OFF_DOUBLINGS 6

uint64_t drive_random(struct drive_device *d) {
    uint64_t z = d->rng += 0x9e3779b97f4a7c15ull;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ull;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebull;
    return z ^ (z >> 31);
}

static void hang_up(struct drive_device *d) {
    sn_http_client_free(d->client);
    d->client = NULL;
}

static int connect_to(struct drive_device *d) {
    if (d->client) return 0;
    return sn_http_client_dial(&d->client, "tcp", d->common->address, NULL);
}

int drive_exchange(struct drive_device *d, const struct drive_call *call, sn_http_response **r) {
    sn_http_pair headers[4] = {{"Authorization", d->authorization}, {"Accept", "application/json"}};
    size_t n = 2;
    if (call->body) headers[n++] = (sn_http_pair){"Content-Type", "application/json"};
    if (call->range) headers[n++] = (sn_http_pair){"Range", call->range};
    sn_http_call c = {.size = sizeof c,
                      .method = call->method,
                      .target = call->target,
                      .headers = headers,
                      .header_count = n,
                      .body = call->body,
                      .body_len = call->body ? strlen(call->body) : 0,
                      .until = sn_now() + EXCHANGE_TIME};
    int rc = connect_to(d);
    if (!rc) rc = sn_http_do(d->client, &c, r);
    if (rc) hang_up(d);
    return rc;
}

/* Half to one and a half of a delay that doubles with each failure. */
int drive_back_off(struct drive_device *d) {
    hang_up(d);
    if (d->online) d->common->stats->online--;
    d->online = 0;
    sn_time wait = BACK_OFF_FIRST << d->tries;
    if (d->tries < BACK_OFF_DOUBLINGS) d->tries++;
    d->common->stats->retries++;
    return sn_sleep(wait / 2 + (sn_time)(drive_random(d) % (uint64_t)wait));
}

int drive_request(struct drive_device *d, const struct drive_call *call, char **text, size_t *n) {
    for (;;) {
        sn_http_response *r;
        int rc = drive_exchange(d, call, &r);
        if (!rc) rc = sn_http_response_all(r, DRIVE_BODY_MAX, text, n);
        int status = rc ? 0 : sn_http_response_status(r);
        if (!rc && status < 500) {
            d->tries = 0;
            if (status >= 400) d->common->stats->refused++;
            return status;
        }
        rc = drive_back_off(d);
        if (rc) return rc;
    }
}

const char *drive_target(const char *url) {
    const char *host = strstr(url, "://");
    const char *path = host ? strchr(host + 3, '/') : url;
    return path ? path : "/";
}
