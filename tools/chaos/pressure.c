/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * Processor, memory and disk taken away. Hogs are children with a bound of their own: the kernel
 * ends one that has used more processor time than its fault lasts, and one that takes memory is
 * the first to go when there is none. A file that fills a disk has no name, so that it is gone with
 * this process.
 */
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <unistd.h>

#include <sennit/file.h>

#include "chaos.h"
#include "common/child.h"

enum { NICE = 5, PAGE = 4096, BLOCK = 1 << 20 };

/* ---- processor ---- */

/** In the child. `arg` points to the seconds it may run. */
static int spin(void *arg) {
    const struct rlimit most = {*(const rlim_t *)arg, *(const rlim_t *)arg + 1};
    setrlimit(RLIMIT_CPU, &most);
    setpriority(PRIO_PROCESS, 0, NICE);
    for (volatile uint64_t turns = 0;;) turns++;
    return 0;
}

static void start(chaos *c, pressure *p, const sn_fault *f, int (*child)(void *), void *arg) {
    pid_t pid = child_call(child, arg);
    if (pid > 0)
        p->pids[p->pids_n++] = pid;
    else
        chaos_trouble(c, "#%u: no child process: %s", f->number, sn_strerror((int)pid));
}

void pressure_hog(chaos *c, pressure *p, const sn_fault *f) {
    rlim_t seconds = (rlim_t)(f->lasts / SN_SECOND) + 2;
    for (uint32_t i = 0; i < f->cpus && i < CHAOS_CPUS_MAX; i++) start(c, p, f, spin, &seconds);
}

/* ---- memory ---- */

/** What the machine could still give, in bytes; 0 when it does not say. */
static uint64_t available(void) {
    char *text, *line;
    size_t n;
    unsigned long long kib = 0;
    if (sn_path_read("/proc/meminfo", 1 << 16, &text, &n)) return 0;
    line = strstr(text, "MemAvailable:");
    if (line) kib = strtoull(line + strlen("MemAvailable:"), NULL, 10);
    free(text);
    return kib * 1024;
}

const char *pressure_refused(const sn_fault *f) {
    if (f->kind == SN_FAULT_MEMORY && f->bytes > available() / 2) {
        return "that is more than half of what the machine has left";
    }
    return NULL;
}

/** In the child: asks the kernel to end this one first. If it may not, the bound of half of what is
 *  left holds all the same. */
static void volunteer(void) {
    int fd = open("/proc/self/oom_score_adj", O_WRONLY);
    if (fd < 0) return;
    ssize_t wrote = write(fd, "1000", 4);
    (void)wrote;
    close(fd);
}

/** In the child. `arg` points to the bytes. */
static int take(void *arg) {
    size_t n = (size_t) * (const uint64_t *)arg;
    volunteer();
    char *at = mmap(NULL, n, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (at == MAP_FAILED) return 1;
    for (;;) {
        for (size_t i = 0; i < n; i += PAGE) at[i]++;
        for (int i = 0; i < 10; i++) pause();
    }
}

void pressure_memory(chaos *c, pressure *p, const sn_fault *f) {
    uint64_t bytes = f->bytes;
    if (pressure_refused(f)) {
        chaos_trouble(c, "#%u: %s", f->number, pressure_refused(f));
        return;
    }
    start(c, p, f, take, &bytes);
}

/* ---- disk ---- */

/** Writes until the disk is full or `most` is written; smaller pieces at the end. */
static int fill(sn_file *file, uint64_t most, uint64_t *done) {
    char *block = calloc(1, BLOCK);
    int rc = block ? 0 : SN_ENOMEM;
    *done = 0;
    for (size_t piece = BLOCK; rc == 0 && piece > 0 && *done < most;) {
        size_t n, want = piece < most - *done ? piece : (size_t)(most - *done);
        rc = sn_file_write(file, block, want, *done, &n);
        *done += n;
        if (rc != SN_ENOSPC) continue;
        piece /= 2;
        rc = piece ? 0 : SN_ENOSPC;
    }
    free(block);
    return rc;
}

void pressure_disk(chaos *c, pressure *p, const chaos_host *h) {
    char path[4096];
    uint64_t done;
    snprintf(path, sizeof path, "%s/.sennit-chaos-%d", h->folder, (int)getpid());
    int rc = sn_file_open(&p->filler, path, SN_F_READ | SN_F_WRITE | SN_F_CREATE | SN_F_EXCL);
    if (rc == 0) rc = sn_path_remove(path);
    if (rc) {
        chaos_trouble(c, "host %s: %s: %s", h->name, path, sn_strerror(rc));
        return;
    }
    rc = fill(p->filler, h->fill, &done);
    chaos_say(c, "disk of host %s: %llu bytes taken%s", h->name, (unsigned long long)done,
              rc == SN_ENOSPC ? "; it is full" : "");
    if (rc && rc != SN_ENOSPC) chaos_trouble(c, "host %s: filling: %s", h->name, sn_strerror(rc));
    if (rc == 0)
        chaos_trouble(c, "host %s: %s is not full: its bound is too low", h->name, h->folder);
}

void pressure_end(pressure *p) {
    for (uint32_t i = 0; i < p->pids_n; i++) child_kill(p->pids[i]);
    p->pids_n = 0;
    sn_file_close(p->filler);
    p->filler = NULL;
}
