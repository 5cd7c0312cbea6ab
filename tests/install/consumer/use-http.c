/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Links the HTTP library, and all below it, into a program that has no server to run. */
#include <sennit/http.h>
#include <sennit/sennit.h>
#include <stdio.h>

int main(void) {
    const char *text = sn_http_status_text(404);
    puts(text);
    return text[0] != 'N';
}
