/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Files, the file seam of every program here. These calls block on the caller's stack; the P
 * goes elsewhere if it lasts. The scope is looked at before the call. From coroutines and
 * foreign threads. */
#ifndef SENNIT_FILE_H
#define SENNIT_FILE_H

#include <sennit/base.h>

SN_BEGIN_C

typedef struct sn_file sn_file;
enum {
    SN_F_READ = 1,
    SN_F_WRITE = 2,
    SN_F_CREATE = 4,  /**< make it if missing (mode 0600) */
    SN_F_EXCL = 8,    /**< SN_EEXIST if it exists */
    SN_F_TRUNC = 16,
    SN_F_APPEND = 32
};
typedef struct sn_file_info {
    uint64_t size;
    int64_t mtime_ms; /**< UTC */
    uint32_t is_dir, is_file;
} sn_file_info;

SN_API SN_MUST int sn_file_open(sn_file **f, const char *path, unsigned flags);
SN_API void sn_file_close(sn_file *f);
/** Reads/writes at an offset: all n bytes, or an error; *done counts. Short read at the end. */
SN_API SN_MUST int sn_file_read(sn_file *f, void *buf, size_t n, uint64_t at, size_t *done);
SN_API SN_MUST int sn_file_write(sn_file *f, const void *buf, size_t n, uint64_t at, size_t *done);
/** Makes what was written durable (fdatasync). */
SN_API SN_MUST int sn_file_sync(sn_file *f);
SN_API SN_MUST int sn_file_stat(sn_file *f, sn_file_info *out);
SN_API SN_MUST int sn_path_stat(const char *path, sn_file_info *out);
/** Renames, replacing `to`, and makes the folder entry durable. */
SN_API SN_MUST int sn_path_rename(const char *from, const char *to);
SN_API SN_MUST int sn_path_remove(const char *path);
/** Makes a folder (mode 0700); SN_EEXIST if there is one. */
SN_API SN_MUST int sn_path_mkdir(const char *path);
/** Calls `each` for every entry but "." and ".."; stops at its first non-zero result, returned. */
SN_API SN_MUST int sn_path_list(const char *path, int (*each)(void *arg, const char *name),
                                void *arg);
/** Reads a whole file of at most `max` bytes into malloc'ed *buf (terminated by a 0). SN_EFBIG. */
SN_API SN_MUST int sn_path_read(const char *path, size_t max, char **buf, size_t *n);
/** Writes a file whole: to a temporary beside it, synced, then renamed over it. */
SN_API SN_MUST int sn_path_write(const char *path, const void *buf, size_t n);

SN_END_C
#endif
