/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* blinkd, the program in the demo's firmware images: it blinks a status lamp and after each beat
 * replaces a heartbeat file, one JSON line that a watchdog or a monitor reads. The lamp is any
 * file that takes "1" and "0", as /sys/class/leds/NAME/brightness does. One thread; SIGTERM and
 * SIGINT end it between two flashes with the lamp off. Plain POSIX, linked statically, so that
 * an image carries everything it needs. */
#include "blinkd.h"

#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

struct options {
    const char *led, *heartbeat;
    long beats; /* 0: until a signal */
};

static volatile sig_atomic_t stopping;

static void on_signal(int sig) {
    (void)sig;
    stopping = 1;
}

static int fail(const char *what, const char *path) {
    fprintf(stderr, "blinkd: %s %s: %s\n", what, path, strerror(errno));
    return -1;
}

static void wait_ms(int ms) {
    struct timespec t = {ms / 1000, (long)(ms % 1000) * 1000000};
    nanosleep(&t, NULL); /* cut short by a signal: the caller looks at `stopping` */
}

static int put(const char *path, int flags, const char *text) {
    int fd = open(path, O_WRONLY | O_CLOEXEC | flags, 0644);
    if (fd < 0) return fail("cannot open", path);
    size_t n = strlen(text);
    ssize_t done = write(fd, text, n);
    if (done != (ssize_t)n) {
        if (done >= 0) errno = ENOSPC;
        fail("cannot write", path);
        close(fd);
        return -1;
    }
    return close(fd) == 0 ? 0 : fail("cannot close", path);
}

static int lamp(const struct options *o, int on) {
    return o->led ? put(o->led, O_TRUNC, on ? "1\n" : "0\n") : 0;
}

/* A reader sees the old line or the new one, never half of one. */
static int replace(const char *path, const char *text) {
    char beside[PATH_MAX];
    int n = snprintf(beside, sizeof beside, "%s.new", path);
    if (n < 0 || (size_t)n >= sizeof beside) {
        errno = ENAMETOOLONG;
        return fail("cannot write", path);
    }
    if (put(beside, O_CREAT | O_TRUNC, text) < 0) return -1;
    return rename(beside, path) == 0 ? 0 : fail("cannot replace", path);
}

static int tell(const struct options *o, long beat) {
    if (!o->heartbeat) return 0;
    char line[160], load[32] = "";
    double average;
    if (release.tells_load && getloadavg(&average, 1) == 1) {
        snprintf(load, sizeof load, ",\"load\":%.2f", average);
    }
    struct timespec up;
    clock_gettime(CLOCK_BOOTTIME, &up);
    snprintf(line, sizeof line, "{\"version\":\"%s\",\"beat\":%ld,\"uptime_s\":%lld%s}\n",
             release.version, beat, (long long)up.tv_sec, load);
    return replace(o->heartbeat, line);
}

static int beat(const struct options *o) {
    for (size_t i = 0; i < release.flashes && !stopping; i++) {
        if (lamp(o, 1) < 0) return -1;
        wait_ms(release.beat[i].on_ms);
        if (lamp(o, 0) < 0) return -1;
        if (!stopping) wait_ms(release.beat[i].off_ms);
    }
    return 0;
}

static int run(const struct options *o) {
    struct sigaction stop = {.sa_handler = on_signal};
    sigaction(SIGTERM, &stop, NULL);
    sigaction(SIGINT, &stop, NULL);
    for (long n = 1; !stopping && (o->beats == 0 || n <= o->beats); n++) {
        if (beat(o) < 0 || tell(o, n) < 0) return 1;
    }
    return 0;
}

static void usage(FILE *to) {
    fprintf(to, "usage: blinkd [--led FILE] [--heartbeat FILE] [--beats N]\n"
                "       blinkd --version | --help\n"
                "Blinks the lamp FILE and renews the heartbeat FILE after each beat.\n"
                "--beats N stops after N beats; without it SIGTERM stops it.\n");
}

static int parse_beats(const char *text, long *beats) {
    char *end;
    errno = 0;
    *beats = strtol(text, &end, 10);
    if (errno || end == text || *end || *beats < 1) {
        fprintf(stderr, "blinkd: --beats \"%s\" is not a number from 1\n", text);
        return -1;
    }
    return 0;
}

int main(int argc, char **argv) {
    static const struct option known[] = {
        {"led", required_argument, NULL, 'l'},   {"heartbeat", required_argument, NULL, 'f'},
        {"beats", required_argument, NULL, 'n'}, {"version", no_argument, NULL, 'v'},
        {"help", no_argument, NULL, 'h'},        {NULL, 0, NULL, 0}};
    struct options o = {0};
    for (int c; (c = getopt_long(argc, argv, "", known, NULL)) != -1;) {
        switch (c) {
        case 'l':
            o.led = optarg;
            break;
        case 'f':
            o.heartbeat = optarg;
            break;
        case 'n':
            if (parse_beats(optarg, &o.beats) < 0) return 2;
            break;
        case 'v':
            return printf("blinkd %s\n", release.version) < 0;
        case 'h':
            usage(stdout);
            return 0;
        default:
            usage(stderr);
            return 2;
        }
    }
    if (optind < argc) {
        fprintf(stderr, "blinkd: unexpected argument \"%s\"\n", argv[optind]);
        return 2;
    }
    return run(&o);
}
