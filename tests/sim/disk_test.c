/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Simulated disks when something goes wrong: what a power cut keeps, drops and tears, what a sync
 * promises, errors, bit rot, a full disk, a frozen host. disk_same.py looks at the rest. */
#include "../world/child.h"

#include <sennit/sennit.h>
#include <sennit/sim.h>

enum { SECTOR_BYTES = 512, SECTORS = 64 };

static sn_host *host;

/* ---- A process, and a stop of it ---- */

typedef struct act {
    void (*first)(void); /* on the host */
    void (*after)(void); /* there too, after the stop */
    enum sn_stop how;
    sn_time stop_after; /* 0: when `first` has come back, which then waits */
    sn_disk disk;
} act;

static const act *now;
static sn_chan *ready;

static int run_first(void *arg) {
    (void)arg;
    now->first();
    int one = 1;
    if (sn_canceled() || sn_send(ready, &one)) return 0;
    return sn_sleep_until(SN_NEVER);
}

static int run_after(void *arg) {
    (void)arg;
    now->after();
    return 0;
}

static int body(void *arg) {
    int one;
    (void)arg;
    if (sn_host_new(&host, "machine", "10.0.0.1") || sn_host_disk(host, &now->disk)) return SN_EIO;
    ready = sn_chan_new(sizeof(int), 1, NULL);
    int rc = sn_host_start(host, run_first, NULL, 0);
    if (rc) return rc;
    rc = now->stop_after ? sn_sleep(1 + (sn_time)sn_sim_draw((uint64_t)now->stop_after))
                         : sn_recv(ready, &one);
    sn_host_stop(host, now->how);
    if (rc == 0 && now->after) rc = sn_host_start(host, run_after, NULL, 0);
    if (rc == 0 && now->after) rc = sn_host_wait(host, NULL);
    sn_chan_free(ready);
    return rc;
}

static uint64_t play(const act *a, uint64_t seed) {
    sn_sim_config c = {.size = sizeof c, .seed = seed};
    sn_sim_result r = {.size = sizeof r};
    act with = *a;
    with.disk.size = sizeof with.disk;
    now = &with;
    MUST(sn_sim_run(&c, body, NULL, &r) == 0);
    CHECK_INT(r.rc, 0);
    return r.hash;
}

/* ---- Small things on files ---- */

static sn_file *open_for_all(const char *path) {
    sn_file *f;
    MUST(sn_file_open(&f, path, SN_F_READ | SN_F_WRITE | SN_F_CREATE) == 0);
    return f;
}

static void fill(sn_file *f, char with, size_t n, uint64_t at) {
    char buf[SECTOR_BYTES * SECTORS];
    size_t done;
    memset(buf, with, sizeof buf);
    MUST(n <= sizeof buf && sn_file_write(f, buf, n, at, &done) == 0 && done == n);
}

static int there(const char *path) {
    sn_file_info info;
    return sn_path_stat(path, &info) == 0;
}

/* How many of the file's bytes are `c`. */
static size_t count(const char *path, char c, size_t *size) {
    char *buf;
    size_t n, of = 0;
    MUST(sn_path_read(path, 1 << 20, &buf, &n) == 0);
    for (size_t i = 0; i < n; i++) of += buf[i] == c;
    free(buf);
    if (size) *size = n;
    return of;
}

/* ---- Power cuts ---- */

static int kept, dropped, torn, gone, back, refused;

static void write_and_sync_half(void) {
    sn_file *f = open_for_all("synced");
    fill(f, 'a', 8192, 0);
    MUST(sn_file_sync(f) == 0);
    fill(f, 'b', 8192, 8192);
    fill(f, 'c', 4096, 0);
    sn_file_close(f);
}

static void look_at_halves(void) {
    size_t n, a = count("synced", 'a', &n), b = count("synced", 'b', NULL);
    size_t c = count("synced", 'c', NULL);
    CHECK(n >= 8192 && n <= 16384 && n % SECTOR_BYTES == 0);
    CHECK_INT(a + c, 8192);
    CHECK(a >= 4096 && b % SECTOR_BYTES == 0 && c % SECTOR_BYTES == 0);
    kept += c == 4096;
    dropped += c == 0;
    torn += c > 0 && c < 4096;
}

static void a_power_cut_tears_what_was_not_synced(void) {
    kept = dropped = torn = 0;
    const act a = {write_and_sync_half, look_at_halves, SN_STOP_POWER, 0, {0}};
    for (uint64_t seed = 1; seed <= 100; seed++) play(&a, seed);
    CHECK(kept > 10 && dropped > 10 && torn > 10);
}

