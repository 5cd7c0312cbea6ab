/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* The fleet: everything that the HTTP side may ask of the domain.
 *
 * One way in for devices:   poll → shard → decision → reply
 *                           feedback → shard → group commit → reply → roll-out
 * and one for operators:    write + record in one transaction → shards and roll-outs told.
 *
 * All functions but open/close may park; none calls SQLite on the caller's stack once
 * fleet_start has run, so any coroutine may call them. Results are those of result.h; `err`
 * may be NULL. Lists are one malloc'ed block: free() it. Strings in structs are 0-terminated. */
#ifndef FLEET_FLEET_H
#define FLEET_FLEET_H

#include <sennit/go.h>

#include "artifact.h"
#include "limits.h"
#include "record.h"
#include "result.h"
#include "rollout.h"
#include "store.h"
#include "token.h"

typedef struct fleet fleet;

typedef struct fleet_config {
    const char *data_dir; /**< made if missing: fleet.db, artifacts/, record.key */
    const char *key_file; /**< signing key of the record; NULL: data_dir/record.key */
    const char *vfs;      /**< SQLite VFS; NULL: the default */
    enum store_sync sync;
    uint32_t commit_window_us; /**< see store_config */
    uint32_t commit_max;
    uint32_t tick_ms;        /**< how often roll-outs are looked at; 0: 1,000 */
    uint32_t assign_wait_ms; /**< longest a poll waits for its new action's commit; 0: 50 */
    uint32_t expect_devices; /**< sizes the shards; 0: those that are stored */
    /** Shows the first admin's token to somebody, before anything that needs it is stored: who
     *  dies in between makes another one at the next start. What it returns below 0 ends the
     *  opening. NULL: see fleet_first_token. */
    int (*tell)(void *arg, const char *token, fleet_err *err);
    void *tell_arg;
} fleet_config;

/** Opens the data folder and loads the fleet into memory. Blocks. SN_EBUSY: another server has it;
 *  FLEET_SCHEMA, FLEET_DAMAGED, SN_EACCES, SN_ENOSPC …; err tells. */
int fleet_open(fleet **f, const fleet_config *cfg, fleet_err *err);
/** The one-time admin token, if this open created the data; else NULL. */
const char *fleet_first_token(const fleet *f);
/** Starts writer, readers, shards and the roll-out engine as coroutines of `scope`. */
int fleet_start(fleet *f, sn_scope *scope);
/** Drains: commits what was submitted and ends the coroutines. Parks. */
void fleet_stop(fleet *f);
void fleet_close(fleet *f);
/** The store, for what is not here (export, backup). */
store *fleet_store(fleet *f);
const record_key *fleet_record_key(const fleet *f);
const char *fleet_data_dir(const fleet *f);

/* ---- tenants, settings, users --------------------------------------------------------- */

/** Tenant by name, any case. SN_ENOENT. Memory only. */
int fleet_tenant(fleet *f, const char *name, int64_t *id);
/** Its name as it was given. SN_ENOENT. out: FLEET_NAME_MAX + 1 bytes. */
int fleet_tenant_name(fleet *f, int64_t id, char *out);
/** SN_EEXIST, SN_EINVAL (letters, digits, _ - . only), FLEET_QUOTA. */
int fleet_tenant_create(fleet *f, const fleet_actor *by, const char *name, int64_t *id,
                        fleet_err *err);

/* Settings of a tenant. Keys, all else is SN_EINVAL:
 *   pollingTime                        HH:MM:SS, 00:00:01 … 23:59:59; default 00:05:00
 *   pollingOverdueTime                 HH:MM:SS; default 00:05:00
 *   authentication.targettoken.enabled true|false; default true
 *   authentication.gatewaytoken.enabled true|false; default false
 *   authentication.gatewaytoken.key    the token (write only: reads give "***" or "")
 *   registration.enabled               true|false: unknown devices may register; default true
 *   maxPollsPerSecond                  0 (no steering) …: lengthens the interval of big fleets
 *   maxInFlight                        open actions of the tenant's roll-outs at once, 0: no limit
 *   maxDevices                         devices that may register by themselves; default 10000000 */
