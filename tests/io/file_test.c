/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Files: every function, its errors, and the promises of sn_path_write. On the main thread, then
 * once more in a coroutine whose scope is cancelled. */
#include "check.h"

#include <sennit/sennit.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

static char dir[64];

static const char *in_dir(const char *name) {
    static char path[4][160];
    static unsigned turn;
    char *p = path[turn++ % 4];
    snprintf(p, sizeof path[0], "%s/%s", dir, name);
    return p;
}

static void check_content(const char *path, const char *want) {
    char *buf;
    size_t n;
    CHECK_INT(sn_path_read(path, 1000, &buf, &n), 0);
    CHECK_STR(buf, want);
    CHECK_INT(n, strlen(want));
    free(buf);
}

static void opens_as_told(void) {
    sn_file *f;
    const char *path = in_dir("a");
    CHECK_INT(sn_file_open(&f, path, SN_F_READ), SN_ENOENT);
    CHECK(f == NULL);
    CHECK_INT(sn_file_open(&f, path, SN_F_WRITE | SN_F_CREATE | SN_F_EXCL), 0);
    sn_file_close(f);
    struct stat st;
    MUST(stat(path, &st) == 0);
    CHECK_INT(st.st_mode & 0777, 0600);
    CHECK_INT(sn_file_open(&f, path, SN_F_WRITE | SN_F_CREATE | SN_F_EXCL), SN_EEXIST);
    CHECK_INT(sn_file_open(&f, in_dir("no/a"), SN_F_WRITE | SN_F_CREATE), SN_ENOENT);
    CHECK_INT(sn_file_open(&f, in_dir("a/b"), SN_F_READ), SN_ENOTDIR);
    CHECK_INT(sn_file_open(&f, dir, SN_F_WRITE), SN_EISDIR);
    sn_file_close(NULL);
}

static void refuses_flags_without_sense(void) {
    sn_file *f;
    const unsigned bad[] = {0,
                            SN_F_CREATE,
                            SN_F_READ | SN_F_CREATE,
                            SN_F_READ | SN_F_TRUNC,
                            SN_F_READ | SN_F_APPEND,
                            SN_F_WRITE | SN_F_EXCL,
                            SN_F_READ | 64};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        CHECK_INT(sn_file_open(&f, in_dir("a"), bad[i]), SN_EINVAL);
    }
}

static void reads_and_writes_at_offsets(void) {
    sn_file *f;
    char buf[16];
    size_t n;
    MUST(sn_file_open(&f, in_dir("rw"), SN_F_READ | SN_F_WRITE | SN_F_CREATE) == 0);
    CHECK_INT(sn_file_write(f, "hello", 5, 3, &n), 0);
    CHECK_INT(n, 5);
    CHECK_INT(sn_file_read(f, buf, sizeof buf, 0, &n), 0);
    CHECK_INT(n, 8);
    CHECK(memcmp(buf, "\0\0\0hello", 8) == 0);
    CHECK_INT(sn_file_read(f, buf, 2, 4, &n), 0);
    CHECK_INT(n, 2);
    CHECK(memcmp(buf, "el", 2) == 0);
    CHECK_INT(sn_file_read(f, buf, 4, 8, &n), 0);
    CHECK_INT(n, 0);
    CHECK_INT(sn_file_read(f, buf, 4, UINT64_MAX, &n), SN_EFBIG);
    CHECK_INT(sn_file_write(f, buf, 4, INT64_MAX - 3, &n), SN_EFBIG);
    CHECK_INT(n, 0);
    CHECK_INT(sn_file_sync(f), 0);
    CHECK_INT(sn_file_truncate(f, 4), 0);
    sn_file_info info;
    CHECK_INT(sn_file_stat(f, &info), 0);
    CHECK_INT(info.size, 4);
    CHECK(info.is_file && !info.is_dir);
    int64_t off = info.mtime_ms - sn_utc_ms();
    CHECK(off < 60000 && off > -60000);
    sn_file_close(f);
}

