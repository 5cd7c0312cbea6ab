/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* What slips past the seams in a run is stopped, and named with its caller: the program's own
 * calls, those of SQLite and OpenSSL, those of a library that is loaded later. Outside of runs all
 * of it works. */
#include "../world/child.h"

#include <dlfcn.h>
#include <fcntl.h>
#include <netdb.h>
#include <openssl/rand.h>
#include <pthread.h>
#include <sennit/sennit.h>
#include <sennit/sim.h>
#include <sqlite3.h>
#include <sys/epoll.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <time.h>

static const char *plugin_path;
static struct timespec soon = {0, 1000};
static char buf[64];

static void *thread(void *arg) { return arg; }

/* ---- One function each ---- */

static void asks_time(void) { buf[0] = (char)time(NULL); }
static void asks_gettimeofday(void) {
    struct timeval t;
    (void)gettimeofday(&t, NULL);
}
static void asks_clock_gettime(void) {
    struct timespec t;
    (void)clock_gettime(CLOCK_MONOTONIC, &t);
}
static void asks_timespec_get(void) {
    struct timespec t;
    (void)timespec_get(&t, TIME_UTC);
}
static void asks_clock(void) { buf[0] = (char)clock(); }
static void sleeps_nano(void) { (void)nanosleep(&soon, NULL); }
static void sleeps_clock_nano(void) { (void)clock_nanosleep(CLOCK_MONOTONIC, 0, &soon, NULL); }
static void sleeps_micro(void) { (void)usleep(1); }
static void sleeps_a_second(void) { (void)sleep(0); }
static void asks_getrandom(void) { CHECK(getrandom(buf, 8, 0) == 8); }
static void asks_getentropy(void) { CHECK(getentropy(buf, 8) == 0); }
static void asks_rand(void) { (void)rand(); }
static void asks_random(void) { (void)random(); }
static void asks_drand48(void) { (void)drand48(); }
static void asks_lrand48(void) { (void)lrand48(); }
static void asks_mrand48(void) { (void)mrand48(); }
static void asks_the_kernel(void) { CHECK(syscall(SYS_getrandom, buf, 8, 0) == 8); }
static void makes_a_thread(void) {
    pthread_t t;
    MUST(pthread_create(&t, NULL, thread, NULL) == 0);
    pthread_join(t, NULL);
}
static void makes_a_socket(void) { close(socket(AF_INET, SOCK_STREAM, 0)); }
static void connects(void) {
    struct sockaddr none = {.sa_family = AF_UNSPEC};
    (void)connect(-1, &none, sizeof none);
}
static void polls(void) { close(epoll_create1(0)); }
static void resolves(void) {
    struct addrinfo *all = NULL;
    if (getaddrinfo("127.0.0.1", "80", NULL, &all) == 0) freeaddrinfo(all);
}
static void opens_a_device(void) { close(open("/dev/urandom", O_RDONLY)); }
static void opens_to_write(void) { close(open("/tmp", O_TMPFILE | O_RDWR, 0600)); }
static void opens_at(void) { close(openat(AT_FDCWD, "/dev/random", O_RDONLY | O_NONBLOCK)); }
static void opens_a_stream(void) {
    FILE *f = fopen("/dev/urandom", "r");
    if (f) fclose(f);
}
static void writes_a_stream(void) {
    FILE *f = fopen("/dev/full", "w");
    if (f) fclose(f);
}

static void makes_a_file(void) { close(creat("/dev/null", 0600)); }
static void makes_a_temporary(void) {
    char path[] = "/tmp/seam-XXXXXX";
    close(mkstemp(path));
    unlink(path);
}
/* As programs built with _FORTIFY_SOURCE do. */
int __open_2(const char *path, int flags);
int __openat_2(int at, const char *path, int flags);
static void opens_fortified(void) { close(__open_2("/dev/urandom", O_RDONLY)); }
static void opens_at_fortified(void) { close(__openat_2(AT_FDCWD, "/dev/urandom", O_RDONLY)); }

static void sqlite_asks_time(void) {
    sqlite3_int64 t;
    sqlite3_vfs *v = sqlite3_vfs_find("unix");
    (void)v->xCurrentTimeInt64(v, &t);
}
static void sqlite_opens(void) {
    sqlite3 *db;
    if (sqlite3_open_v2("/tmp", &db, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE, "unix") == 0)
        (void)sqlite3_exec(db, "CREATE TABLE t(x)", NULL, NULL, NULL);
    sqlite3_close(db);
}
static void openssl_asks_chance(void) { CHECK(RAND_bytes((unsigned char *)buf, 16) == 1); }
static void a_plugin_asks_time(void) {
    void *lib = dlopen(plugin_path, RTLD_NOW | RTLD_LOCAL);
    MUST(lib);
    long (*f)(void);
    void *found = dlsym(lib, "plugin_time");
    memcpy(&f, &found, sizeof f);
    CHECK(f() > 0);
}

