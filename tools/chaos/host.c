/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * Processes of hosts. Those that this program has started are known by their process id, which is
 * theirs until it has waited for them; those of others by a descriptor of the process (pidfd),
 * since their number may be somebody else's by now.
 */
#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "chaos.h"
#include "common/child.h"

#define TICK (50 * SN_MILLISECOND)
#define AGAIN SN_SECOND /* after so long what has ended by itself is started again */

chaos_host *chaos_host_named(chaos *c, const char *name) {
    for (size_t i = 0; i < c->hosts_n; i++) {
        if (strcmp(c->hosts[i].name, name) == 0) return &c->hosts[i];
    }
    return NULL;
}

static int start(chaos *c, chaos_host *h) {
    pid_t pid = child_start(h->command, -1);
    if (pid < 0) {
        chaos_trouble(c, "host %s cannot be started: %s", h->name, sn_strerror((int)pid));
        return (int)pid;
    }
    h->pid = pid;
    h->again = 0;
    chaos_say(c, "host %s runs as process %d", h->name, (int)pid);
    return 0;
}

static int attach(chaos *c, chaos_host *h) {
    h->pidfd = (int)syscall(SYS_pidfd_open, h->pid, 0);
    if (h->pidfd >= 0) return 0;
    int err = errno == ESRCH ? SN_ENOENT : errno == ENOSYS ? SN_ENOSYS : SN_EINVAL;
    chaos_trouble(c, "host %s: process %d: %s", h->name, (int)h->pid, sn_strerror(err));
    return err;
}

int chaos_hosts_start(chaos *c) {
    int rc = 0;
    for (size_t i = 0; i < c->hosts_n && rc == 0; i++) {
        chaos_host *h = &c->hosts[i];
        if (h->command)
            rc = start(c, h);
        else if (h->pid)
            rc = attach(c, h);
    }
    return rc;
}

/** Signals the host's process, if there is one. */
static bool signal_host(const chaos_host *h, int signo) {
    if (h->pidfd >= 0) return syscall(SYS_pidfd_send_signal, h->pidfd, signo, NULL, 0) == 0;
    if (!h->command || h->pid <= 0) return false;
    child_signal(h->pid, signo);
    return true;
}

/* ---- faults ---- */

void chaos_kill(chaos *c, chaos_host *h) {
    sn_lock(&c->lock);
    h->down++;
    if (h->pidfd >= 0) (void)signal_host(h, SIGKILL);
    if (h->command && h->pid > 0) child_kill(h->pid);
    if (h->command) h->pid = 0;
    h->again = 0;
    sn_unlock(&c->lock);
}

void chaos_unkill(chaos *c, chaos_host *h, bool restart) {
    sn_lock(&c->lock);
    if (--h->down == 0 && restart && h->command && h->pid == 0) (void)start(c, h);
    sn_unlock(&c->lock);
}

void chaos_freeze(chaos *c, chaos_host *h) {
    sn_lock(&c->lock);
    h->frozen++;
    (void)signal_host(h, SIGSTOP);
    sn_unlock(&c->lock);
}

void chaos_thaw(chaos *c, chaos_host *h) {
    sn_lock(&c->lock);
    if (--h->frozen == 0) (void)signal_host(h, SIGCONT);
    sn_unlock(&c->lock);
}

/* ---- what ends by itself ---- */

static void look_at(chaos *c, chaos_host *h) {
    int status;
    if (h->pid > 0 && child_ended(h->pid, &status)) {
        h->pid = 0;
        h->ended++;
        h->again = sn_now() + AGAIN;
        chaos_trouble(c, "host %s ended by itself, with status %d", h->name, status);
    }
    if (h->pid == 0 && h->again && h->again <= sn_now() && h->down == 0) (void)start(c, h);
}

int chaos_supervise(void *arg) {
    chaos *c = *(chaos **)arg;
    for (;;) {
        int rc = sn_sleep(TICK);
        if (rc) return rc;
        sn_lock(&c->lock);
        for (size_t i = 0; i < c->hosts_n; i++) {
            if (c->hosts[i].command) look_at(c, &c->hosts[i]);
        }
        sn_unlock(&c->lock);
    }
}

void chaos_hosts_stop(chaos *c) {
    sn_lock(&c->lock);
    for (size_t i = 0; i < c->hosts_n; i++) {
        chaos_host *h = &c->hosts[i];
        if (h->command && h->pid > 0) child_kill(h->pid);
        if (h->pidfd >= 0) close(h->pidfd);
        h->pidfd = -1;
        h->pid = 0;
    }
    sn_unlock(&c->lock);
}
