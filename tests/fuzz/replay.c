/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Stands in for libFuzzer in the suite: gives every file of the corpus folders, and every prefix
 * of it, to the target. Each input is a block of exactly its size, so that the sanitizers see a
 * read past its end. Inputs longer than PREFIXES bytes are cut at the first PREFIXES places only.
 */
#include <dirent.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PREFIXES 2048
#define INPUT_MAX (1 << 20)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

static void feed(const uint8_t *bytes, size_t n) {
    uint8_t *exact = malloc(n ? n : 1);
    if (!exact) exit(1);
    memcpy(exact, bytes, n);
    LLVMFuzzerTestOneInput(exact, n);
    free(exact);
}

static void replay_file(const char *path) {
    static uint8_t bytes[INPUT_MAX];
    FILE *f = fopen(path, "rb");
    if (!f) {
        perror(path);
        exit(1);
    }
    size_t n = fread(bytes, 1, sizeof bytes, f);
    fclose(f);
    for (size_t cut = 0; cut < n && cut < PREFIXES; cut++) feed(bytes, cut);
    feed(bytes, n);
}

static size_t replay_folder(const char *folder) {
    struct dirent **names;
    int found = scandir(folder, &names, NULL, alphasort);
    size_t files = 0;
    for (int i = 0; i < found; i++) {
        char path[4096];
        snprintf(path, sizeof path, "%s/%s", folder, names[i]->d_name);
        if (names[i]->d_name[0] != '.') {
            replay_file(path);
            files++;
        }
        free(names[i]);
    }
    if (found >= 0) free(names);
    return files;
}

int main(int argc, char **argv) {
    size_t files = 0;
    for (int i = 1; i < argc; i++) files += replay_folder(argv[i]);
    printf("%zu inputs replayed\n", files);
    if (files == 0) fputs("replay: the corpus is empty or missing\n", stderr);
    return files == 0;
}