/** Value into out (FLEET_SETTING_VALUE_MAX + 1 bytes), the default when it is not set. */
int fleet_setting_get(fleet *f, int64_t tenant, const char *key, char *out, fleet_err *err);
int fleet_setting_set(fleet *f, const fleet_actor *by, const char *key, const char *value,
                      fleet_err *err);

typedef struct fleet_user {
    int64_t id, tenant, created_ms;
    char name[FLEET_NAME_MAX + 1];
    enum fleet_role role;
} fleet_user;
/** Finds an operator's token of n bytes (memory only, constant time a candidate). SN_EACCES. */
int fleet_user_auth(fleet *f, const char *token, size_t n, fleet_user *out);
/** Creates a user; token[] is shown once, only its hash is kept. SN_EEXIST, FLEET_QUOTA. */
int fleet_user_create(fleet *f, const fleet_actor *by, const char *name, enum fleet_role role,
                      char token[TOKEN_CHARS + 1], int64_t *id, fleet_err *err);
/** Deletes. FLEET_INUSE for the tenant's last admin. */
int fleet_user_delete(fleet *f, const fleet_actor *by, int64_t id, fleet_err *err);
int fleet_users(fleet *f, int64_t tenant, fleet_user **rows, uint32_t *n);

/* ---- devices: the operators' view ------------------------------------------------------ */

enum action_status {
    ACTION_NONE,
    ACTION_PENDING,  /**< created, no feedback yet */
    ACTION_RUNNING,  /**< the device works on it */
    ACTION_DOWNLOAD, /**< downloading */
    ACTION_DOWNLOADED,
    ACTION_CANCELING, /**< the device is asked to cancel */
    ACTION_FINISHED,  /* from here on closed */
    ACTION_ERROR,
    ACTION_CANCELED,
    ACTION_TIMED_OUT /**< silent beyond its deadline */
};
/** "pending", "running" …: hawkBit's words in lower case where it has one. */
const char *action_status_name(enum action_status s);
static inline int action_closed(enum action_status s) { return s >= ACTION_FINISHED; }

typedef struct fleet_device {
    int64_t id, created_ms, last_poll_ms; /**< last_poll_ms 0: never; up to 10 s old */
    int64_t installed_set;                /**< 0: unknown */
    int64_t action;                       /**< the open one, 0: none */
    enum action_status status;            /**< of the open action, else of the last */
    char cid[FLEET_CID_MAX + 1], name[FLEET_NAME_MAX + 1];
    char installed_name[FLEET_NAME_MAX + 1], installed_version[FLEET_VERSION_MAX + 1];
    char address[64];
} fleet_device;

/** A page of a list. `match` (NULL: all) is a part of the id or name, any case. Rows by id. */
typedef struct fleet_page {
    uint64_t offset;
    uint32_t limit; /**< 1 … FLEET_PAGE_MAX; 0: 50 */
    const char *match;
} fleet_page;

/** SN_EINVAL for an id that is empty, too long, or has bytes outside !…~ or a slash. */
int fleet_cid_check(const char *cid, size_t n, fleet_err *err);
/** Creates a device. token NULL: one is made and written to out_token (shown once). SN_EEXIST. */
int fleet_device_create(fleet *f, const fleet_actor *by, const char *cid, const char *name,
                        const char *token, char out_token[TOKEN_MAX + 1], fleet_err *err);
/** A new target token for the device; token NULL as above. SN_ENOENT. */
int fleet_device_token(fleet *f, const fleet_actor *by, const char *cid, const char *token,
                       char out_token[TOKEN_MAX + 1], fleet_err *err);
/** Deletes it with its actions. SN_ENOENT; FLEET_INUSE while it has a part in a roll-out that is
 *  not finished: evidence must not vanish. */