static void all_is_c(void) {
    size_t n;
    CHECK_INT(count("synced", 'c', &n), 4096);
    CHECK_INT(n, 16384);
}

static void a_kill_keeps_what_was_written(void) {
    const act a = {write_and_sync_half, all_is_c, SN_STOP_PROCESS, 0, {0}};
    for (uint64_t seed = 1; seed <= 20; seed++) play(&a, seed);
}

static void change_names(void) {
    MUST(sn_path_mkdir("d") == 0);
    MUST(sn_path_write("d/old", "x", 1) == 0 && sn_path_write("d/gone", "y", 1) == 0);
    MUST(sn_path_write("d/surely-gone", "y", 1) == 0);
    MUST(sn_path_remove("d/surely-gone") == 0 && sn_path_sync("d") == 0);
    sn_file *f = open_for_all("synced");
    MUST(sn_file_sync(f) == 0);
    sn_file_close(f);
    sn_file_close(open_for_all("new"));
    MUST(sn_path_rename("d/old", "d/moved") == 0);
    MUST(sn_path_remove("d/gone") == 0);
}

static void look_at_names(void) {
    CHECK(there("synced") && there("d/moved") && !there("d/old") && !there("d/surely-gone"));
    CHECK_INT(count("d/moved", 'x', NULL), 1);
    gone += !there("new");
    back += there("d/gone");
}

static void names_are_durable_when_their_folder_is(void) {
    gone = back = 0;
    const act a = {change_names, look_at_names, SN_STOP_POWER, 0, {0}};
    for (uint64_t seed = 1; seed <= 60; seed++) play(&a, seed);
    CHECK(gone > 10 && gone < 50);
    CHECK(back > 10 && back < 50);
}

static void replace_for_ever(void) {
    char buf[9000];
    for (int i = 1; !sn_canceled(); i++) {
        memset(buf, 'a' + i % 26, sizeof buf);
        if (sn_path_write("f", buf, sizeof buf)) break;
    }
}

static void is_whole(void) {
    char *buf;
    size_t n;
    if (!there("f")) return; /* the first was under way */
    MUST(sn_path_read("f", 1 << 20, &buf, &n) == 0);
    CHECK(n == 9000 || n == 0);
    for (size_t i = 1; i < n; i++) MUST(buf[i] == buf[0]);
    free(buf);
    CHECK_INT(sn_path_write("f", "z", 1), 0);
}

static void files_are_replaced_whole(void) {
    act a = {replace_for_ever,
             is_whole,
             SN_STOP_POWER,
             50 * SN_MILLISECOND,
             {.latency = 100 * SN_MICROSECOND, .sync = SN_MILLISECOND}};
    for (uint64_t seed = 1; seed <= 100; seed++) play(&a, seed);
    a.how = SN_STOP_PROCESS;
    for (uint64_t seed = 1; seed <= 30; seed++) play(&a, seed);
}

/* A name on its way to another: it is the one or the other, at every instant. */
static int named;

static void rename_to_and_fro(void) {
    named = 0;
    if (sn_path_write("here", "x", 1)) return;
    named = 1;
    while (sn_path_rename("here", "yonder") == 0)
        if (sn_path_rename("yonder", "here")) return;
}

static void has_one_name(void) {
    int here = there("here"), yonder = there("yonder");
    CHECK(!named || here + yonder == 1);
    kept += here;
    back += yonder;
}

static void a_rename_is_whole(void) {
    act a = {rename_to_and_fro, has_one_name, SN_STOP_POWER, 20 * SN_MILLISECOND, {0}};
    a.disk.sync = SN_MILLISECOND;
    kept = back = 0;
    for (uint64_t seed = 1; seed <= 100; seed++) play(&a, seed);
    CHECK(kept > 10 && back > 10);
}

static void write_often_and_not_sync(void) {
    sn_file *f = open_for_all("f");
    MUST(sn_file_sync(f) == 0);
    for (int i = 0; i < 30; i++) fill(f, 'x', 8192, 4096);
    sn_file_close(f);
}

