/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* A contact of a device with the server, as SWUpdate has it: one connection, kept for as long as
 * there is something to say. Tell how the last job ended; poll; follow the links. */
#include "fleet_http.h"
#include "fleet_sim.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { DEFAULT_SLEEP_S = 300, BASE_MAX = 160 };

struct session {
    struct field *f;
    struct device *d;
    uint32_t i;
    char name[16], from[24];
    uint32_t sleep_s;
    sn_time next; /* 0: by sleep_s */
    struct http h;
};

/* ---- requests ---- */

static void ask(struct session *s, const char *method, const char *path) {
    http_put(&s->h,
             "%s %s HTTP/1.1\r\nHost: server:8080\r\nAccept: application/hal+json\r\n"
             "Authorization: GatewayToken " GATEWAY_TOKEN "\r\n",
             method, path);
}

static void ask_with_body(struct session *s, const char *method, const char *path,
                          const char *body) {
    ask(s, method, path);
    http_put(&s->h, "Content-Type: application/json\r\nContent-Length: %zu\r\n\r\n%s", strlen(body),
             body);
}

static int exchange(struct session *s) {
    int rc = http_send(&s->h);
    if (!rc) rc = http_head(&s->h);
    if (!rc) rc = http_body(&s->h);
    return rc;
}

/* The server must never tell a device that it is not welcome or made a mistake. */
static int unexpected(struct session *s, const char *what) {
    if (s->h.status >= 500 || s->h.status == 429 || s->h.status == 408) return SN_EAGAIN;
    sn_sim_fail("%s %s: answered with %d: %.300s", s->name, what, s->h.status, s->h.body);
}

static int get(struct session *s, const char *path) {
    ask(s, "GET", path);
    http_put(&s->h, "\r\n");
    return exchange(s);
}

static const char *after(const char *text, const char *mark) {
    const char *at = strstr(text, mark);
    return at ? at + strlen(mark) : NULL;
}

/* The path of a link's URL; 0 when there is no such link. */
static int link_of(const struct session *s, const char *rel, char out[BASE_MAX]) {
    char mark[48];
    snprintf(mark, sizeof mark, "\"%s\":{\"href\":\"http://", rel);
    const char *url = after(s->h.body, mark), *path = url ? strchr(url, '/') : NULL;
    if (!path) return 0;
    size_t n = strcspn(path, "\"");
    if (n >= BASE_MAX) sn_sim_fail("a link of %zu bytes", n);
    memcpy(out, path, n);
    out[n] = 0;
    return 1;
}

/* ---- reports ---- */

static int report(struct session *s, const char *kind, uint32_t action, const char *execution,
                  const char *finished, uint32_t at_s) {
    char path[BASE_MAX], body[240];
    snprintf(path, sizeof path, "/DEFAULT/controller/v1/%s/%s/%u/feedback", s->name, kind, action);
    snprintf(body, sizeof body,
             "{\"id\":\"%u\",\"timestamp\":%u,\"status\":{\"execution\":\"%s\","
             "\"result\":{\"finished\":\"%s\"},\"details\":[\"%s\"]}}",
             action, at_s, execution, finished, execution);
    ask_with_body(s, "POST", path, body);
    if (device_chance(s->d, s->f->habits.deaf)) { /* it is sent, but nobody hears the answer */
        int rc = http_send(&s->h);
        return rc ? rc : SN_ECONNRESET;
    }
    return exchange(s);
}

static void job_is_over(struct session *s, uint32_t action, uint8_t how) {
    struct device *d = s->d;
    d->ended = action;
    d->ended_as = how;
    d->action = 0;
    d->got = 0;
    d->outcome = OUTCOME_NONE;
    d->state = DEVICE_REST;
    d->flags &= (uint8_t) ~(DEVICE_TOLD | DEVICE_GAVE_UP);
    s->f->busy--;
}

static uint32_t now_s(void) { return (uint32_t)(sn_now() / SN_SECOND); }

/* The server says that the job is over. It may, if it can have heard that from the device, or has
 * waited long enough. */
static void given_up_now(struct session *s, const char *how) {
    const struct device *d = s->d;
    if ((now_s() - d->since_s) * SN_SECOND >= s->f->patience) return;
    sn_sim_fail("%s: %s for action %u, of which it has heard for %u s and said no end", s->name,
                how, d->action, now_s() - d->since_s);
}

static void given_up(struct session *s, const char *how) {
    if (!(s->d->flags & (DEVICE_TOLD | DEVICE_GAVE_UP))) given_up_now(s, how);
}

static void count_told(struct session *s) {
    struct ledger *l = &s->f->ledger;
    if (s->d->flags & DEVICE_TOLD) {
        l->repeated++;
        return;
    }
    s->d->flags |= DEVICE_TOLD;
    (s->d->outcome == OUTCOME_GOOD ? l->told_good : l->told_bad)[s->d->stage]++;
}

