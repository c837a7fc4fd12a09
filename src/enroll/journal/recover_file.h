#ifndef ENROLL_JOURNAL_RECOVER_FILE_H
#define ENROLL_JOURNAL_RECOVER_FILE_H

#include "crypto/crl.h"
#include "enroll/journal/recover_internal.h"

/* A CRL file, mapped, read and found to be signed by CA generations on record; in place. */
struct recover_file {
	const char *path; /* borrowed */
	void *map;
	size_t size;
	struct buf decoded; /* where it is PEM */
	struct bytes der;
	struct crl_facts facts;
};

void recover_file_release(struct recover_file *file);

/*
 * ERR_CONFIG: it cannot be opened; ERR_BAD_REQUEST, ERR_TOO_LARGE: it is no CRL. *out is to be
 * released whatever came of it.
 */
int recover_file_open(const char *path, struct recover_file *out, struct error *err);

/* Whether this generation's key has signed it, and its name stands in it. */
bool recover_file_is_signed_by(
    const struct recover_file *file, const struct recover_generation *generation);

/*
 * Whether what it lists may be of this generation, whose key has signed it. Generations may share
 * name and key; where the file is named LABEL.crl or LABEL-delta.crl of one of them it is that
 * one's alone.
 */
bool recover_file_is_about(const struct recover_file *file,
    const struct recover_generations *generations, const struct recover_generation *generation);

#endif
