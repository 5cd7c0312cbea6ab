/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* A device's life: poll, follow the links, sleep as long as the server says. */
#include "drive_impl.h"

#include "json_in.h"
#include <stdio.h>
#include <string.h>

#define DEFAULT_SLEEP 30

/* Links of one poll, copied: the answer's memory ends with the next call. */
struct links {
    char deployment[DRIVE_TARGET_MAX], cancel[DRIVE_TARGET_MAX], config[DRIVE_TARGET_MAX];
    unsigned sleep_s;
};

static void copy_link(const cJSON *links, const char *rel, char out[DRIVE_TARGET_MAX]) {
    const char *href = json_in_str(json_in_get(links, rel), "href");
    snprintf(out, DRIVE_TARGET_MAX, "%s", href ? drive_target(href) : "");
}

static void read_poll(const char *text, size_t n, struct links *out) {
    const char *why;
    cJSON *poll = json_in_object(text, n, &why);
    const cJSON *links = json_in_get(poll, "_links");
    const char *sleep = json_in_str(json_in_get(json_in_get(poll, "config"), "polling"), "sleep");
    unsigned h = 0, m = 0, s = 0;
    copy_link(links, "deploymentBase", out->deployment);
    copy_link(links, "cancelAction", out->cancel);
    copy_link(links, "configData", out->config);
    int fields = sleep ? sscanf(sleep, "%2u:%2u:%2u", &h, &m, &s) : 0;
    out->sleep_s = fields == 3 ? h * 3600 + m * 60 + s : DEFAULT_SLEEP;
    cJSON_Delete(poll);
}

/* One poll; not retried here, so that its time is the server's alone. 0, or an error. */
static int poll_once(struct drive_device *d, struct links *out) {
    char target[DRIVE_TARGET_MAX], *text;
    size_t n;
    sn_http_response *r;
    snprintf(target, sizeof target, "/%s/controller/v1/%s", d->common->conf->tenant, d->id);
    struct drive_call call = {"GET", target, NULL, NULL};
    sn_time start = sn_now();
    int rc = drive_exchange(d, &call, &r);
    if (!rc) rc = sn_http_response_all(r, DRIVE_BODY_MAX, &text, &n);
    if (rc) return rc;
    if (sn_http_response_status(r) != 200) {
        d->common->stats->refused++;
        return SN_EPROTO;
    }
    drive_histogram_add(&d->common->stats->poll_time, sn_now() - start);
    d->common->stats->polls++;
    d->tries = 0;
    if (!d->online) d->common->stats->online++;
    d->online = 1;
    read_poll(text, n, out);
    return 0;
}

static int send_config(struct drive_device *d, const char *link) {
    char body[256], *text;
    size_t n;
    snprintf(body, sizeof body,
             "{\"mode\":\"merge\",\"data\":{\"VIN\":\"L%016llu\",\"hwRevision\":\"1.0\"}}",
             (unsigned long long)d->number);
    struct drive_call call = {"PUT", link, body, NULL};
    int rc = drive_request(d, &call, &text, &n);
    return rc < 0 ? rc : 0;
}

/* Says once what it runs; a server that knows no such software answers 404, which is fine. */
static int report_installed(struct drive_device *d) {
    const struct drive_conf *conf = d->common->conf;
    char target[DRIVE_TARGET_MAX], body[256], *text;
    size_t n;
    if (d->reported || !conf->installed_name[0]) return 0;
    snprintf(target, sizeof target, "/%s/controller/v1/%s/installedBase", conf->tenant, d->id);
    snprintf(body, sizeof body, "{\"name\":\"%s\",\"version\":\"%s\"}", conf->installed_name,
             conf->installed_version);
    struct drive_call call = {"PUT", target, body, NULL};
    int rc = drive_request(d, &call, &text, &n);
    d->reported = rc > 0;
    return rc < 0 ? rc : 0;
}

static int follow(struct drive_device *d, const struct links *links) {
    int rc = report_installed(d);
    if (!rc && links->config[0]) rc = send_config(d, links->config);
    if (!rc && links->cancel[0]) return drive_cancel(d, links->cancel);
    if (!rc && links->deployment[0]) rc = drive_deploy(d, links->deployment);
    return rc;
}

/* The wait that was asked for, 10 % more or less, so that a fleet does not fall into step. */
static int wait_for_next(struct drive_device *d, unsigned sleep_s) {
    int64_t limit = d->common->conf->poll_max_s;
    sn_time wait = (limit && limit < sleep_s ? limit : sleep_s) * SN_SECOND;
    if (d->client) sn_http_client_idle(d->client);
    return sn_sleep(wait * 9 / 10 + (sn_time)(drive_random(d) % (uint64_t)(wait / 5 + 1)));
}

static int live(struct drive_device *d) {
    const struct drive_conf *conf = d->common->conf;
    struct links links;
    int rc = sn_sleep(conf->ramp_s * SN_SECOND * (sn_time)d->number / conf->devices);
    while (!rc) {
        if (poll_once(d, &links))
            rc = drive_back_off(d);
        else
            rc = follow(d, &links);
        if (!rc && d->client) rc = wait_for_next(d, links.sleep_s);
    }
    return rc;
}

int drive_device_run(void *arg) {
    struct drive_device *d = arg;
    int rc = live(d);
    sn_http_client_free(d->client);
    d->client = NULL;
    if (rc == SN_ECANCELED || rc == SN_ETIMEDOUT) return 0;
    return rc;
}