static void look_behind_the_end(void) {
    static char buf[16384];
    sn_file_info info;
    size_t done;
    sn_file *f = open_for_all("f");
    MUST(sn_file_stat(f, &info) == 0 && sn_file_truncate(f, sizeof buf) == 0);
    MUST(sn_file_read(f, buf, sizeof buf, 0, &done) == 0 && done == sizeof buf);
    for (size_t i = 0; i < sizeof buf; i++)
        CHECK(i >= info.size || i < 4096 ? buf[i] == 0 : buf[i] == 0 || buf[i] == 'x');
    torn += info.size > 0;
    sn_file_close(f);
}

static void nothing_comes_back_behind_the_end(void) {
    torn = 0;
    const act a = {write_often_and_not_sync, look_behind_the_end, SN_STOP_POWER, 0, {0}};
    for (uint64_t seed = 1; seed <= 100; seed++) play(&a, seed);
    CHECK(torn > 10 && torn < 90);
}

/* ---- Every sector is one of those that it may be ---- */

/* What the test knows of each sector: the version last synced, and the versions since. A version is
 * the number that fills the sector. Cut off or never written: 0. */
static struct sector {
    unsigned may[400];
    int n;
} known[SECTORS];
static unsigned version;

static void may_be(size_t i, unsigned v) {
    if (known[i].n < 400) known[i].may[known[i].n++] = v;
}

static void put_some(sn_file *f) {
    unsigned buf[SECTOR_BYTES * SECTORS / sizeof(unsigned)];
    size_t at = (size_t)sn_sim_draw(SECTORS), n = 1 + (size_t)sn_sim_draw(SECTORS - at), done;
    version++;
    for (size_t i = 0; i < sizeof buf / sizeof *buf; i++) buf[i] = version;
    for (size_t i = at; i < at + n; i++) may_be(i, version);
    if (sn_file_write(f, buf, n * SECTOR_BYTES, at * SECTOR_BYTES, &done)) refused++;
}

static void cut_some(sn_file *f) {
    uint64_t to = sn_sim_draw(SECTORS + 1);
    for (size_t i = (size_t)to; i < SECTORS; i++) may_be(i, 0);
    if (sn_file_truncate(f, to * SECTOR_BYTES)) refused++;
}

static void sync_it(sn_file *f) {
    struct sector was[SECTORS];
    memcpy(was, known, sizeof was);
    if (sn_file_sync(f)) return;
    for (size_t i = 0; i < SECTORS; i++) {
        known[i].may[0] = was[i].n ? was[i].may[was[i].n - 1] : 0;
        known[i].n = 1;
    }
}

static void write_at_random(void) {
    sn_file *f;
    version = 0;
    memset(known, 0, sizeof known);
    for (size_t i = 0; i < SECTORS; i++) may_be(i, 0);
    if (sn_file_open(&f, "f", SN_F_READ | SN_F_WRITE | SN_F_CREATE)) return;
    while (!sn_canceled()) {
        uint64_t what = sn_sim_draw(10);
        if (what < 7)
            put_some(f);
        else if (what == 7)
            cut_some(f);
        else
            sync_it(f);
        if (sn_canceled()) break;
    }
    sn_file_close(f);
}

static void every_sector_is_known(void) {
    unsigned sector[SECTOR_BYTES / sizeof(unsigned)];
    size_t done;
    if (!there("f")) return;
    sn_file *f = open_for_all("f");
    for (size_t i = 0; i < SECTORS; i++) {
        memset(sector, 0, sizeof sector);
        MUST(sn_file_read(f, sector, sizeof sector, i * SECTOR_BYTES, &done) == 0);
        int found = 0; /* behind the end it is 0 */
        for (int k = 0; k < known[i].n; k++) found |= known[i].may[k] == sector[0];
        for (size_t k = 1; k < sizeof sector / sizeof *sector; k++)
            found &= done == 0 || sector[k] == sector[0];
        CHECK(found);
    }
    sn_file_close(f);
}

static void a_sector_is_what_it_was_or_was_to_be(void) {
    act a = {write_at_random,
             every_sector_is_known,
             SN_STOP_POWER,
             40 * SN_MILLISECOND,
             {.latency = 100 * SN_MICROSECOND, .sync = 500 * SN_MICROSECOND}};
    for (uint64_t seed = 1; seed <= 300; seed++) play(&a, seed);
}

/* ---- Syncs ---- */

static sn_file *both;

static int write_meanwhile(void *arg) {
    (void)arg;
    int rc = sn_sleep(SN_MILLISECOND);
    fill(both, 'b', 4096, 0);
    return rc;
}

