#ifndef STORE_EXPIRING_H
#define STORE_EXPIRING_H

#include "store/db.h"

/* Certificates that something else hangs on, and that end soon. */
enum expiring_kind { EXPIRING_CA, EXPIRING_RA, EXPIRING_OCSP_RESPONDER };

/* "ca", "ra", "ocsp-responder" */
const char *expiring_kind_name(enum expiring_kind kind);

enum { EXPIRING_MAX = 64, EXPIRING_NAME_MAX = 1024 };

struct expiring {
	enum expiring_kind kind;
	struct uuid id;                   /* of the generation; of an RA its certificate */
	char name[EXPIRING_NAME_MAX + 1]; /* the generation's label; of an RA its subject */
	int64_t not_after;
};

struct expiring_query {
	int64_t now;
	uint32_t warn_days;   /* 0: none at all */
	bool asks_responders; /* whether OCSP answers are to be signed by them */
};

/*
 * The first EXPIRING_MAX of each kind to end: CA generations that are active, or retired while a
 * certificate of theirs is good, and RA certificates whose key is active, where they end within
 * warn_days; one that has ended counts while it is the active generation, or a SCEP profile names
 * it. And the newest OCSP responder of a generation with less than a tenth of its validity left,
 * which its own job should have replaced. Borrowed for the call, during which the connection may
 * be used.
 */
int expiring_each(struct db *db, const struct expiring_query *query,
    int (*each)(const struct expiring *expiring, void *arg, struct error *err), void *arg,
    struct error *err);

/* The retired CA generations whose certificate has ended; a label is at most 48 characters. */
int expiring_each_ended(struct db *db, int64_t now,
    int (*each)(const struct expiring *ended, void *arg, struct error *err), void *arg,
    struct error *err);

#endif
