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

#endif