static void write_during_a_sync(void) {
    sn_scope s;
    both = open_for_all("f");
    fill(both, 'a', 4096, 0);
    sn_scope_enter(&s, SN_NEVER);
    MUST(sn_go(write_meanwhile, NULL, 0) == 0);
    CHECK_INT(sn_file_sync(both), 0);
    CHECK_INT(sn_scope_leave(&s), 0);
    sn_file_close(both);
}

static void count_as_and_bs(void) {
    size_t n, a = count("f", 'a', &n), b = count("f", 'b', NULL);
    CHECK(n == 4096 && a + b == 4096);
    dropped += b == 0;
    kept += b == 4096;
}

static void a_sync_covers_what_was_before_it(void) {
    kept = dropped = 0;
    const act a = {
        write_during_a_sync, count_as_and_bs, SN_STOP_POWER, 0, {.sync = 10 * SN_MILLISECOND}};
    for (uint64_t seed = 1; seed <= 60; seed++) play(&a, seed);
    CHECK(kept > 5 && dropped > 5);
}

static void fail_to_sync(void) {
    const sn_disk bad = {.size = sizeof bad, .fail_sync = 1000000}, good = {.size = sizeof good};
    sn_file *f = open_for_all("f");
    fill(f, 'a', 4096, 0);
    MUST(sn_file_sync(f) == 0);
    fill(f, 'b', 4096, 0);
    CHECK_INT(sn_host_disk(host, &bad), 0);
    CHECK_INT(sn_file_sync(f), SN_EIO);
    CHECK_INT(sn_host_disk(host, &good), 0);
    CHECK_INT(sn_file_sync(f), 0); /* as on Linux: it has nothing to write any more */
    sn_file_close(f);
    kept += count("f", 'b', NULL) == 4096;
    dropped += count("f", 'a', NULL) == 4096;
}

static void all_is_a(void) { CHECK_INT(count("f", 'a', NULL), 4096); }

static void what_failed_to_sync_is_lost(void) {
    kept = dropped = 0;
    const act a = {fail_to_sync, all_is_a, SN_STOP_POWER, 0, {0}};
    for (uint64_t seed = 1; seed <= 40; seed++) play(&a, seed);
    CHECK(kept > 5 && dropped > 5); /* what the page cache shows until then */
}

static void sync_on_a_liar(void) {
    const sn_disk liar = {.size = sizeof liar, .lie = 1000000};
    sn_file *f = open_for_all("f");
    fill(f, 'a', 4096, 0);
    MUST(sn_file_sync(f) == 0);
    MUST(sn_host_disk(host, &liar) == 0);
    fill(f, 'b', 4096, 0);
    CHECK_INT(sn_file_sync(f), 0);
    sn_file_close(f);
}

static void a_disk_may_lie(void) {
    kept = dropped = 0;
    const act a = {sync_on_a_liar, count_as_and_bs, SN_STOP_POWER, 0, {0}};
    for (uint64_t seed = 1; seed <= 40; seed++) play(&a, seed);
    CHECK(kept > 5 && dropped > 5);
}

/* ---- Errors, rot, room, time ---- */

static void read_and_write_badly(void) {
    const sn_disk bad = {.size = sizeof bad, .fail_read = 500000, .fail_write = 500000};
    sn_file *f = open_for_all("f");
    char buf[4096];
    size_t done;
    memset(buf, 'x', sizeof buf);
    MUST(sn_file_write(f, buf, sizeof buf, 0, &done) == 0 && sn_host_disk(host, &bad) == 0);
    for (int i = 0; i < 50; i++) {
        int rc = sn_file_read(f, buf, sizeof buf, 0, &done);
        CHECK(rc == 0 ? done == 4096 : rc == SN_EIO && done == 0);
        dropped += rc != 0;
        rc = sn_file_write(f, buf, sizeof buf, 0, &done);
        CHECK(rc == 0 ? done == 4096 : rc == SN_EIO);
        torn += rc != 0;
    }
    sn_file_close(f);
}

static void reads_and_writes_fail(void) {
    dropped = torn = 0;
    const act a = {read_and_write_badly, NULL, SN_STOP_PROCESS, 0, {0}};
    play(&a, 1);
    CHECK(dropped > 10 && dropped < 40 && torn > 10 && torn < 40);
}

static int ones(const char *p, size_t n) {
    int bits = 0;
    for (size_t i = 0; i < n; i++) bits += __builtin_popcount((unsigned char)p[i]);
    return bits;
}

