#ifndef STORE_CERTIFICATES_FIND_H
#define STORE_CERTIFICATES_FIND_H

#include "store/certificate_row.h"
#include "store/db.h"

/* By SHA-256 of the DER. ERR_NOT_FOUND; *out belongs to the caller. */
int certificates_find_fingerprint(
    struct db *db, struct bytes fingerprint, struct certificate_row **out, struct error *err);

int certificates_find_id(
    struct db *db, const struct uuid *id, struct certificate_row **out, struct error *err);

/* By serial number octets alone. ERR_NOT_FOUND; ERR_CONFLICT where two issuers share it. */
int certificates_find_serial(
    struct db *db, struct bytes serial, struct certificate_row **out, struct error *err);

/* What is listed; members that are NULL or 0 do not count. Texts are borrowed. */
struct certificates_filter {
	const char *text;       /* part of subject or subject alternative names, case ignored */
	const char *status;     /* good, hold, revoked, whether it has ended or not; expired */
	const char *ra_profile; /* name */
	const char *authority;  /* name */
	const char *type;
	int64_t now;            /* for the two that ask for it; always set */
	int64_t expires_before; /* neither revoked nor ended nor yet to begin, ends before this */
	const struct uuid *lineage;
	size_t limit; /* 1 to DB_MAX_ROWS */
};

/* Those that match, newest first (to the millisecond: by id); fetched in parts. */
int certificates_each(struct db *db, const struct certificates_filter *filter,
    int (*each)(const struct certificate_row *row, void *arg, struct error *err), void *arg,
    struct error *err);

#endif