/* 410: an earlier try was taken, or the server ended the action itself. */
static int tell_end(struct session *s) {
    struct device *d = s->d;
    struct ledger *l = &s->f->ledger;
    int good = d->outcome == OUTCOME_GOOD, first = !(d->flags & (DEVICE_TOLD | DEVICE_GAVE_UP));
    count_told(s);
    int rc =
        report(s, "deploymentBase", d->action, "closed", good ? "success" : "failure", d->told_s);
    if (rc) return rc;
    if (s->h.status != 200 && s->h.status != 410) return unexpected(s, "tells the end of its job");
    if (s->h.status == 200) {
        (good ? l->good : l->bad)[d->stage]++;
        job_is_over(s, d->action, d->outcome | ENDED_SURE);
    } else {
        if (first) given_up_now(s, "410 to its end");
        l->gone++;
        job_is_over(s, d->action, d->outcome);
    }
    return 0;
}

static int progress(struct session *s, const char *execution) {
    int rc = report(s, "deploymentBase", s->d->action, execution, "none",
                    (uint32_t)(sn_utc_ms() / 1000));
    if (rc) return rc;
    if (s->h.status == 200) return 0;
    if (s->h.status != 410) return unexpected(s, "tells how it goes on");
    given_up(s, "410");
    job_is_over(s, s->d->action, OUTCOME_NONE); /* the server's deadline has passed */
    return SN_ECANCELED;
}

/* ---- download ---- */

static int take_image(struct session *s, uint64_t until) {
    struct device *d = s->d;
    const char *piece;
    size_t n;
    for (;;) {
        int rc = http_more(&s->h, &piece, &n);
        if (rc || !n) return rc;
        if (d->got + n > s->f->image_n || memcmp(piece, s->f->image + d->got, n))
            sn_sim_fail("%s: wrong bytes in its image at %u", s->name, d->got);
        d->got += (uint32_t)n;
        s->f->ledger.bytes += n;
        if (d->got >= until) return d->got >= s->f->image_n ? 0 : SN_ECONNRESET;
    }
}

static int download(struct session *s, const char *path) {
    struct device *d = s->d;
    uint64_t until = s->f->image_n;
    if (device_chance(d, s->f->habits.drop)) until = d->got + device_draw(d, until - d->got + 1);
    ask(s, "GET", path);
    if (d->got) http_put(&s->h, "Range: bytes=%u-\r\n", d->got);
    http_put(&s->h, "\r\n");
    int rc = http_send(&s->h);
    if (!rc) rc = http_head(&s->h);
    if (rc) return rc;
    if (s->h.status != (d->got ? 206 : 200)) {
        s->h.body[s->h.body_n] = 0;
        return unexpected(s, "downloads");
    }
    if (s->h.length != s->f->image_n - d->got) sn_sim_fail("%s: an image of another size", s->name);
    rc = take_image(s, until);
    if (!rc) s->f->ledger.downloads++;
    return rc;
}

/* ---- jobs ---- */

static void begin_job(struct session *s, uint32_t action) {
    struct device *d = s->d;
    if (action == d->ended && (d->ended_as & ENDED_SURE))
        sn_sim_fail("%s: offered action %u again, whose end was acknowledged", s->name, action);
    if (action == d->action) return;
    if (d->action) sn_sim_fail("%s: offered action %u beside %u", s->name, action, d->action);
    s->f->busy++;
    d->action = action;
    d->since_s = now_s();
    d->got = 0;
    if (d->flags & DEVICE_HAD) sn_sim_fail("%s: offered a second action, %u", s->name, action);
    d->flags |= DEVICE_HAD;
    s->f->ledger.offered[d->stage]++;
}

static int read_job(struct session *s, char image[BASE_MAX]) {
    const char *version = after(s->h.body, "\"version\":\"");
    if (!version || !link_of(s, "download-http", image))
        sn_sim_fail("%s: a job without version or image: %.400s", s->name, s->h.body);
    s->d->target = (uint8_t)atoi(version);
    return 0;
}

static uint32_t id_in(const struct session *s, const char *path, const char *kind) {
    const char *at = after(path, kind);
    unsigned long id = at ? strtoul(at, NULL, 10) : 0;
    if (!id || id > UINT32_MAX) sn_sim_fail("%s: no action in %s", s->name, path);
    return (uint32_t)id;
}

static int follow_job(struct session *s, const char *path) {
    char image[BASE_MAX];
    uint32_t action = id_in(s, path, "/deploymentBase/");
    int rc = get(s, path);
    if (rc) return rc;
    if (s->h.status == 404) return 0; /* cancelled since the poll */
    if (s->h.status != 200) return unexpected(s, "asks for its job");
    read_job(s, image);
    begin_job(s, action);
    if (!s->d->got) rc = progress(s, "download");
    if (!rc && s->d->got < s->f->image_n) rc = download(s, image);
    if (!rc) rc = progress(s, "proceeding");
    if (rc == SN_ECANCELED) return 0;
    if (!rc) s->next = device_install(s->f, s->d);
    return rc;
}