static void keeps_to_the_way_it_was_opened(void) {
    sn_file *f;
    char c = 'x';
    size_t n;
    MUST(sn_path_write(in_dir("m"), "abc", 3) == 0);
    MUST(sn_file_open(&f, in_dir("m"), SN_F_READ) == 0);
    CHECK_INT(sn_file_write(f, &c, 1, 0, &n), SN_EBADF);
    CHECK_INT(sn_file_truncate(f, 0), SN_EINVAL);
    sn_file_close(f);
    MUST(sn_file_open(&f, in_dir("m"), SN_F_WRITE | SN_F_APPEND) == 0);
    CHECK_INT(sn_file_read(f, &c, 1, 0, &n), SN_EBADF);
    CHECK_INT(sn_file_write(f, "d", 1, 0, &n), 0);
    sn_file_close(f);
    check_content(in_dir("m"), "abcd");
    MUST(sn_file_open(&f, in_dir("m"), SN_F_WRITE | SN_F_TRUNC) == 0);
    sn_file_close(f);
    check_content(in_dir("m"), "");
}

/* The kernel writes as much as the limit allows and then refuses: a short write. */
static void counts_a_short_write(void) {
    struct rlimit was, less;
    char block[1000];
    sn_file *f;
    size_t n;
    memset(block, 'z', sizeof block);
    MUST(getrlimit(RLIMIT_FSIZE, &was) == 0);
    less = was;
    less.rlim_cur = 600;
    MUST(signal(SIGXFSZ, SIG_IGN) != SIG_ERR);
    MUST(sn_file_open(&f, in_dir("limit"), SN_F_WRITE | SN_F_CREATE) == 0);
    MUST(setrlimit(RLIMIT_FSIZE, &less) == 0);
    CHECK_INT(sn_file_write(f, block, sizeof block, 0, &n), SN_EFBIG);
    CHECK_INT(n, 600);
    CHECK_INT(sn_path_write(in_dir("whole"), block, sizeof block), SN_EFBIG);
    MUST(setrlimit(RLIMIT_FSIZE, &was) == 0);
    sn_file_close(f);
    sn_file_info info;
    CHECK_INT(sn_path_stat(in_dir("whole"), &info), SN_ENOENT);
}

static int count_names(void *arg, const char *name) {
    int *seen = arg;
    CHECK(strcmp(name, ".") != 0 && strcmp(name, "..") != 0);
    seen[0]++;
    if (strncmp(name, "f", 1) == 0) seen[1]++;
    return seen[0] == seen[2] ? 77 : 0;
}

static void folders(void) {
    int seen[3] = {0};
    sn_file_info info;
    CHECK_INT(sn_path_mkdir(in_dir("d")), 0);
    CHECK_INT(sn_path_mkdir(in_dir("d")), SN_EEXIST);
    CHECK_INT(sn_path_mkdir(in_dir("e/f")), SN_ENOENT);
    CHECK_INT(sn_path_stat(in_dir("d"), &info), 0);
    CHECK(info.is_dir && !info.is_file);
    CHECK_INT(sn_path_list(in_dir("d"), count_names, seen), 0);
    CHECK_INT(seen[0], 0);
    CHECK_INT(sn_path_write(in_dir("d/f1"), "1", 1), 0);
    CHECK_INT(sn_path_write(in_dir("d/f2"), "2", 1), 0);
    CHECK_INT(sn_path_list(in_dir("d"), count_names, seen), 0);
    CHECK_INT(seen[0], 2);
    CHECK_INT(seen[1], 2);
    seen[0] = 0;
    seen[2] = 1;
    CHECK_INT(sn_path_list(in_dir("d"), count_names, seen), 77);
    CHECK_INT(sn_path_list(in_dir("nowhere"), count_names, seen), SN_ENOENT);
    CHECK_INT(sn_path_list(in_dir("d/f1"), count_names, seen), SN_ENOTDIR);
    CHECK_INT(sn_path_remove(in_dir("d")), SN_EBUSY);
    CHECK_INT(sn_path_remove(in_dir("d/f1")), 0);
    CHECK_INT(sn_path_remove(in_dir("d/f1")), SN_ENOENT);
    CHECK_INT(sn_path_remove(in_dir("d/f2")), 0);
    CHECK_INT(sn_path_remove(in_dir("d")), 0);
    CHECK_INT(sn_path_stat(in_dir("d"), &info), SN_ENOENT);
}

