/* The keys in memory: making and freeing the table. */
#include "remote/identity_keys_table.h"

#include <stdlib.h>

struct identity_keys_table *
identity_keys_table_new(struct json_object *issuers, size_t room)
{
	struct identity_keys_table *table =
	    calloc(1, sizeof(*table) + room * sizeof(table->keys[0]));

	if (table != NULL)
		table->issuers = json_object_get(issuers);
	return table;
}

void
identity_keys_table_free(struct identity_keys_table *table)
{
	if (table == NULL)
		return;
	for (size_t i = 0; i < table->count; i++)
		jwk_free(table->keys[i].jwk);
	json_object_put(table->issuers);
	free(table);
}
