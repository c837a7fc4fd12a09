#ifndef STORE_SEARCH_TOKEN_H
#define STORE_SEARCH_TOKEN_H

#include "store/certificates_search.h"
#include "store/search_plan.h"

enum { SEARCH_POSITION_KEY_MAX = 1024 }; /* 256 characters */

/* The row that a walk has come to. */
struct search_position {
	bool is_set; /* else nothing else means anything */
	struct uuid id;
	uint8_t tie[UUID_SIZE]; /* with a unique key it is the id */
	size_t key_len;         /* SEARCH_KEY_BLOB, SEARCH_KEY_TEXT */
	uint8_t key[SEARCH_POSITION_KEY_MAX];
	int64_t time; /* SEARCH_KEY_TIME */
};

/* Writes the token of a position: opaque text that only the same search takes. */
int search_token_write(const struct certificates_search *search, const struct search_choice *choice,
    const struct search_position *position, char out[static SEARCH_TOKEN_MAX], struct error *err);

/* ERR_BAD_REQUEST: it is malformed, of another version or of another search. */
int search_token_read(const struct certificates_search *search, const struct search_choice *choice,
    struct search_position *out, struct error *err);

#endif
