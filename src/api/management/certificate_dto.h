#ifndef API_MANAGEMENT_CERTIFICATE_DTO_H
#define API_MANAGEMENT_CERTIFICATE_DTO_H

#include <json-c/json.h>
#include <stdint.h>

#include "base/error.h"
#include "store/certificate_row.h"
#include "store/db.h"

/*
 * A certificate as CZERTAINLY's CertificateDto, the form of lists (facts: czertainly.md, 1.2). The
 * row's subject, san_* and times are taken from its columns, the issuer and the signature from its
 * DER; the groups are read from the database. Members without a value are left out; trustedCa
 * always stands there. *out is the caller's. now, seconds UTC, decides the validation status.
 */
int certificate_dto(struct db *db, const struct certificate_row *row, int64_t now,
    struct json_object **out, struct error *err);

/* The same as CertificateDetailDto: content, usages, alternative names, custom attributes,
 * relations. */
int certificate_dto_detail(struct db *db, const struct certificate_row *row, int64_t now,
    struct json_object **out, struct error *err);

#endif