int fleet_device_delete(fleet *f, const fleet_actor *by, const char *cid, fleet_err *err);
int fleet_device_get(fleet *f, int64_t tenant, const char *cid, fleet_device *out);
int fleet_devices(fleet *f, int64_t tenant, const fleet_page *page, fleet_device **rows,
                  uint32_t *n, uint64_t *total);

typedef struct fleet_attr {
    char key[FLEET_ATTR_KEY_MAX + 1];
    char value[FLEET_ATTR_VALUE_MAX + 1];
} fleet_attr;
enum attr_mode { ATTR_MERGE, ATTR_REPLACE, ATTR_REMOVE };
int fleet_device_attrs(fleet *f, int64_t tenant, const char *cid, fleet_attr **rows, uint32_t *n);
/** An operator's write of attributes; `attrs` with mode as DDI's configData. FLEET_QUOTA. */
int fleet_device_attrs_set(fleet *f, const fleet_actor *by, const char *cid, enum attr_mode mode,
                           const fleet_attr *attrs, uint32_t n, fleet_err *err);

/* ---- devices: the device's own calls (DDI) ---------------------------------------------- */

/** How a device showed who it is. */
typedef struct fleet_cred {
    enum { CRED_NONE, CRED_TARGET, CRED_GATEWAY, CRED_CERT } kind;
    const char *token; /**< TARGET and GATEWAY; n bytes */
    size_t n;          /**< CERT: the caller has checked that the certificate's CN is the cid */
} fleet_cred;
/** A device that has authenticated. */
typedef struct fleet_device_ref {
    int64_t tenant, id;
    char cid[FLEET_CID_MAX + 1];
} fleet_device_ref;

/**
 * Checks a device's credentials. No database access for a known device. SN_EACCES: wrong or
 * unknown (the two are not told apart). Never registers: only fleet_poll does.
 */
int fleet_device_auth(fleet *f, int64_t tenant, const char *cid, const fleet_cred *cred,
                      fleet_device_ref *out);

enum poll_link { POLL_NOTHING, POLL_DEPLOY, POLL_CANCEL };
typedef struct fleet_poll_reply {
    fleet_device_ref device;
    char sleep[9]; /**< "HH:MM:SS", exactly 8 characters */
    enum poll_link link;
    int64_t action;    /**< of the link */
    uint32_t tag;      /**< the `c` of deploymentBase */
    int64_t installed; /**< action of installedBase, 0: none */
    int want_attrs;    /**< offer configData */
    int registered;    /**< this poll made the device known */
} fleet_poll_reply;
/**
 * A poll. Authenticates, admits, answers from memory. An unknown controller with a gateway token
 * or certificate is registered (this one waits for the commit). A device that a roll-out has a
 * slot for gets its action: the poll waits for the commit for at most assign_wait_ms, after that
 * it answers without the job, with a short sleep. `address` (may be NULL) is kept for the console.
 * SN_EACCES.
 */
int fleet_poll(fleet *f, int64_t tenant, const char *cid, const fleet_cred *cred,
               const char *address, fleet_poll_reply *out);

typedef struct fleet_artifact {
    int64_t id, module, created_ms;
    char filename[FLEET_FILENAME_MAX + 1];
    artifact_hashes h;
} fleet_artifact;
typedef struct fleet_module {
    int64_t id, created_ms;
    char name[FLEET_NAME_MAX + 1], version[FLEET_VERSION_MAX + 1], type[FLEET_TYPE_MAX + 1];
    uint32_t artifacts_n; /**< 0 in lists */
} fleet_module;
typedef struct fleet_set {
    int64_t id, created_ms;
    char name[FLEET_NAME_MAX + 1], version[FLEET_VERSION_MAX + 1], type[FLEET_TYPE_MAX + 1];
    uint32_t modules_n, locked; /**< locked: assigned once, cannot change any more */
} fleet_set;

