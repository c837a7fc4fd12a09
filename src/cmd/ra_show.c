/* certwright ra list and show. */
#include <stdio.h>

#include "base/json.h"
#include "cmd/ra.h"
#include "cmd/records.h"
#include "cmd/table.h"
#include "enroll/profiles/scep_ca.h"

static int
add_certificate(const struct ra_certificate *certificate, void *arg, struct error *err)
{
	const struct records_gathered *gathered = arg;
	struct json_object *object = NULL;

	if (ra_json(gathered->records->db, certificate, &object, err) < 0)
		return -1;
	json_object_array_add(gathered->array, object);
	return 0;
}

static int
gather(struct records_gathered *gathered, struct error *err)
{
	return ra_certificates_each(
	    gathered->records->db, SCEP_CA_MAX, add_certificate, gathered, err);
}

static void
add_row(struct table *table, const struct json_object *ra)
{
	const struct json_object *key = json_object_object_get(ra, "key");
	char key_text[64];

	(void)snprintf(key_text, sizeof(key_text), "%s %s, %s", table_text(key, "algorithm"),
	    table_text(key, "bits"), table_text(key, "state"));
	table_add_member(table, ra, "id");
	table_add_member(table, ra, "authority");
	table_add_member(table, ra, "status");
	table_add(table, key_text);
	table_add_member(table, ra, "notAfter");
	table_add_member(table, ra, "subject");
}

int
ra_list(int argc, char **argv)
{
	static const struct records_listing listing = {
		.usage = "ra list [options]",
		.about = "Lists the RA certificates, newest first.",
		.head = "ID,CA,STATUS,KEY,ENDS,SUBJECT",
		.gather = gather,
		.add_rows = add_row,
	};

	return records_list(&listing, argc, argv);
}

static int
find(const struct records *records, const char *name, struct json_object **out, struct error *err)
{
	struct ra_certificate certificate;

	if (ra_find(records->db, name, &certificate, err) < 0)
		return -1;
	return ra_json(records->db, &certificate, out, err);
}

int
ra_show(int argc, char **argv)
{
	static const struct records_showing showing = {
		.usage = "ra show [options] SERIAL|FINGERPRINT|ID",
		.about = "Shows an RA certificate's record and its key.",
		.find = find,
		.print = table_print_with_key,
	};

	return records_show(&showing, argc, argv);
}
