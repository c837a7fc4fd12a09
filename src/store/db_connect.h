#ifndef STORE_DB_CONNECT_H
#define STORE_DB_CONNECT_H

#include <mysql.h>
#include <stddef.h>

#include "base/error.h"
#include "base/settings.h"

enum { DB_WHERE_MAX = 280 };

/* How many places the settings name: the Unix socket alone, or each of the hosts. */
size_t db_connect_places(const struct settings *settings);

/*
 * Connects to the place of this number and sets the session up (UTC, strict mode, READ COMMITTED,
 * time limits). `where` names the place, also on failure. ERR_CONFIG: the place or the password
 * file is wrong; ERR_DATABASE otherwise. The connection is the caller's to close.
 */
int db_connect_open(const struct settings *settings, size_t place, MYSQL **out,
    char where[static DB_WHERE_MAX], struct error *err);

#endif
