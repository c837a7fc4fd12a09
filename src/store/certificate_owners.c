/* Who owns a certificate: a row for each that has an owner. */
#include "store/certificate_owners.h"

#include <mysqld_error.h>

static const char SQL_SET[] = "INSERT INTO certificate_owner (certificate_id, owner) VALUES (?, ?)"
			      " ON DUPLICATE KEY UPDATE owner = VALUES(owner)";
static const char SQL_CLEAR[] = "DELETE FROM certificate_owner WHERE certificate_id = ?";

static int
refuse_name(struct error *err)
{
	error_clear(err);
	return error_set(
	    err, ERR_VALIDATION, "an owner has 1 to %d characters", CERTIFICATE_OWNER_CHARACTERS);
}

int
certificate_owners_set(
    struct db *db, const struct uuid *certificate_id, const char *owner, struct error *err)
{
	if (owner[0] == '\0')
		return refuse_name(err);
	if (db_exec(db, SQL_SET, db_args(db_uuid(certificate_id), db_text(owner)), NULL, err) == 0)
		return 0;
	if (err->number == ER_DATA_TOO_LONG)
		return refuse_name(err);
	if (err->number != ER_NO_REFERENCED_ROW_2)
		return -1;
	error_clear(err);
	return error_set(err, ERR_NOT_FOUND, "no such certificate");
}

int
certificate_owners_clear(struct db *db, const struct uuid *certificate_id, struct error *err)
{
	return db_exec(db, SQL_CLEAR, db_args(db_uuid(certificate_id)), NULL, err);
}
