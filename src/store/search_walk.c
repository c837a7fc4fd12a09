/* Walking along an index, a bounded number of rows at a time, and noting what matches. */
#include "store/search_walk.h"

#include <string.h>

#include "base/clock.h"

enum { FIRST_ROWS = 32, GROWTH = 4, MOST_ROWS = 4096 };
/* What one statement is to take, far below its limit: long names make a row dear to look at. */
enum { STATEMENT_MS = 250 };
enum { COLUMN_ID, COLUMN_HIT, COLUMN_TIE, COLUMN_KEY };

/* A walk under way. */
struct step {
	struct search_statement next;
	const struct search_limits *limits;
	struct search_walk *walk;
	int64_t started_ms;
	struct search_position end; /* of the page, once it is full */
};

void
search_walk_init(struct search_walk *walk, const struct search_position *at)
{
	*walk = (struct search_walk){ .at = *at };
	walk->ids = (struct buf)BUF_INIT((SEARCH_HITS_MAX + 2) * sizeof(struct uuid));
}

void
search_walk_release(struct search_walk *walk)
{
	buf_release(&walk->ids);
}

static void
add_select(const struct search_statement *s, struct search_sql *sql)
{
	const struct search_plan *plan = s->choice->plan;
	bool has_rest = s->choice->rest.text.len > 0;

	buf_printf(&sql->text, "SELECT %s, ", plan->id);
	if (has_rest)
		search_sql_append(sql, &s->choice->rest);
	else
		search_sql_add(sql, "TRUE");
	buf_printf(&sql->text, ", %s", plan->tie != NULL ? plan->tie : plan->id);
	if (plan->key != NULL)
		buf_printf(&sql->text, ", %s", plan->key);
	buf_printf(&sql->text, " FROM %s%s WHERE TRUE", plan->from, has_rest ? plan->join : "");
	search_sql_append(sql, &s->choice->bounds);
}

static void
add_key(const struct search_statement *s, struct search_sql *sql, const char *compare)
{
	const struct search_position *at = s->at;

	buf_printf(&sql->text, " AND %s %s ?", s->choice->plan->key, compare);
	switch (s->choice->plan->kind) {
	case SEARCH_KEY_TIME:
		search_sql_time(sql, at->time);
		return;
	case SEARCH_KEY_TEXT:
		search_sql_text(sql, bytes_of(at->key, at->key_len));
		return;
	case SEARCH_KEY_BLOB:
	case SEARCH_KEY_NONE:
		search_sql_blob(sql, bytes_of(at->key, at->key_len));
		return;
	}
}

static void
add_position(const struct search_statement *s, struct search_sql *sql)
{
	const struct search_plan *plan = s->choice->plan;
	const char *beyond = plan->is_descending ? "<" : ">";

	if (s->phase == SEARCH_PHASE_KEY)
		add_key(s, sql, beyond);
	if (s->phase != SEARCH_PHASE_TIE)
		return;
	if (plan->key != NULL)
		add_key(s, sql, "=");
	buf_printf(&sql->text, " AND %s %s ?", plan->tie, beyond);
	search_sql_blob(sql, bytes_of(s->at->tie, UUID_SIZE));
}

/* In the index's own order, so that nothing is sorted: a key that has one value is not named. */
static void
add_order(const struct search_statement *s, struct search_sql *sql)
{
	const struct search_plan *plan = s->choice->plan;
	const char *direction = plan->is_descending ? " DESC" : "";
	bool by_key = plan->key != NULL && s->phase != SEARCH_PHASE_TIE;

	search_sql_add(sql, " ORDER BY ");
	if (by_key)
		buf_printf(&sql->text, "%s%s", plan->key, direction);
	if (plan->tie != NULL)
		buf_printf(&sql->text, "%s%s%s", by_key ? ", " : "", plan->tie, direction);
	search_sql_add(sql, " LIMIT ?");
	search_sql_int(sql, (int64_t)s->rows);
}

void
search_walk_compose(const struct search_statement *statement, struct search_sql *sql)
{
	add_select(statement, sql);
	add_position(statement, sql);
	add_order(statement, sql);
}

static int
query(const struct search_statement *statement, struct db *db, struct db_rows **out,
    struct error *err)
{
	cleanup(search_sql_release) struct search_sql sql;

	search_sql_init(&sql);
	search_walk_compose(statement, &sql);
	return search_sql_query(db, &sql, out, err);
}

static int
read_position(
    const struct db_rows *rows, enum search_key kind, struct search_position *at, struct error *err)
{
	struct bytes tie = db_rows_bytes(rows, COLUMN_TIE), key = bytes_of(NULL, 0);

	if (kind == SEARCH_KEY_TEXT || kind == SEARCH_KEY_BLOB)
		key = db_rows_bytes(rows, COLUMN_KEY);
	if (tie.len != sizeof(at->tie) || key.len > sizeof(at->key))
		return error_set(err, ERR_DATABASE, "a key of %zu octets", key.len);
	at->is_set = true;
	at->id = db_rows_uuid(rows, COLUMN_ID);
	memcpy(at->tie, tie.ptr, sizeof(at->tie));
	if (key.len > 0)
		memcpy(at->key, key.ptr, key.len);
	at->key_len = key.len;
	if (kind == SEARCH_KEY_TIME)
		at->time = db_rows_time(rows, COLUMN_KEY);
	return 0;
}