typedef struct fleet_chunk {
    fleet_module module;
    fleet_artifact *artifacts; /**< module.artifacts_n of them, inside the same block */
} fleet_chunk;
typedef struct fleet_deployment {
    int64_t action, set_id;
    enum action_status status;
    uint32_t forced;
    char last_status[16]; /**< for actionHistory */
    uint32_t chunks_n;
    fleet_chunk chunks[FLEET_SET_MODULES_MAX];
} fleet_deployment;
/** The job of an open action of this device; one block, free() it. SN_ENOENT: not this device's,
 *  closed, or being cancelled. */
int fleet_deployment_get(fleet *f, const fleet_device_ref *d, int64_t action,
                         fleet_deployment **out);
/** The same of its last action that finished well. SN_ENOENT otherwise. */
int fleet_installed_get(fleet *f, const fleet_device_ref *d, int64_t action,
                        fleet_deployment **out);
/** 0 if the device is asked to cancel `action`, else SN_ENOENT. */
int fleet_cancel_get(fleet *f, const fleet_device_ref *d, int64_t action);

enum feedback_exec {
    EXEC_CLOSED,
    EXEC_PROCEEDING,
    EXEC_CANCELED,
    EXEC_SCHEDULED,
    EXEC_REJECTED,
    EXEC_RESUMED,
    EXEC_DOWNLOADED,
    EXEC_DOWNLOAD
};
/** SN_EINVAL for an unknown word. */
int feedback_exec_parse(const char *word, enum feedback_exec *out);
enum feedback_result { RESULT_NONE, RESULT_SUCCESS, RESULT_FAILURE };
typedef struct fleet_feedback {
    enum feedback_exec exec;
    enum feedback_result result;
    int64_t device_ms;   /**< the device's own time, 0: none */
    int32_t code;        /**< status.code; INT32_MIN: none */
    const char *details; /**< lines joined by \n; NULL: none. Cut at FLEET_DETAIL_BYTES_MAX */
} fleet_feedback;
/**
 * Feedback on a deployment. Returns after its commit. The same feedback again (same execution,
 * result, code, time and details as the last one) is acknowledged and stored once; a closing one
 * again finds the action closed: FLEET_GONE, as in hawkBit, and nothing is counted twice.
 * SN_ENOENT: not this device's action. FLEET_GONE: it is closed. FLEET_QUOTA: too many entries
 * (a closing one is always taken). Closing feedback while a cancel is pending closes it too.
 */
int fleet_feedback_post(fleet *f, const fleet_device_ref *d, int64_t action,
                        const fleet_feedback *fb);
/** Feedback on a cancel: closed+success cancels, closed+failure is an error, rejected goes on
 *  with the deployment, all else is kept as a status. SN_ENOENT: none is asked for. */
int fleet_cancel_post(fleet *f, const fleet_device_ref *d, int64_t action,
                      const fleet_feedback *fb);
/** configData. FLEET_QUOTA beyond FLEET_ATTR_MAX attributes. */
int fleet_attrs_put(fleet *f, const fleet_device_ref *d, enum attr_mode mode,
                    const fleet_attr *attrs, uint32_t n, fleet_err *err);
/** PUT installedBase: the device says what it runs. SN_ENOENT when no such set is known. */
int fleet_installed_put(fleet *f, const fleet_device_ref *d, const char *name, const char *version);
/** Artifacts of module `module` that this device may fetch (assigned to it or installed on it).
 *  `filename` NULL: all. SN_ENOENT: none, or not for this device. */
int fleet_device_artifacts(fleet *f, const fleet_device_ref *d, int64_t module,
                           const char *filename, fleet_artifact **rows, uint32_t *n);

/* ---- software ---------------------------------------------------------------------------- */

int fleet_module_create(fleet *f, const fleet_actor *by, const char *name, const char *version,
                        const char *type, int64_t *id, fleet_err *err);
