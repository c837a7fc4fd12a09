#ifndef ENROLL_JOURNAL_RECOVER_INTERNAL_H
#define ENROLL_JOURNAL_RECOVER_INTERNAL_H

#include "crypto/cert.h"
#include "enroll/journal/recover.h"
#include "store/authorities.h"
#include "store/certificates.h"
#include "store/revocations.h"

/* What the parts of recover share. */
enum { RECOVER_GENERATIONS_MAX = 4096, RECOVER_TEXT_MAX = 1024, RECOVER_PATH_MAX = 4096 };

/* The newest CRL of a kind among the files. */
struct recover_newest {
	bool is_there;
	size_t file; /* its place among the files */
	uint64_t number;
	int64_t signed_at; /* thisUpdate lies before it (enroll/status/publish.h) */
};

/* A CA generation on record, and what the files say of its CRLs. */
struct recover_generation {
	struct uuid id;
	char label[49];
	struct cert *cert; /* NULL: it has none yet */
	uint64_t highest;  /* number in the files; 0: none */
	struct recover_newest full;
	struct recover_newest delta;
	bool is_changed;     /* its next CRL has something new to say */
	bool is_asked_for;   /* a transaction that skipped a CRL number was committed */
	uint64_t skipped;    /* the number that was skipped last */
	uint64_t skipped_in; /* by this transaction */
};

struct recover_generations {
	size_t count;
	struct recover_generation items[RECOVER_GENERATIONS_MAX];
};

void recover_generations_free(struct recover_generations *generations);
DEFINE_CLEANUP(struct recover_generations *, recover_generations_free)
struct recover_generations *recover_generations_new(void) OWNED(recover_generations_free);

/* Reads all of them into an empty one. */
int recover_generations_read(
    struct recover_generations *generations, struct db *db, struct error *err);

/* Audit rows on their way: several are written by one statement. */
struct recover_audits;
void recover_audits_free(struct recover_audits *audits);
DEFINE_CLEANUP(struct recover_audits *, recover_audits_free)
struct recover_audits *recover_audits_new(void) OWNED(recover_audits_free);

struct recover {
	const struct recover_request *request;
	struct recover_outcome *outcome;
	int64_t now;
	struct recover_generations *generations;
	struct buf crl_paths; /* the CRL files, each with its NUL */
	size_t crl_count;
	uint64_t said[RECOVER_TROUBLE + 1];
	struct recover_audits *audits;
	uint64_t transaction; /* counts them, with each repetition */
	struct uuid followed; /* the lineage whose compromise was followed last */
	uint64_t followed_in; /* in this transaction */
};

/* A transaction begins, or is repeated: what an earlier one has done may not be so. */
void recover_begin(struct recover *recover);

/* Formats a text for the database; one that is too long ends with a whole character. */
void recover_format(char *out, size_t size, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* A path for such a text: its front, and of octets that are no UTF-8 only the ASCII ones. */
enum { RECOVER_PATH_TEXT_MAX = 481 };
void recover_path_text(const char *path, char out[static RECOVER_PATH_TEXT_MAX]);

/* Tells a line; after a hundred of a kind they are only counted. */
void recover_tell(struct recover *recover, enum recover_word word, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* NULL: not on record. */
struct recover_generation *recover_generation_of(struct recover *recover, const struct uuid *id);

/* Skips a CRL number, in the transaction at hand, so that `maintain` publishes the next at once. */
int recover_skip_number(
    struct recover *recover, struct recover_generation *generation, struct error *err);

/* The audit row of a change; object: a serial number or a label. */
struct recover_audit {
	const char *action;
	const char *object_type;
	const char *object_name;
	const char *detail;
};
int recover_audit(
    const struct recover *recover, const struct recover_audit *audit, struct error *err);

/*
 * In a transaction of many changes: the audit rows of certificates are kept back from here on, and
 * written when there are some of them, and at the end. What was not ended is dropped.
 */
void recover_audits_begin(struct recover *recover);
int recover_audits_end(struct recover *recover, struct error *err);
void recover_audits_drop(struct recover *recover);

enum { RECOVER_SERIAL_TEXT_MAX = 41 };
void recover_serial_text(struct bytes serial, char out[static RECOVER_SERIAL_TEXT_MAX]);

/*
 * Applies an event with its consequences and its audit row, in the transaction at hand; *changed is
 * false where the certificate's state did not allow it. source: where it was read.
 */
struct recover_event {
	const struct revocation_event *event;
	const struct uuid *generation_id; /* of the certificate */
	const struct uuid *lineage;
	struct bytes serial;
	bool whole_lineage; /* with keyCompromise, the keys of the whole lineage */
	const char *source;
};
int recover_apply(
    struct recover *recover, const struct recover_event *event, bool *changed, struct error *err);

/* An event that recover makes itself, of a certificate on record; in a transaction of its own. */
struct recover_change {
	struct uuid certificate_id;
	enum revocation_action action;
	int reason;
	int64_t at;
	const char *source;
};
int recover_change(
    struct recover *recover, const struct recover_change *change, bool *changed, struct error *err);

/* A serial without a certificate on record, revoked in a transaction of its own. */
struct recover_serial {
	struct recover_generation *generation;
	struct bytes serial;
	int64_t revoked_at;
	int reason;
	const char *source;
};
int recover_serial(struct recover *recover, const struct recover_serial *serial, struct error *err);

/*
 * The same in the transaction at hand, which also asks for a CRL that lists it: no event tells of
 * it if the run ends before its time. *added says whether recover_serial_tell is to follow.
 */
int recover_serial_add(
    struct recover *recover, const struct recover_serial *serial, bool *added, struct error *err);
void recover_serial_tell(struct recover *recover, const struct recover_serial *serial);

/* The parts, in their order. */
int recover_crl_numbers(struct recover *recover, struct error *err);
int recover_certificates(struct recover *recover, struct error *err);
int recover_events(struct recover *recover, struct error *err);
int recover_returns(struct recover *recover, struct error *err);
int recover_crl_entries(struct recover *recover, struct error *err);

/* What a line of a journal claims of a certificate must be what that says, and it be ours. */
int recover_check_certificate(const struct recover_generation *generation,
    const struct certificate_record *row, struct error *err);

/* Calls each() for every journal of the request. */
struct recover_journals {
	int (*each)(struct recover *recover, const char *path, void *arg, struct error *err);
	void *arg;
};
int recover_each_journal(
    struct recover *recover, const struct recover_journals *visit, struct error *err);

/* A fault of a journal itself, which is told and counted; 0, or -1 where it was another one. */
int recover_journal_fault(struct recover *recover, struct error *err);

/* It ended so long ago that `maintain` has deleted it, or is about to. */
bool recover_is_long_gone(const struct recover *recover, int64_t not_after);

#endif