static void let_it_rot(void) {
    const sn_disk rotten = {.size = sizeof rotten, .flip = 1000000}, good = {.size = sizeof good};
    static const char zeros[9000];
    char *buf;
    size_t n;
    MUST(sn_path_write("f", zeros, sizeof zeros) == 0);
    CHECK_INT(sn_host_rot(host, "f", 8999, 3), 0);
    CHECK_INT(sn_host_rot(host, "f", 9000, 3), SN_ERANGE);
    CHECK_INT(sn_host_rot(host, "g", 0, 3), SN_ENOENT);
    MUST(sn_path_read("f", 9000, &buf, &n) == 0);
    CHECK(n == 9000 && buf[8999] == 8 && ones(buf, n) == 1);
    free(buf);
    MUST(sn_host_disk(host, &rotten) == 0 && sn_path_read("f", 9000, &buf, &n) == 0);
    CHECK(ones(buf, n) == 2 || ones(buf, n) == 0);
    free(buf);
    MUST(sn_host_disk(host, &good) == 0);
}

static void rot_stays(void) {
    char *buf;
    size_t n;
    MUST(sn_path_read("f", 9000, &buf, &n) == 0);
    CHECK(ones(buf, n) == 2 || ones(buf, n) == 0);
    free(buf);
}

static void bits_rot_for_good(void) {
    const act a = {let_it_rot, rot_stays, SN_STOP_POWER, 0, {0}};
    for (uint64_t seed = 1; seed <= 10; seed++) play(&a, seed);
}

static void fill_the_disk(void) {
    static char buf[100 * 1024];
    size_t done;
    sn_file *f = open_for_all("f");
    CHECK_INT(sn_file_write(f, buf, sizeof buf, 0, &done), SN_ENOSPC);
    CHECK_INT(done, 64 * 1024);
    CHECK_INT(sn_file_write(f, buf, 4096, 0, &done), 0); /* what is there may be written again */
    CHECK_INT(sn_path_write("g", buf, 4096), SN_ENOSPC);
    CHECK(!there("g"));
    CHECK_INT(sn_file_truncate(f, 8192), 0);
    CHECK_INT(sn_path_write("g", buf, 4096), 0);
    MUST(sn_path_remove("f") == 0);
    CHECK_INT(sn_path_write("h", buf, 60 * 1024), SN_ENOSPC); /* f is open, and there */
    sn_file_close(f);
    CHECK_INT(sn_path_write("h", buf, 60 * 1024), 0);
    CHECK_INT(sn_path_write("g", buf, 4096), SN_ENOSPC); /* two of g, for a moment */
}

static void the_disk_is_as_full(void) {
    static char buf[64 * 1024];
    CHECK(there("g") && there("h"));
    if (there("f")) MUST(sn_path_remove("f") == 0); /* its removal was not synced */
    MUST(sn_path_remove("h") == 0);
    CHECK_INT(sn_path_write("h", buf, 61 * 1024), SN_ENOSPC);
    CHECK_INT(sn_path_write("h", buf, 60 * 1024), 0);
}

static void a_disk_gets_full(void) {
    const act a = {fill_the_disk, the_disk_is_as_full, SN_STOP_POWER, 0, {.capacity = 64 * 1024}};
    for (uint64_t seed = 1; seed <= 10; seed++) play(&a, seed);
}

static void take_time(void) {
    char buf[10] = "";
    size_t done;
    sn_file *f = open_for_all("f");
    sn_time t = sn_now();
    CHECK(sn_file_write(f, buf, 10, 0, &done) == 0 && sn_now() - t == SN_MILLISECOND);
    CHECK(sn_file_read(f, buf, 10, 0, &done) == 0 && sn_now() - t == 2 * SN_MILLISECOND);
    CHECK(sn_file_sync(f) == 0 && sn_now() - t == 12 * SN_MILLISECOND);
    sn_file_close(f);
}

static void disks_take_their_time(void) {
    const act a = {take_time,
                   NULL,
                   SN_STOP_PROCESS,
                   0,
                   {.latency = SN_MILLISECOND, .sync = 10 * SN_MILLISECOND}};
    play(&a, 1);
}

/* ---- Frozen hosts ---- */

