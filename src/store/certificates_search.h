#ifndef STORE_CERTIFICATES_SEARCH_H
#define STORE_CERTIFICATES_SEARCH_H

#include "store/certificate_row.h"
#include "store/db.h"

/*
 * Searching the certificates: conditions that must all hold, read page by page. What an index
 * serves (search_plan.h) is read in that index's order; everything else walks the whole table,
 * newest first, and examines a bounded number of rows a page. Every page costs the same, wherever
 * it starts, and hands on a token for the next one.
 */
enum search_field {
	SEARCH_TEXT,              /* any of subject, common name, SANs, UPN, serial number */
	SEARCH_ID,                /* the certificate's */
	SEARCH_SERIAL,            /* hexadecimal digits, colons between them allowed */
	SEARCH_FINGERPRINT,       /* the same; SHA-256 */
	SEARCH_COMMON_NAME,       /* text */
	SEARCH_SUBJECT,           /* text, RFC 4514 */
	SEARCH_SAN,               /* text of any of them, "a.example" or "DNS:a.example" */
	SEARCH_REQUESTER_UPN,     /* text */
	SEARCH_REQUESTER,         /* "TENANT/OBJECT", two UUIDs */
	SEARCH_REQUESTER_OBJECT,  /* a UUID */
	SEARCH_APPLICATION,       /* a UUID */
	SEARCH_OWNER,             /* text */
	SEARCH_GROUP,             /* the name of any of its groups */
	SEARCH_GROUP_ID,          /* the UUID of any of its groups */
	SEARCH_RA_PROFILE,        /* its name */
	SEARCH_RA_PROFILE_ID,     /* UUID */
	SEARCH_AUTHORITY,         /* its name */
	SEARCH_AUTHORITY_ID,      /* UUID */
	SEARCH_GENERATION_ID,     /* UUID of the issuer's generation */
	SEARCH_ISSUER,            /* text: the issuer's subject, RFC 4514 */
	SEARCH_TYPE,              /* "Static", exact */
	SEARCH_SOURCE,            /* "API", exact */
	SEARCH_STATUS,            /* one of the names below */
	SEARCH_NOT_BEFORE,        /* time */
	SEARCH_NOT_AFTER,         /* time */
	SEARCH_ISSUED_AT,         /* time */
	SEARCH_REVOKED_AT,        /* time */
	SEARCH_KEY_TYPE,          /* "p256", exact */
	SEARCH_KEY_BITS,          /* number */
	SEARCH_REVOCATION_REASON, /* number, RFC 5280, 5.3.1 */
	SEARCH_LINEAGE,           /* UUID */
	SEARCH_ATTRIBUTE          /* of the custom attribute named by the condition */
};
enum { SEARCH_FIELDS = SEARCH_ATTRIBUTE + 1 };

enum search_operator {
	SEARCH_EQUALS,
	SEARCH_NOT_EQUALS,
	SEARCH_CONTAINS,
	SEARCH_NOT_CONTAINS,
	SEARCH_STARTS_WITH,
	SEARCH_ENDS_WITH,
	SEARCH_EMPTY,
	SEARCH_NOT_EMPTY,
	SEARCH_GREATER,
	SEARCH_GREATER_OR_EQUAL,
	SEARCH_LESSER,
	SEARCH_LESSER_OR_EQUAL
};
enum { SEARCH_OPERATORS = SEARCH_LESSER_OR_EQUAL + 1 };

/*
 * What a field's values are. Texts are compared without regard to case, but for a NAME under
 * SEARCH_EQUALS and its negation. An ATTRIBUTE is ordered as a number where the value is one.
 */
enum search_kind {
	SEARCH_KIND_TEXT,
	SEARCH_KIND_HEX,
	SEARCH_KIND_NAME,
	SEARCH_KIND_STATUS,
	SEARCH_KIND_ID,
	SEARCH_KIND_REQUESTER,
	SEARCH_KIND_TIME, /* "2026-01-31" (the whole day, UTC) or "2026-01-31T09:00:00Z" */
	SEARCH_KIND_NUMBER,
	SEARCH_KIND_ATTRIBUTE
};

/* Whether the field can be asked so. */
bool certificates_search_takes(enum search_field field, enum search_operator op);

/*
 * SEARCH_STATUS: "good", "hold" and "revoked" are what is on record, whether it has ended or not;
 * "valid": good, begun and not ended; "inactive": has yet to begin; "expired": has ended;
 * "expiring": valid, and ends within SEARCH_EXPIRING_DAYS.
 */
enum { SEARCH_EXPIRING_DAYS = 30 };

/* More than that is refused, ERR_VALIDATION. */
enum {
	SEARCH_CONDITIONS_MAX = 16,
	SEARCH_VALUES_MAX = 32, /* of all conditions together */
	SEARCH_VALUE_OCTETS_MAX = 1024,
	SEARCH_PAGE_MAX = 1000,
	SEARCH_HITS_MAX = 10000, /* counted, and reached by page numbers */
	SEARCH_TOKEN_MAX = 2048
};

/* With several values one of them must match (or, negated, none of them). All borrowed. */
struct search_condition {
	enum search_field field;
	enum search_operator op;
	const char *attribute;     /* SEARCH_ATTRIBUTE: UUID or name of the definition; else NULL */
	const char *const *values; /* none with SEARCH_EMPTY and SEARCH_NOT_EMPTY, else some */
	size_t value_count;
};

struct certificates_search {
	const struct search_condition *conditions;
	size_t condition_count;
	size_t page_size;   /* 1 to SEARCH_PAGE_MAX */
	size_t page_number; /* from 1; of certificates_search_numbered alone */
	const char *token;  /* where to go on, NULL: from the start; of certificates_search alone */
	int64_t now;        /* always set */
};

/* The row is borrowed for the call; what `each` answers but 0 ends it. */
struct certificates_visit {
	int (*each)(const struct certificate_row *row, void *arg, struct error *err);
	void *arg;
};

struct certificates_found {
	char token[SEARCH_TOKEN_MAX]; /* of the next page; "" after the last */
	bool is_cut;     /* it ended at the bound of what one page may examine; the token goes on */
	size_t examined; /* rows */
	size_t hits;
};

/*
 * One page. A page may be short or empty and have a token all the same. What is issued in between
 * makes no certificate come twice and none stay away that was there at the start.
 * ERR_VALIDATION: a condition cannot be asked so, or a limit is exceeded; ERR_BAD_REQUEST: the
 * token is malformed or another search's.
 */
int certificates_search(struct db *db, const struct certificates_search *search,
    struct certificates_visit visit, struct certificates_found *found, struct error *err);

struct certificates_total {
	size_t count;     /* never more than SEARCH_HITS_MAX */
	bool is_at_least; /* there may be more: the cap or the bound of examined rows was met */
};

/*
 * The page of this number, and how many there are. Beyond SEARCH_HITS_MAX it is ERR_VALIDATION:
 * filters must be narrowed or tokens used.
 */
int certificates_search_numbered(struct db *db, const struct certificates_search *search,
    struct certificates_visit visit, struct certificates_total *total, struct error *err);

#endif
