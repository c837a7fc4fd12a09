/* The columns that hold sealed values, as far as their keys go. */
#include "store/secrets.h"

#include "store/db_rows.h"

/* BINARY(16) and VARBINARY: octets are compared and counted. */
#define SQL_SHARES_OF(table, column) \
	"SELECT SUBSTRING(" column ", 1, ?) AS head, COUNT(*), MIN(id) FROM " table \
	" WHERE " column " IS NOT NULL GROUP BY head ORDER BY head"
#define SQL_FIND_OF(table, column) \
	"SELECT id, " column " FROM " table " WHERE id = ? AND " column " IS NOT NULL"
#define SQL_NEXT_OF(table, column) \
	"SELECT id, " column " FROM " table " WHERE id > ? AND " column " IS NOT NULL" \
	" AND SUBSTRING(" column ", 1, ?) <> ? ORDER BY id LIMIT 1"
#define SQL_REPLACE_OF(table, column) \
	"UPDATE " table " SET " column " = ?, revision = revision + 1 WHERE id = ? AND " column \
	" = ?"

/* In JSON a quotation mark inside a text has a backslash before it, so only a member matches. */
#define SQL_NEXT_DOCUMENT_OF(table, column) \
	"SELECT id, " column " FROM " table " WHERE id > ? AND " column " LIKE '%\"sealed\"%'" \
	" ORDER BY id LIMIT 1"

static const char SQL_SCEP_NEXT[] = SQL_NEXT_DOCUMENT_OF("scep_profile", "custom_attributes");
static const char SQL_SCEP_REPLACE[] = SQL_REPLACE_OF("scep_profile", "custom_attributes");
static const char SQL_RA_NEXT[] = SQL_NEXT_DOCUMENT_OF("ra_profile", "custom_attributes");
static const char SQL_RA_REPLACE[] = SQL_REPLACE_OF("ra_profile", "custom_attributes");
static const char SQL_CERTIFICATE_NEXT[] = SQL_NEXT_DOCUMENT_OF("certificate", "attributes");
static const char SQL_CERTIFICATE_REPLACE[] =
    "UPDATE certificate SET attributes = ? WHERE id = ? AND attributes = ?";

static const char SQL_PASSWORD_SHARES[] = SQL_SHARES_OF("scep_profile", "challenge_password");
static const char SQL_PASSWORD_FIND[] = SQL_FIND_OF("scep_profile", "challenge_password");
static const char SQL_PASSWORD_NEXT[] = SQL_NEXT_OF("scep_profile", "challenge_password");
static const char SQL_PASSWORD_REPLACE[] = SQL_REPLACE_OF("scep_profile", "challenge_password");
static const char SQL_INTUNE_SHARES[] = SQL_SHARES_OF("scep_profile", "intune_application_key");
static const char SQL_INTUNE_FIND[] = SQL_FIND_OF("scep_profile", "intune_application_key");
static const char SQL_INTUNE_NEXT[] = SQL_NEXT_OF("scep_profile", "intune_application_key");
static const char SQL_INTUNE_REPLACE[] = SQL_REPLACE_OF("scep_profile", "intune_application_key");
static const char SQL_RESPONDER_SHARES[] = SQL_SHARES_OF("ocsp_responder", "private_key");
static const char SQL_RESPONDER_FIND[] = SQL_FIND_OF("ocsp_responder", "private_key");
static const char SQL_RESPONDER_NEXT[] = SQL_NEXT_OF("ocsp_responder", "private_key");
/* A row of which nothing else ever changes. */
static const char SQL_RESPONDER_REPLACE[] =
    "UPDATE ocsp_responder SET private_key = ? WHERE id = ? AND private_key = ?";

static const struct secrets_column COLUMNS[] = {
	{ "scep_profile", "challenge_password", false },
	{ "scep_profile", "intune_application_key", false },
	{ "ocsp_responder", "private_key", true },
};

static const struct {
	const char *shares, *find, *next, *replace;
} STATEMENTS[] = {
	{ SQL_PASSWORD_SHARES, SQL_PASSWORD_FIND, SQL_PASSWORD_NEXT, SQL_PASSWORD_REPLACE },
	{ SQL_INTUNE_SHARES, SQL_INTUNE_FIND, SQL_INTUNE_NEXT, SQL_INTUNE_REPLACE },
	{ SQL_RESPONDER_SHARES, SQL_RESPONDER_FIND, SQL_RESPONDER_NEXT, SQL_RESPONDER_REPLACE },
};

enum { COLUMN_COUNT = sizeof(COLUMNS) / sizeof(COLUMNS[0]) };

_Static_assert(
    sizeof(STATEMENTS) / sizeof(STATEMENTS[0]) == COLUMN_COUNT, "the statements of each column");

const struct secrets_column *
secrets_columns(size_t *count)
{
	*count = COLUMN_COUNT;
	return COLUMNS;
}

static const struct secrets_document DOCUMENTS[] = {
	{ "scepProfiles", "scep_profile", "custom_attributes", true },
	{ "raProfiles", "ra_profile", "custom_attributes", true },
	{ "certificates", "certificate", "attributes", false },
};

