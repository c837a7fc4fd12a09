#ifndef STORE_SEARCH_FIELD_H
#define STORE_SEARCH_FIELD_H

#include "store/certificates_search.h"

/*
 * How a field is asked. Where one certificate has several values, `exists` opens a subquery that
 * the match with `value` ends; else it is NULL.
 */
struct search_field_sql {
	const char *name;  /* for faults */
	const char *value; /* an expression over c, a row of certificate */
	const char *exists;
	enum search_kind kind;
	bool by_line;  /* each line of the value is one of its own */
	bool by_parts; /* only parts of it can be asked for */
};

const struct search_field_sql *search_field(enum search_field field);

/* The SQL of a name of SEARCH_STATUS: `n` in args stands for now, `h` for the horizon. */
struct search_status_sql {
	const char *name;
	const char *sql;
	const char *args;
};

/* NULL: no such name. */
const struct search_status_sql *search_field_status(const char *name);

#endif
