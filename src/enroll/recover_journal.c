/* Recovering from journals: certificates that are not on record. */
#define _GNU_SOURCE
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "crypto/cert_holder.h"
#include "enroll/journal_file.h"
#include "enroll/journal_record.h"
#include "enroll/recover_internal.h"
#include "store/recovery.h"

enum { SUBJECT_TEXT_MAX = 16384, SANS_TEXT_MAX = 65535, DAY_S = 86400 };

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

static int
refuse(struct error *err, const char *what)
{
	return error_set(err, ERR_BAD_REQUEST, "its %s does not fit its DER", what);
}

static int
check_names(const struct certificate_record *row, const struct cert *cert, struct error *err)
{
	cleanup(cert_holder_freep) struct cert_holder *holder = NULL;
	cleanup(buf_release) struct buf subject = BUF_INIT(SUBJECT_TEXT_MAX);
	cleanup(buf_release) struct buf sans = BUF_INIT(SANS_TEXT_MAX);
	const char *name;

	if (cert_holder_read(cert, &holder, err) < 0)
		return -1;
	name_text(&holder->name, &subject);
	for (size_t i = 0; i < holder->san_count; i++) {
		if (i > 0)
			buf_add_byte(&sans, '\n');
		san_text(&holder->sans[i], &sans);
	}
	name = name_common_name(&holder->name);
	if (buf_failed(&subject) || strcmp(buf_text(&subject), row->subject) != 0 ||
	    (name == NULL) != (row->common_name == NULL) ||
	    (name != NULL && strcmp(name, row->common_name) != 0))
		return refuse(err, "subject");
	if (buf_failed(&sans) || strcmp(buf_text(&sans), row->sans) != 0)
		return refuse(err, "sans");
	return 0;
}

static int
check_key(const struct certificate_record *row, const struct cert *cert, struct error *err)
{
	uint8_t hash[SHA256_SIZE];

	if (sha256(cert->spki, hash, err) < 0)
		return -1;
	if (!bytes_equal(bytes_of(hash, sizeof(hash)), row->spki_hash) ||
	    strcmp(key_type_name(cert->key.type), row->key_type) != 0 ||
	    cert->key.bits != row->key_bits)
		return refuse(err, "key");
	return 0;
}

/* What a line claims of a certificate must be what the certificate says, and that be ours. */
static int
check_certificate(const struct recover_generation *generation, const struct certificate_record *row,
    struct error *err)
{
	cleanup(cert_freep) struct cert *cert = NULL;
	uint8_t fingerprint[SHA256_SIZE];

	if (sha256(row->der, fingerprint, err) < 0 || cert_parse(row->der, &cert, err) < 0)
		return -1;
	if (!bytes_equal(bytes_of(fingerprint, sizeof(fingerprint)), row->fingerprint))
		return refuse(err, "fingerprint");
	if (!bytes_equal(cert->serial, row->serial))
		return refuse(err, "serial");
	if (cert->not_before != row->not_before || cert->not_after != row->not_after)
		return refuse(err, "dates");
	if (check_key(row, cert, err) < 0 || check_names(row, cert, err) < 0)
		return -1;
	if (generation->cert == NULL)
		return error_set(
		    err, ERR_BAD_REQUEST, "%s has no certificate yet", generation->label);
	return cert_verify(cert, generation->cert, err) < 0
		   ? error_prefix(err, "not issued by %s", generation->label)
		   : 0;
}

/* A certificate on its way into the database. */
struct insertion {
	const struct recover *recover;
	const struct certificate_record *row;
	const char *detail;
};

/* The one on whose strength it was issued counts that. */
static int
insert_rest(struct db *db, void *arg, struct error *err)
{
	const struct insertion *insertion = arg;
	const struct certificate_record *row = insertion->row;
	char serial[RECOVER_SERIAL_TEXT_MAX];
	const struct recover_audit audit = {
		.action = "recover.import",
		.object_type = "certificate",
		.object_name = serial,
		.detail = insertion->detail,
	};

	recover_serial_text(row->serial, serial);
	if (recovery_follow_issue(db, &row->lineage,
		row->renewed_from != NULL ? row->renewed_from : row->requester_certificate,
		err) < 0)
		return -1;
	return recover_audit(insertion->recover, &audit, err);
}

static int
insert(struct recover *recover, const struct certificate_record *row,
    const struct journal_file_line *line, struct error *err)
{
	char detail[RECOVER_TEXT_MAX];
	struct insertion insertion = { recover, row, detail };
	const struct certificates_companion rest = { insert_rest, &insertion };

	(void)snprintf(detail, sizeof(detail), "from %s:%lu", line->path, line->number);
	if (!recover->request->is_dry_run &&
	    certificates_insert_with(recover->request->db, row, &rest, err) < 0)
		return -1;
	recover->outcome->certificates++;
	return 0;
}

static int
take_certificate(struct recover *recover, const struct certificate_record *row,
    const struct journal_file_line *line, struct error *err)
{
	struct recover_generation *generation;
	bool is_there = false;

	if (recovery_has_certificate(recover->request->db, row->fingerprint, &is_there, err) < 0)
		return -1;
	if (is_there || recover_is_long_gone(recover, row->not_after))
		return 0;
	generation = recover_generation_of(recover, &row->generation_id);
	if (generation == NULL) {
		char id[UUID_TEXT_MAX];

		uuid_text(&row->generation_id, id);
		return error_set(err, ERR_BAD_REQUEST,
		    "its CA generation %s is not on record: was it made after the dump?", id);
	}
	if (check_certificate(generation, row, err) < 0)
		return -1;
	return insert(recover, row, line, err);
}

/* A line without its end is what a crash or a full disk left; nobody got an answer for it. */
static bool
is_torn(const struct journal_file_line *line)
{
	return !line->is_too_long && line->text.ptr[line->text.len - 1] != '}';
}

static int
take_line(struct recover *recover, const struct journal_file_line *line, struct error *err)
{
	struct journal_record record;
	int result;

	if (line->is_too_long)
		return error_set(err, ERR_BAD_REQUEST, "the line is too long");
	result = journal_record_parse(line->text, &record, err);
	if (result == 0 && record.kind == JOURNAL_ISSUED)
		result = take_certificate(recover, &record.certificate, line, err);
	journal_record_release(&record);
	return result;
}

static int
read_line(const struct journal_file_line *line, void *arg, struct error *err)
{
	struct recover *recover = arg;

	if (is_torn(line)) {
		recover->outcome->torn++;
		recover_tell(recover, RECOVER_NOTE, "%s:%lu: a line without its end, skipped",
		    line->path, line->number);
		return 0;
	}
	if (take_line(recover, line, err) == 0)
		return 0;
	if (error_is(err, ERR_DATABASE) || error_is(err, ERR_INTERNAL))
		return -1;
	recover_tell(
	    recover, RECOVER_TROUBLE, "%s:%lu: refused: %s", line->path, line->number, err->text);
	error_clear(err);
	return 0;
}

static int
read_journal(struct recover *recover, const char *path, void *arg, struct error *err)
{
	const struct journal_file_visit visit = { read_line, recover };
	uint64_t before = recover->outcome->certificates;

	(void)arg;
	if (journal_file_each(path, &visit, err) < 0 && recover_journal_fault(recover, err) < 0)
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
