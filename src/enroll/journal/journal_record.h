#ifndef ENROLL_JOURNAL_JOURNAL_RECORD_H
#define ENROLL_JOURNAL_JOURNAL_RECORD_H

#include "base/json.h"
#include "store/certificates.h"
#include "store/revocations.h"

/* One line of the issuance journal (enroll/journal/journal.h), taken apart again. */
#define JOURNAL_VERSION_NAME "version"
#define JOURNAL_KIND_NAME "kind"
#define JOURNAL_KIND_ISSUED "issued"
#define JOURNAL_KIND_EVENT "event"
enum { JOURNAL_VERSION = 1, JOURNAL_RECORD_OCTETS = 5, JOURNAL_RECORD_IDS = 5 };

enum journal_kind { JOURNAL_ISSUED, JOURNAL_EVENT };

/* An event beyond its row. */
struct journal_record_event {
	struct revocation_event row;
	struct uuid generation_id;
	struct bytes serial;
	int64_t not_after; /* of the certificate */
	uint32_t sequence;
	bool whole_lineage;
};

/* What points, points into the record; in place, released whatever came of it. */
struct journal_record {
	enum journal_kind kind;
	struct certificate_record certificate; /* with JOURNAL_ISSUED */
	struct journal_record_event event;     /* with JOURNAL_EVENT */
	struct json_object *json;
	struct buf octets[JOURNAL_RECORD_OCTETS];
	struct uuid ids[JOURNAL_RECORD_IDS];
};

void journal_record_release(struct journal_record *record);

/*
 * Reads a line; *out need not be initialized and is to be released whatever came of it. Only its
 * form is looked at. ERR_BAD_REQUEST says what was wrong.
 */
int journal_record_parse(struct bytes line, struct journal_record *out, struct error *err);

#endif
