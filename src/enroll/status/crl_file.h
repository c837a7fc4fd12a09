#ifndef ENROLL_STATUS_CRL_FILE_H
#define ENROLL_STATUS_CRL_FILE_H

#include "store/published_crls.h"

/* The two files of one CRL, LABEL.crl and LABEL.crl.pem or the same with LABEL-delta. */

enum { CRL_FILE_NAME_MAX = 96 };

/* A folder that is ours to write to; path is for errors. */
struct crl_folder {
	int fd;
	const char *path;
};

/* Names that no file keeps: what a run that was killed left behind. */
bool crl_file_is_temporary(const char *name);

/*
 * Whether the files must be written: what is there is no file, no CRL, of a smaller number, or this
 * one and not whole. A greater number, in a CRL that the same CA has signed, is_newer and stays.
 */
struct crl_file_state {
	bool is_stale;
	bool is_newer;
	uint64_t number; /* of the file; 0: none */
};
int crl_file_look(struct db *db, const struct crl_folder *folder, const struct published_crl *crl,
    struct crl_file_state *out, struct error *err);

/*
 * Writes both from the database: whole, flushed, then renamed over what was there, PEM first, so
 * that it is never the older one for longer than a run. ERR_NOT_FOUND: a newer one has taken the
 * CRL's place in the database meanwhile. ERR_INTERNAL: the octets are not those of its row.
 */
int crl_file_write(struct db *db, const struct crl_folder *folder, const struct published_crl *crl,
    struct error *err);

#endif
