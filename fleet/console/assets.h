/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* The console's files as they are compiled into the server: read-only data, no lock. The table
 * is made by embed.cmake from the files listed in CMakeLists.txt beside it. */
#ifndef FLEET_CONSOLE_ASSETS_H
#define FLEET_CONSOLE_ASSETS_H

#include <stddef.h>

struct console_asset {
    /** Path below the console's root, without a leading slash: "index.html", "app.js". */
    const char *path;
    /** Value for Content-Type. */
    const char *type;
    /** Value for ETag with its quotes: a strong one, from the SHA-256 of the bytes. */
    const char *etag;
    const unsigned char *data;
    size_t size;
};

/** All assets, in the order of CMakeLists.txt; the first one is the page itself. */
extern const struct console_asset console_assets[];
extern const size_t console_assets_n;

#endif
