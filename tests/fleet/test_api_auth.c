/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Authorization headers, and which proxies are believed. */
#include "auth.h"
#include "check.h"
#include "serve_conf.h"

static void device_tokens(void) {
    fleet_cred c;
    auth_device("TargetToken abc", &c);
    CHECK(c.kind == CRED_TARGET && c.n == 3 && !strncmp(c.token, "abc", 3));
    auth_device("gatewaytoken  xy", &c);
    CHECK(c.kind == CRED_GATEWAY && c.n == 2);
    static const char *const none[] = {NULL,           "",           "TargetToken",
                                       "TargetToken ", "Bearer abc", "TargetTokenabc"};
    for (size_t i = 0; i < sizeof none / sizeof *none; i++) {
        auth_device(none[i], &c);
        CHECK_INT(c.kind, CRED_NONE);
    }
    char longer[200] = "TargetToken ";
    memset(longer + 12, 'a', TOKEN_MAX + 1);
    auth_device(longer, &c);
    CHECK_INT(c.kind, CRED_NONE);
}

static void operator_tokens(void) {
    char token[TOKEN_MAX + 1], name[AUTH_USER_MAX];
    MUST(!auth_operator("Bearer abc", token, name));
    CHECK_STR(token, "abc");
    CHECK_STR(name, "");
    MUST(!auth_operator("Basic YWRtaW46c2VjcmV0", token, name)); /* admin:secret */
    CHECK_STR(token, "secret");
    CHECK_STR(name, "admin");
    MUST(!auth_operator("basic REVGQVVMVFxhZG1pbjpzOnQ=", token, name)); /* DEFAULT\admin:s:t */
    CHECK_STR(token, "s:t");
    CHECK_STR(name, "admin");
}

static void malformed_operator_tokens(void) {
    static const char *const bad[] = {NULL,
                                      "",
                                      "Bearer",
                                      "Basic !!!!",
                                      "Basic YWRt", /* no colon */
                                      "Basic YTpi=x",
                                      "Basic AAAA" /* NUL bytes */,
                                      "TargetToken abc"};
    char token[TOKEN_MAX + 1], name[AUTH_USER_MAX];
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        CHECK(auth_operator(bad[i], token, name) < 0);
}

static void proxies(void) {
    struct serve_conf c;
    serve_conf_init(&c);
    CHECK(!serve_conf_trusts(&c, "127.0.0.1:5"));
    strcpy(c.behind_proxy, "10.0.0.0/8, 192.168.1.7,fd00::/9");
    CHECK(serve_conf_trusts(&c, "10.255.1.2:5"));
    CHECK(!serve_conf_trusts(&c, "11.0.0.1:5"));
    CHECK(serve_conf_trusts(&c, "192.168.1.7:80"));
    CHECK(!serve_conf_trusts(&c, "192.168.1.8:80"));
    CHECK(serve_conf_trusts(&c, "[fd7f::1]:80"));
    CHECK(!serve_conf_trusts(&c, "[fd80::1]:80"));
    CHECK(!serve_conf_trusts(&c, "unix"));
}

static const char *verdict(const char *listen, const char *proxy) {
    static struct config_error err;
    struct serve_conf c;
    serve_conf_init(&c);
    snprintf(c.listen, sizeof c.listen, "%s", listen);
    snprintf(c.behind_proxy, sizeof c.behind_proxy, "%s", proxy);
    err.text[0] = 0;
    serve_conf_check(&c, &err);
    return err.text;
}

static void plain_http_stays_at_home(void) {
    CHECK_STR(verdict("127.0.0.1:0", ""), "");
    CHECK_STR(verdict("127.8.8.8:1", ""), "");
    CHECK_STR(verdict("[::1]:1", ""), "");
    CHECK_STR(verdict("localhost:1", ""), "");
    CHECK(strstr(verdict("0.0.0.0:80", ""), "plain HTTP beyond loopback is refused"));
    CHECK(strstr(verdict("[::]:80", ""), "plain HTTP beyond loopback is refused"));
    CHECK(strstr(verdict("127.0.0.1.example:80", ""), "plain HTTP beyond loopback is refused"));
    CHECK_STR(verdict("0.0.0.0:80", "10.0.0.0/8"), "");
    CHECK(strstr(verdict("127.0.0.1", ""), "wants ADDR:PORT"));
    CHECK(strstr(verdict("127.0.0.1:http", ""), "wants ADDR:PORT"));
    CHECK(strstr(verdict("127.0.0.1:1", "10.0.0.0/33"), "--behind-proxy wants"));
    CHECK(strstr(verdict("127.0.0.1:1", "nonsense"), "--behind-proxy wants"));
}

int main(void) {
    CASE(device_tokens);
    CASE(operator_tokens);
    CASE(malformed_operator_tokens);
    CASE(proxies);
    CASE(plain_http_stays_at_home);
    return check_done();
}
