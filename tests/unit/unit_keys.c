/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* A program that has used up what the system has of thread-specific values: ours takes none of
 * theirs. */
#include "check.h"

#include <pthread.h>
#include <sennit/sennit.h>

enum { MOST = 1 << 16 };

static pthread_key_t keys[MOST];
static int n;
static sn_local own = SN_LOCAL(NULL);

static void *calls(void *mark) {
    for (int i = 0; i < n; i++) CHECK_INT(pthread_setspecific(keys[i], mark), 0);
    CHECK(sn_local_get(&own) == NULL);
    for (int i = 0; i < n; i++) CHECK(pthread_getspecific(keys[i]) == mark);
    return NULL;
}

static void theirs_stay_theirs(void) {
    pthread_t t;
    while (n < MOST && !pthread_key_create(&keys[n], NULL)) n++;
    MUST(pthread_create(&t, NULL, calls, &n) == 0);
    CHECK_INT(pthread_join(t, NULL), 0);
}

int main(void) {
    CASE(theirs_stay_theirs);
    return check_done();
}
