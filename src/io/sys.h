/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* The system calls of src/io. Each wrapper takes its own errno and turns it into an SN_E…, and is
 * never inlined: the address of errno belongs to a thread, a compiler may keep it over a call, and
 * a coroutine that parked comes back on another thread. No other file here reads errno.
 *
 * All repeat a call that a signal interrupted, unless said otherwise. Results are >= 0 or SN_E…;
 * none of them parks. */
#ifndef SENNIT_IO_SYS_H
#define SENNIT_IO_SYS_H

#include <dirent.h>
#include <sennit/base.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/types.h>

/* Sockets. New descriptors are close-on-exec and do not block. */
int sn__sys_socket(int family);
int sn__sys_dgram_socket(int family);
/* 0 connected; 1 under way. */
int sn__sys_connect(int fd, const struct sockaddr *sa, socklen_t len);
/* How a connect() that was under way stands: 0, SN_EAGAIN when it still is, or its error. */
int sn__sys_connected(int fd);
int sn__sys_bind_listen(int fd, const struct sockaddr *sa, socklen_t len, int backlog);
int sn__sys_bind(int fd, const struct sockaddr *sa, socklen_t len);
/* Skips connections that broke in the queue. */
int sn__sys_accept(int fd, struct sockaddr *sa, socklen_t *len);
int sn__sys_setopt(int fd, int level, int name, int value);
/* Closing will throw away what was not sent, and reset the connection. */
int sn__sys_no_linger(int fd);
int sn__sys_getopt(int fd, int level, int name, int *value);
int sn__sys_nonblock(int fd);
int sn__sys_shutdown_write(int fd);
int sn__sys_sockname(int fd, struct sockaddr *sa, socklen_t *len);
/* Never raises SIGPIPE. (What takes and sends one piece is in socket.c: it has no errno.) */
ssize_t sn__sys_sendmsg(int fd, const struct msghdr *m);
/* A whole datagram; sn__sys_recvfrom returns its size, which may be more than n. */
ssize_t sn__sys_sendto(int fd, const void *buf, size_t n, const struct sockaddr *sa, socklen_t len);
ssize_t sn__sys_recvfrom(int fd, void *buf, size_t n, struct sockaddr *sa, socklen_t *len);

/* Events for signals. */
int sn__sys_eventfd(void);
int sn__sys_eventfd_take(int fd);
void sn__sys_eventfd_put(int fd);

/* Sets of descriptors, for a library that has several at once. The set can be polled itself. */
int sn__sys_set_new(void);
/* In with it for these, other ones than before, or out with it when it is for neither. */
int sn__sys_set_watch(int set, int fd, int in, int out);
typedef struct sn__sys_event {
    int fd, in, out;
} sn__sys_event;
/* Which are ready, at most n; does not wait. */
int sn__sys_set_ready(int set, sn__sys_event *ev, int n);

/* Files. */
int sn__sys_open(const char *path, int flags, unsigned mode);
/* Once only: after EINTR the descriptor is gone all the same. */
void sn__sys_close(int fd);
/* Another descriptor of the same, close-on-exec. */
int sn__sys_dup(int fd);
ssize_t sn__sys_read(int fd, void *buf, size_t n);
ssize_t sn__sys_write(int fd, const void *buf, size_t n);
ssize_t sn__sys_pread(int fd, void *buf, size_t n, uint64_t at);
/* What the cache has of it. SN_EAGAIN when that is nothing: reading would wait for the device;
 * SN_ENOSYS when this kernel, or the file's system, cannot tell. */
ssize_t sn__sys_pread_cached(int fd, void *buf, size_t n, uint64_t at);
/* The next call will wait for a device: whoever else can run shall, from now. */
void sn__sys_will_block(void);
ssize_t sn__sys_pwrite(int fd, const void *buf, size_t n, uint64_t at);
int sn__sys_fdatasync(int fd);
int sn__sys_fsync(int fd);
int sn__sys_ftruncate(int fd, uint64_t size);
int sn__sys_fchmod(int fd, unsigned mode);
int sn__sys_fstat(int fd, struct stat *st);
int sn__sys_stat(const char *path, struct stat *st);
int sn__sys_rename(const char *from, const char *to);
/* A file or an empty folder. */
int sn__sys_remove(const char *path);
int sn__sys_mkdir(const char *path, unsigned mode);
int sn__sys_opendir(const char *path, DIR **d);
/* 0 and *name, NULL at the end; the name lives until the next call. */
int sn__sys_readdir(DIR *d, const char **name);
void sn__sys_closedir(DIR *d);
/* Locks the whole file for this descriptor, alone or with others that do not want it alone;
 * SN_EBUSY when another has it. */
int sn__sys_lock(int fd, int exclusive);

#endif
