#ifndef STORE_SEARCH_WHERE_H
#define STORE_SEARCH_WHERE_H

#include "store/certificates_search.h"
#include "store/search_sql.h"

/* "TENANT/OBJECT" of SEARCH_REQUESTER, as the 32 octets of both. */
enum { SEARCH_WHERE_REQUESTER_SIZE = 2 * UUID_SIZE };
int search_where_requester(
    const char *value, uint8_t out[static SEARCH_WHERE_REQUESTER_SIZE], struct error *err);

/* Checks a condition and all its values. ERR_VALIDATION names the field. */
int search_where_check(const struct search_condition *condition, int64_t now, struct error *err);

/* Appends the condition as a predicate on c, a row of certificate, that is never NULL. */
int search_where_add(struct search_sql *sql, const struct search_condition *condition, int64_t now,
    struct error *err);

#endif