static void go_on_when_frozen(void) {
    sn_file *f = open_for_all("f"), *g;
    char buf[4096];
    size_t done;
    fill(f, 'a', 4096, 0);
    int one = 1;
    MUST(sn_send(ready, &one) == 0);
    CHECK_INT(sn_sleep_until(SN_NEVER), SN_ECANCELED);
    uint32_t was = sn_shield(1);
    memset(buf, 'b', sizeof buf);
    refused += sn_file_write(f, buf, sizeof buf, 0, &done) == SN_EIO;
    refused += sn_file_read(f, buf, sizeof buf, 0, &done) == SN_EIO;
    refused += sn_file_truncate(f, 0) == SN_EIO;
    refused += sn_file_sync(f) == SN_EIO;
    refused += sn_path_remove("f") == SN_EIO;
    refused += sn_path_rename("f", "g") == SN_EIO;
    refused += sn_path_mkdir("d") == SN_EIO;
    refused += sn_path_write("f", "b", 1) == SN_EIO;
    refused += sn_file_open(&g, "f", SN_F_READ) == SN_EIO;
    (void)sn_shield(was);
    sn_file_close(f);
}

static void nothing_has_changed(void) {
    all_is_a();
    CHECK(!there("d") && !there("g"));
}

static void a_frozen_host_changes_nothing(void) {
    const act a = {go_on_when_frozen, nothing_has_changed, SN_STOP_PROCESS, 0, {0}};
    refused = 0;
    play(&a, 1);
    CHECK_INT(refused, 9);
}

static void leave_a_file_open(void) { (void)!open_for_all("./left-open"); }

/* ---- From outside ---- */

static int put_and_get(void *arg) {
    char *buf;
    size_t n;
    sn_file *f;
    (void)arg;
    if (sn_host_new(&host, "machine", "10.0.0.1")) return SN_EIO;
    CHECK_INT(sn_host_put(host, "f", "hello", 5), 0);
    CHECK_INT(sn_host_put(host, "d/f", "hello", 5), SN_ENOENT);
    CHECK_INT(sn_host_get(host, "f", 5, &buf, &n), 0);
    CHECK_STR(buf, "hello");
    free(buf);
    CHECK_INT(sn_host_get(host, "f", 4, &buf, &n), SN_EFBIG);
    CHECK(!buf && n == 0);
    CHECK_INT(sn_host_get(host, "g", 4, &buf, &n), SN_ENOENT);
    CHECK_INT(sn_file_open(&f, "f", SN_F_READ), SN_ENOSYS); /* the test has no disk */
    sn_disk bad = {.size = sizeof bad, .flip = 1000001};
    CHECK_INT(sn_host_disk(host, &bad), SN_EINVAL);
    return 0;
}

static void tests_look_in(void) {
    sn_sim_config c = {.size = sizeof c, .seed = 1};
    CHECK_INT(sn_sim_run(&c, put_and_get, NULL, NULL), 0);
}

static void the_same_seed_gives_the_same_hash(void) {
    const act a = {write_at_random,
                   every_sector_is_known,
                   SN_STOP_POWER,
                   40 * SN_MILLISECOND,
                   {.latency = 100 * SN_MICROSECOND,
                    .sync = 500 * SN_MICROSECOND,
                    .fail_sync = 1000,
                    .fail_write = 1000}};
    uint64_t first = play(&a, 1);
    CHECK(play(&a, 2) != first);
    CHECK(play(&a, 1) == first);
}

int main(int argc, char **argv) {
    if (argc == 3 && !strcmp(argv[1], "child")) {
        const act a = {leave_a_file_open, NULL, SN_STOP_POWER, 0, {0}};
        play(&a, 1);
        return 0;
    }
    CASE(a_power_cut_tears_what_was_not_synced);
    CASE(a_kill_keeps_what_was_written);
    CASE(names_are_durable_when_their_folder_is);
    CASE(files_are_replaced_whole);
    CASE(a_rename_is_whole);
    CASE(nothing_comes_back_behind_the_end);
    CASE(a_sector_is_what_it_was_or_was_to_be);
    CASE(a_sync_covers_what_was_before_it);
    CASE(what_failed_to_sync_is_lost);
    CASE(a_disk_may_lie);
    CASE(reads_and_writes_fail);
    CASE(bits_rot_for_good);
    CASE(a_disk_gets_full);
    CASE(disks_take_their_time);
    CASE(a_frozen_host_changes_nothing);
    child_dies("leak", (const char *const[]){"host machine", "left-open", NULL});
    CASE(tests_look_in);
    CASE(the_same_seed_gives_the_same_hash);
    return check_done();
}
