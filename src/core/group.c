/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Groups: a scope, and a semaphore that says how many of its functions may run at once. */
#include <sennit/group.h>

#include "core/mem.h"
#include "core/scope.h"

/* What a member starts with; its argument follows. */
typedef struct task {
    _Alignas(16) sn_group *group;
    sn_fn f;
    void *arg; /* when nothing was copied */
    size_t n;
} task;
typedef struct task_with_arg {
    task head;
    char arg[SN_GROUP_ARG_MAX];
} task_with_arg;
_Static_assert(sizeof(task_with_arg) <= SN_ARG_MAX, "a task and its argument go along");

/* The error cancels the others before there is room for one more. */
static int run(void *arg) {
    task *t = arg;
    sn_group *group = t->group;
    int rc = t->f(t->n ? (void *)(t + 1) : t->arg);
    if (rc < 0) sn_scope_cancel(&group->scope, rc);
    if (group->limited) sn_sem_post(&group->room);
    return rc;
}

void sn_group_enter(sn_group *group, long limit, sn_time until) {
    if (limit < 0) sn__fatal("sn_group_enter with a limit below zero");
    group->limited = limit > 0;
    sn_sem_init(&group->room, limit);
    sn_scope_enter(&group->scope, until);
}

int sn_group_leave(sn_group *group) { return sn_scope_leave(&group->scope); }

static int spawn(sn_group *group, sn_fn f, const void *arg, size_t n, uintptr_t site) {
    task_with_arg t;
    t.head = (task){group, f, (void *)(uintptr_t)arg, n};
    if (n) memcpy(t.arg, arg, n);
    sn__scope *s = sn__scope_of(&group->scope);
    sn__g *g = sn__enter_parks();
    int rc = g->foreign ? SN_EPERM : sn__spawn(s, NULL, run, &t, sizeof t.head + n, site);
    sn__leave(g);
    return rc;
}

static int start(sn_group *group, sn_fn f, const void *arg, size_t n, sn_time until,
                 uintptr_t site) {
    if (n > SN_GROUP_ARG_MAX) return SN_E2BIG;
    int rc = group->limited ? sn_sem_wait(&group->room, until) : 0;
    if (rc) return rc;
    rc = spawn(group, f, arg, n, site);
    if (rc && group->limited) sn_sem_post(&group->room);
    return rc;
}

int sn_group_go(sn_group *group, sn_fn f, const void *arg, size_t n) {
    return start(group, f, arg, n, SN_NEVER, (uintptr_t)__builtin_return_address(0));
}

int sn_group_try_go(sn_group *group, sn_fn f, const void *arg, size_t n) {
    int rc = sn_canceled();
    if (rc) return rc;
    rc = start(group, f, arg, n, 0, (uintptr_t)__builtin_return_address(0));
    return rc == SN_ETIMEDOUT && !sn_canceled() ? SN_EAGAIN : rc;
}
