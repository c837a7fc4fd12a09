/* The table of custom attribute definitions. */
#include "store/custom_attributes.h"

#include "store/db_rows.h"

#define TEXTS "name, label, description, content_type, resources, attribute_group"
#define FLAGS "is_required, is_read_only, is_visible, is_list, is_multi_select, enabled"
#define SELECT \
	"SELECT id, " TEXTS ", " FLAGS ", content, revision, created_at FROM custom_attribute "

enum {
	COLUMN_ID,
	COLUMN_TEXTS,
	COLUMN_FLAGS = COLUMN_TEXTS + 6,
	COLUMN_CONTENT = COLUMN_FLAGS + 6,
	COLUMN_REVISION,
	COLUMN_CREATED
};

/* The table is small, and has no key for what is not a name. */
static const char SQL_EACH[] =
    SELECT "WHERE (? IS NULL OR FIND_IN_SET(CONVERT(? USING ascii), resources) > 0)"
	   " AND (? IS NULL OR content_type = CONVERT(? USING ascii)) AND (? = 0 OR enabled)"
	   " ORDER BY name";
static const char SQL_FIND[] = SELECT "WHERE id = ?";
static const char SQL_COUNT[] = "SELECT COUNT(*) FROM custom_attribute";
static const char SQL_OCTETS[] =
    "SELECT CAST(COALESCE(SUM(LENGTH(content)), 0) AS SIGNED) FROM custom_attribute";
static const char SQL_INSERT[] =
    "INSERT INTO custom_attribute (label, description, resources, attribute_group, " FLAGS
    ", content, id, name, content_type, revision, created_at)"
    " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)";
static const char SQL_UPDATE[] =
    "UPDATE custom_attribute SET label = ?, description = ?, resources = ?, attribute_group = ?,"
    " is_required = ?, is_read_only = ?, is_visible = ?, is_list = ?, is_multi_select = ?,"
    " enabled = ?, content = ?, revision = revision + 1 WHERE id = ? AND revision = ?";
static const char SQL_DELETE[] = "DELETE FROM custom_attribute WHERE id = ? AND revision = ?";

