/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * Child processes that do not outlive their parent, whatever becomes of it: the kernel kills them
 * when the thread that made them is gone (PR_SET_PDEATHSIG), but not what they have started. So
 * they are made by one thread that lives as long as the process. This is Linux's alone, and the one
 * place here that asks the system for processes.
 */
#ifndef TOOLS_CHILD_H
#define TOOLS_CHILD_H

#include <stdbool.h>
#include <sys/types.h>

/**
 * Starts `command` by /bin/sh in a process group of its own; "exec" stands before it, so that its
 * process id is the program's: a simple command. out >= 0: a descriptor that becomes its standard
 * output. The process id, or a negative SN_E…. From coroutines and threads; blocks for a moment.
 */
pid_t child_start(const char *command, int out);
/** Starts f(arg) in a child: it may call what is safe after fork in a program with threads. When f
 *  returns, the child ends with its result. As child_start otherwise. */
pid_t child_call(int (*f)(void *arg), void *arg);
/** As child_call, but it does outlive its parent: for what has to be undone then. */
pid_t child_outlive(int (*f)(void *arg), void *arg);
/** Sends a signal to its process group. */
void child_signal(pid_t pid, int signo);
/** Whether it has ended; then *status (may be NULL) is as waitpid's, and the id is used up. Never
 *  blocks. */
bool child_ended(pid_t pid, int *status);
/** Kills the process group of a child (SIGKILL) and waits for the child. Never cancelled. */
void child_kill(pid_t pid);

#endif
