/* Searching the certificates: a page by token or by number. */
#include "store/certificates_search.h"

#include <string.h>

#include "store/certificate_row_read.h"
#include "store/search_field.h"
#include "store/search_walk.h"

/*
 * A page is short rather than slow: both limits are far below what a statement and a request may
 * take. A numbered page has to count as well.
 */
enum {
	PAGE_EXAMINED_MAX = 5000,
	NUMBERED_EXAMINED_MAX = 50000,
	WALK_MS_MAX = 2500,
	BATCH_ROWS = 25 /* of the largest rows these are 31 MB */
};

#define FIVE "?, ?, ?, ?, ?"
static const char SQL_ROWS[] =
    CERTIFICATE_ROW_SELECT " WHERE c.id IN (" FIVE ", " FIVE ", " FIVE ", " FIVE ", " FIVE ")";

/* Rows in whatever order the server gave them. */
struct batch {
	struct certificate_row *rows[BATCH_ROWS];
	size_t count;
};

/* Some of a walk's hits; `from` is not behind them. */
struct hits {
	size_t from;
	size_t count;
};

static void
batch_release(struct batch *batch)
{
	for (size_t i = 0; i < batch->count; i++)
		certificate_row_free(batch->rows[i]);
}

bool
certificates_search_takes(enum search_field field, enum search_operator op)
{
	const struct search_field_sql *asked = search_field(field);
	bool is_order = op >= SEARCH_GREATER;
	bool is_part = op >= SEARCH_CONTAINS && op <= SEARCH_ENDS_WITH;

	if (asked->by_parts)
		return op == SEARCH_CONTAINS || op == SEARCH_NOT_CONTAINS;
	switch (asked->kind) {
	case SEARCH_KIND_TEXT:
	case SEARCH_KIND_HEX:
	case SEARCH_KIND_NAME:
		return !is_order;
	case SEARCH_KIND_STATUS:
		return op == SEARCH_EQUALS || op == SEARCH_NOT_EQUALS;
	case SEARCH_KIND_ID:
	case SEARCH_KIND_REQUESTER:
		return !is_order && !is_part;
	case SEARCH_KIND_TIME:
	case SEARCH_KIND_NUMBER:
		return !is_part;
	case SEARCH_KIND_ATTRIBUTE:
		return true;
	}
	return false;
}

static int
read_batch(
    struct db *db, const struct uuid *ids, size_t count, struct batch *out, struct error *err)
{
	cleanup(db_rows_freep) struct db_rows *rows = NULL;
	struct db_arg args[BATCH_ROWS];

	/* The last one again where there are fewer. */
	for (size_t i = 0; i < BATCH_ROWS; i++)
		args[i] = db_uuid(&ids[i < count ? i : count - 1]);
	if (db_query(db, SQL_ROWS, (struct db_args){ args, BATCH_ROWS }, &rows, err) < 0)
		return -1;
	while (out->count < BATCH_ROWS && db_rows_next(rows)) {
		if (certificate_row_read(rows, &out->rows[out->count], err) < 0)
			return -1;
		out->count++;
	}
	return 0;
}

static int
visit_batch(struct db *db, const struct uuid *ids, size_t count, struct certificates_visit visit,
    struct error *err)
{
	cleanup(batch_release) struct batch batch = { .count = 0 };

	if (read_batch(db, ids, count, &batch, err) < 0)
		return -1;
	for (size_t i = 0; i < count; i++)
		for (size_t j = 0; j < batch.count; j++)
			if (memcmp(&ids[i], &batch.rows[j]->id, sizeof(ids[i])) == 0 &&
			    visit.each(batch.rows[j], visit.arg, err) < 0)
				return -1;
	return 0;
}

/* Visits the hits of a walk from this one on, a page at most. */
static int
visit_hits(struct db *db, const struct search_walk *walk, const struct hits *hits,
    struct certificates_visit visit, struct error *err)
{
	struct uuid ids[BATCH_ROWS];
	size_t at = hits->from;
	size_t end = hits->count < walk->hits - at ? at + hits->count : walk->hits;

	while (at < end) {
		size_t part = end - at < BATCH_ROWS ? end - at : BATCH_ROWS;

		memcpy(ids, walk->ids.data + at * sizeof(ids[0]), part * sizeof(ids[0]));
		if (visit_batch(db, ids, part, visit, err) < 0)
			return -1;
		at += part;
	}
	return 0;
}

static int
check_size(const struct certificates_search *search, struct error *err)
{
	if (search->page_size < 1 || search->page_size > SEARCH_PAGE_MAX)
		return error_set(err, ERR_VALIDATION, "a page has 1 to %d certificates, not %zu",
		    SEARCH_PAGE_MAX, search->page_size);
	return 0;
}

static int
search_page(struct db *db, const struct certificates_search *search,
    const struct search_choice *choice, struct search_walk *walk, struct error *err)
{
	struct search_limits limits = { search->page_size, PAGE_EXAMINED_MAX, WALK_MS_MAX };

	if (search->token != NULL && search_token_read(search, choice, &walk->at, err) < 0)
		return -1;
	return search_walk_run(db, choice, &limits, walk, err);
}

int
certificates_search(struct db *db, const struct certificates_search *search,
    struct certificates_visit visit, struct certificates_found *found, struct error *err)
{
	static const struct search_position start;
	cleanup(search_choice_release) struct search_choice choice = { .plan = NULL };
	cleanup(search_walk_release) struct search_walk walk;
	struct certificates_found mine = { .token = "" };

	search_walk_init(&walk, &start);
	if (check_size(search, err) < 0 || search_plan_choose(search, &choice, err) < 0 ||
	    search_page(db, search, &choice, &walk, err) < 0)
		return -1;
	if (walk.has_more && search_token_write(search, &choice, &walk.at, mine.token, err) < 0)
		return -1;
	mine.is_cut = walk.is_cut;
	mine.examined = walk.examined;
	mine.hits = walk.hits;
	*found = mine;
	return visit_hits(db, &walk, &(struct hits){ 0, walk.hits }, visit, err);
}

static int
check_number(const struct certificates_search *search, struct error *err)
{
	size_t number = search->page_number;

	if (number < 1 || number > SEARCH_HITS_MAX / search->page_size)
		return error_set(err, ERR_VALIDATION,
		    "page %zu of %zu certificates is not within the first %d; narrow the filters or"
		    " go on by continuation tokens",
		    number, search->page_size, SEARCH_HITS_MAX);
	return 0;
}

int
certificates_search_numbered(struct db *db, const struct certificates_search *search,
    struct certificates_visit visit, struct certificates_total *total, struct error *err)
{
	static const struct search_position start;
	static const struct search_limits limits = { SEARCH_HITS_MAX, NUMBERED_EXAMINED_MAX,
		WALK_MS_MAX };
	cleanup(search_choice_release) struct search_choice choice = { .plan = NULL };
	cleanup(search_walk_release) struct search_walk walk;
	struct hits hits = { .count = search->page_size };

	search_walk_init(&walk, &start);
	if (check_size(search, err) < 0 || check_number(search, err) < 0 ||
	    search_plan_choose(search, &choice, err) < 0 ||
	    search_walk_run(db, &choice, &limits, &walk, err) < 0)
		return -1;
	*total = (struct certificates_total){ .count = walk.hits, .is_at_least = walk.has_more };
	hits.from = (search->page_number - 1) * search->page_size;
	return hits.from < walk.hits ? visit_hits(db, &walk, &hits, visit, err) : 0;
}
