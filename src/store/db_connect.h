#ifndef STORE_DB_CONNECT_H
#define STORE_DB_CONNECT_H

#include <mysql.h>
#include <stddef.h>

#include "base/error.h"
#include "base/settings.h"

enum { DB_WHERE_MAX = 280 };

/* Which of the settings' accounts connects. */
enum db_account { DB_ACCOUNT_USER, DB_ACCOUNT_MAINTAIN };

/* A place by its number, and who connects to it; borrowed. */
struct db_place {
	const struct settings *settings;
	enum db_account account;
	size_t number;
};

/* How many places the settings name: the Unix socket alone, or each of the hosts. */
size_t db_connect_places(const struct settings *settings);

/*
 * Connects to the place and sets the session up (UTC, strict mode, READ COMMITTED,
 * time limits). `where` names the place, also on failure. ERR_CONFIG: the place or the password
 * file is wrong; ERR_DATABASE otherwise. The connection is the caller's to close.
 */
int db_connect_open(
    const struct db_place *place, MYSQL **out, char where[static DB_WHERE_MAX], struct error *err);

/*
 * From now on what this connection reads holds whatever was committed anywhere in its Galera
 * cluster before. Nothing where the server was built without Galera. ERR_DATABASE.
 */
int db_connect_read_causally(
    MYSQL *mysql, const char where[static DB_WHERE_MAX], struct error *err);

#endif
