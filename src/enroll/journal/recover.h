#ifndef ENROLL_JOURNAL_RECOVER_H
#define ENROLL_JOURNAL_RECOVER_H

#include "base/settings.h"
#include "store/db.h"

enum recover_word {
	RECOVER_DONE,    /* something that was taken back, or would be */
	RECOVER_NOTE,    /* nothing to worry about */
	RECOVER_TROUBLE, /* something that could not be taken back */
	RECOVER_PROGRESS /* how far it has come, every ten thousand lines of a journal */
};

/* What is to be taken back from where; borrowed. */
struct recover_request {
	struct db *db;
	const struct settings *settings;
	const char *actor; /* who runs it */
	const char *const *journals;
	size_t journal_count; /* 0: [Server] IssuedLog */
	const char *const *crls;
	size_t crl_count; /* beside the files in [CRL] Directory */
	bool is_dry_run;  /* nothing is written */
	void (*tell)(enum recover_word word, const char *text, void *arg);
	void *arg;
};

/* What was taken back; in a dry run what would be, at most. */
struct recover_outcome {
	uint64_t certificates; /* from journals */
	uint64_t events;       /* likewise */
	uint64_t revoked;      /* by what CRLs say */
	uint64_t held;
	uint64_t released;
	uint64_t serials; /* revoked without a certificate on record */
	uint64_t numbers; /* generations whose CRL number was raised */
	uint64_t torn;    /* lines of journals that were never finished */
	uint64_t troubles;
};

/*
 * After an older dump was restored: raises each generation's CRL number above those of the CRL
 * files, takes certificates and events back from journals, some hundred lines a transaction, and
 * revocations from the CRLs, each in a transaction of its own; all with their audit rows. It adds
 * what is missing and takes nothing away but bare serials whose certificate has come back, so it
 * may be run again at any time; with nothing missing it changes nothing. What is refused or cannot
 * be read is told and counted; -1 only where it cannot go on: ERR_DATABASE and the like.
 */
int recover_run(
    const struct recover_request *request, struct recover_outcome *out, struct error *err);

#endif