static const struct forbidden {
    void (*f)(void);
    const char *name, *caller; /* what the message must say */
} all[] = {
    {asks_time, "time()", "asks_time"},
    {asks_gettimeofday, "gettimeofday()", "asks_gettimeofday"},
    {asks_clock_gettime, "clock_gettime()", "asks_clock_gettime"},
    {asks_timespec_get, "timespec_get()", "asks_timespec_get"},
    {asks_clock, "clock()", "asks_clock"},
    {sleeps_nano, "nanosleep()", "sn_sleep"},
    {sleeps_clock_nano, "clock_nanosleep()", "sn_sleep"},
    {sleeps_micro, "usleep()", "sn_sleep"},
    {sleeps_a_second, "sleep()", "sn_sleep"},
    {asks_getrandom, "getrandom()", "asks_getrandom"},
    {asks_getentropy, "getentropy()", "asks_getentropy"},
    {asks_rand, "rand()", "sn_random"},
    {asks_random, "random()", "sn_random"},
    {asks_drand48, "drand48()", "sn_random"},
    {asks_lrand48, "lrand48()", "sn_random"},
    {asks_mrand48, "mrand48()", "sn_random"},
    {asks_the_kernel, "syscall()", "asks_the_kernel"},
    {makes_a_thread, "pthread_create()", "makes_a_thread"},
    {makes_a_socket, "socket()", "makes_a_socket"},
    {connects, "connect()", "connects"},
    {polls, "epoll_create1()", "polls"},
    {resolves, "getaddrinfo()", "resolves"},
    {opens_a_device, "open()", "opens_a_device"},
    {opens_to_write, "open()", "opens_to_write"},
    {opens_at, "openat()", "opens_at"},
    {opens_a_stream, "fopen()", "opens_a_stream"},
    {writes_a_stream, "fopen()", "sn_file_open"},
    {makes_a_file, "creat()", "sn_file_open"},
    {makes_a_temporary, "mkstemp()", "makes_a_temporary"},
    {opens_fortified, "open()", "opens_fortified"},
    {opens_at_fortified, "openat()", "opens_at_fortified"},
    {sqlite_asks_time, "gettimeofday()", "libsqlite3.so.0"},
    {sqlite_opens, "open", "libsqlite3.so.0"},
    {openssl_asks_chance, "()", "libcrypto.so.3"},
    {a_plugin_asks_time, "time()", "plugin_time"},
};
enum { ALL = sizeof all / sizeof *all };

/* ---- In a run ---- */

static int in_run(void *arg) {
    ((const struct forbidden *)arg)->f();
    return 0;
}

static void run(const struct forbidden *what) {
    sn_sim_config c = {.size = sizeof c, .seed = 1};
    if (sn_sim_run(&c, in_run, (void *)(uintptr_t)what, NULL)) exit(3);
}

static int child(const char *name) {
    run(&all[atoi(name)]);
    return 0;
}

static void works_outside_of_runs(void) {
    for (size_t i = 0; i < ALL; i++) all[i].f();
}

static void is_stopped_in_a_run(void) {
    for (int i = 0; i < ALL; i++) {
        char name[16];
        const char *words[] = {all[i].name, all[i].caller, "past the seams", NULL};
        snprintf(name, sizeof name, "%d", i);
        child_dies(name, words);
    }
}

static void may_be_allowed(void) {
    CHECK_INT(sn_sim_allow("time", "", "x"), SN_EINVAL);
    CHECK_INT(sn_sim_allow("time", "asks_time", "the test looks whether it works"), 0);
    run(&all[0]);
    CHECK_INT(sn_sim_allow("*", "libsqlite3.so.0", "as above"), 0);
    run(&all[ALL - 4]);
}

/* The trace of a run, too, may ask what time it is. */
static void trace(void *arg, const sn_sim_event *e) {
    (void)e;
    asks_clock_gettime();
    ++*(int *)arg;
}

static int yields(void *arg) {
    (void)arg;
    return sn_sleep(SN_SECOND);
}

static void the_trace_is_outside(void) {
    int traced = 0;
    sn_sim_config c = {.size = sizeof c, .seed = 1, .trace = trace, .trace_arg = &traced};
    CHECK_INT(sn_sim_run(&c, yields, NULL, NULL), 0);
    CHECK(traced > 0);
}

int main(int argc, char **argv) {
    plugin_path = getenv("SEAM_PLUGIN");
    MUST(plugin_path);
    if (argc == 3 && !strcmp(argv[1], "child")) return child(argv[2]);
    CASE(works_outside_of_runs);
    is_stopped_in_a_run();
    CASE(may_be_allowed);
    CASE(the_trace_is_outside);
    return check_done();
}
