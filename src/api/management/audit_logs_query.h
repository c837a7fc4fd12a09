#ifndef API_MANAGEMENT_AUDIT_LOGS_QUERY_H
#define API_MANAGEMENT_AUDIT_LOGS_QUERY_H

#include "store/audit_find.h"

enum { AUDIT_LOGS_TEXT_MAX = 1025, AUDIT_LOGS_NAME_MAX = 33, AUDIT_LOGS_SIZE_MAX = 100 };

/* What is asked for; "" in a text: anything. */
struct audit_logs_query {
	int64_t page;    /* from 0 */
	int64_t size;    /* AUDIT_LOGS_SIZE_MAX where more is asked for */
	int64_t from_ms; /* of createdFrom's day */
	int64_t to_ms;   /* the first millisecond behind createdTo's day; INT64_MAX: none */
	char author[AUDIT_LOGS_TEXT_MAX];
	char object[AUDIT_LOGS_TEXT_MAX];
	char status[AUDIT_LOGS_NAME_MAX];
	char origination[AUDIT_LOGS_NAME_MAX];
	char affected[AUDIT_LOGS_NAME_MAX];
	char operation[AUDIT_LOGS_NAME_MAX];
	struct uuid below; /* out of continuationToken, or from the newest row */
};

/* Reads a query string. ERR_BAD_REQUEST names the parameter. */
int audit_logs_query_read(const char *text, struct audit_logs_query *out, struct error *err);

/* Whether the row is asked for. */
bool audit_logs_query_fits(const struct audit_logs_query *query, const struct audit_head *head);

#endif
