/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Settings of `serve`: the table, the defaults, and what must hold between them. */
#include "serve_conf.h"

#include "fleet.h"
#include "log.h"
#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define AT(field) offsetof(struct serve_conf, field)
#define TEXT(name, field, arg, help)                                                               \
    { name, CONFIG_TEXT, AT(field), 0, sizeof((struct serve_conf *)0)->field, arg, help, 0 }

const struct config_key serve_keys[] = {
    {"config", CONFIG_TEXT, AT(config), 0, 256, "FILE", "options as lines of key = value",
     CONFIG_FLAG_ONLY},
    TEXT("devices", devices, "ADDR:PORT", "listener of the devices (127.0.0.1:8080)"),
    TEXT("operators", operators, "ADDR:PORT",
         "listener of API, console and metrics (127.0.0.1:8081)"),
    TEXT("listen", listen, "ADDR:PORT", "one listener for both"),
    TEXT("data", data, "DIR", "data folder (fleet-data)"),
    TEXT("key-file", key_file, "FILE", "key that signs the record (DIR/record.key)"),
    TEXT("public-url", public_url, "URL", "how devices reach this server, for links"),
    TEXT("behind-proxy", behind_proxy, "CIDR[,…]",
         "proxies that end TLS; allows plain HTTP beyond loopback"),
    TEXT("tls-cert", tls_cert, "FILE", "certificate and its chain, PEM: serves HTTPS"),
    TEXT("tls-key", tls_key, "FILE", "its key"),
    TEXT("tls-client-ca", tls_client_ca, "FILE",
         "devices must show a certificate of these authorities, named as their id"),
    TEXT("sync", sync, "full|normal", "what a commit survives: power loss, or a dead process"),
    TEXT("log-level", log_level, "LEVEL", "debug, info, warn or error"),
    TEXT("admin-token-file", admin_token_file, "FILE",
         "writes the first admin token there, not to the terminal"),
    TEXT("gateway-token-file", gateway_token_file, "FILE",
         "gateway token of tenant DEFAULT, set at start"),
    {"poll", CONFIG_TIME, AT(poll_s), 1, 86399, "TIME",
     "poll interval of tenant DEFAULT, set at start", 0},
    {"commit-window-us", CONFIG_NUMBER, AT(commit_us), 0, 100000, "N",
     "microseconds a commit waits for company", 0},
    {"tick-ms", CONFIG_NUMBER, AT(tick_ms), 10, 60000, "N", "how often roll-outs are judged", 0},
    {"connections", CONFIG_NUMBER, AT(conn_max), 1, 1000000, "N", "connections of a listener", 0},
    {"head-time", CONFIG_TIME, AT(head_s), 1, 3600, "TIME", "for the head of a request (10)", 0},
    {"body-time", CONFIG_TIME, AT(body_s), 1, 3600, "TIME", "for a piece of its body (30)", 0},
    {"idle-time", CONFIG_TIME, AT(idle_s), 1, 86400, "TIME",
     "for the next request of a connection (75)", 0},
    {"drain", CONFIG_TIME, AT(drain_s), 0, 3600, "TIME", "for running requests at the end", 0},
    {"body-max", CONFIG_SIZE, AT(body_max), 1024, 64 << 20, "SIZE", "largest JSON body", 0},
};
const size_t serve_keys_n = sizeof serve_keys / sizeof *serve_keys;

void serve_conf_init(struct serve_conf *c) {
    memset(c, 0, sizeof *c);
    snprintf(c->data, sizeof c->data, "fleet-data");
    snprintf(c->sync, sizeof c->sync, "full");
    snprintf(c->log_level, sizeof c->log_level, "info");
    c->commit_us = 1000;
    c->tick_ms = 1000;
    c->conn_max = 100000;
    c->head_s = 10;
    c->body_s = 30;
    c->idle_s = 75;
    c->drain_s = 10;
    c->body_max = 1 << 20;
}

struct cidr {
    int family;
    unsigned bits;
    unsigned char net[16];
};

static int read_cidr(const char *text, size_t n, struct cidr *out) {
    char buf[80], *slash, *end = NULL;
    if (!n || n >= sizeof buf) return SN_EINVAL;
    memcpy(buf, text, n);
    buf[n] = 0;
    slash = strchr(buf, '/');
    if (slash) *slash = 0;
    out->family = strchr(buf, ':') ? AF_INET6 : AF_INET;
    unsigned most = out->family == AF_INET6 ? 128 : 32;
    unsigned long bits = slash ? strtoul(slash + 1, &end, 10) : most;
    if (slash && (end == slash + 1 || *end || bits > most)) return SN_EINVAL;
    out->bits = (unsigned)bits;
    return inet_pton(out->family, buf, out->net) == 1 ? 0 : SN_EINVAL;
}

