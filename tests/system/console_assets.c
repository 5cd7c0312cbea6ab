/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* The console as compiled in: the same bytes as the files, named, typed, tagged by content. */
#include "assets.h"
#include "check.h"

static const char *folder;

static const struct console_asset *find(const char *path) {
    for (size_t i = 0; i < console_assets_n; i++)
        if (strcmp(console_assets[i].path, path) == 0) return &console_assets[i];
    return NULL;
}

static void same_bytes(void) {
    for (size_t i = 0; i < console_assets_n; i++) {
        const struct console_asset *a = &console_assets[i];
        char path[4096];
        snprintf(path, sizeof path, "%s/%s", folder, a->path);
        FILE *f = fopen(path, "rb");
        MUST(f);
        unsigned char *file = malloc(a->size + 1);
        MUST(file);
        CHECK_INT(fread(file, 1, a->size + 1, f), a->size);
        CHECK(memcmp(file, a->data, a->size) == 0);
        free(file);
        fclose(f);
    }
}

static void named_and_typed(void) {
    CHECK_STR(console_assets[0].path, "index.html");
    CHECK_STR(find("index.html")->type, "text/html; charset=utf-8");
    CHECK_STR(find("app.js")->type, "text/javascript; charset=utf-8");
    CHECK_STR(find("style.css")->type, "text/css; charset=utf-8");
    CHECK_STR(find("icon.svg")->type, "image/svg+xml");
    for (size_t i = 0; i < console_assets_n; i++) {
        CHECK(console_assets[i].path[0] != '/');
        CHECK(find(console_assets[i].path) == &console_assets[i]);
    }
}

static void tagged(void) {
    for (size_t i = 0; i < console_assets_n; i++) {
        const char *tag = console_assets[i].etag;
        CHECK_INT(strlen(tag), 34);
        CHECK(tag[0] == '"' && tag[33] == '"');
        CHECK_INT(strspn(tag + 1, "0123456789abcdef"), 32);
        for (size_t k = 0; k < i; k++) CHECK(strcmp(tag, console_assets[k].etag) != 0);
    }
}

int main(int argc, char **argv) {
    MUST(argc == 2);
    folder = argv[1];
    CASE(same_bytes);
    CASE(named_and_typed);
    CASE(tagged);
    return check_done();
}
