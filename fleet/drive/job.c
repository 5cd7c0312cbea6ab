/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* A job: deploymentBase → download and check → proceeding → closed. Each feedback is repeated
 * until the server has answered it; 404 and 410 then mean that an earlier one was taken. */
#include "drive_impl.h"

#include "json_in.h"
#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PIECE 8192

/* What the deploymentBase says, copied. One artifact: as small clients take it. */
struct job {
    char action[32], version[128], target[DRIVE_TARGET_MAX], sha256[65];
    uint64_t size;
};

double drive_draw(int64_t seed, const char *device, const char *version) {
    char text[400];
    unsigned char md[EVP_MAX_MD_SIZE];
    unsigned len;
    uint64_t v;
    int n = snprintf(text, sizeof text, "%lld/%s/%s", (long long)seed, device, version);
    size_t used = (size_t)n < sizeof text ? (size_t)n : sizeof text - 1;
    if (!EVP_Digest(text, used, md, &len, EVP_sha256(), NULL)) return 1;
    memcpy(&v, md, sizeof v);
    return (double)(v >> 11) / 9007199254740992.0;
}

static int read_artifact(struct job *j, const cJSON *artifact) {
    const cJSON *links = json_in_get(artifact, "_links");
    const char *href = json_in_str(json_in_get(links, "download-http"), "href");
    if (!href) href = json_in_str(json_in_get(links, "download"), "href");
    const char *sha = json_in_str(json_in_get(artifact, "hashes"), "sha256");
    int64_t size;
    if (!href || !sha || strlen(sha) != 64 || !json_in_int(artifact, "size", &size) || size < 0)
        return SN_EBADMSG;
    snprintf(j->target, sizeof j->target, "%s", drive_target(href));
    snprintf(j->sha256, sizeof j->sha256, "%s", sha);
    j->size = (uint64_t)size;
    return 0;
}

static int read_job(struct job *j, const char *text, size_t n) {
    const char *why, *id, *version;
    cJSON *tree = json_in_object(text, n, &why);
    const cJSON *chunk =
        cJSON_GetArrayItem(json_in_get(json_in_get(tree, "deployment"), "chunks"), 0);
    const cJSON *artifact = cJSON_GetArrayItem(json_in_get(chunk, "artifacts"), 0);
    memset(j, 0, sizeof *j);
    id = json_in_str(tree, "id");
    version = json_in_str(chunk, "version");
    int rc = id && version ? read_artifact(j, artifact) : SN_EBADMSG;
    if (!rc) {
        snprintf(j->action, sizeof j->action, "%s", id);
        snprintf(j->version, sizeof j->version, "%s", version);
    }
    cJSON_Delete(tree);
    return rc;
}

static int feedback(struct drive_device *d, const char *link, const char *id, const char *execution,
                    const char *finished, const char *detail) {
    char target[DRIVE_TARGET_MAX + 16], body[400], *text;
    size_t n;
    const char *query = strchr(link, '?');
    snprintf(target, sizeof target, "%.*s/feedback",
             (int)(query ? (size_t)(query - link) : strlen(link)), link);
    snprintf(body, sizeof body,
             "{\"id\":\"%s\",\"status\":{\"execution\":\"%s\",\"result\":{\"finished\":\"%s\"},"
             "\"details\":[\"%s\"]}}",
             id, execution, finished, detail);
    struct drive_call call = {"POST", target, body, NULL};
    return drive_request(d, &call, &text, &n);
}

/* Reads an answer's body into the digest. 0 at its end; an error leaves *got at what came. */
static int take_body(struct drive_device *d, sn_http_response *r, EVP_MD_CTX *md, uint64_t *got) {
    char piece[PIECE];
    size_t n;
    for (;;) {
        int rc = sn_http_response_read(r, piece, sizeof piece, &n);
        if (n && !EVP_DigestUpdate(md, piece, n)) return SN_ENOMEM;
        *got += n;
        d->common->stats->bytes += n;
        if (rc || !n) return rc;
    }
}

/* One GET from where the last broke off. 1: whole; 0: try again; below 0: refused. */
static int download_part(struct drive_device *d, const struct job *j, EVP_MD_CTX *md,
                         uint64_t *got) {
    char range[48];
    sn_http_response *r;
    snprintf(range, sizeof range, "bytes=%llu-", (unsigned long long)*got);
    struct drive_call call = {"GET", j->target, NULL, *got ? range : NULL};
    if (drive_exchange(d, &call, &r)) return 0;
    int status = sn_http_response_status(r);
    if (status >= 500) return 0;
    if (status != (*got ? 206 : 200)) {
        d->common->stats->refused++;
        return SN_EPROTO;
    }
    return !take_body(d, r, md, got) && *got >= j->size;
}

