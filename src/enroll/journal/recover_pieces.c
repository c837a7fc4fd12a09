/* Reads a journal in pieces. */
#define _GNU_SOURCE
#include "enroll/journal/recover_pieces.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

enum { PROGRESS_LINES = 10000 };

/* A journal on its way. */
struct reading {
	const struct recover_pieces *visit;
	struct recover_piece *piece;
	uint64_t before; /* what was done before it */
	uint64_t lines;
};

/* Always the same lines, so that a long run shows that it goes on, and how fast. */
static void
tell_progress(struct reading *reading)
{
	struct recover *recover = reading->piece->recover;
	const struct recover_request *request = recover->request;
	char text[RECOVER_TEXT_MAX];

	if (++reading->lines % PROGRESS_LINES != 0)
		return;
	(void)snprintf(text, sizeof(text), "%s: %" PRIu64 " lines read, %" PRIu64 " %s %s",
	    reading->piece->path, reading->lines, *reading->visit->done - reading->before,
	    reading->visit->what, request->is_dry_run ? "to take back" : "taken back");
	request->tell(RECOVER_PROGRESS, text, request->arg);
}

static int
settle_piece(struct reading *reading, struct error *err)
{
	int result = reading->visit->settle(reading->piece, reading->visit->arg, err);

	recover_piece_tell(reading->piece);
	recover_piece_reset(reading->piece);
	return result;
}

/* Only the form is looked at: most lines need not be read again for the events. */
static bool
may_be_event(const struct journal_file_line *line)
{
	static const char kind[] = "\"" JOURNAL_KIND_EVENT "\"";

	return !line->is_too_long &&
	       memmem(line->text.ptr, line->text.len, kind, sizeof(kind) - 1) != NULL;
}

static bool
is_asked_for(const struct recover_pieces *visit, const struct recover_line *line)
{
	if (line->state == RECOVER_LINE_WANTED)
		return line->record.kind == visit->kind;
	return visit->kind == JOURNAL_ISSUED;
}

static int
read_line(const struct journal_file_line *line, void *arg, struct error *err)
{
	struct reading *reading = arg;

	tell_progress(reading);
	if (reading->visit->kind == JOURNAL_EVENT && !may_be_event(line))
		return 0;
	if (!is_asked_for(reading->visit, recover_piece_add(reading->piece, line)))
		recover_piece_drop(reading->piece);
	return recover_piece_is_full(reading->piece) ? settle_piece(reading, err) : 0;
}

/* Where the file ends before its time, what was read of it is taken all the same. */
int
recover_pieces_each(struct recover *recover, const char *path, const struct recover_pieces *visit,
    struct error *err)
{
	cleanup(recover_piece_freep) struct recover_piece *piece = recover_piece_new(recover, path);
	struct reading reading = { .visit = visit, .piece = piece, .before = *visit->done };
	const struct journal_file_visit lines = { read_line, &reading };
	struct error fault = { .code = ERR_NONE };

	if (piece == NULL)
		return error_set(err, ERR_INTERNAL, "out of memory");
	if (journal_file_each(path, &lines, &fault) < 0 && !error_is(&fault, ERR_CONFIG)) {
		*err = fault;
		return -1;
	}
	if (settle_piece(&reading, err) < 0)
		return -1;
	if (fault.code == ERR_NONE)
		return 0;
	*err = fault;
	return -1;
}
