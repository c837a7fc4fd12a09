#ifndef CMD_CA_JSON_H
#define CMD_CA_JSON_H

#include <json-c/json.h>

#include "base/json.h"
#include "store/authorities.h"
#include "store/keys.h"

/* A generation's record, its certificate's facts and its key. On success *out is the caller's. */
int ca_json_generation(struct db *db, const struct generation *generation, struct json_object **out,
    struct error *err);

/* An authority with all its generations. */
int ca_json_authority(
    struct db *db, const struct authority *authority, struct json_object **out, struct error *err);

/* A row of managed_key; NULL without memory. */
struct json_object *ca_json_key(const struct managed_key *key);

/* RFC 3339; NULL without memory. */
struct json_object *ca_json_time(int64_t seconds);

#endif
