/* Takes back what an older dump of the database lacks: the order of it, and what its parts share.
 */
#include "enroll/journal/recover.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/enc.h"
#include "base/utf8.h"
#include "crypto/text.h"
#include "enroll/journal/recover_internal.h"
#include "enroll/status/revoke.h"
#include "store/crls.h"
#include "store/jobs.h"

enum { LINES_MAX = 100, PATHS_MAX = 16 * 1024 * 1024 };

void
recover_tell(struct recover *recover, enum recover_word word, const char *format, ...)
{
	const struct recover_request *request = recover->request;
	char text[RECOVER_TEXT_MAX];
	va_list args;

	if (word == RECOVER_TROUBLE)
		recover->outcome->troubles++;
	if (++recover->said[word] > LINES_MAX + 1)
		return;
	va_start(args, format);
	(void)vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	request->tell(word,
	    recover->said[word] <= LINES_MAX ? text : "more of the same kind are only counted",
	    request->arg);
}

void
recover_serial_text(struct bytes serial, char out[static RECOVER_SERIAL_TEXT_MAX])
{
	cleanup(buf_release) struct buf text = BUF_INIT(RECOVER_SERIAL_TEXT_MAX);

	hex_encode_upper(serial, &text);
	(void)snprintf(out, RECOVER_SERIAL_TEXT_MAX, "%s", buf_text(&text));
}

void
recover_format(char *out, size_t size, const char *format, ...)
{
	va_list args;
	int len;

	va_start(args, format);
	len = vsnprintf(out, size, format, args);
	va_end(args);
	if (len < 0 || (size_t)len < size)
		return;
	/* the last octet may be a character's first: one more is looked at than is kept */
	out[utf8_cut_octets(bytes_of(out, size - 1), size - 2).len] = '\0';
}

void
recover_path_text(const char *path, char out[static RECOVER_PATH_TEXT_MAX])
{
	struct bytes text = bytes_text(path);
	bool is_clean = text_is_clean(text);

	text = utf8_cut_octets(text, RECOVER_PATH_TEXT_MAX - 1);
	memcpy(out, text.ptr, text.len);
	out[text.len] = '\0';
	for (size_t i = 0; i < text.len && !is_clean; i++)
		if (text.ptr[i] < ' ' || text.ptr[i] >= 0x7f)
			out[i] = '?';
}

void
recover_begin(struct recover *recover)
{
	recover->transaction++;
}

/* The CRL number that was given last is in the database what it was at the time of the dump. */
struct raise {
	struct recover *recover;
	const struct recover_generation *generation;
	uint64_t number;
};

static int
add_audit(const struct raise *raise, const char *why, struct error *err)
{
	char detail[128];
	const struct recover_audit audit = {
		.action = "recover.set",
		.object_type = "authority_generation",
		.object_name = raise->generation->label,
		.detail = detail,
	};

	(void)snprintf(detail, sizeof(detail), "CRL number %" PRIu64 ": %s", raise->number, why);
	return recover_audit(raise->recover, &audit, err);
}

static int
raise_number(struct db *db, void *arg, struct error *err)
{
	const struct raise *raise = arg;

	if (crls_raise_number(db, &raise->generation->id, raise->number, err) < 0)
		return -1;
	return add_audit(raise, "that of the CRL files", err);
}

/* The number on record may be an old one, and no file says so. */
static void
tell_blind(struct recover *recover, const struct recover_generation *generation, uint64_t highest)
{
	if (highest > 0 && generation->cert != NULL && generation->cert->not_after > recover->now)
		recover_tell(recover, RECOVER_TROUBLE,
		    "%s: there is no CRL file of it, so numbers above %" PRIu64
		    " may be given again; name the newest CRL by --crl",
		    generation->label, highest);
}

static int
raise_above_files(struct recover *recover, struct recover_generation *generation, struct error *err)
{
	struct raise raise = { recover, generation, generation->highest };
	uint64_t highest = 0;

	if (crls_highest_number(recover->request->db, &generation->id, &highest, err) < 0)
		return -1;
	if (generation->highest == 0)
		tell_blind(recover, generation, highest);
	if (highest >= generation->highest)
		return 0;
	recover->outcome->numbers++;
	recover_tell(recover, RECOVER_DONE,
	    "%s: CRL number raised from %" PRIu64 " to %" PRIu64 ", the next is above it",
	    generation->label, highest, generation->highest);
	return recover->request->is_dry_run
		   ? 0
		   : db_transaction(recover->request->db, raise_number, &raise, err);
}

