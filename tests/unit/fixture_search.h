#ifndef TESTS_UNIT_FIXTURE_SEARCH_H
#define TESTS_UNIT_FIXTURE_SEARCH_H

/* For the tests of searching: running a search through all its pages. */
#include "fixture_store.h"
#include "store/certificates_search.h"

enum { FIXTURE_SEARCH_PAGES_MAX = 100 };

/* The numbers of what was found, one digit each: the first octet of a fixture's fingerprint. */
struct fixture_numbers {
	char text[64];
	size_t len;
};

static inline int
fixture_search_note(const struct certificate_row *row, void *arg, struct error *err)
{
	struct fixture_numbers *numbers = arg;

	(void)err;
	ck_assert_uint_lt(numbers->len, sizeof(numbers->text) - 1);
	numbers->text[numbers->len++] = (char)('0' + row->fingerprint[0]);
	return 0;
}

/* Follows the tokens to the end and compares what came. */
static inline void
fixture_search_is(struct certificates_search *search, const char *wanted, int which)
{
	struct fixture_numbers numbers = { .text = "" };
	struct certificates_visit visit = { fixture_search_note, &numbers };
	struct certificates_found found = { .token = "" };
	char token[SEARCH_TOKEN_MAX];

	search->token = NULL;
	for (int page = 0; page < FIXTURE_SEARCH_PAGES_MAX; page++) {
		ck_assert_msg(
		    certificates_search(with_db, search, visit, &found, &with_db_err) == 0,
		    "%d: %s", which, with_db_err.text);
		ck_assert(!found.is_cut);
		if (found.token[0] == '\0')
			break;
		memcpy(token, found.token, sizeof(token));
		search->token = token;
	}
	ck_assert_msg(strcmp(numbers.text, wanted) == 0, "%d: found %s, not %s, by %zu", which,
	    numbers.text, wanted, search->page_size);
	search->token = NULL;
}

#endif
