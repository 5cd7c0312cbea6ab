/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* sennit-fleet serve: the server in the foreground, until SIGTERM or SIGINT. */
#include "commands.h"

#include "log.h"
#include "serve.h"

#include <sennit/sennit.h>
#include <signal.h>
#include <stdio.h>

static int serve(void *arg) {
    fleet_err err = {""};
    int rc = serve_until_signal(arg, stdout, &err);
    if (err.text[0]) fprintf(stderr, "sennit-fleet serve: %s\n", err.text);
    return rc ? 1 : 0;
}

int cmd_serve(int argc, char **argv) {
    static struct serve_conf conf;
    struct config_error err;
    enum log_level level;
    serve_conf_init(&conf);
    int go = cmd_options("serve [--devices ADDR:PORT --operators ADDR:PORT | --listen ADDR:PORT] "
                         "[--data DIR]",
                         serve_keys, serve_keys_n, &conf, argc, argv);
    if (go <= 0) return go ? 2 : 0;
    if (serve_conf_check(&conf, &err)) return cmd_usage_error("serve", err.text);
    if (!log_parse_level(conf.log_level, &level)) log_set_level(level);
    signal(SIGPIPE, SIG_IGN); /* whoever reads the log may end before us */
    const sn_attr attr = {.size = sizeof attr, .name = "serve", .flags = SN_FOREIGN};
    int rc = sn_run(serve, &conf, &attr);
    return rc < 0 ? 1 : rc;
}