static bool
is_full(const struct step *s)
{
	return s->walk->hits == s->limits->hits;
}

/*
 * Takes the rows in; once the page is full it looks only whether one of those that were read is
 * another hit.
 */
static int
take_in(struct step *s, struct db_rows *rows, struct error *err)
{
	struct search_walk *walk = s->walk;

	while (!walk->has_more && db_rows_next(rows)) {
		struct uuid id = db_rows_uuid(rows, COLUMN_ID);
		/* The second event of a certificate. */
		bool again = walk->at.is_set && memcmp(&id, &walk->at.id, sizeof(id)) == 0;
		bool is_hit = !again && !db_rows_is_null(rows, COLUMN_HIT) &&
			      db_rows_int(rows, COLUMN_HIT) != 0;

		if (is_full(s) && is_hit) {
			walk->has_more = true;
			return 0;
		}
		if (read_position(rows, s->next.choice->plan->kind, &walk->at, err) < 0)
			return -1;
		walk->examined++;
		if (!is_hit)
			continue;
		buf_add(&walk->ids, bytes_of(&id, sizeof(id)));
		walk->hits++;
		if (is_full(s))
			s->end = walk->at;
	}
	return buf_failed(&walk->ids) ? error_set(err, ERR_INTERNAL, "out of memory for ids") : 0;
}

static enum search_phase
phase_from_position(const struct search_plan *plan)
{
	return plan->tie != NULL ? SEARCH_PHASE_TIE : SEARCH_PHASE_KEY;
}

/* What comes after a query that gave so many rows. */
static enum search_phase
phase_after(const struct step *s, size_t count)
{
	const struct search_plan *plan = s->next.choice->plan;

	if (count == s->next.rows)
		return phase_from_position(plan);
	return s->next.phase == SEARCH_PHASE_TIE && plan->key != NULL ? SEARCH_PHASE_KEY
								      : SEARCH_PHASE_END;
}

/*
 * Where every row is a hit, one more than wanted tells whether there is more; else what was found
 * to take not too long.
 */
static size_t
rows_to_ask(const struct step *s)
{
	size_t wanted = s->limits->hits - s->walk->hits + 1;
	size_t left = s->limits->examined - s->walk->examined;
	size_t rows = s->next.choice->rest.text.len == 0 ? wanted : s->next.rows;

	rows = rows < MOST_ROWS ? rows : MOST_ROWS;
	return rows < left ? rows : left;
}

static bool
is_over(const struct step *s)
{
	return s->walk->examined >= s->limits->examined ||
	       clock_monotonic_ms() - s->started_ms >= s->limits->ms;
}

/* Where every row is a hit, it costs one row more to know whether there is another page. */
static bool
is_enough(const struct step *s)
{
	return is_full(s) && (s->walk->has_more || s->next.choice->rest.text.len > 0);
}

/* More at a time where so many rows were quickly looked at, fewer where they were not. */
static size_t
rows_after(size_t rows, int64_t took_ms)
{
	if (took_ms * GROWTH <= STATEMENT_MS)
		return rows * GROWTH < MOST_ROWS ? rows * GROWTH : MOST_ROWS;
	return took_ms > STATEMENT_MS && rows > GROWTH ? rows / GROWTH : rows;
}

static int
advance(struct step *s, struct db *db, struct error *err)
{
	cleanup(db_rows_freep) struct db_rows *rows = NULL;
	int64_t started_ms = clock_monotonic_ms();
	size_t usual = s->next.rows;

	s->next.rows = rows_to_ask(s);
	if (query(&s->next, db, &rows, err) < 0 || take_in(s, rows, err) < 0)
		return -1;
	if (db_rows_count(rows) == s->next.rows)
		usual = rows_after(usual, clock_monotonic_ms() - started_ms);
	s->next.phase = phase_after(s, db_rows_count(rows));
	s->next.rows = usual;
	return 0;
}

int
search_walk_run(struct db *db, const struct search_choice *choice,
    const struct search_limits *limits, struct search_walk *walk, struct error *err)
{
	struct step s = { .limits = limits, .walk = walk, .started_ms = clock_monotonic_ms() };

	s.next = (struct search_statement){ .choice = choice,
		.at = &walk->at,
		.phase = walk->at.is_set ? phase_from_position(choice->plan) : SEARCH_PHASE_START,
		.rows = FIRST_ROWS };
	while (s.next.phase != SEARCH_PHASE_END && !is_enough(&s)) {
		if (walk->examined > 0 && is_over(&s)) {
			walk->is_cut = !is_full(&s);
			break;
		}
		if (advance(&s, db, err) < 0)
			return -1;
	}
	walk->has_more = walk->has_more || s.next.phase != SEARCH_PHASE_END;
	if (is_full(&s))
		walk->at = s.end;
	return 0;
}
