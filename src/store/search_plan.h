#ifndef STORE_SEARCH_PLAN_H
#define STORE_SEARCH_PLAN_H

#include "store/certificates_search.h"
#include "store/search_sql.h"

enum search_key { SEARCH_KEY_NONE, SEARCH_KEY_BLOB, SEARCH_KEY_TEXT, SEARCH_KEY_TIME };

/*
 * A walk along one index, in its order: by key, and by tie among equal keys. The index is forced,
 * so that a page never sorts and reads no row before its own.
 */
struct search_plan {
	const char *name;
	const char *from; /* with its FORCE INDEX */
	const char *join; /* brings in c, where from does not; "" */
	const char *id;   /* the certificate's */
	const char *key;  /* NULL with SEARCH_KEY_NONE */
	const char *tie;  /* 16 octets; NULL: the key is unique */
	enum search_key kind;
	bool is_descending;
};

/* By its number in tokens; NULL behind the last. */
const struct search_plan *search_plan(size_t number);

/* What was chosen for a search. */
struct search_choice {
	const struct search_plan *plan;
	size_t number;            /* of the plan */
	struct search_sql bounds; /* predicates that the index serves */
	struct search_sql rest;   /* predicates that are looked at row by row */
};

void search_choice_release(struct search_choice *choice);

/*
 * Checks the conditions and chooses: the index that is likely to leave the fewest rows, else the
 * primary key. *out is always to be released. ERR_VALIDATION as search_where_add.
 */
int search_plan_choose(
    const struct certificates_search *search, struct search_choice *out, struct error *err);

#endif
