/* Recovering from journals: certificates that are not on record. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "enroll/journal/recover_piece.h"
#include "enroll/journal/recover_pieces.h"
#include "store/recovery.h"

enum { DAY_S = 86400 };

int
recover_each_journal(
    struct recover *recover, const struct recover_journals *visit, struct error *err)
{
	const struct recover_request *request = recover->request;

	if (request->journal_count == 0 && request->settings->server.issued_log[0] != '\0')
		return visit->each(recover, request->settings->server.issued_log, visit->arg, err);
	for (size_t i = 0; i < request->journal_count; i++)
		if (visit->each(recover, request->journals[i], visit->arg, err) < 0)
			return -1;
	return 0;
}

/* A fault of the file is told and counted, one of the database ends it all. */
int
recover_journal_fault(struct recover *recover, struct error *err)
{
	if (!error_is(err, ERR_CONFIG))
		return -1;
	recover_tell(recover, RECOVER_TROUBLE, "%s", err->text);
	error_clear(err);
	return 0;
}

bool
recover_is_long_gone(const struct recover *recover, int64_t not_after)
{
	uint32_t days = recover->request->settings->maintain.purge_certificates_days;

	return days > 0 && not_after + (int64_t)days * DAY_S < recover->now;
}

/* A certificate's line among those of a piece that are still wanted. */
static bool
is_wanted(const struct recover_line *line)
{
	return line->state == RECOVER_LINE_WANTED;
}

static int
look_up(struct recover_piece *piece, struct error *err)
{
	struct recovery_key keys[RECOVER_PIECE_LINES];
	size_t count = 0;

	for (size_t i = 0; i < piece->count; i++)
		if (is_wanted(&piece->lines[i]))
			keys[count++].octets = piece->lines[i].record.certificate.fingerprint;
	if (recovery_find_certificates(piece->recover->request->db, keys, count, err) < 0)
		return -1;
	for (size_t i = 0, key = 0; i < piece->count; i++)
		if (is_wanted(&piece->lines[i]) && keys[key++].is_there)
			piece->lines[i].state = RECOVER_LINE_PASSED;
	return 0;
}

/* The same certificate answered twice has two lines. */
static bool
is_said_before(const struct recover_piece *piece, const struct recover_line *line)
{
	for (const struct recover_line *at = piece->lines; at < line; at++)
		if (is_wanted(at) && bytes_equal(at->record.certificate.fingerprint,
					 line->record.certificate.fingerprint))
			return true;
	return false;
}

static int
check(struct recover *recover, const struct certificate_record *row, struct error *err)
{
	const struct recover_generation *generation =
	    recover_generation_of(recover, &row->generation_id);
	char id[UUID_TEXT_MAX];

	if (generation != NULL)
		return recover_check_certificate(generation, row, err);
	uuid_text(&row->generation_id, id);
	return error_set(err, ERR_BAD_REQUEST,
	    "its CA generation %s is not on record: was it made after the dump?", id);
}

/* Before anything is written of the piece. */
static int
judge(struct recover_piece *piece, struct recover_line *line, struct error *err)
{
	const struct certificate_record *row = &line->record.certificate;

	if (!is_wanted(line))
		return 0;
	if (recover_is_long_gone(piece->recover, row->not_after) || is_said_before(piece, line)) {
		line->state = RECOVER_LINE_PASSED;
		return 0;
	}
	if (check(piece->recover, row, &line->refusal) == 0)
		return 0;
	line->state = RECOVER_LINE_REFUSED;
	if (!error_is(&line->refusal, ERR_INTERNAL))
		return 0;
	*err = line->refusal;
	return error_prefix(err, "%s:%lu", piece->path, line->number);
}

/* Its audit row; its own goes in with those of others (finish). */
static int
write_line(struct recover_piece *piece, struct recover_line *line, void *arg, struct error *err)
{
	char serial[RECOVER_SERIAL_TEXT_MAX], detail[RECOVER_TEXT_MAX], path[RECOVER_PATH_TEXT_MAX];
	const struct recover_audit audit = {
		.action = "recover.import",
		.object_type = "certificate",
		.object_name = serial,
		.detail = detail,
	};

	(void)arg;
	line->effect = RECOVER_LINE_CHANGED;
	recover_serial_text(line->record.certificate.serial, serial);
	recover_path_text(piece->path, path);
	recover_format(detail, sizeof(detail), "from %s:%lu", path, line->number);
	return piece->recover->request->is_dry_run ? 0 : recover_audit(piece->recover, &audit, err);
}

/* The one on whose strength it was issued counts that. */
static int
claim(struct db *db, const struct certificate_record *row, struct error *err)
{
	const struct uuid *claimed =
	    row->renewed_from != NULL ? row->renewed_from : row->requester_certificate;

	return claimed != NULL ? recovery_claim(db, claimed, err) : 0;
}

/* None of those that came in renews where another one of its lineage must not. */
static int
insert(struct db *db, const struct certificate_record *const *rows, size_t count, struct error *err)
{
	const struct uuid *lineages[RECOVER_PIECE_LINES];

	if (certificates_insert_many(db, rows, count, err) < 0)
		return -1;
	for (size_t i = 0; i < count; i++) {
		lineages[i] = &rows[i]->lineage;
		if (claim(db, rows[i], err) < 0)
			return -1;
	}
	return recovery_follow_lineages(db, lineages, count, err);
}

static int
finish(struct recover_piece *piece, size_t from, size_t to, struct error *err)
{
	const struct certificate_record *rows[RECOVER_PIECE_LINES];
	size_t count = 0;

	for (size_t i = from; i < to; i++)
		if (is_wanted(&piece->lines[i]))
			rows[count++] = &piece->lines[i].record.certificate;
	return piece->recover->request->is_dry_run
		   ? 0
		   : insert(piece->recover->request->db, rows, count, err);
}

static int
settle_piece(struct recover_piece *piece, void *arg, struct error *err)
{
	const struct recover_writing writing = {
		.look_up = look_up,
		.write = write_line,
		.finish = finish,
	};
	int result;

	(void)arg;
	if (look_up(piece, err) < 0)
		return -1;
	for (size_t i = 0; i < piece->count; i++)
		if (judge(piece, &piece->lines[i], err) < 0)
			return -1;
	result = recover_piece_write(piece, &writing, err);
	for (size_t i = 0; i < piece->count; i++)
		if (piece->lines[i].state == RECOVER_LINE_WRITTEN)
			piece->recover->outcome->certificates++;
	return result;
}

static int
read_journal(struct recover *recover, const char *path, void *arg, struct error *err)
{
	const struct recover_pieces visit = {
		.kind = JOURNAL_ISSUED,
		.settle = settle_piece,
		.done = &recover->outcome->certificates,
		.what = "certificates",
	};
	uint64_t before = recover->outcome->certificates;

	(void)arg;
	if (recover_pieces_each(recover, path, &visit, err) < 0 &&
	    recover_journal_fault(recover, err) < 0)
		return -1;
	if (recover->outcome->certificates > before)
		recover_tell(recover, RECOVER_DONE, "%s: %" PRIu64 " certificates", path,
		    recover->outcome->certificates - before);
	return 0;
}

int
recover_certificates(struct recover *recover, struct error *err)
{
	const struct recover_journals visit = { read_journal, NULL };

	return recover_each_journal(recover, &visit, err);
}
