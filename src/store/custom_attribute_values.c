/* The JSON columns that hold the values of custom attributes. */
#include "store/custom_attribute_values.h"

#include <string.h>

#include "store/db_rows.h"

static const char SQL_FIND_SCEP[] = "SELECT name, custom_attributes FROM scep_profile WHERE id = ?";
static const char SQL_FIND_RA[] =
    "SELECT name, custom_attributes FROM ra_profile WHERE id = ? AND NOT archived";
static const char SQL_FIND_CERTIFICATE[] =
    "SELECT HEX(serial), attributes FROM certificate WHERE id = ?";

/* Who has read something else meanwhile must not write it back: the old value is part of WHERE. */
static const char SQL_UPDATE_SCEP[] =
    "UPDATE scep_profile SET custom_attributes = ?, revision = revision + 1"
    " WHERE id = ? AND custom_attributes <=> ?";
static const char SQL_UPDATE_RA[] =
    "UPDATE ra_profile SET custom_attributes = ?, revision = revision + 1"
    " WHERE id = ? AND custom_attributes <=> ?";
static const char SQL_UPDATE_CERTIFICATE[] =
    "UPDATE certificate SET attributes = ? WHERE id = ? AND attributes <=> ?";

static const struct {
	struct custom_attribute_column column;
	const char *find;
	const char *update;
} COLUMNS[] = {
	{ { "scepProfiles", "ScepProfile", "scep_profile", "scep_profile", "custom_attributes" },
	    SQL_FIND_SCEP, SQL_UPDATE_SCEP },
	{ { "raProfiles", "RaProfile", "ra_profile", "ra_profile", "custom_attributes" },
	    SQL_FIND_RA, SQL_UPDATE_RA },
	{ { "certificates", "Certificate", "certificate", "certificate", "attributes" },
	    SQL_FIND_CERTIFICATE, SQL_UPDATE_CERTIFICATE },
};

enum { COLUMNS_COUNT = sizeof(COLUMNS) / sizeof(COLUMNS[0]) };

const struct custom_attribute_column *
custom_attribute_column_at(size_t index)
{
	return index < COLUMNS_COUNT ? &COLUMNS[index].column : NULL;
}

const struct custom_attribute_column *
custom_attribute_column_of(const char *resource)
{
	for (size_t i = 0; i < COLUMNS_COUNT; i++)
		if (strcmp(COLUMNS[i].column.resource, resource) == 0)
			return &COLUMNS[i].column;
	return NULL;
}

static size_t
index_of(const struct custom_attribute_values *values)
{
	size_t i = 0;

	while (i + 1 < COLUMNS_COUNT && &COLUMNS[i].column != values->where)
		i++;
	return i;
}

int
custom_attribute_values_find(
    struct db *db, struct custom_attribute_values *values, struct error *err)
{
	cleanup(db_rows_freep) struct db_rows *rows = NULL;

	values->stored = (struct buf)BUF_INIT(CUSTOM_ATTRIBUTE_VALUES_MAX);
	if (db_query(
		db, COLUMNS[index_of(values)].find, db_args(db_uuid(&values->id)), &rows, err) < 0)
		return -1;
	if (!db_rows_next(rows))
		return error_set(err, ERR_NOT_FOUND, "no such object");
	values->is_null = db_rows_is_null(rows, 1);
	if (db_rows_text(rows, 0, values->name, sizeof(values->name), err) < 0 ||
	    db_rows_append(rows, 1, &values->stored, err) < 0)
		return error_prefix(err, "%s", values->where->table);
	return 0;
}

int
custom_attribute_values_update(struct db *db, const struct custom_attribute_values *values,
    const char *stored, struct error *err)
{
	struct db_arg before = values->is_null ? db_null() : db_text("");
	uint64_t rows = 0;

	if (!values->is_null)
		before.bytes = buf_bytes(&values->stored);
	if (db_exec(db, COLUMNS[index_of(values)].update,
		db_args(db_text(stored), db_uuid(&values->id), before), &rows, err) < 0)
		return -1;
	if (rows != 1)
		return error_set(err, ERR_CONFLICT, "the object was changed in between");
	return 0;
}
