/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Child processes: started clean, waited for like anything else. (sn_process is something else: the
 * number of one's own.) */
#ifndef SENNIT_CHILD_H
#define SENNIT_CHILD_H

#include <sennit/net.h>

SN_BEGIN_C

typedef struct sn_child sn_child;

/** A descriptor that the child shall have: its number there, and which of ours it is. */
typedef struct sn_child_fd {
    int there, here;
} sn_child_fd;
/** Most descriptors of a child. */
#define SN_CHILD_FDS_MAX 64u

enum {
    SN_CHILD_IN = 1,      /**< its standard input comes from sn_child_stream(c, 0) */
    SN_CHILD_OUT = 2,     /**< its standard output goes to sn_child_stream(c, 1) */
    SN_CHILD_ERR = 4,     /**< its standard error goes to sn_child_stream(c, 2) */
    SN_CHILD_ERR_OUT = 8, /**< its standard error goes where its standard output goes */
    SN_CHILD_GROUP = 16,  /**< it leads a process group of its own; sn_child_kill means all of it */
    SN_CHILD_STDERR = 32  /**< its standard error is ours */
};

/** What to start. Set `size` to sizeof(sn_child_how); zero means default. */
typedef struct sn_child_how {
    uint32_t size;           /**< sizeof(sn_child_how): the ABI version */
    uint32_t flags;          /**< SN_CHILD_… */
    const char *const *argv; /**< ends with NULL. argv[0] is looked up in PATH if it has no slash */
    const char *const *env;  /**< "NAME=value", ends with NULL; NULL: ours */
    const char *dir;         /**< its working folder; NULL: ours */
    const sn_child_fd *fds;  /**< more descriptors that it shall have, and instead of 0, 1, 2 */
    size_t fds_n;
} sn_child_how;

/**
 * Starts a program. The child has an empty signal mask, default dispositions, and no descriptors
 * but those of `how`: 0, 1 and 2 are /dev/null unless a flag or an entry of `fds` says otherwise.
 * It is started by clone as vfork does it: our memory is not copied, and this thread stands still
 * until the program has begun.
 *
 * Never parks. From coroutines and foreign threads. The caller owns *c: sn_child_free. Returns 0;
 * what exec says: SN_ENOENT, SN_EACCES, SN_ENOTDIR, SN_E2BIG, SN_EPERM, SN_EIO (no program), also
 * of `dir`; SN_EBADF for a descriptor that is not open; SN_EINVAL for attributes without sense;
 * SN_EAGAIN (too many processes), SN_ENOMEM, SN_EMFILE; SN_ECANCELED, SN_ETIMEDOUT from the scope;
 * SN_ENOSYS under simulation. *c is NULL on error.
 */
SN_API SN_MUST int sn_child_start(sn_child **c, const sn_child_how *how);
/**
 * Waits for its end. *status: 0 … 255 what it returned, or minus the signal that killed it. Parks
 * until `until`; several may wait, and come again later. 0; SN_ETIMEDOUT; SN_ECANCELED,
 * SN_ETIMEDOUT from the scope; SN_EIO when another part of the program has waited for it behind our
 * back (waitpid(-1), SIGCHLD ignored): its status is lost then.
 */
SN_API SN_PARKS int sn_child_wait(sn_child *c, sn_time until, int *status);
/** Sends it a signal. 0; SN_ENOENT when its end has been waited for, or nobody is in its group any
 *  more; SN_EINVAL; SN_EPERM. Never parks. */
SN_API SN_MUST int sn_child_kill(sn_child *c, int signo);
/** Its process id: for logs. It is not used again before its end was waited for. Never parks. */
SN_API int sn_child_pid(const sn_child *c);
/** Our end of its descriptor 0, 1 or 2, as the flags asked; else NULL. Stays the child's own: do
 * not free it. End its input with sn_shutdown_write. Never parks. */
SN_API sn_conn *sn_child_stream(const sn_child *c, int fd);
/** Kills it (SIGKILL) if it has not been waited for, waits for its end and frees everything. Parks;
 *  not cancellable. NULL is fine. */
SN_API void sn_child_free(sn_child *c);
/**
 * Starts a program, reads all that it, and whoever it left its output to, writes to its standard
 * output (and error, with SN_CHILD_ERR_OUT), at most `max` bytes, and waits for its end. Of the
 * flags SN_CHILD_IN and SN_CHILD_ERR are refused. *out is malloc'ed (terminated by a 0), the
 * caller's to free; NULL on error. Parks; the scope's deadline and cancel kill the child. Errors of
 * sn_child_start and sn_child_wait; SN_EFBIG when it writes more: it is killed then.
 */
SN_API SN_PARKS int sn_child_output(const sn_child_how *how, size_t max, char **out, size_t *n,
                                    int *status);

SN_END_C
#endif
