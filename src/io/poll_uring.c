/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * Edges by io_uring: a multishot poll for each descriptor. One ring for all threads, mapped and
 * entered without liburing: what is needed of it is less than what would have to be said to use it.
 *
 * A poll holds the file, so closing the descriptor does not close the connection: before, the poll
 * is cancelled and the cancel waited for (IORING_REGISTER_SYNC_CANCEL, Linux 6.0).
 *
 * The kernel runs a request's completions in the name of the thread that submitted it, and cancels
 * them when that thread ends. Our threads end with each run, so a poll may end without having been
 * asked to: its last event has SN__LAST_EVENT, and the next who waits submits it anew. For the same
 * reason the ring has none of the flags that tie it to one thread (SINGLE_ISSUER, DEFER_TASKRUN): a
 * coroutine's thread may be blocked in somebody's C library when the event comes.
 *
 * Locks: `submit` over the submission queue and io_uring_enter of what is in it; `reap` over taking
 * events out. Nobody sleeps with either. Who looks without sleeping makes no system call unless the
 * kernel has more than the ring holds.
 *
 * Interrupts come by an eventfd that is polled like the rest, with no pd. A look that takes one
 * away from a sleeper passes it on.
 */
#include <errno.h>
#include <linux/io_uring.h>
#include <poll.h>
#include <stdint.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "io/backend.h"

enum { SUBMISSIONS = 256, COMPLETIONS = 8192, NEEDED = IORING_FEAT_EXT_ARG | IORING_FEAT_NODROP };

static struct {
    int fd, wake;
    sn__lockw submit, reap;
    _Atomic uint32_t sleepers;
    void *sq_map, *cq_map, *sqe_map;
    size_t sq_size, cq_size, sqe_size;
    _Atomic uint32_t *sq_tail, *sq_flags, *cq_head, *cq_tail;
    uint32_t sq_mask, cq_mask, *sq_array;
    struct io_uring_sqe *sqes;
    struct io_uring_cqe *cqes;
} ring = {.fd = -1, .wake = -1};

/* ---- Making it ---- */

static void *map(size_t size, off_t what) {
    void *p = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_POPULATE, ring.fd, what);
    return p == MAP_FAILED ? NULL : p;
}

static void unmap(void *p, size_t size) {
    if (p) munmap(p, size);
}

static void uring_forget(void) {
    unmap(ring.sq_map, ring.sq_size);
    unmap(ring.cq_map, ring.cq_size);
    unmap(ring.sqe_map, ring.sqe_size);
    if (ring.fd >= 0) close(ring.fd);
    if (ring.wake >= 0) close(ring.wake);
    memset(&ring, 0, sizeof ring);
    ring.fd = ring.wake = -1;
}

static bool map_all(const struct io_uring_params *p) {
    ring.sq_size = p->sq_off.array + p->sq_entries * sizeof(uint32_t);
    ring.cq_size = p->cq_off.cqes + p->cq_entries * sizeof(struct io_uring_cqe);
    ring.sqe_size = p->sq_entries * sizeof(struct io_uring_sqe);
    ring.sq_map = map(ring.sq_size, IORING_OFF_SQ_RING);
    ring.cq_map = map(ring.cq_size, IORING_OFF_CQ_RING);
    ring.sqe_map = map(ring.sqe_size, IORING_OFF_SQES);
    return ring.sq_map && ring.cq_map && ring.sqe_map;
}

static void find_places(const struct io_uring_params *p) {
    char *sq = ring.sq_map, *cq = ring.cq_map;
    ring.sq_tail = (void *)(sq + p->sq_off.tail);
    ring.sq_flags = (void *)(sq + p->sq_off.flags);
    ring.sq_array = (void *)(sq + p->sq_off.array);
    memcpy(&ring.sq_mask, sq + p->sq_off.ring_mask, sizeof ring.sq_mask);
    ring.cq_head = (void *)(cq + p->cq_off.head);
    ring.cq_tail = (void *)(cq + p->cq_off.tail);
    ring.cqes = (void *)(cq + p->cq_off.cqes);
    memcpy(&ring.cq_mask, cq + p->cq_off.ring_mask, sizeof ring.cq_mask);
    ring.sqes = ring.sqe_map;
}

/* All polls with this data, waited for. SN_ENOSYS: the kernel has no such call. */
static int cancel(uintptr_t data) {
    struct io_uring_sync_cancel_reg c = {.addr = data,
                                         .fd = -1,
                                         .flags = IORING_ASYNC_CANCEL_ALL,
                                         .timeout = {.tv_sec = -1, .tv_nsec = -1}};
    long r;
    do {
        r = syscall(SYS_io_uring_register, ring.fd, IORING_REGISTER_SYNC_CANCEL, &c, 1);
    } while (r < 0 && (errno == EINTR || errno == EAGAIN));
    return r >= 0 || errno == ENOENT ? 0 : SN_ENOSYS;
}

static int uring_add(sn__pd *pd, int fd);

static int uring_up(void) {
    struct io_uring_params p = {.flags = IORING_SETUP_CQSIZE, .cq_entries = COMPLETIONS};
    ring.fd = (int)syscall(SYS_io_uring_setup, SUBMISSIONS, &p);
    ring.wake = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    bool ok = ring.fd >= 0 && ring.wake >= 0 && (p.features & NEEDED) == NEEDED && map_all(&p);
    if (ok) {
        find_places(&p);
        ok = cancel(UINTPTR_MAX) == 0 && uring_add(NULL, ring.wake) == 0;
    }
    if (ok) return 0;
    uring_forget();
    return SN_ENOSYS;
}

