#ifndef STORE_PUBLISHED_CRLS_H
#define STORE_PUBLISHED_CRLS_H

#include "store/crls.h"

/* What should be served of one CA generation. */
struct published_crl {
	char label[49]; /* of the generation */
	struct crl_row row;
};

/*
 * By one statement the newest full CRL of every generation that signs (active or retired), each
 * followed by the newest delta CRL where that goes with it. Borrowed for the call, during which the
 * connection may be used.
 */
int published_crls_each(struct db *db,
    int (*each)(const struct published_crl *crl, void *arg, struct error *err), void *arg,
    struct error *err);

/* Whether a generation that signs has this label. */
int published_crls_is_signer(struct db *db, const char *label, bool *is_one, struct error *err);

#endif