static void renames(void) {
    MUST(sn_path_write(in_dir("r1"), "one", 3) == 0);
    MUST(sn_path_write(in_dir("r2"), "two", 3) == 0);
    CHECK_INT(sn_path_rename(in_dir("r1"), in_dir("r2")), 0);
    check_content(in_dir("r2"), "one");
    CHECK_INT(sn_path_rename(in_dir("r1"), in_dir("r2")), SN_ENOENT);
    MUST(sn_path_mkdir(in_dir("sub")) == 0);
    CHECK_INT(sn_path_rename(in_dir("r2"), in_dir("sub/r3")), 0);
    check_content(in_dir("sub/r3"), "one");
    CHECK_INT(sn_path_rename(in_dir("sub/r3"), in_dir("nowhere/r")), SN_ENOENT);
    MUST(chdir(dir) == 0);
    CHECK_INT(sn_path_rename("sub/r3", "r4"), 0);
    check_content(in_dir("r4"), "one");
    CHECK_INT(sn_path_write("bare", "b", 1), 0);
    check_content(in_dir("bare"), "b");
}

static void reads_whole_files(void) {
    char *buf;
    size_t n;
    char big[5000];
    memset(big, 'q', sizeof big);
    MUST(sn_path_write(in_dir("w"), big, sizeof big) == 0);
    CHECK_INT(sn_path_read(in_dir("w"), sizeof big, &buf, &n), 0);
    CHECK_INT(n, sizeof big);
    CHECK(buf && memcmp(buf, big, n) == 0 && buf[n] == 0);
    free(buf);
    CHECK_INT(sn_path_read(in_dir("w"), sizeof big - 1, &buf, &n), SN_EFBIG);
    CHECK(buf == NULL && n == 0);
    CHECK_INT(sn_path_read(in_dir("w"), 0, &buf, &n), SN_EFBIG);
    CHECK_INT(sn_path_read(in_dir("w"), SIZE_MAX, &buf, &n), SN_EINVAL);
    CHECK_INT(sn_path_read(in_dir("none"), 10, &buf, &n), SN_ENOENT);
    CHECK_INT(sn_path_read(dir, 10, &buf, &n), SN_EISDIR);
    MUST(sn_path_write(in_dir("w"), "", 0) == 0);
    CHECK_INT(sn_path_read(in_dir("w"), 0, &buf, &n), 0);
    CHECK(buf && buf[0] == 0 && n == 0);
    free(buf);
    /* A file that does not say how long it is. */
    CHECK_INT(sn_path_read("/proc/self/status", 100000, &buf, &n), 0);
    CHECK(n > 512 && buf && strlen(buf) == n);
    free(buf);
    CHECK_INT(sn_path_read("/proc/self/status", 600, &buf, &n), SN_EFBIG);
    CHECK_INT(sn_path_read("/proc/self/status", 100, &buf, &n), SN_EFBIG);
}

static void writes_whole_files(void) {
    struct stat st;
    int seen[3] = {0};
    CHECK_INT(sn_path_mkdir(in_dir("ww")), 0);
    CHECK_INT(sn_path_write(in_dir("ww/f"), "first", 5), 0);
    MUST(stat(in_dir("ww/f"), &st) == 0);
    CHECK_INT(st.st_mode & 0777, 0600);
    MUST(chmod(in_dir("ww/f"), 0644) == 0);
    CHECK_INT(sn_path_write(in_dir("ww/f"), "second", 6), 0);
    check_content(in_dir("ww/f"), "second");
    MUST(stat(in_dir("ww/f"), &st) == 0);
    CHECK_INT(st.st_mode & 0777, 0644);
    CHECK_INT(sn_path_mkdir(in_dir("ww/d")), 0);
    CHECK_INT(sn_path_write(in_dir("ww/d"), "x", 1), SN_EISDIR);
    CHECK_INT(sn_path_list(in_dir("ww"), count_names, seen), 0);
    CHECK_INT(seen[0], 2); /* no temporary is left */
}

