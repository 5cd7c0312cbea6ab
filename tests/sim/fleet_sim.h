/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* The fleet server in a simulated world. Three hosts:
 *
 *   server  the real thing: HTTP, SQLite, shards, engine, record; may be stopped at any instant
 *   desk    an operator who uses its API, through the library's HTTP client
 *   field   the devices, a crowd with an address each: compact state machines that speak the DDI
 *
 * The devices keep a ledger of what the server acknowledged. What the server says by its API and
 * what its database holds must agree with the ledger, at every look and in the end. */
#ifndef TESTS_SIM_FLEET_SIM_H
#define TESTS_SIM_FLEET_SIM_H

#include <sennit/scenario.h>
#include <sennit/sennit.h>
#include <sennit/sim.h>

#include "serve.h"

enum { STAGES = 4, DAY_S = 86400 };
extern const uint32_t stage_shares[STAGES]; /**< 5, 20, 50, 100 % in ppm */

/* ---- the server's host (fleet_site.c) ---- */

#define GATEWAY_TOKEN "a-token-for-every-device"

struct site {
    sn_host *host;
    struct serve_conf conf;
    uint32_t boots;
    char why[256];  /**< why its last process did not get to serve */
    int meant_down; /**< whoever stops it says so, else it is started again */
    int closing;    /**< it will not be started again */
};
/** Makes the host, with a gateway token on its disk. */
void site_make(struct site *s);
/** Starts its process. It must be down. */
void site_boot(struct site *s);
/** Kills it and, after `away`, starts it again. */
void site_kill(struct site *s, enum sn_stop how, sn_time away);
/** Lets it drain (SIGTERM) and waits: it must end well, and in time. */
void site_drain(struct site *s);
/** Starts it again when it ended by itself (a bad disk); a coroutine of the test. */
int site_keep(void *site);

/* ---- the devices (fleet_field.c, fleet_device.c, fleet_session.c) ---- */

/** How devices behave. Shares in ppm. */
struct habits {
    uint32_t devices;
    uint32_t night;        /**< of the devices: silent from 22 to 6 o'clock */
    uint32_t cut;          /**< of installations: the power fails meanwhile */
    uint32_t drop;         /**< of downloads: break off somewhere */
    uint32_t deaf;         /**< of reports: the device hangs up before the answer */
    uint32_t refuse;       /**< of cancels: it goes on with the update */
    uint32_t fail[STAGES]; /**< of the devices of a stage: the new version does not boot */
    sn_time install;       /**< how long an installation takes, up to twice that */
    sn_time boot;          /**< how long a boot takes, up to four times that */
    sn_time first;         /**< first polls are spread over this time */
};

/** A device at rest is this, and 16 bytes in the heap of what happens when. */
struct device {
    uint64_t rng;
    uint32_t action;  /**< of the job at hand; 0: none */
    uint32_t got;     /**< bytes of its image on its disk */
    uint32_t told_s;  /**< its clock in the closing report, the same in each repetition */
    uint32_t ended;   /**< ledger: the last action whose end was answered */
    uint32_t since_s; /**< when it heard of its job */
    uint8_t state;    /**< enum device_state */
    uint8_t runs;     /**< version installed */
    uint8_t target;   /**< version of the job */
    uint8_t tries;    /**< since the last contact that worked */
    uint8_t outcome;  /**< of the job, to be told: enum outcome */
    uint8_t ended_as; /**< ledger: what was told of `ended`, and how it was answered */
    uint8_t stage;    /**< of the roll-out */
    uint8_t flags;
};
_Static_assert(sizeof(struct device) == 40, "a million of them is 40 MB");

enum device_state {
    DEVICE_REST,    /**< next: poll */
    DEVICE_INSTALL, /**< next: the installation has ended */
    DEVICE_BOOT,    /**< next: it is up again */
    DEVICE_TELL     /**< next: tell how the job ended */
};
enum outcome { OUTCOME_NONE, OUTCOME_GOOD, OUTCOME_BAD, OUTCOME_CANCELED };
enum {
    ENDED_SURE = 0x40,  /**< answered with 200: what `ended_as` says is what must be stored */
    DEVICE_NEW = 1,     /**< flags: it boots the new version */
    DEVICE_TOLD = 2,    /**< the closing report was sent at least once */
    DEVICE_HAD = 4,     /**< it was offered the roll-out */
    DEVICE_SLEEPS = 8,  /**< at night */
    DEVICE_KNOWN = 16,  /**< the server has answered it */
    DEVICE_GAVE_UP = 32 /**< it agreed to a cancel, maybe unheard */
};

