/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* One device of the demonstration is a stock SWUpdate: a child process that polls, installs the
 * image and waits for a restart. The restart is played here: when the client has said that it
 * installed everything, it is ended and started again with "-c 2", which makes it report
 * success, as its init script would on the device. */
#include "demo.h"

#include "log.h"
#include <fcntl.h>
#include <sennit/sennit.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

extern char **environ;

#define PROGRAM "/usr/bin/swupdate"

int demo_swupdate_possible(const struct demo_conf *c, const char **why) {
    char path[320];
    sn_file_info info;
    *why = "turned off";
    if (c->no_swupdate) return 0;
    *why = "swupdate is not installed";
    if (sn_path_stat(PROGRAM, &info)) return 0;
    *why = "swupdate wants root";
    if (geteuid() != 0) return 0;
    *why = "no signing certificate beside the images";
    snprintf(path, sizeof path, "%s/signing-cert.pem", c->firmware);
    return !sn_path_stat(path, &info);
}

struct client {
    struct demo *demo;
    pid_t pid;
    int runs;
    char folder[300], token[TOKEN_MAX + 1];
};

/* Its folder with its configuration, and its entry in the fleet. */
static int prepare(struct client *c, fleet_err *err) {
    char text[900], path[400], firmware[300];
    snprintf(c->folder, sizeof c->folder, "%s/%s", c->demo->conf->data, DEMO_VEHICLE);
    if (!realpath(c->demo->conf->firmware, firmware)) return SN_ENOENT;
    int n = snprintf(text, sizeof text,
                     "globals: { loglevel = 5; public-key-file = \"%s/signing-cert.pem\"; "
                     "bootloader = \"none\"; };\n"
                     "identify: ( { name = \"VIN\"; value = \"" DEMO_VEHICLE "\"; },"
                     " { name = \"hwRevision\"; value = \"1.0\"; } );\n",
                     firmware);
    snprintf(path, sizeof path, "%s/swupdate.cfg", c->folder);
    int rc = sn_path_mkdir(c->folder);
    if (!rc) rc = sn_path_write(path, text, (size_t)n);
    if (!rc)
        rc = fleet_device_create(c->demo->fleet, &c->demo->actor, DEMO_VEHICLE, "a stock SWUpdate",
                                 NULL, c->token, err);
    return rc;
}

/* The child runs in its folder, its output in a file, TMPDIR for its sockets. */
static int spawn(struct client *c, char *const argv[]) {
    char log[400], tmp[400], tmpdir[420];
    char *environment[] = {tmpdir, "PATH=/usr/sbin:/usr/bin:/sbin:/bin", NULL};
    posix_spawn_file_actions_t fa;
    posix_spawnattr_t attr;
    sigset_t none;
    char folder[300];
    if (!realpath(c->folder, folder)) return SN_ENOENT;
    snprintf(tmp, sizeof tmp, "%s/tmp%d", folder, ++c->runs);
    snprintf(tmpdir, sizeof tmpdir, "TMPDIR=%s", tmp);
    snprintf(log, sizeof log, "%s/client%d.log", folder, c->runs);
    int rc = sn_path_mkdir(tmp);
    if (rc) return rc;
    sigemptyset(&none);
    posix_spawn_file_actions_init(&fa);
    posix_spawnattr_init(&attr);
    posix_spawnattr_setsigmask(&attr, &none);
    posix_spawnattr_setflags(&attr, POSIX_SPAWN_SETSIGMASK);
    posix_spawn_file_actions_addopen(&fa, 0, "/dev/null", O_RDONLY, 0);
    posix_spawn_file_actions_addopen(&fa, 1, log, O_WRONLY | O_CREAT | O_APPEND, 0600);
    posix_spawn_file_actions_adddup2(&fa, 1, 2);
    posix_spawn_file_actions_addchdir_np(&fa, folder);
    rc = -posix_spawn(&c->pid, PROGRAM, &fa, &attr, argv, environment);
    posix_spawn_file_actions_destroy(&fa);
    posix_spawnattr_destroy(&attr);
    return rc;
}

static int start(struct client *c, int updated) {
    char suricatta[600];
    snprintf(suricatta, sizeof suricatta, "-t DEFAULT -u http://%s -i %s -k %s -p 2%s",
             server_addr(c->demo->server, APP_DEVICES), DEMO_VEHICLE, c->token,
             updated ? " -c 2" : "");
    char *argv[] = {"swupdate", "-f",          "swupdate.cfg", "-H",      "demo:1.0",
                    "-e",       "stable,main", "-u",           suricatta, NULL};
    return spawn(c, argv);
}

/* Ends the child that we started, politely first; waits for it. Also when cancelled. */
static void stop(struct client *c) {
    uint32_t was = sn_shield(1);
    int status;
    if (c->pid > 0) kill(c->pid, SIGTERM);
    for (int i = 0; c->pid > 0 && waitpid(c->pid, &status, WNOHANG) == 0; i++) {
        if (i == 50) kill(c->pid, SIGKILL);
        if (sn_sleep(100 * SN_MILLISECOND)) continue;
    }
    c->pid = 0;
    sn_shield(was);
}

/* 1 when the client's open action says that everything is installed. */
static int waits_for_restart(struct client *c) {
    struct demo *d = c->demo;
    const fleet_page page = {.limit = 5};
    fleet_device device;
    fleet_status *rows;
    uint32_t n;
    uint64_t total;
    int found = 0;
    if (fleet_device_get(d->fleet, d->actor.tenant, DEMO_VEHICLE, &device) || !device.action ||
        fleet_action_statuses(d->fleet, d->actor.tenant, device.action, &page, 0, &rows, &n,
                              &total))
        return 0;
    for (uint32_t i = 0; i < n; i++) found |= strstr(rows[i].details, "All Chunks Installed") != 0;
    free(rows);
    return found;
}

/* 1 when the child is gone by itself; whoever starts services starts it again. */
static int ended(struct client *c) {
    int status;
    if (c->pid <= 0 || waitpid(c->pid, &status, WNOHANG) != c->pid) return 0;
    c->pid = 0;
    return 1;
}

static int attend(struct client *c) {
    int rc = start(c, 0);
    if (rc) return rc;
    printf("  one device is a stock SWUpdate (process %d), its log in %s\n", (int)c->pid,
           c->folder);
    fflush(stdout);
    for (int updated = 0; !(rc = sn_sleep(500 * SN_MILLISECOND));) {
        if (ended(c)) {
            log_event(LOG_WARN, "demo.swupdate_ended", log_i("run", c->runs));
            rc = start(c, updated);
        } else if (!updated && waits_for_restart(c)) {
            updated = 1;
            stop(c);
            rc = start(c, 1);
            printf("         SWUpdate installed the image and restarted into it\n");
            fflush(stdout);
        }
        if (rc) break;
    }
    return rc;
}

int demo_swupdate_run(void *arg) {
    struct client *c = calloc(1, sizeof *c);
    fleet_err err = {""};
    if (!c) return SN_ENOMEM;
    c->demo = arg;
    /* The child inherits it, as a service of systemd does: else one lost write between its own
     * processes kills SWUpdate now and then. */
    signal(SIGPIPE, SIG_IGN);
    int rc = prepare(c, &err);
    if (!rc) rc = attend(c);
    stop(c);
    if (rc != SN_ECANCELED && rc != SN_ETIMEDOUT)
        log_event(LOG_WARN, "demo.swupdate", log_e(rc), log_s("detail", err.text));
    free(c);
    return 0;
}
