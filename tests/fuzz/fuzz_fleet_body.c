/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Any bytes as a body: the first byte chooses feedback, configData or a roll-out's creation.
 * What is accepted must keep to the limits. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "api.h"
#include "ddi_parse.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

static void must(int ok) {
    if (!ok) abort();
}

static void feedback(const char *text, size_t n) {
    struct ddi_feedback f;
    const char *why;
    if (ddi_feedback_parse(text, n, &f, &why)) {
        must(*why != 0);
        return;
    }
    must(strlen(f.text) <= FLEET_DETAIL_BYTES_MAX);
    must(!f.fb.details || f.fb.details == f.text);
    must(f.fb.device_ms >= 0);
}

static void config(const char *text, size_t n) {
    enum attr_mode mode;
    fleet_attr *attrs;
    uint32_t count;
    const char *why;
    if (ddi_config_parse(text, n, &mode, &attrs, &count, &why)) {
        must(*why != 0 && !attrs);
        return;
    }
    must(count <= FLEET_ATTR_MAX);
    for (uint32_t i = 0; i < count; i++) must(attrs[i].key[0] != 0);
    free(attrs);
}

static void creation(const char *text, size_t n) {
    rollout ro;
    fleet_err err = {""};
    const char *why;
    cJSON *body = json_in_object(text, n, &why);
    if (!body) return;
    if (api_rollout_read(body, &ro, &err))
        must(err.text[0] != 0);
    else
        must(ro.name[0] && ro.set_id > 0 && ro.stages_n <= FLEET_STAGES_MAX);
    cJSON_Delete(body);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n) {
    if (!n) return 0;
    const char *text = (const char *)data + 1;
    if (data[0] == 'c')
        config(text, n - 1);
    else if (data[0] == 'r')
        creation(text, n - 1);
    else
        feedback(text, n - 1);
    return 0;
}