/* A repeated answer finds the cancel settled: 404. */
static int follow_cancel(struct session *s, const char *path) {
    struct device *d = s->d;
    struct ledger *l = &s->f->ledger;
    uint32_t action = id_in(s, path, "/cancelAction/");
    int rc = get(s, path);
    if (rc) return rc;
    if (s->h.status == 404) return 0;
    if (s->h.status != 200) return unexpected(s, "asks what to cancel");
    uint32_t at_s = (uint32_t)(sn_utc_ms() / 1000);
    if (action == d->action && device_chance(d, s->f->habits.refuse)) {
        rc = report(s, "cancelAction", action, "rejected", "none", at_s);
        return rc ? rc : s->h.status == 200 || s->h.status == 404 ? 0 : unexpected(s, "refuses");
    }
    l->told_cancel[d->stage]++;
    d->flags |= DEVICE_GAVE_UP;
    rc = report(s, "cancelAction", action, "closed", "success", at_s);
    if (rc) return rc;
    if (s->h.status != 200 && s->h.status != 404) return unexpected(s, "cancels");
    if (s->h.status == 200) l->canceled[d->stage]++;
    if (d->action == action) {
        job_is_over(s, action,
                    s->h.status == 200 ? OUTCOME_CANCELED | ENDED_SURE : OUTCOME_CANCELED);
    } else if (s->h.status == 200) { /* it had heard nothing of the job before */
        d->flags |= DEVICE_HAD;
        d->flags &= (uint8_t)~DEVICE_GAVE_UP;
        d->ended = action;
        d->ended_as = OUTCOME_CANCELED | ENDED_SURE;
    }
    return 0;
}

static int send_attributes(struct session *s, const char *path) {
    char body[120];
    snprintf(body, sizeof body, "{\"mode\":\"merge\",\"data\":{\"hw\":\"A%u\",\"runs\":\"%u.0\"}}",
             s->i % 4, s->d->runs);
    ask_with_body(s, "PUT", path, body);
    int rc = exchange(s);
    return rc || s->h.status == 200 ? rc : unexpected(s, "sends its attributes");
}

/* ---- the poll ---- */

static uint32_t read_sleep(const struct session *s) {
    const char *text = after(s->h.body, "\"sleep\":\"");
    if (!text || strlen(text) < 8 || text[2] != ':' || text[5] != ':')
        sn_sim_fail("%s: a poll's answer without a sleep: %.200s", s->name, s->h.body);
    return (uint32_t)(atoi(text) * 3600 + atoi(text + 3) * 60 + atoi(text + 6));
}

static int poll(struct session *s) {
    char path[BASE_MAX], config[BASE_MAX], cancel[BASE_MAX], job[BASE_MAX];
    snprintf(path, sizeof path, "/DEFAULT/controller/v1/%s", s->name);
    int rc = get(s, path);
    if (rc) return rc;
    if (s->h.status != 200) return unexpected(s, "polls");
    s->f->ledger.polls++;
    if (!(s->d->flags & DEVICE_KNOWN)) s->f->online++;
    s->d->flags |= DEVICE_KNOWN;
    s->sleep_s = read_sleep(s);
    int has_config = link_of(s, "configData", config);
    int has_cancel = link_of(s, "cancelAction", cancel);
    int has_job = link_of(s, "deploymentBase", job);
    if (s->d->action && !has_cancel && !has_job) {
        given_up(s, "no offer any more");
        job_is_over(s, s->d->action, OUTCOME_NONE);
    }
    if (has_config) rc = send_attributes(s, config);
    if (!rc && has_cancel) rc = follow_cancel(s, cancel);
    if (!rc && has_job) rc = follow_job(s, job);
    return rc;
}

static int talk(struct session *s) {
    int rc = s->d->state == DEVICE_TELL ? tell_end(s) : 0;
    if (!rc && !s->h.closing) rc = poll(s);
    return rc;
}

sn_time session_run(struct field *f, uint32_t i) {
    struct session s;
    s.f = f;
    s.d = &f->devices[i];
    s.i = i;
    s.sleep_s = DEFAULT_SLEEP_S;
    s.next = 0;
    device_name(i, s.name);
    uint32_t host = i + 1; /* 10.64.0.0/10; the first one is the crowd's own */
    snprintf(s.from, sizeof s.from, "10.%u.%u.%u:0", 64 + (host >> 16), host >> 8 & 255,
             host & 255);
    f->ledger.sessions++;
    int rc = http_open(&s.h, s.from, "server:8080");
    if (!rc) {
        rc = talk(&s);
        http_close(&s.h);
    }
    if (rc) {
        f->ledger.broken++;
        return s.next ? s.next : device_back_off(s.d);
    }
    s.d->tries = 0;
    return s.next ? s.next : device_wake(f, s.d, s.sleep_s);
}
