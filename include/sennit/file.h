/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Files, the file seam of every program here. These calls block on the caller's stack; the P
 * goes elsewhere if it lasts, and at once where it is sure to last: before a sync, and before a
 * read of what is not in the page cache. The scope is looked at before the call. From coroutines
 * and foreign threads. */
#ifndef SENNIT_FILE_H
#define SENNIT_FILE_H

#include <sennit/base.h>

SN_BEGIN_C

typedef struct sn_file sn_file;
enum {
    SN_F_READ = 1,
    SN_F_WRITE = 2,
    SN_F_CREATE = 4, /**< make it if missing (mode 0600) */
    SN_F_EXCL = 8,   /**< SN_EEXIST if it exists */
    SN_F_TRUNC = 16,
    SN_F_APPEND = 32
};
typedef struct sn_file_info {
    uint64_t size;
    int64_t mtime_ms; /**< UTC */
    uint32_t is_dir, is_file;
} sn_file_info;

/* Errors of all of them: SN_ECANCELED and SN_ETIMEDOUT from the scope (nothing was done),
 * SN_ENOENT, SN_ENOTDIR, SN_EISDIR, SN_EACCES, SN_EPERM, SN_EROFS, SN_ENOSPC, SN_EFBIG, SN_EMFILE,
 * SN_ENOMEM, SN_EINVAL (a name too long, a loop of links), SN_EIO. What else each can return is
 * said there. None of them parks. */

/** Opens `path`; `flags` is SN_F_READ or SN_F_WRITE or both, and what else is wanted. The caller
 *  owns *f (NULL on error): sn_file_close. SN_EEXIST; SN_EINVAL for flags that make no sense. */
SN_API SN_MUST int sn_file_open(sn_file **f, const char *path, unsigned flags);
/** Closes and frees. NULL is fine. Does not make anything durable: sn_file_sync does. */
SN_API void sn_file_close(sn_file *f);
/** Reads n bytes at offset `at`, or up to the end of the file; *done says how many, also on
 *  error. SN_EBADF when not open for reading. */
SN_API SN_MUST int sn_file_read(sn_file *f, void *buf, size_t n, uint64_t at, size_t *done);
/** Writes all n bytes at offset `at` (with SN_F_APPEND: at the end), or returns an error; *done
 *  says how many, also on error. SN_EBADF when not open for writing. */
SN_API SN_MUST int sn_file_write(sn_file *f, const void *buf, size_t n, uint64_t at, size_t *done);
/** Makes what was written durable (fdatasync). After an error the bytes may be lost: write them
 *  again, do not only sync again. */
SN_API SN_MUST int sn_file_sync(sn_file *f);
/** Cuts or extends (with zeros) the file to `size` bytes. SN_EINVAL when not open for writing. */
SN_API SN_MUST int sn_file_truncate(sn_file *f, uint64_t size);
/** Locks the whole file for this open file, against others of this process and of others, until it
 *  is closed: alone if it is open for writing, else together with others that are not. Never waits:
 *  SN_EBUSY when another holds it. Binds only those who lock too (Linux: an OFD lock, which those
 *  with POSIX locks respect). */
SN_API SN_MUST int sn_file_lock(sn_file *f);
SN_API SN_MUST int sn_file_stat(sn_file *f, sn_file_info *out);
SN_API SN_MUST int sn_path_stat(const char *path, sn_file_info *out);
/** Renames, replacing `to`, and makes the folder entry durable. */
SN_API SN_MUST int sn_path_rename(const char *from, const char *to);
/** Removes a file or an empty folder. SN_EBUSY for a folder that is not empty. Durable once the
 *  folder it was in is: sn_path_sync. */
SN_API SN_MUST int sn_path_remove(const char *path);
/** Makes the entries of folder `path` durable: what was made, renamed and removed in it. */
SN_API SN_MUST int sn_path_sync(const char *path);
/** Makes a folder (mode 0700) and the entry durable; SN_EEXIST if there is one. */
SN_API SN_MUST int sn_path_mkdir(const char *path);
/** Calls `each` for every entry but "." and ".."; stops at its first non-zero result, returned.
 *  `each` must not park. */
SN_API SN_MUST int sn_path_list(const char *path, int (*each)(void *arg, const char *name),
                                void *arg);
typedef struct sn_dir sn_dir;
/** Opens a folder for listing. The caller owns *d (NULL on error): sn_dir_close. One coroutine at a
 *  time. */
SN_API SN_MUST int sn_dir_open(sn_dir **d, const char *path);
/** The next entry but "." and "..", in no order, into *name, which lives until the next call; NULL
 *  after the last. What is made or removed meanwhile may or may not be among them. */
SN_API SN_MUST int sn_dir_next(sn_dir *d, const char **name);
/** Closes and frees. NULL is fine. */
SN_API void sn_dir_close(sn_dir *d);
/** Deepest folder in a folder that sn_path_remove_tree goes into. */
#define SN_TREE_DEPTH 64u
/** Removes a file, or a folder with all that is in it; links are removed, not followed. At most
 *  `max` entries, `path` itself included: SN_E2BIG when there are more, or deeper ones than
 *  SN_TREE_DEPTH; then, and after any error, some are removed. SN_EINVAL for the root, "." and
 * "..". Nobody but the caller's user should be able to write there: who exchanges a folder for a
 * link meanwhile chooses what is removed. Durable as sn_path_remove. Looks at the scope before each
 * entry. */
SN_API SN_MUST int sn_path_remove_tree(const char *path, size_t max);
/** Reads a whole file of at most `max` bytes into malloc'ed *buf (terminated by a 0); the caller
 *  frees it. SN_EFBIG when it is longer. *buf is NULL and *n 0 on error. */
SN_API SN_MUST int sn_path_read(const char *path, size_t max, char **buf, size_t *n);
/** Writes a file whole: to a temporary beside it, synced, then renamed over it. Its mode stays, a
 *  new one gets 0600. At every instant, power loss included, the old or the new is there. */
SN_API SN_MUST int sn_path_write(const char *path, const void *buf, size_t n);

SN_END_C
#endif