/* ---- Submitting ---- */

/* Under ring.submit, and each is entered at once, so there is always room. */
static int enter_one(const struct io_uring_sqe *e) {
    uint32_t tail = atomic_load_explicit(ring.sq_tail, memory_order_relaxed);
    uint32_t at = tail & ring.sq_mask;
    ring.sqes[at] = *e;
    ring.sq_array[at] = at;
    atomic_store_explicit(ring.sq_tail, tail + 1, memory_order_release);
    long r;
    do {
        r = syscall(SYS_io_uring_enter, ring.fd, 1, 0, 0, NULL, 0);
    } while (r < 0 && (errno == EINTR || errno == EAGAIN || errno == EBUSY));
    if (r == 1) return 0;
    atomic_store_explicit(ring.sq_tail, tail, memory_order_release); /* it was not taken */
    return SN_ENOMEM;
}

/* poll(2) says of such a file that it is always ready, and so never has an edge. */
static bool can_be_polled(int fd) {
    int flags = -1;
    socklen_t n = sizeof flags;
    if (getsockopt(fd, SOL_SOCKET, SO_TYPE, &flags, &n) == 0) return true;
    struct stat st;
    return fstat(fd, &st) == 0 && !S_ISREG(st.st_mode) && !S_ISDIR(st.st_mode);
}

static int uring_add(sn__pd *pd, int fd) {
    const struct io_uring_sqe poll = {.opcode = IORING_OP_POLL_ADD,
                                      .fd = fd,
                                      .len = IORING_POLL_ADD_MULTI,
                                      .poll32_events =
                                          POLLIN | (pd ? POLLOUT | POLLRDHUP | POLLPRI : 0),
                                      .user_data = (uintptr_t)pd};
    if (!can_be_polled(fd)) return SN_EPERM;
    sn__lock(&ring.submit);
    int err = enter_one(&poll);
    sn__unlock(&ring.submit);
    return err;
}

static void uring_remove(sn__pd *pd) { (void)cancel((uintptr_t)pd); }

/* ---- Events ---- */

/* Also in a signal handler. EAGAIN: it is awake already. */
static void uring_interrupt(void) {
    uint64_t one = 1;
    int was = errno;
    while (write(ring.wake, &one, sizeof one) < 0 && errno == EINTR) continue;
    errno = was;
}

/* Until there is an event, `until`, or a signal. */
static void sleep_here(sn_time until) {
    sn_time left = until == SN_NEVER ? 0 : until - sn__now();
    if (until != SN_NEVER && left <= 0) return;
    struct __kernel_timespec t = {.tv_sec = left / SN_SECOND, .tv_nsec = left % SN_SECOND};
    struct io_uring_getevents_arg arg = {.ts = until == SN_NEVER ? 0 : (uintptr_t)&t};
    atomic_fetch_add(&ring.sleepers, 1);
    syscall(SYS_io_uring_enter, ring.fd, 0, 1, IORING_ENTER_GETEVENTS | IORING_ENTER_EXT_ARG, &arg,
            sizeof arg);
    atomic_fetch_sub(&ring.sleepers, 1);
}

/* What did not fit into the ring is kept by the kernel until somebody asks. */
static void fetch_overflow(void) {
    if (!(atomic_load_explicit(ring.sq_flags, memory_order_relaxed) & IORING_SQ_CQ_OVERFLOW))
        return;
    syscall(SYS_io_uring_enter, ring.fd, 0, 0, IORING_ENTER_GETEVENTS, NULL, 0);
}

/* One event into the batch; true: it was an interrupt. */
static bool take(sn__poll_batch *b, const struct io_uring_cqe *e) {
    bool last = !(e->flags & IORING_CQE_F_MORE);
    if (!e->user_data) return true;
    sn__event *at = &sn__events_of(b)[b->n++];
    at->data.ptr = (void *)(uintptr_t)e->user_data;
    at->events = (e->res > 0 ? (uint32_t)e->res : 0) | (last ? SN__LAST_EVENT : 0);
    return false;
}

/* Whether an interrupt was among them, and whether the poll for interrupts has to be made anew. */
static bool reap(sn__poll_batch *b, bool *deaf) {
    bool interrupted = false;
    *deaf = false;
    sn__lock(&ring.reap);
    uint32_t head = atomic_load_explicit(ring.cq_head, memory_order_relaxed);
    uint32_t tail = atomic_load_explicit(ring.cq_tail, memory_order_acquire);
    while (head != tail && b->n < SN__POLL_BATCH) {
        const struct io_uring_cqe *e = &ring.cqes[head++ & ring.cq_mask];
        if (!take(b, e)) continue;
        interrupted = true;
        *deaf |= !(e->flags & IORING_CQE_F_MORE);
    }
    atomic_store_explicit(ring.cq_head, head, memory_order_release);
    sn__unlock(&ring.reap);
    return interrupted;
}

static void uring_wait(sn__poll_batch *b, sn_time until) {
    bool deaf;
    b->n = 0;
    fetch_overflow();
    if (until != 0) sleep_here(until);
    bool interrupted = reap(b, &deaf);
    if (deaf) (void)uring_add(NULL, ring.wake);
    if (interrupted && until == 0 && atomic_load(&ring.sleepers)) uring_interrupt();
}

const sn__backend sn__uring = {
    .up = uring_up,
    .add = uring_add,
    .remove = uring_remove,
    .wait = uring_wait,
    .interrupt = uring_interrupt,
    .forget = uring_forget,
};
