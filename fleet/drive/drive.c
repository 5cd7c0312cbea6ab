/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Starts the devices and holds what they share. */
#include "drive_impl.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define TOKEN_FILE_MAX (64u << 20)

static int read_address(struct drive_common *c, const char **why) {
    const char *s = c->conf->server;
    *why = "--server is not of the form http://host:port";
    if (!strncmp(s, "http://", 7)) s += 7;
    size_t n = strcspn(s, "/");
    if (strstr(s, "://") || !n || n >= sizeof c->address || (s[n] && s[n + 1])) return SN_EINVAL;
    memcpy(c->address, s, n);
    c->address[n] = 0;
    if (!strchr(c->address, ':')) return SN_EINVAL;
    *why = NULL;
    return 0;
}

static void name_device(const struct drive_conf *conf, uint64_t i, char id[DRIVE_ID_MAX]) {
    snprintf(id, DRIVE_ID_MAX, "%s%05llu", conf->prefix, (unsigned long long)i);
}

/* The token of the i-th device from "device token" lines in any order, the file cut in place. */
static int take_tokens(struct drive_common *c, char *text) {
    char *save = NULL;
    for (char *line = strtok_r(text, "\n", &save); line; line = strtok_r(NULL, "\n", &save)) {
        char *space = strchr(line, ' ');
        size_t prefix = strlen(c->conf->prefix);
        if (!space || strncmp(line, c->conf->prefix, prefix)) continue;
        *space = 0;
        char *end;
        unsigned long long i = strtoull(line + prefix, &end, 10);
        if (*end || i >= (unsigned long long)c->conf->devices || c->tokens[i]) continue;
        c->tokens[i] = strdup(space + 1);
        if (!c->tokens[i]) return SN_ENOMEM;
    }
    return 0;
}

static int read_tokens(struct drive_common *c, const char **why) {
    char *text;
    size_t n;
    if (!c->conf->token_file[0]) return 0;
    c->tokens = calloc((size_t)c->conf->devices, sizeof *c->tokens);
    if (!c->tokens) return SN_ENOMEM;
    *why = "the token file cannot be read";
    int rc = sn_path_read(c->conf->token_file, TOKEN_FILE_MAX, &text, &n);
    if (rc) return rc;
    rc = take_tokens(c, text);
    free(text);
    *why = "a device is missing from the token file";
    for (int64_t i = 0; !rc && i < c->conf->devices; i++)
        if (!c->tokens[i]) rc = SN_ENOENT;
    return rc;
}

static int open_journal(struct drive_common *c, const char **why) {
    sn_file_info info;
    if (!c->conf->journal[0]) return 0;
    *why = "the journal cannot be written";
    int rc = sn_file_open(&c->journal, c->conf->journal, SN_F_WRITE | SN_F_CREATE);
    if (!rc) rc = sn_file_stat(c->journal, &info);
    if (!rc) c->journal_at = info.size;
    return rc;
}

static void end_common(struct drive_common *c) {
    if (c->journal) sn_file_close(c->journal);
    for (int64_t i = 0; c->tokens && i < c->conf->devices; i++) free(c->tokens[i]);
    free(c->tokens);
}

static void make_device(struct drive_common *c, struct drive_device *d, uint64_t i) {
    memset(d, 0, sizeof *d);
    d->common = c;
    d->number = i;
    d->rng = (uint64_t)c->conf->seed * 0x9e3779b97f4a7c15ull + i;
    name_device(c->conf, i, d->id);
    if (c->tokens)
        snprintf(d->authorization, sizeof d->authorization, "TargetToken %s", c->tokens[i]);
    else
        snprintf(d->authorization, sizeof d->authorization, "GatewayToken %s",
                 c->conf->gateway_token);
}

/* All devices in one scope, whose deadline is the drive's duration. */
static int run_devices(struct drive_common *c, struct drive_device *devices) {
    static const sn_attr attr = {.size = sizeof attr, .name = "device"};
    const struct drive_conf *conf = c->conf;
    sn_scope scope;
    int rc = 0;
    sn_scope_enter(&scope, conf->duration_s ? sn_now() + conf->duration_s * SN_SECOND : SN_NEVER);
    for (int64_t i = 0; !rc && i < conf->devices; i++) {
        make_device(c, &devices[i], (uint64_t)i);
        rc = sn_scope_go(&scope, &attr, drive_device_run, &devices[i], 0);
    }
    if (rc) sn_scope_cancel(&scope, SN_ECANCELED);
    int first = sn_scope_leave(&scope);
    if (rc == SN_ECANCELED || rc == SN_ETIMEDOUT) rc = 0;
    if (first == SN_ETIMEDOUT || first == SN_ECANCELED) first = 0;
    return rc ? rc : first;
}

int drive_run(const struct drive_conf *conf, struct drive_stats *stats, const char **why) {
    struct drive_common c = {.conf = conf, .stats = stats};
    *why = NULL;
    int rc = read_address(&c, why);
    if (!rc) rc = read_tokens(&c, why);
    if (!rc) rc = open_journal(&c, why);
    struct drive_device *devices = rc ? NULL : calloc((size_t)conf->devices, sizeof *devices);
    if (!rc && !devices) rc = SN_ENOMEM;
    if (!rc) {
        *why = NULL;
        rc = run_devices(&c, devices);
    }
    free(devices);
    end_common(&c);
    return rc;
}