static int
read_texts(const struct db_rows *rows, struct custom_attribute *attribute, struct error *err)
{
	const struct {
		char *to;
		size_t size;
	} texts[] = {
		{ attribute->name, sizeof(attribute->name) },
		{ attribute->label, sizeof(attribute->label) },
		{ attribute->description, sizeof(attribute->description) },
		{ attribute->content_type, sizeof(attribute->content_type) },
		{ attribute->resources, sizeof(attribute->resources) },
		{ attribute->group, sizeof(attribute->group) },
	};

	for (unsigned i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
		if (db_rows_text(rows, COLUMN_TEXTS + i, texts[i].to, texts[i].size, err) < 0)
			return -1;
	return 0;
}

static void
read_flags(const struct db_rows *rows, struct custom_attribute *attribute)
{
	unsigned column = COLUMN_FLAGS;

	attribute->is_required = db_rows_int(rows, column++) != 0;
	attribute->is_read_only = db_rows_int(rows, column++) != 0;
	attribute->is_visible = db_rows_int(rows, column++) != 0;
	attribute->is_list = db_rows_int(rows, column++) != 0;
	attribute->is_multi_select = db_rows_int(rows, column++) != 0;
	attribute->enabled = db_rows_int(rows, column) != 0;
}

static int
read_row(const struct db_rows *rows, struct custom_attribute **out, struct error *err)
{
	cleanup(custom_attribute_freep) struct custom_attribute *attribute = custom_attribute_new();

	if (attribute == NULL) {
		(void)error_set(err, ERR_INTERNAL, "out of memory for a custom attribute");
		return -1;
	}
	attribute->id = db_rows_uuid(rows, COLUMN_ID);
	attribute->revision = (unsigned)db_rows_int(rows, COLUMN_REVISION);
	attribute->created_at = db_rows_time(rows, COLUMN_CREATED);
	read_flags(rows, attribute);
	if (read_texts(rows, attribute, err) < 0 ||
	    db_rows_append(rows, COLUMN_CONTENT, &attribute->content, err) < 0)
		return error_prefix(err, "custom_attribute");
	*out = take(attribute);
	return 0;
}

int
custom_attributes_each(struct db *db, const struct custom_attribute_filter *filter,
    const struct custom_attribute_visit *visit, struct error *err)
{
	const struct db_arg resource = db_text(filter->resource);
	const struct db_arg content_type = db_text(filter->content_type);
	cleanup(db_rows_freep) struct db_rows *rows = NULL;

	if (db_query(db, SQL_EACH,
		db_args(
		    resource, resource, content_type, content_type, db_int(filter->enabled_only)),
		&rows, err) < 0)
		return -1;
	while (db_rows_next(rows)) {
		cleanup(custom_attribute_freep) struct custom_attribute *attribute = NULL;

		if (read_row(rows, &attribute, err) < 0 ||
		    visit->each(take(attribute), visit->arg, err) < 0)
			return -1;
	}
	return 0;
}

int
custom_attributes_find(
    struct db *db, const struct uuid *id, struct custom_attribute **out, struct error *err)
{
	cleanup(db_rows_freep) struct db_rows *rows = NULL;

	if (db_query(db, SQL_FIND, db_args(db_uuid(id)), &rows, err) < 0)
		return -1;
	if (!db_rows_next(rows))
		return error_set(err, ERR_NOT_FOUND, "no such custom attribute");
	return read_row(rows, out, err);
}

static int
read_number(struct db *db, const char *sql, int64_t *out, struct error *err)
{
	cleanup(db_rows_freep) struct db_rows *rows = NULL;

	if (db_query(db, sql, db_no_args, &rows, err) < 0)
		return -1;
	if (!db_rows_next(rows))
		return error_set(err, ERR_DATABASE, "no count of custom attributes");
	*out = db_rows_int(rows, 0);
	return 0;
}

int
custom_attributes_count(struct db *db, int64_t *count, struct error *err)
{
	return read_number(db, SQL_COUNT, count, err);
}

int
custom_attributes_octets(struct db *db, int64_t *octets, struct error *err)
{
	return read_number(db, SQL_OCTETS, octets, err);
}

static struct db_arg
content_or_null(const struct custom_attribute *attribute)
{
	struct db_arg arg = db_text("");

	if (attribute->content.len == 0)
		return db_null();
	arg.bytes = buf_bytes(&attribute->content);
	return arg;
}

/* The arguments that both statements start with. */
#define RULES(a) \
	db_text((a)->label), db_filled((a)->description), db_text((a)->resources), \
	    db_filled((a)->group), db_int((a)->is_required), db_int((a)->is_read_only), \
	    db_int((a)->is_visible), db_int((a)->is_list), db_int((a)->is_multi_select), \
	    db_int((a)->enabled), content_or_null(a), db_uuid(&(a)->id)

int
custom_attributes_insert(struct db *db, const struct custom_attribute *attribute, struct error *err)
{
	return db_exec(db, SQL_INSERT,
	    db_args(RULES(attribute), db_text(attribute->name), db_text(attribute->content_type),
		db_int(attribute->revision), db_time(attribute->created_at)),
	    NULL, err);
}

static int
expect_one(uint64_t rows, struct error *err)
{
	if (rows == 1)
		return 0;
	return error_set(err, ERR_CONFLICT, "the custom attribute was changed in between");
}

int
custom_attributes_update(struct db *db, const struct custom_attribute *attribute, struct error *err)
{
	uint64_t rows = 0;

	if (db_exec(db, SQL_UPDATE, db_args(RULES(attribute), db_int(attribute->revision)), &rows,
		err) < 0)
		return -1;
	return expect_one(rows, err);
}

int
custom_attributes_delete(struct db *db, const struct custom_attribute *attribute, struct error *err)
{
	uint64_t rows = 0;

	if (db_exec(db, SQL_DELETE, db_args(db_uuid(&attribute->id), db_int(attribute->revision)),
		&rows, err) < 0)
		return -1;
	return expect_one(rows, err);
}
