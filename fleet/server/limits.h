/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Every limit on size and count of the fleet's data, in one place. */
#ifndef FLEET_LIMITS_H
#define FLEET_LIMITS_H

enum {
    FLEET_CID_MAX = 128,           /**< bytes of a controllerId */
    FLEET_NAME_MAX = 128,          /**< bytes of a name (module, set, roll-out, user, tenant) */
    FLEET_VERSION_MAX = 64,        /**< bytes of a version */
    FLEET_TYPE_MAX = 32,           /**< bytes of a module or set type */
    FLEET_FILENAME_MAX = 128,      /**< bytes of an artifact's file name */
    FLEET_ATTR_MAX = 100,          /**< attributes of a device */
    FLEET_ATTR_KEY_MAX = 128,      /**< bytes of an attribute's key */
    FLEET_ATTR_VALUE_MAX = 512,    /**< bytes of an attribute's value */
    FLEET_STATUS_MAX = 1000,       /**< status entries kept of an action */
    FLEET_DETAIL_LINES_MAX = 50,   /**< detail lines of a feedback */
    FLEET_DETAIL_BYTES_MAX = 4096, /**< bytes of details kept of a feedback; the rest is cut */
    FLEET_SET_MODULES_MAX = 16,    /**< modules of a distribution set */
    FLEET_MODULE_ARTIFACTS_MAX = 16,
    FLEET_STAGES_MAX = 8,
    FLEET_REASON_MAX = 256,
    FLEET_PAGE_MAX = 500, /**< rows of one page of a list */
    FLEET_TENANTS_MAX = 1000,
    FLEET_USERS_MAX = 10000,
    FLEET_SETTING_KEY_MAX = 64,
    FLEET_SETTING_VALUE_MAX = 512,
    FLEET_SHARD_DEVICES = 100000 /**< devices a shard is made for */
};
/** Largest artifact, bytes. */
#define FLEET_ARTIFACT_MAX ((uint64_t)4 << 30)

#endif
