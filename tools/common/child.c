/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "common/child.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <sennit/base.h>

/** What the thread is asked for. */
typedef struct request {
    const char *command; /* NULL: call f */
    int (*f)(void *arg);
    void *arg;
    int out;
    bool outlive;
    pid_t pid;
    bool done;
} request;

static struct {
    pthread_mutex_t lock; /* over all below */
    pthread_cond_t asked, answered;
    request *wanted;
    bool started;
} keeper = {.lock = PTHREAD_MUTEX_INITIALIZER,
            .asked = PTHREAD_COND_INITIALIZER,
            .answered = PTHREAD_COND_INITIALIZER};

/** In the child, between fork and exec: only calls that signals may make too. */
static _Noreturn void be_child(const request *q, pid_t parent) {
    sigset_t none;
    if (!q->outlive) prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (!q->outlive && getppid() != parent) _exit(127); /* it went before we had said so */
    setpgid(0, 0);
    for (int s = 1; s < NSIG; s++) signal(s, SIG_DFL);
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
    if (!q->command) _exit(q->f(q->arg));
    if (q->out >= 0) dup2(q->out, STDOUT_FILENO);
    execl("/bin/sh", "sh", "-c", q->command, (char *)NULL);
    _exit(127);
}

static void *keep(void *arg) {
    (void)arg;
    pthread_mutex_lock(&keeper.lock);
    for (;;) {
        while (!keeper.wanted) pthread_cond_wait(&keeper.asked, &keeper.lock);
        request *q = keeper.wanted;
        pid_t parent = getpid();
        q->pid = fork();
        if (q->pid == 0) be_child(q, parent);
        if (q->pid > 0) setpgid(q->pid, q->pid); /* whoever of both is first */
        if (q->pid < 0) q->pid = errno == ENOMEM ? SN_ENOMEM : SN_EAGAIN;
        q->done = true;
        keeper.wanted = NULL;
        pthread_cond_broadcast(&keeper.answered);
    }
    return NULL;
}

static bool start_keeper(void) {
    pthread_t t;
    sigset_t all, old;
    if (keeper.started) return true;
    sigfillset(&all); /* signals are the runtime's */
    pthread_sigmask(SIG_SETMASK, &all, &old);
    keeper.started = pthread_create(&t, NULL, keep, NULL) == 0;
    pthread_sigmask(SIG_SETMASK, &old, NULL);
    return keeper.started;
}

static pid_t ask(request *q) {
    pthread_mutex_lock(&keeper.lock);
    if (!start_keeper()) {
        pthread_mutex_unlock(&keeper.lock);
        return SN_EAGAIN;
    }
    while (keeper.wanted) pthread_cond_wait(&keeper.answered, &keeper.lock);
    keeper.wanted = q;
    pthread_cond_signal(&keeper.asked);
    while (!q->done) pthread_cond_wait(&keeper.answered, &keeper.lock);
    pthread_mutex_unlock(&keeper.lock);
    return q->pid;
}

pid_t child_start(const char *command, int out) {
    char line[4096];
    int n = snprintf(line, sizeof line, "exec %s", command);
    if (n < 0 || n >= (int)sizeof line) return SN_E2BIG;
    request q = {.command = line, .out = out};
    return ask(&q);
}

pid_t child_call(int (*f)(void *arg), void *arg) {
    request q = {.f = f, .arg = arg, .out = -1};
    return ask(&q);
}

pid_t child_outlive(int (*f)(void *arg), void *arg) {
    request q = {.f = f, .arg = arg, .out = -1, .outlive = true};
    return ask(&q);
}

void child_signal(pid_t pid, int signo) { kill(-pid, signo); }

bool child_ended(pid_t pid, int *status) {
    int s;
    if (waitpid(pid, &s, WNOHANG) != pid) return false;
    if (status) *status = s;
    return true;
}

void child_kill(pid_t pid) {
    kill(-pid, SIGKILL);
    kill(pid, SIGKILL); /* should it not have its group yet */
    while (waitpid(pid, NULL, 0) < 0 && errno == EINTR) continue;
}
