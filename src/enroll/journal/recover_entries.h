#ifndef ENROLL_JOURNAL_RECOVER_ENTRIES_H
#define ENROLL_JOURNAL_RECOVER_ENTRIES_H

#include "enroll/journal/recover_file.h"

/*
 * What the CRLs of one generation say of its certificates. A revocation is final, whichever CRL
 * tells of it. Who is on hold only the newest ones know: the newest full CRL, and the newest delta
 * CRL where that is newer, which is read first.
 */
struct recover_entries {
	struct recover *recover;
	struct recover_generation *generation;
	struct buf held;    /* on hold by the database, each with what the CRLs say */
	struct buf decided; /* serials that the newest delta CRL has decided on */
	bool is_decisive;   /* the CRL at hand is one of the newest */
	bool is_decided;    /* the newest delta CRL has been read */
	const struct recover_file *file;
	char source[512];
};

enum { RECOVER_ENTRIES_MAX = 256 * 1024 * 1024 };
#define RECOVER_ENTRIES_INIT(of, the_generation) \
	{ \
		.recover = (of), .generation = (the_generation), \
		.held = BUF_INIT(RECOVER_ENTRIES_MAX), .decided = BUF_INIT(RECOVER_ENTRIES_MAX), \
		.is_decisive = true, \
	}

void recover_entries_release(struct recover_entries *entries);

/* Whether there is a delta CRL newer than the newest full one. */
bool recover_entries_has_delta(const struct recover_generation *generation);

/* Asks the database who is on hold. */
int recover_entries_begin(struct recover_entries *entries, struct error *err);

/* Takes from one CRL what the database lacks. */
int recover_entries_read(
    struct recover_entries *entries, const struct recover_file *file, struct error *err);

/* Ends the newest delta CRL's say. */
void recover_entries_decide(struct recover_entries *entries);

/* Releases those whose hold has ended, as the newest CRLs show. */
int recover_entries_end(struct recover_entries *entries, struct error *err);

#endif
