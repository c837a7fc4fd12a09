#ifndef ENROLL_SECRETS_SECRET_DOCUMENT_H
#define ENROLL_SECRETS_SECRET_DOCUMENT_H

#include "enroll/secrets/secret.h"
#include "store/secrets.h"

/*
 * Sealed values inside JSON: the secrets among custom attributes. What reads the JSON is here,
 * what opens and seals them is in enroll/attributes.
 */

/* Called for each sealed value with its key's id; a negative answer ends it with -1. */
struct secret_document_visit {
	int (*each)(const char *id, const struct secret_place *place, void *arg, struct error *err);
	void *arg;
};

/*
 * Calls each() for the sealed values of one JSON. ERR_CA_KEY: it is no JSON of ours, or a value is
 * none.
 */
int secret_document_each(size_t document, const struct secrets_value *value,
    const struct secret_document_visit *visit, struct error *err);

/* The same for all rows of a document's column. */
int secret_document_each_row(
    struct db *db, size_t document, const struct secret_document_visit *visit, struct error *err);

/* Seals the values of one JSON anew and appends the new JSON. ERR_CA_KEY: one does not open. */
int secret_document_seal(const struct keyring *keyring, size_t document,
    const struct secrets_value *value, struct buf *out, struct error *err);

#endif
