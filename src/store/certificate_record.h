#ifndef STORE_CERTIFICATE_RECORD_H
#define STORE_CERTIFICATE_RECORD_H

#include "store/certificates.h"

struct certificate_record_visit {
	int (*each)(const struct certificate_record *record, void *arg, struct error *err);
	void *arg;
};

/*
 * Reads what certificates_insert wrote of the certificate with this fingerprint and tells it once,
 * borrowed for the call. ERR_NOT_FOUND; errors of each().
 */
int certificate_record_find(struct db *db, struct bytes fingerprint,
    const struct certificate_record_visit *visit, struct error *err);

#endif
