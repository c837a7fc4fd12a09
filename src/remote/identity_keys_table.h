#ifndef REMOTE_IDENTITY_KEYS_TABLE_H
#define REMOTE_IDENTITY_KEYS_TABLE_H

#include <json-c/json.h>
#include <stddef.h>
#include <stdint.h>

#include "base/cleanup.h"
#include "crypto/jwk.h"

struct identity_key {
	const char *issuer; /* borrowed from the table's issuers */
	struct jwk *jwk;
	int64_t last_seen;
};

/* What was read from one state of the file. */
struct identity_keys_table {
	struct json_object *issuers;
	size_t count;
	struct identity_key keys[];
};

void identity_keys_table_free(struct identity_keys_table *table);
DEFINE_CLEANUP(struct identity_keys_table *, identity_keys_table_free)

/* An empty table with room for so many keys; it shares the issuers. NULL without memory. */
struct identity_keys_table *identity_keys_table_new(struct json_object *issuers, size_t room)
    OWNED(identity_keys_table_free);

#endif