static void lists_entry_by_entry(void) {
    sn_dir *d;
    const char *name;
    int n = 0, links = 0;
    MUST(sn_path_mkdir(in_dir("ls")) == 0);
    MUST(sn_path_write(in_dir("ls/a"), "", 0) == 0 && sn_path_mkdir(in_dir("ls/b")) == 0);
    MUST(symlink("nowhere", in_dir("ls/c")) == 0);
    MUST(sn_dir_open(&d, in_dir("ls")) == 0);
    while (sn_dir_next(d, &name) == 0 && name) {
        n += strlen(name) == 1;
        links += name[0] == 'c';
    }
    CHECK(n == 3 && links == 1);
    CHECK_INT(sn_dir_next(d, &name), 0); /* the end stays the end */
    CHECK(name == NULL);
    sn_dir_close(d);
    sn_dir_close(NULL);
    CHECK_INT(sn_dir_open(&d, in_dir("ls/a")), SN_ENOTDIR);
    CHECK(d == NULL);
    CHECK_INT(sn_dir_open(&d, in_dir("ls/no")), SN_ENOENT);
}

static void make_tree(void) {
    MUST(sn_path_mkdir(in_dir("t")) == 0 && sn_path_mkdir(in_dir("t/u")) == 0);
    MUST(sn_path_mkdir(in_dir("t/u/v")) == 0 && sn_path_mkdir(in_dir("t/w")) == 0);
    MUST(sn_path_write(in_dir("t/u/v/f"), "x", 1) == 0);
    MUST(sn_path_write(in_dir("t/f"), "x", 1) == 0);
    MUST(symlink(in_dir("ls"), in_dir("t/link")) == 0);
}

static void removes_trees(void) {
    sn_file_info info;
    make_tree(); /* of seven entries */
    CHECK_INT(sn_path_remove_tree(in_dir("t"), 6), SN_E2BIG);
    CHECK_INT(sn_path_remove_tree(in_dir("t"), 1), 0);
    make_tree();
    CHECK_INT(sn_path_remove_tree(in_dir("t/"), 7), 0);
    CHECK_INT(sn_path_stat(in_dir("t"), &info), SN_ENOENT);
    CHECK_INT(sn_path_stat(in_dir("ls/a"), &info), 0); /* the link was not followed */
    CHECK_INT(sn_path_remove_tree(in_dir("ls/a"), 0), SN_E2BIG);
    CHECK_INT(sn_path_remove_tree(in_dir("ls/a"), 1), 0);
    CHECK_INT(sn_path_remove_tree(in_dir("ls/a"), 1), SN_ENOENT);
    const char *const special[] = {"/", "//", ".", "..", "./", "../", "no/..", "no/."};
    for (size_t i = 0; i < sizeof special / sizeof *special; i++)
        CHECK_INT(sn_path_remove_tree(special[i], 0), SN_EINVAL);
}

static void removes_no_deeper_than_said(void) {
    char path[400];
    size_t n = (size_t)snprintf(path, sizeof path, "%s/deep", dir);
    for (unsigned i = 0; i <= SN_TREE_DEPTH; i++, n += 2) {
        MUST(sn_path_mkdir(path) == 0);
        memcpy(path + n, "/d", 3);
    }
    MUST(sn_path_write(path, "", 0) == 0);
    CHECK_INT(sn_path_remove_tree(in_dir("deep"), 1000), SN_E2BIG);
    MUST(sn_path_remove(path) == 0);
    CHECK_INT(sn_path_remove_tree(in_dir("deep"), 1000), 0);
}

static int all_canceled(void *arg) {
    (void)arg;
    sn_scope s;
    sn_file *f;
    char *buf, c;
    size_t n;
    sn_file_info info;
    MUST(sn_file_open(&f, in_dir("m"), SN_F_READ | SN_F_WRITE) == 0);
    sn_scope_enter(&s, SN_NEVER);
    sn_scope_cancel(&s, SN_ECANCELED);
    sn_file *g;
    CHECK_INT(sn_file_open(&g, in_dir("m"), SN_F_READ), SN_ECANCELED);
    CHECK_INT(sn_file_read(f, &c, 1, 0, &n), SN_ECANCELED);
    CHECK_INT(sn_file_write(f, "x", 1, 0, &n), SN_ECANCELED);
    CHECK_INT(sn_file_sync(f), SN_ECANCELED);
    CHECK_INT(sn_file_lock(f), SN_ECANCELED);
    CHECK_INT(sn_path_sync(dir), SN_ECANCELED);
    CHECK_INT(sn_file_truncate(f, 0), SN_ECANCELED);
    CHECK_INT(sn_file_stat(f, &info), SN_ECANCELED);
    CHECK_INT(sn_path_stat(in_dir("m"), &info), SN_ECANCELED);
    CHECK_INT(sn_path_rename(in_dir("m"), in_dir("m2")), SN_ECANCELED);
    CHECK_INT(sn_path_remove(in_dir("m")), SN_ECANCELED);
    CHECK_INT(sn_path_mkdir(in_dir("m3")), SN_ECANCELED);
    CHECK_INT(sn_path_list(dir, count_names, NULL), SN_ECANCELED);
    sn_dir *d;
    CHECK_INT(sn_dir_open(&d, dir), SN_ECANCELED);
    CHECK_INT(sn_path_remove_tree(dir, 1000), SN_ECANCELED);
    CHECK_INT(sn_path_read(in_dir("m"), 10, &buf, &n), SN_ECANCELED);
    CHECK_INT(sn_path_write(in_dir("m"), "x", 1), SN_ECANCELED);
    uint32_t was = sn_shield(1);
    CHECK_INT(sn_path_stat(in_dir("m"), &info), 0);
    sn_shield(was);
    CHECK_INT(sn_scope_leave(&s), SN_ECANCELED);
    sn_file_close(f);
    return 0;
}

