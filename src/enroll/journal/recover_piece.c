/* Some lines of a journal that are written together. */
#include "enroll/journal/recover_piece.h"

#include <stdlib.h>
#include <string.h>

struct recover_piece *
recover_piece_new(struct recover *recover, const char *path)
{
	struct recover_piece *piece = calloc(1, sizeof(*piece));

	if (piece == NULL)
		return NULL;
	piece->recover = recover;
	piece->path = path;
	return piece;
}

void
recover_piece_drop(struct recover_piece *piece)
{
	struct recover_line *last = &piece->lines[--piece->count];

	piece->octets -= last->octets;
	journal_record_release(&last->record);
}

void
recover_piece_reset(struct recover_piece *piece)
{
	while (piece->count > 0)
		recover_piece_drop(piece);
}

void
recover_piece_free(struct recover_piece *piece)
{
	if (piece == NULL)
		return;
	recover_piece_reset(piece);
	free(piece);
}

/* A line without its end is what a crash or a full disk left; nobody got an answer for it. */
static bool
is_torn(const struct journal_file_line *line)
{
	return !line->is_too_long && line->text.ptr[line->text.len - 1] != '}';
}

static int
read_text(const struct journal_file_line *line, struct recover_line *to)
{
	if (line->is_too_long)
		return error_set(&to->refusal, ERR_BAD_REQUEST, "the line is too long");
	return journal_record_parse(line->text, &to->record, &to->refusal);
}

struct recover_line *
recover_piece_add(struct recover_piece *piece, const struct journal_file_line *line)
{
	struct recover_line *to = &piece->lines[piece->count++];

	memset(to, 0, sizeof(*to));
	to->number = line->number;
	to->octets = line->text.len;
	piece->octets += to->octets;
	if (is_torn(line))
		to->state = RECOVER_LINE_TORN;
	else
		to->state = read_text(line, to) < 0 ? RECOVER_LINE_REFUSED : RECOVER_LINE_WANTED;
	return to;
}

bool
recover_piece_is_full(const struct recover_piece *piece)
{
	return piece->count == RECOVER_PIECE_LINES || piece->octets >= RECOVER_PIECE_OCTETS;
}

/* Some lines of a piece in a transaction. */
struct range {
	struct recover_piece *piece;
	const struct recover_writing *writing;
	size_t from;
	size_t to;
};

static int
write_line(struct range *range, struct recover_line *line, struct error *err)
{
	if (line->state != RECOVER_LINE_WANTED)
		return 0;
	/* The transaction may be a repeated one. */
	line->effect = RECOVER_LINE_NOTHING;
	error_clear(&line->refusal);
	return range->writing->write(range->piece, line, range->writing->arg, err);
}

static int
write_lines(struct db *db, void *arg, struct error *err)
{
	struct range *range = arg;
	struct recover_piece *piece = range->piece;

	(void)db;
	recover_begin(piece->recover);
	recover_audits_begin(piece->recover);
	for (size_t i = range->from; i < range->to; i++)
		if (write_line(range, &piece->lines[i], err) < 0)
			return -1;
	if (range->writing->finish != NULL &&
	    range->writing->finish(piece, range->from, range->to, err) < 0)
		return -1;
	return recover_audits_end(piece->recover, err);
}

static void
settle(struct range *range)
{
	for (size_t i = range->from; i < range->to; i++) {
		struct recover_line *line = &range->piece->lines[i];

		if (line->state == RECOVER_LINE_WANTED)
			line->state = line->refusal.code != ERR_NONE ? RECOVER_LINE_REFUSED
								     : RECOVER_LINE_WRITTEN;
	}
}

static int
write_range(struct range *range, struct error *err)
{
	struct recover *recover = range->piece->recover;
	int result = recover->request->is_dry_run
			 ? write_lines(recover->request->db, range, err)
			 : db_transaction(recover->request->db, write_lines, range, err);

	recover_audits_drop(recover);
	if (result == 0)
		settle(range);
	return result;
}

/* That the same is on record since it was looked up is no fault; anything else in its way is. */
static int
settle_conflict(struct range *range, struct recover_line *line, struct error *err)
{
	struct error refusal = *err;

	if (!error_is(err, ERR_CONFLICT))
		return error_prefix(err, "%s:%lu", range->piece->path, line->number);
	error_clear(err);
	if (range->writing->look_up(range->piece, err) < 0)
		return -1;
	if (line->state == RECOVER_LINE_WANTED) {
		line->state = RECOVER_LINE_REFUSED;
		line->refusal = refusal;
	}
	return 0;
}

static int
write_one_by_one(struct range *range, struct error *err)
{
	struct recover_piece *piece = range->piece;

	for (size_t i = 0; i < piece->count; i++) {
		range->from = i;
		range->to = i + 1;
		if (piece->lines[i].state == RECOVER_LINE_WANTED && write_range(range, err) < 0 &&
		    settle_conflict(range, &piece->lines[i], err) < 0)
			return -1;
	}
	return 0;
}

/* What was to change and is there now, after the outcome stayed unknown, has been written by us. */
static int
look_up_lost(struct range *range, struct error *err)
{
	struct recover_piece *piece = range->piece;
	bool wanted[RECOVER_PIECE_LINES] = { false };

	for (size_t i = 0; i < piece->count; i++)
		wanted[i] = piece->lines[i].state == RECOVER_LINE_WANTED &&
			    piece->lines[i].effect == RECOVER_LINE_CHANGED;
	if (range->writing->look_up(piece, err) < 0)
		return -1;
	for (size_t i = 0; i < piece->count; i++)
		if (wanted[i] && piece->lines[i].state == RECOVER_LINE_PASSED)
			piece->lines[i].state = RECOVER_LINE_WRITTEN;
	return 0;
}

static bool
is_any_wanted(const struct recover_piece *piece)
{
	for (size_t i = 0; i < piece->count; i++)
		if (piece->lines[i].state == RECOVER_LINE_WANTED)
			return true;
	return false;
}

int
recover_piece_write(
    struct recover_piece *piece, const struct recover_writing *writing, struct error *err)
{
	struct range range = { .piece = piece, .writing = writing, .to = piece->count };
	bool is_lost;

	if (!is_any_wanted(piece) || write_range(&range, err) == 0)
		return 0;
	is_lost = db_outcome_unknown(err);
	error_clear(err);
	if ((is_lost ? look_up_lost(&range, err) : writing->look_up(piece, err)) < 0)
		return -1;
	return write_one_by_one(&range, err);
}

static void
tell_line(struct recover_piece *piece, const struct recover_line *line)
{
	struct recover *recover = piece->recover;

	if (line->state == RECOVER_LINE_TORN) {
		recover->outcome->torn++;
		recover_tell(recover, RECOVER_NOTE, "%s:%lu: a line without its end, skipped",
		    piece->path, line->number);
	} else if (line->state == RECOVER_LINE_REFUSED) {
		recover_tell(recover, RECOVER_TROUBLE, "%s:%lu: refused: %s", piece->path,
		    line->number, line->refusal.text);
	}
}

void
recover_piece_tell(struct recover_piece *piece)
{
	for (size_t i = 0; i < piece->count; i++)
		tell_line(piece, &piece->lines[i]);
}
