#ifndef STORE_SEARCH_WALK_H
#define STORE_SEARCH_WALK_H

#include "store/search_plan.h"
#include "store/search_token.h"

/* What a statement reads: from the start, among the rows of one key by the tie, by the key. */
enum search_phase {
	SEARCH_PHASE_START,
	SEARCH_PHASE_TIE,
	SEARCH_PHASE_KEY,
	SEARCH_PHASE_END /* there is nothing more to read */
};

struct search_statement {
	const struct search_choice *choice;
	const struct search_position *at; /* behind which it reads, but at the start */
	enum search_phase phase;
	size_t rows; /* at most */
};

/* The statement's text and arguments; each row is id, whether it is a hit, tie and key. */
void search_walk_compose(const struct search_statement *statement, struct search_sql *sql);

/* How much one call may do. */
struct search_limits {
	size_t hits;     /* wanted */
	size_t examined; /* rows */
	int64_t ms;
};

/* What came of it. */
struct search_walk {
	struct search_position at; /* where to go on; given by the caller at the start */
	struct buf ids;            /* struct uuid of each hit, in the walk's order */
	size_t hits;
	size_t examined;
	bool has_more; /* there may be more behind `at` */
	bool is_cut;   /* a limit but that of the hits ended it */
};

/* Starts behind this position, or at the beginning where it is not set. */
void search_walk_init(struct search_walk *walk, const struct search_position *at);
void search_walk_release(struct search_walk *walk);

/* Walks until there are enough hits, until a limit is met, or to the end. */
int search_walk_run(struct db *db, const struct search_choice *choice,
    const struct search_limits *limits, struct search_walk *walk, struct error *err);

#endif