/* Whether no CRL has come since; none does before the transaction at hand ends. */
static int
is_still_asked_for(
    struct recover *recover, struct recover_generation *generation, bool *is, struct error *err)
{
	struct db *db = recover->request->db;

	*is = generation->is_asked_for &&
	      crls_check_number(db, &generation->id, generation->skipped, err) == 0;
	return generation->is_asked_for && !*is ? error_forgive(err, ERR_CONFLICT) : 0;
}

/* A number that is skipped makes `maintain` publish at once: it takes it for one that was lost. */
int
recover_skip_number(
    struct recover *recover, struct recover_generation *generation, struct error *err)
{
	struct raise raise = { recover, generation, 0 };
	bool is_asked_for = generation->skipped_in == recover->transaction;

	if (!is_asked_for && is_still_asked_for(recover, generation, &is_asked_for, err) < 0)
		return -1;
	if (is_asked_for)
		return 0;
	generation->is_asked_for = false;
	if (crls_reserve_number(recover->request->db, &generation->id, &raise.number, err) < 0)
		return -1;
	generation->skipped = raise.number;
	generation->skipped_in = recover->transaction;
	return add_audit(&raise, "skipped, so that a CRL is published", err);
}

struct asking {
	struct recover *recover;
	struct recover_generation *generation;
};

static int
skip_number(struct db *db, void *arg, struct error *err)
{
	const struct asking *asking = arg;

	(void)db;
	recover_begin(asking->recover);
	return recover_skip_number(asking->recover, asking->generation, err);
}

/* One that was skipped before, and that no CRL has overtaken, is enough. */
static int
ask_for_publication(
    struct recover *recover, struct recover_generation *generation, struct error *err)
{
	struct asking asking = { recover, generation };
	uint64_t highest = 0;

	if (!generation->is_changed || recover->request->is_dry_run)
		return 0;
	if (crls_highest_number(recover->request->db, &generation->id, &highest, err) < 0)
		return -1;
	if (generation->is_asked_for && generation->skipped == highest)
		return 0;
	generation->is_asked_for = false;
	return db_transaction(recover->request->db, skip_number, &asking, err);
}

static int
each_generation(struct recover *recover,
    int (*each)(struct recover *recover, struct recover_generation *generation, struct error *err),
    struct error *err)
{
	for (size_t i = 0; i < recover->generations->count; i++)
		if (each(recover, &recover->generations->items[i], err) < 0)
			return -1;
	return 0;
}

/* The numbers come first: whatever fails after them, none is given twice. */
static int
run(struct recover *recover, struct error *err)
{
	struct error ignored = { .code = ERR_NONE };
	struct db *db = recover->request->db;

	if (jobs_now(db, &recover->now, err) < 0 ||
	    recover_generations_read(recover->generations, db, err) < 0 ||
	    recover_crl_numbers(recover, err) < 0 ||
	    each_generation(recover, raise_above_files, err) < 0)
		return -1;
	if (recover_certificates(recover, err) < 0 || recover_events(recover, err) < 0 ||
	    recover_returns(recover, err) < 0 || recover_crl_entries(recover, err) < 0) {
		/* what came back before the fault is to be told as well */
		(void)each_generation(recover, ask_for_publication, &ignored);
		return -1;
	}
	return each_generation(recover, ask_for_publication, err);
}

int
recover_run(const struct recover_request *request, struct recover_outcome *out, struct error *err)
{
	cleanup(recover_generations_freep) struct recover_generations *generations =
	    recover_generations_new();
	cleanup(recover_audits_freep) struct recover_audits *audits = recover_audits_new();
	struct recover recover = {
		.request = request,
		.outcome = out,
		.generations = generations,
		.crl_paths = BUF_INIT(PATHS_MAX),
		.audits = audits,
	};
	int result;

	*out = (struct recover_outcome){ .certificates = 0 };
	if (generations == NULL || audits == NULL)
		return error_set(err, ERR_INTERNAL, "out of memory");
	result = run(&recover, err);
	buf_release(&recover.crl_paths);
	return result;
}