static void looks_at_the_scope(void) { CHECK_INT(sn_run(all_canceled, NULL, NULL), 0); }

static void locks(void) {
    sn_file *a, *b, *c;
    MUST(sn_file_open(&a, in_dir("l"), SN_F_WRITE | SN_F_CREATE) == 0);
    MUST(sn_file_open(&b, in_dir("l"), SN_F_READ) == 0);
    MUST(sn_file_open(&c, in_dir("l"), SN_F_READ) == 0);
    CHECK_INT(sn_file_lock(b), 0);
    CHECK_INT(sn_file_lock(c), 0); /* readers share it */
    CHECK_INT(sn_file_lock(a), SN_EBUSY);
    sn_file_close(b);
    CHECK_INT(sn_file_lock(a), SN_EBUSY);
    sn_file_close(c);
    CHECK_INT(sn_file_lock(a), 0);
    CHECK_INT(sn_file_lock(a), 0);
    MUST(sn_file_open(&b, in_dir("l"), SN_F_READ | SN_F_WRITE) == 0);
    CHECK_INT(sn_file_lock(b), SN_EBUSY);
    pid_t pid = fork();
    if (pid == 0) { /* what it inherited is the same open file; what it opens is another */
        int rc = sn_file_open(&c, in_dir("l"), SN_F_READ);
        _exit(rc ? 1 : sn_file_lock(c) == SN_EBUSY ? 0 : 2);
    }
    int status;
    MUST(waitpid(pid, &status, 0) == pid);
    CHECK(WIFEXITED(status) && WEXITSTATUS(status) == 0);
    sn_file_close(a);
    CHECK_INT(sn_file_lock(b), 0);
    sn_file_close(b);
}

static void syncs_folders(void) {
    CHECK_INT(sn_path_sync(dir), 0);
    CHECK_INT(sn_path_sync(in_dir("no")), SN_ENOENT);
    CHECK_INT(sn_path_sync(in_dir("l")), SN_ENOTDIR);
}

static int remove_name(void *arg, const char *name) {
    char path[400];
    (void)arg;
    snprintf(path, sizeof path, "%s/%s", dir, name);
    sn_file_info info;
    if (sn_path_stat(path, &info) == 0 && info.is_dir) {
        char sub[800];
        snprintf(sub, sizeof sub, "rm -r '%s'", path);
        return system(sub);
    }
    return sn_path_remove(path);
}

int main(void) {
    snprintf(dir, sizeof dir, "/tmp/sennit-file-XXXXXX");
    MUST(mkdtemp(dir));
    CASE(opens_as_told);
    CASE(refuses_flags_without_sense);
    CASE(reads_and_writes_at_offsets);
    CASE(keeps_to_the_way_it_was_opened);
    CASE(counts_a_short_write);
    CASE(folders);
    CASE(renames);
    CASE(reads_whole_files);
    CASE(writes_whole_files);
    CASE(lists_entry_by_entry);
    CASE(removes_trees);
    CASE(removes_no_deeper_than_said);
    CASE(locks);
    CASE(syncs_folders);
    CASE(looks_at_the_scope);
    CHECK_INT(sn_path_list(dir, remove_name, NULL), 0);
    MUST(rmdir(dir) == 0);
    return check_done();
}