/* Takes the next item off a comma-separated list: 1, 0 at its end, SN_EINVAL. */
static int next_cidr(const char **list, struct cidr *out) {
    const char *s = *list + strspn(*list, ", ");
    size_t n = strcspn(s, ", ");
    if (!*s) return 0;
    *list = s + n;
    return read_cidr(s, n, out) ? SN_EINVAL : 1;
}

/* The host part of "host:port" or "[host]:port". 0 when there is none. */
static int host_of(const char *addr, char *out, size_t n) {
    const char *colon = strrchr(addr, ':');
    size_t len = colon ? (size_t)(colon - addr) : 0;
    if (!colon || len >= n) return 0;
    if (len >= 2 && addr[0] == '[' && addr[len - 1] == ']') {
        addr++;
        len -= 2;
    }
    memcpy(out, addr, len);
    out[len] = 0;
    return 1;
}

static int within(const struct cidr *c, int family, const unsigned char *ip) {
    if (c->family != family || memcmp(c->net, ip, c->bits / 8)) return 0;
    unsigned rest = c->bits % 8;
    return !rest || !((c->net[c->bits / 8] ^ ip[c->bits / 8]) >> (8 - rest));
}

int serve_conf_trusts(const struct serve_conf *c, const char *peer) {
    char host[80];
    unsigned char ip[16];
    const char *list = c->behind_proxy;
    struct cidr net;
    if (!*list || !host_of(peer, host, sizeof host)) return 0;
    int family = strchr(host, ':') ? AF_INET6 : AF_INET;
    if (inet_pton(family, host, ip) != 1) return 0;
    while (next_cidr(&list, &net) == 1)
        if (within(&net, family, ip)) return 1;
    return 0;
}

static int is_loopback(const char *addr) {
    char host[80];
    unsigned char ip[4];
    if (!host_of(addr, host, sizeof host)) return 0;
    if (!strcmp(host, "localhost") || !strcmp(host, "::1")) return 1;
    return inet_pton(AF_INET, host, ip) == 1 && ip[0] == 127;
}

static int check_address(const struct serve_conf *c, const char *flag, const char *addr,
                         struct config_error *err) {
    char host[80], *end = NULL;
    const char *colon = strrchr(addr, ':');
    if (!*addr) return 0;
    unsigned long port = colon ? strtoul(colon + 1, &end, 10) : 0;
    if (!host_of(addr, host, sizeof host) || !*host || end == colon + 1 || *end || port > 65535) {
        snprintf(err->text, sizeof err->text, "--%s wants ADDR:PORT, not \"%.100s\"", flag, addr);
        return SN_EINVAL;
    }
    if (is_loopback(addr) || c->behind_proxy[0] || c->tls_cert[0]) return 0;
    snprintf(
        err->text, sizeof err->text,
        "--%s %.100s: plain HTTP beyond loopback is refused; give --tls-cert and --tls-key, or "
        "put a proxy that ends TLS in front and name its addresses with --behind-proxy",
        flag, addr);
    return SN_EINVAL;
}

static int complain(struct config_error *err, const char *text) {
    snprintf(err->text, sizeof err->text, "%s", text);
    return SN_EINVAL;
}

int serve_conf_check(const struct serve_conf *c, struct config_error *err) {
    const char *list = c->behind_proxy;
    struct cidr net;
    enum log_level level;
    int rc;
    while ((rc = next_cidr(&list, &net)) == 1) continue;
    if (rc) return complain(err, "--behind-proxy wants addresses like 10.0.0.0/8,fd00::/8");
    if (c->listen[0] && (c->devices[0] || c->operators[0]))
        return complain(err, "--listen does not go with --devices or --operators");
    if (!c->tls_cert[0] != !c->tls_key[0])
        return complain(err, "--tls-cert and --tls-key go together");
    if (c->tls_client_ca[0] && (!c->tls_cert[0] || c->listen[0]))
        return complain(err, "--tls-client-ca wants --tls-cert, and does not go with --listen: "
                             "operators have no such certificates");
    if (strcmp(c->sync, "full") && strcmp(c->sync, "normal"))
        return complain(err, "--sync is full or normal");
    if (log_parse_level(c->log_level, &level))
        return complain(err, "--log-level is debug, info, warn or error");
    const char *url = c->public_url;
    size_t n = strlen(url);
    if (n && ((strncmp(url, "http://", 7) && strncmp(url, "https://", 8)) || url[n - 1] == '/'))
        return complain(err, "--public-url wants http://… or https://… without a slash at its end");
    rc = check_address(c, "devices", c->devices, err);
    if (!rc) rc = check_address(c, "operators", c->operators, err);
    return rc ? rc : check_address(c, "listen", c->listen, err);
}
