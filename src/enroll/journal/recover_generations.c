/* The CA generations on record, which tell whose certificates and CRLs there are. */
#include <stdlib.h>
#include <string.h>

#include "enroll/journal/recover_internal.h"

struct recover_generations *
recover_generations_new(void)
{
	return calloc(1, sizeof(struct recover_generations));
}

void
recover_generations_free(struct recover_generations *generations)
{
	if (generations == NULL)
		return;
	for (size_t i = 0; i < generations->count; i++)
		cert_freep(&generations->items[i].cert);
	free(generations);
}

static int
add_generation(const struct generation *generation, void *arg, struct error *err)
{
	struct recover_generations *generations = arg;
	struct recover_generation *to = &generations->items[generations->count];

	if (generations->count == RECOVER_GENERATIONS_MAX)
		return error_set(
		    err, ERR_INTERNAL, "more than %d generations of CAs", RECOVER_GENERATIONS_MAX);
	*to = (struct recover_generation){ .id = generation->id };
	memcpy(to->label, generation->label, sizeof(to->label));
	generations->count++;
	if (generation->certificate.len == 0)
		return 0;
	return cert_parse(buf_bytes(&generation->certificate), &to->cert, err) < 0
		   ? error_prefix(err, "the certificate of %s", to->label)
		   : 0;
}

/* The read of an authority's generations. */
struct reading {
	struct recover_generations *generations;
	struct db *db;
};

static int
add_authority(const struct authority *authority, void *arg, struct error *err)
{
	const struct reading *reading = arg;

	return generations_each(
	    reading->db, &authority->id, add_generation, reading->generations, err);
}

int
recover_generations_read(struct recover_generations *generations, struct db *db, struct error *err)
{
	struct reading reading = { generations, db };

	return authorities_each(db, add_authority, &reading, err);
}

struct recover_generation *
recover_generation_of(struct recover *recover, const struct uuid *id)
{
	for (size_t i = 0; i < recover->generations->count; i++)
		if (memcmp(&recover->generations->items[i].id, id, sizeof(*id)) == 0)
			return &recover->generations->items[i];
	return NULL;
}