static int digest_is(EVP_MD_CTX *md, const char *want) {
    unsigned char sum[EVP_MAX_MD_SIZE];
    unsigned n;
    char hex[2 * EVP_MAX_MD_SIZE + 1] = "";
    if (!EVP_DigestFinal_ex(md, sum, &n)) return 0;
    for (unsigned i = 0; i < n; i++) snprintf(hex + 2 * i, 3, "%02x", sum[i]);
    return !strcmp(hex, want);
}

/* 1: downloaded and right; 0: cannot be had or is wrong; below 0: a cancel. */
static int download(struct drive_device *d, const struct job *j) {
    EVP_MD_CTX *md = EVP_MD_CTX_new();
    uint64_t got = 0;
    int rc = md && EVP_DigestInit_ex(md, EVP_sha256(), NULL) ? 0 : SN_ENOMEM, gone = 0;
    while (!rc && !gone) {
        rc = download_part(d, j, md, &got);
        if (!rc) gone = drive_back_off(d);
    }
    int right = rc == 1 && got == j->size && digest_is(md, j->sha256);
    EVP_MD_CTX_free(md);
    if (gone) return gone;
    if (right)
        d->common->stats->downloads++;
    else
        d->common->stats->corrupt++;
    return right;
}

/* A line of "device action result" for each final feedback that was acknowledged. */
static void write_journal(struct drive_device *d, const char *action, const char *result) {
    struct drive_common *c = d->common;
    char line[DRIVE_ID_MAX + 64];
    size_t done;
    if (!c->journal) return;
    int n = snprintf(line, sizeof line, "%s %s %s\n", d->id, action, result);
    uint32_t was = sn_shield(1);
    sn_lock(&c->journal_lock);
    if (!sn_file_write(c->journal, line, (size_t)n, c->journal_at, &done)) c->journal_at += done;
    sn_unlock(&c->journal_lock);
    sn_shield(was);
}

static int report_end(struct drive_device *d, const char *link, const struct job *j, int good,
                      const char *detail) {
    const char *result = good ? "success" : "failure";
    int status = feedback(d, link, j->action, "closed", result, detail);
    if (status < 0) return status;
    if (status == 200) {
        write_journal(d, j->action, result);
        if (good)
            d->common->stats->successes++;
        else
            d->common->stats->failures++;
    } else {
        d->common->stats->closed_before++;
    }
    snprintf(d->done, sizeof d->done, "%s", j->action);
    return 0;
}

static int install(struct drive_device *d, const char *link, const struct job *j) {
    int rc = feedback(d, link, j->action, "download", "none", "downloading");
    if (rc < 0 || rc >= 400) return rc < 0 ? rc : 0;
    int right = download(d, j);
    if (right < 0) return right;
    if (!right) return report_end(d, link, j, 0, "HASH mismatch");
    rc = feedback(d, link, j->action, "proceeding", "none", "installing");
    if (rc < 0 || rc >= 400) return rc < 0 ? rc : 0;
    rc = sn_sleep(d->common->conf->install_ms * SN_MILLISECOND);
    if (rc) return rc;
    int bad = drive_draw(d->common->conf->seed, d->id, j->version) < d->common->conf->fail_rate;
    return report_end(d, link, j, !bad, bad ? "self-test failed after restart" : "updated");
}

int drive_deploy(struct drive_device *d, const char *link) {
    struct drive_call call = {"GET", link, NULL, NULL};
    struct job job;
    char *text;
    size_t n;
    int status = drive_request(d, &call, &text, &n);
    if (status < 0) return status;
    if (status != 200 || read_job(&job, text, n) || !strcmp(job.action, d->done)) return 0;
    return install(d, link, &job);
}

int drive_cancel(struct drive_device *d, const char *link) {
    struct drive_call call = {"GET", link, NULL, NULL};
    const char *why;
    char *text, id[32];
    size_t n;
    int status = drive_request(d, &call, &text, &n);
    if (status != 200) return status < 0 ? status : 0;
    cJSON *tree = json_in_object(text, n, &why);
    const char *stop = json_in_str(json_in_get(tree, "cancelAction"), "stopId");
    snprintf(id, sizeof id, "%s", stop ? stop : "");
    cJSON_Delete(tree);
    if (!*id) return 0;
    status = feedback(d, link, id, "closed", "success", "cancellation acknowledged");
    if (status == 200) d->common->stats->cancels++;
    return status < 0 ? status : 0;
}