int fleet_module_get(fleet *f, int64_t tenant, int64_t id, fleet_module *out);
int fleet_modules(fleet *f, int64_t tenant, const fleet_page *page, fleet_module **rows,
                  uint32_t *n, uint64_t *total);
/** FLEET_INUSE when a set has it. */
int fleet_module_delete(fleet *f, const fleet_actor *by, int64_t id, fleet_err *err);
/** Enters an uploaded file (artifact_finish) as an artifact. SN_EEXIST: the module has a file of
 *  that name; FLEET_INUSE: the module is in a set that was assigned; FLEET_QUOTA; SN_EINVAL. */
int fleet_artifact_create(fleet *f, const fleet_actor *by, int64_t module, const char *filename,
                          const artifact_hashes *h, int64_t *id, fleet_err *err);
int fleet_artifacts(fleet *f, int64_t tenant, int64_t module, fleet_artifact **rows, uint32_t *n);
int fleet_artifact_delete(fleet *f, const fleet_actor *by, int64_t module, int64_t id,
                          fleet_err *err);
/** Folder of the artifact files, for artifact_begin and artifact_path. */
const char *fleet_artifact_dir(const fleet *f);

int fleet_set_create(fleet *f, const fleet_actor *by, const char *name, const char *version,
                     const char *type, const int64_t *modules, uint32_t n, int64_t *id,
                     fleet_err *err);
/** Adds modules to a set that is not locked. */
int fleet_set_add(fleet *f, const fleet_actor *by, int64_t id, const int64_t *modules, uint32_t n,
                  fleet_err *err);
int fleet_set_get(fleet *f, int64_t tenant, int64_t id, fleet_set *out);
int fleet_sets(fleet *f, int64_t tenant, const fleet_page *page, fleet_set **rows, uint32_t *n,
               uint64_t *total);
int fleet_set_modules(fleet *f, int64_t tenant, int64_t id, fleet_module **rows, uint32_t *n);
int fleet_set_delete(fleet *f, const fleet_actor *by, int64_t id, fleet_err *err);

/* ---- actions ------------------------------------------------------------------------------- */

typedef struct fleet_action {
    int64_t id, device, set_id, rollout;         /**< rollout 0: assigned by hand */
    int64_t created_ms, changed_ms, deadline_ms; /**< deadline_ms 0: none */
    enum action_status status;
    uint32_t forced, stage;
    char cid[FLEET_CID_MAX + 1];
    char set_name[FLEET_NAME_MAX + 1], set_version[FLEET_VERSION_MAX + 1];
} fleet_action;
typedef struct fleet_status {
    int64_t id, at_ms, device_ms;
    enum action_status status;                /**< what the action was after it */
    int32_t code;                             /**< INT32_MIN: none */
    char details[FLEET_DETAIL_BYTES_MAX + 1]; /**< lines joined by \n */
} fleet_status;

/**
 * Assigns a set to devices by hand: each gets an action; an action that is open is
 * cancelled first (the device is asked). ids[i] gets the action's id; 0 when the device has the
 * set open already. SN_ENOENT for an unknown set or device (then nothing is assigned: err names
 * it); SN_E2BIG beyond 1,000 devices.
 */
int fleet_assign(fleet *f, const fleet_actor *by, int64_t set_id, const char *const *cids,
                 uint32_t n, uint32_t forced, int64_t *ids, fleet_err *err);
/** Actions of a device (cid) or, with cid NULL, of the tenant, newest first. */
int fleet_actions(fleet *f, int64_t tenant, const char *cid, const fleet_page *page,
                  fleet_action **rows, uint32_t *n, uint64_t *total);
int fleet_action_get(fleet *f, int64_t tenant, int64_t id, fleet_action *out);
/** History of an action; newest first unless `oldest_first`. */
int fleet_action_statuses(fleet *f, int64_t tenant, int64_t id, const fleet_page *page,
                          int oldest_first, fleet_status **rows, uint32_t *n, uint64_t *total);