/** By stage: what was sent at least once, and what was answered with 200. */
struct ledger {
    uint64_t offered[STAGES], told_good[STAGES], told_bad[STAGES], told_cancel[STAGES];
    uint64_t good[STAGES], bad[STAGES], canceled[STAGES];
    uint64_t installed; /**< devices that booted the new version, or tried to */
    uint64_t polls, sessions, broken, downloads, bytes, repeated, gone;
};

struct event {
    sn_time at;
    uint32_t device;
};

struct field {
    sn_host *host;
    struct habits habits;
    struct device *devices;
    struct event *heap;
    uint32_t heap_n;
    struct ledger ledger;
    uint64_t salt; /**< decides which devices fail */
    const char *image;
    uint32_t image_n;
    uint32_t running; /**< sessions under way */
    uint32_t telling; /**< of them, how many wait for the answer to a closing report */
    sn_time patience; /**< an action that is open so long may be given up by the server */
    uint32_t busy;    /**< devices with a job */
    uint32_t online;  /**< devices that had an answer */
    int rested;       /**< all have come to the end of what they had to do */
    int stopping;
    sn_time asleep_until; /**< of the dispatcher; 0: it is awake */
    sn_sem kick;
};
/** Makes the host and its devices; starts them. */
void field_make(struct field *f, const struct habits *h);
/** Says which roll-out is to come: gives devices their stages. */
void field_expect(struct field *f, int64_t rollout);
/** Ends it, after the sessions under way. */
void field_stop(struct field *f);
void field_free(struct field *f);
/** The device's next event. */
void field_at(struct field *f, uint32_t i, sn_time at);
void device_name(uint32_t i, char out[16]);

/** fleet_device.c: what a device does without the server. 1: it needs a session now. */
int device_step(struct field *f, uint32_t i);
void device_init(struct field *f, uint32_t i);
uint64_t device_draw(struct device *d, uint64_t n);
int device_chance(struct device *d, uint32_t ppm);
/** When it polls next, `sleep_s` from now: jitter, and the night. */
sn_time device_wake(struct field *f, struct device *d, uint32_t sleep_s);
/** After a contact that failed. */
sn_time device_back_off(struct device *d);
/** It has image `version` whole: installs. Returns when that ends. */
sn_time device_install(struct field *f, struct device *d);

/** fleet_session.c: one contact with the server. When its next event is. */
sn_time session_run(struct field *f, uint32_t i);

/* ---- the operator (fleet_desk.c, fleet_rollout.c) ---- */

struct policy {
    double threshold, confidence;
    int64_t min_sample, soak_s, action_timeout_s;
    int stop; /**< a failed stage stops the roll-out, not only holds it */
};

struct desk {
    sn_host *host;
    struct site *site;
    struct field *field;
    struct policy policy;
    uint32_t image_n;
    sn_time call_time;  /**< how long it waits for an answer; 0: 30 s */
    int gives_up;       /**< 1: a call that is not answered is not made again; 599 instead */
    uint32_t meddle;    /**< ppm of looks: pauses, resumes, cancels somebody's action */
    int64_t stop_after; /**< looks; 0: never */
    int advance;        /**< a held roll-out goes on: somebody looked and finds it good */
    /* found out */
    int64_t rollout;
    char state[16], reason[256];
    int64_t stage, version;
    sn_time started, decided; /**< the roll-out's start and its end, if it had one */
    uint64_t looks;
    uint64_t server_bytes;       /**< of the server's tables of devices */
    uint64_t exposed, installed; /**< devices offered and booted when it was decided */
};
struct cJSON;
/** One call of the API as the first admin, again and again until it is answered: the status, and
 *  *out (cJSON_Delete) when there is JSON. `etag` (may be NULL): If-Match, if not "", and the
 *  answer's ETag. */
int desk_call(struct desk *d, const char *method, const char *path, const char *body, char *etag,
              struct cJSON **out);
/** Uploads an image of d->image_n bytes to a module; the status. */
int desk_upload(struct desk *d, int64_t module);
/** Uploads the image of version `v`, makes module and set; the set's id. */
int64_t desk_publish(struct desk *d, int v);
/** Creates, approves and starts a roll-out of the set. */
void desk_start(struct desk *d, int64_t set);
/** Looks at the roll-out and holds it against the ledger. */
void desk_look(struct desk *d);
/** Asks for the server's memory. (Its answer depends on what the process did before the run.) */
void desk_figures(struct desk *d);
/** 1 when it is held, stopped or done; held ones go on with d->advance. */
int desk_decided(const struct desk *d);
/** The bytes of an image: fit to be told from any other piece of it. */
void image_fill(char *out, uint32_t n);

/* ---- the end (fleet_audit.c) ---- */

/** The server is down: boots its host once more to read its database, and compares all of it with
 *  the ledger. */
void audit(struct site *s, struct field *f, struct desk *d);

#endif
