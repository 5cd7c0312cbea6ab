/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Artifact files: hashes, one file for equal bytes, nothing left of uploads that did not end. And
 * the folder they are in has one server. */
#include <sennit/file.h>

#include "artifact.h"
#include "check.h"
#include "world.h"

static char dir[200];

static int count_one(void *n, const char *name) {
    (void)name;
    ++*(int *)n;
    return 0;
}

static int files(void) {
    int n = 0;
    MUST(sn_path_list(dir, count_one, &n) == 0);
    return n;
}

static void upload(const char *a, const char *b, artifact_hashes *h) {
    artifact_upload *u;
    MUST(artifact_begin(&u, dir, NULL) == 0);
    MUST(artifact_add(u, a, strlen(a), NULL) == 0);
    MUST(artifact_add(u, b, strlen(b), NULL) == 0);
    MUST(artifact_finish(u, h, NULL) == 0);
}

static void hashes_and_names(void) {
    artifact_hashes a, b, c;
    char path[300], *bytes;
    size_t n;
    world_dir(dir);
    upload("ab", "c", &a);
    CHECK_INT(a.size, 3);
    CHECK_STR(a.md5, "900150983cd24fb0d6963f7d28e17f72");
    CHECK_STR(a.sha1, "a9993e364706816aba3e25717850c26c9cd0d89d");
    CHECK_STR(a.sha256, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    upload("a", "bc", &b);
    CHECK_INT(files(), 1);
    MUST(artifact_path(dir, a.sha256, path, sizeof path) == 0);
    MUST(sn_path_read(path, 100, &bytes, &n) == 0);
    CHECK_STR(bytes, "abc");
    free(bytes);
    MUST(artifact_hash_file(path, &c, NULL) == 0);
    CHECK_STR(c.sha256, a.sha256);
    CHECK_INT(c.size, 3);
    CHECK_INT(artifact_path(dir, a.sha256, path, 20), SN_E2BIG);
    upload("", "", &a);
    CHECK_INT(a.size, 0);
    CHECK_INT(files(), 2);
    world_remove(dir);
}

static void what_did_not_end_leaves_nothing(void) {
    artifact_upload *u, *v;
    fleet_err err;
    artifact_hashes h;
    world_dir(dir);
    upload("kept", "", &h);
    MUST(artifact_begin(&u, dir, NULL) == 0);
    MUST(artifact_begin(&v, dir, NULL) == 0);
    MUST(artifact_add(u, "half", 4, NULL) == 0);
    CHECK_INT(files(), 3);
    CHECK_INT(artifact_add(u, "x", (size_t)FLEET_ARTIFACT_MAX, &err), SN_EFBIG);
    CHECK(strstr(err.text, "larger than") != NULL);
    artifact_abort(u);
    CHECK_INT(files(), 2);
    MUST(artifact_clean(dir, NULL) == 0); /* as at a start: v's process is gone */
    CHECK_INT(files(), 1);
    artifact_abort(v);
    CHECK(artifact_begin(&u, "/nowhere/at/all", &err) < 0);
    CHECK(artifact_hash_file("/nowhere/at/all", &h, &err) < 0);
    world_remove(dir);
}

static void a_folder_has_one_server(void) {
    fleet *second = NULL;
    fleet_err err;
    world_dir(dir);
    fleet *f = world_open(dir, NULL);
    fleet_config cfg = {.data_dir = dir};
    CHECK_INT(fleet_open(&second, &cfg, &err), SN_EBUSY);
    CHECK(strstr(err.text, "another server uses this folder") != NULL);
    CHECK(second == NULL);
    fleet_close(f);
    f = world_open(dir, NULL);
    fleet_close(f);
    world_remove(dir);
}

int main(void) {
    CASE(hashes_and_names);
    CASE(what_did_not_end_leaves_nothing);
    CASE(a_folder_has_one_server);
    return check_done();
}