/** Asks the device to cancel; `force`: closes it as cancelled without asking. SN_EBUSY when it is
 *  closed, or (without force) is being cancelled already. */
int fleet_action_cancel(fleet *f, const fleet_actor *by, int64_t id, int force, fleet_err *err);

/* ---- roll-outs ------------------------------------------------------------------------------ */

/** One warning a stage, see rollout_warning. */
typedef struct fleet_rollout_plan {
    uint64_t needed; /**< sample that the policy needs for a pass without failures */
    uint32_t warnings_n;
    char warnings[FLEET_STAGES_MAX][FLEET_REASON_MAX];
} fleet_rollout_plan;

/** Creates a draft from name, set_id, filter, policy, forced, stages (shares) of *r; fills in the
 *  rest. plan (may be NULL) tells what sample it needs and where it cannot be had. */
int fleet_rollout_create(fleet *f, const fleet_actor *by, rollout *r, fleet_rollout_plan *plan,
                         fleet_err *err);
/** With the counts of this moment. */
int fleet_rollout_get(fleet *f, int64_t tenant, int64_t id, rollout *out);
/** The plan as at creation, with the fleet of now. */
int fleet_rollout_plan_get(fleet *f, int64_t tenant, int64_t id, fleet_rollout_plan *out);
int fleet_rollouts(fleet *f, int64_t tenant, const fleet_page *page, rollout **rows, uint32_t *n,
                   uint64_t *total);
/**
 * An operator's verb. `version`: the If-Match value, or -1 for none given. FLEET_STALE when it is
 * not the stored one; SN_EBUSY when the state does not allow the verb. *out (may be NULL) is the
 * roll-out afterwards. The caller has checked the role: approve, advance need approver; the
 * others operator.
 */
int fleet_rollout_verb(fleet *f, const fleet_actor *by, int64_t id, enum rollout_verb verb,
                       const char *reason, int64_t version, rollout *out, fleet_err *err);
/** Devices of a roll-out by their action's status (ACTION_NONE: all). */
int fleet_rollout_actions(fleet *f, int64_t tenant, int64_t id, enum action_status status,
                          const fleet_page *page, fleet_action **rows, uint32_t *n,
                          uint64_t *total);

/* ---- records, changes, figures --------------------------------------------------------------- */

typedef struct fleet_record {
    int64_t seq;
    char *line; /**< the JSON object as in an export; inside the same block */
} fleet_record;
/** Records newest first; `object` (NULL: all) as in record.object. */
int fleet_records(fleet *f, int64_t tenant, const char *object, const fleet_page *page,
                  fleet_record **rows, uint32_t *n, uint64_t *total);
/** Records an operator's write that the HTTP side made itself. */
int fleet_record_write(fleet *f, const record *rec);

/** Waits until something that the console shows has changed since `seen` (start with 0), or
 *  `until`; *now gets the number to wait with next. 0, SN_ETIMEDOUT, SN_ECANCELED. */
SN_PARKS int fleet_wait_change(fleet *f, uint64_t seen, sn_time until, uint64_t *now);

typedef struct fleet_stats {
    store_stats store;
    uint64_t devices, polls, assigned, feedbacks, registered, auth_failures;
    uint64_t in_flight;
    uint64_t shards, shard_waiting; /**< queue length over all shards */
    uint64_t shard_bytes;           /**< memory of the shards' tables and ids */
} fleet_stats;
/** Counters, kept as things happen: cheap however many devices there are. */
void fleet_get_stats(fleet *f, fleet_stats *out);
/** Devices of a tenant (0: of all) that polled within three of their intervals. Looks at each:
 *  for who asks now and then. Parks. */
uint64_t fleet_polled_recently(fleet *f, int64_t tenant);

/** Numbers of one tenant for the console's first page. */
typedef struct fleet_counts {
    uint64_t devices, open_actions, modules, sets, rollouts;
} fleet_counts;
int fleet_counts_get(fleet *f, int64_t tenant, fleet_counts *out);

#endif