static const struct {
	const char *next, *replace;
} DOCUMENT_STATEMENTS[] = {
	{ SQL_SCEP_NEXT, SQL_SCEP_REPLACE },
	{ SQL_RA_NEXT, SQL_RA_REPLACE },
	{ SQL_CERTIFICATE_NEXT, SQL_CERTIFICATE_REPLACE },
};

enum { DOCUMENT_COUNT = sizeof(DOCUMENTS) / sizeof(DOCUMENTS[0]) };

_Static_assert(sizeof(DOCUMENT_STATEMENTS) / sizeof(DOCUMENT_STATEMENTS[0]) == DOCUMENT_COUNT,
    "the statements of each document");

const struct secrets_document *
secrets_documents(size_t *count)
{
	*count = DOCUMENT_COUNT;
	return DOCUMENTS;
}

void
secrets_document_init(struct secrets_value *value)
{
	*value = (struct secrets_value){ .blob = BUF_INIT(SECRETS_DOCUMENT_MAX) };
}

void
secrets_value_init(struct secrets_value *value)
{
	*value = (struct secrets_value){ .blob = BUF_INIT(SECRETS_BLOB_MAX) };
}

void
secrets_value_release(struct secrets_value *value)
{
	buf_release(&value->blob);
}

static int
each_share(struct db *db, const struct secrets_visit *visit, size_t column, struct error *err)
{
	cleanup(db_rows_freep) struct db_rows *rows = NULL;

	if (db_query(db, STATEMENTS[column].shares, db_args(db_int((int64_t)visit->head_size)),
		&rows, err) < 0)
		return -1;
	while (db_rows_next(rows)) {
		const struct secrets_share share = {
			.column = column,
			.head = db_rows_bytes(rows, 0),
			.values = db_rows_int(rows, 1),
			.row = db_rows_uuid(rows, 2),
		};

		if (visit->each(&share, visit->arg, err) < 0)
			return -1;
	}
	return 0;
}

int
secrets_each_share(struct db *db, const struct secrets_visit *visit, struct error *err)
{
	for (size_t column = 0; column < COLUMN_COUNT; column++)
		if (each_share(db, visit, column, err) < 0)
			return -1;
	return 0;
}

/* The only row of a query, in place of *value. */
static int
read_value(struct db_rows *rows, struct secrets_value *value, struct error *err)
{
	if (!db_rows_next(rows))
		return error_set(err, ERR_NOT_FOUND, "no such sealed value");
	value->row = db_rows_uuid(rows, 0);
	buf_reset(&value->blob);
	return db_rows_append(rows, 1, &value->blob, err);
}

int
secrets_find(struct db *db, size_t column, const struct uuid *row, struct secrets_value *out,
    struct error *err)
{
	cleanup(db_rows_freep) struct db_rows *rows = NULL;

	if (db_query(db, STATEMENTS[column].find, db_args(db_uuid(row)), &rows, err) < 0)
		return -1;
	return read_value(rows, out, err);
}

int
secrets_next_other(
    struct db *db, size_t column, struct bytes head, struct secrets_value *value, struct error *err)
{
	cleanup(db_rows_freep) struct db_rows *rows = NULL;

	if (db_query(db, STATEMENTS[column].next,
		db_args(db_uuid(&value->row), db_int((int64_t)head.len), db_blob(head)), &rows,
		err) < 0)
		return -1;
	return read_value(rows, value, err);
}

struct update {
	const char *sql;
	enum db_type type;
	const struct secrets_replacement *replacement;
	uint64_t rows;
};

static int
update(struct db *db, void *arg, struct error *err)
{
	struct update *update = arg;
	const struct secrets_replacement *replacement = update->replacement;
	struct db_arg old = { .type = update->type }, new = { .type = update->type };

	old.bytes = buf_bytes(&replacement->old->blob);
	new.bytes = replacement->blob;
	return db_exec(db, update->sql, db_args(new, db_uuid(&replacement->old->row), old),
	    &update->rows, err);
}

/* A transaction for its second try: a cluster may roll a single UPDATE back as well. */
static int
run_update(
    struct db *db, struct update *run, struct secrets_replacement *replacement, struct error *err)
{
	run->replacement = replacement;
	if (db_transaction(db, update, run, err) < 0)
		return -1;
	replacement->replaced = run->rows > 0;
	return 0;
}

int
secrets_replace(struct db *db, struct secrets_replacement *replacement, struct error *err)
{
	struct update run = {
		.sql = STATEMENTS[replacement->column].replace,
		.type = DB_BLOB,
	};

	return run_update(db, &run, replacement, err);
}

int
secrets_next_document(
    struct db *db, size_t document, struct secrets_value *value, struct error *err)
{
	cleanup(db_rows_freep) struct db_rows *rows = NULL;

	if (db_query(db, DOCUMENT_STATEMENTS[document].next, db_args(db_uuid(&value->row)), &rows,
		err) < 0)
		return -1;
	return read_value(rows, value, err);
}

int
secrets_replace_document(struct db *db, struct secrets_replacement *replacement, struct error *err)
{
	struct update run = {
		.sql = DOCUMENT_STATEMENTS[replacement->column].replace,
		.type = DB_TEXT,
	};

	return run_update(db, &run, replacement, err);
}
