/* CertificateDto: a certificate as lists of CZERTAINLY's API show it. */
#include "api/management/certificate_dto.h"

#include <string.h>

#include "api/answer.h"
#include "api/management/certificate_dto_text.h"
#include "api/management/groups.h"
#include "base/enc.h"
#include "base/json.h"
#include "base/json_add.h"
#include "crypto/cert.h"
#include "store/authorities.h"
#include "store/certificate_groups.h"
#include "store/certificates_search.h"
#include "store/keys.h"
#include "store/ra_certificates.h"

enum { DN_MAX = 65536, WORD_MAX = 128, DAY_S = 86400 };

static void
add_buf(struct json_object *object, const char *name, struct buf *text)
{
	json_add_text(object, name, buf_text(text));
}

static void
add_dn(struct json_object *object, const char *name, struct bytes der)
{
	cleanup(buf_release) struct buf text = BUF_INIT(DN_MAX);

	certificate_dto_text_dn(der, &text);
	add_buf(object, name, &text);
}

static void
add_serial(struct json_object *object, const char *name, struct bytes serial)
{
	cleanup(buf_release) struct buf text = BUF_INIT(WORD_MAX);

	certificate_dto_text_serial(serial, &text);
	add_buf(object, name, &text);
}

static void
add_fingerprint(struct json_object *object, const struct certificate_row *row)
{
	cleanup(buf_release) struct buf text = BUF_INIT(WORD_MAX);

	hex_encode(bytes_of(row->fingerprint, sizeof(row->fingerprint)), &text);
	add_buf(object, "fingerprint", &text);
}

static void
add_signature(struct json_object *object, const struct certificate_row *row)
{
	cleanup(buf_release) struct buf text = BUF_INIT(WORD_MAX);

	certificate_dto_text_signature(buf_bytes(&row->der), &text);
	add_buf(object, "signatureAlgorithm", &text);
}

/* CZERTAINLY knows no hold: what is on hold must not be relied on, so it is revoked to its clients.
 */
static const char *
validation_of(const struct certificate_row *row, int64_t now)
{
	if (row->status != CERTIFICATE_GOOD)
		return "revoked";
	if (now < row->not_before)
		return "inactive";
	if (now > row->not_after)
		return "expired";
	if (row->not_after < now + (int64_t)SEARCH_EXPIRING_DAYS * DAY_S)
		return "expiring";
	return "valid";
}

static void
add_subject(struct json_object *object, const struct cert *cert)
{
	char common_name[NAME_VALUE_MAX];

	json_add_text(object, "commonName",
	    certificate_dto_text_common_name(cert->subject, common_name) ? common_name : "<empty>");
	add_dn(object, "subjectDn", cert->subject);
}

/* The generation that signed it, where it did: what is said of a CA's own certificate is its row.
 */
static int
add_generation(struct json_object *object, const struct certificate_row *row,
    const struct cert *cert, struct error *err)
{
	cleanup(cert_freep) struct cert *issuer = NULL;

	if (row->generation_der.len == 0)
		return 0;
	if (cert_parse(buf_bytes(&row->generation_der), &issuer, err) < 0)
		return error_prefix(err, "CA certificate");
	if (!bytes_equal(issuer->subject, cert->issuer))
		return 0;
	add_serial(object, "issuerSerialNumber", issuer->serial);
	if (memcmp(&row->id, &row->generation_id, sizeof(row->id)) != 0)
		json_add_uuid(object, "issuerCertificateUuid", &row->generation_id);
	return 0;
}

static int
add_issuer(struct json_object *object, const struct certificate_row *row, const struct cert *cert,
    struct error *err)
{
	char common_name[NAME_VALUE_MAX];

	if (certificate_dto_text_common_name(cert->issuer, common_name))
		json_add_text(object, "issuerCommonName", common_name);
	add_dn(object, "issuerDn", cert->issuer);
	return add_generation(object, row, cert, err);
}

static void
add_state(struct json_object *object, const struct certificate_row *row, int64_t now)
{
	json_add_text(object, "state", row->status == CERTIFICATE_GOOD ? "issued" : "revoked");
	json_add_text(object, "validationStatus", validation_of(row, now));
	json_add_text(object, "complianceStatus", "not_checked");
	json_add_text(object, "certificateType", "X.509");
}

/* SimplifiedRaProfileDto, of what the row knows of its profile. */
static void
add_ra_profile(struct json_object *object, const struct certificate_row *row)
{
	struct json_object *profile;

	if (!row->has_ra_profile)
		return;
	profile = json_object_new_object();
	json_add_uuid(profile, "uuid", &row->ra_profile_id);
	json_add_text(profile, "name", row->ra_profile);
	json_add_bool(profile, "enabled", row->ra_profile_enabled);
	json_add_uuid(profile, "authorityInstanceUuid", &row->authority_id);
	json_add(object, "raProfile", profile);
}

/* There are no user accounts: a UUID is only known where it was given as the owner. */
static void
add_owner(struct json_object *object, const struct certificate_row *row)
{
	struct error ignored = { .code = ERR_NONE };
	struct uuid uuid;

	if (row->owner[0] == '\0')
		return;
	json_add_text(object, "owner", row->owner);
	if (uuid_parse(row->owner, &uuid, &ignored) == 0)
		json_add_uuid(object, "ownerUuid", &uuid);
}

static int
add_group(const struct certificate_membership *membership, void *arg, struct error *err)
{
	(void)err;
	return json_object_array_add(arg, groups_dto(membership->group)) < 0
		   ? error_set(err, ERR_INTERNAL, "out of memory")
		   : 0;
}

static int
add_groups(
    struct db *db, struct json_object *object, const struct certificate_row *row, struct error *err)
{
	cleanup(json_object_putp) struct json_object *groups = json_object_new_array();
	const struct certificate_membership_visit visit = { .each = add_group, .arg = groups };

	if (groups == NULL)
		return error_set(err, ERR_INTERNAL, "out of memory");
	if (certificate_groups_of(db, &row->id, 1, visit, err) < 0)
		return -1;
	json_add(object, "groups", take(groups));
	return 0;
}

/* The key of a CA's generation or of a registration authority's certificate; none of any other. */
static int
find_key_id(struct db *db, const struct certificate_row *row, bool is_ca, struct uuid *key_id,
    struct error *err)
{
	cleanup(generation_release) struct generation generation = { 0 };
	struct ra_certificate ra;

	if (is_ca) {
		if (generations_find_id(db, &row->id, &generation, err) < 0)
			return -1;
		*key_id = generation.key_id;
		return 0;
	}
	if (ra_certificates_find(db, &row->id, &ra, err) < 0)
		return -1;
	*key_id = ra.key_id;
	return 0;
}

static int
add_key(struct db *db, struct json_object *object, const struct certificate_row *row, bool is_ca,
    struct error *err)
{
	cleanup(managed_key_release) struct managed_key key = { 0 };
	struct uuid key_id;
	bool is_active = false;

	if (find_key_id(db, row, is_ca, &key_id, err) == 0 &&
	    keys_find(db, &key_id, &key, err) == 0)
		is_active = strcmp(key.state, "active") == 0;
	else if (error_forgive(err, ERR_NOT_FOUND) < 0)
		return -1;
	json_add_text(object, "publicKeyAlgorithm", certificate_dto_text_key(row->key_type));
	json_add_int(object, "keySize", row->key_bits);
	json_add_bool(object, "privateKeyAvailability", is_active);
	return 0;
}

static int
fill(struct db *db, const struct certificate_row *row, const struct cert *cert,
    struct json_object *object, struct error *err)
{
	json_add_uuid(object, "uuid", &row->id);
	add_subject(object, cert);
	add_serial(object, "serialNumber", bytes_of(row->serial, row->serial_len));
	if (add_issuer(object, row, cert, err) < 0)
		return -1;
	answer_add_time(object, "notBefore", row->not_before);
	answer_add_time(object, "notAfter", row->not_after);
	if (add_key(db, object, row, cert->is_ca, err) < 0)
		return -1;
	add_signature(object, row);
	add_ra_profile(object, row);
	add_fingerprint(object, row);
	add_owner(object, row);
	/* Left out by the original for what is no CA; its own contract and strict clients want it.
	 */
	json_add_bool(object, "trustedCa", cert->is_ca);
	return add_groups(db, object, row, err);
}

int
certificate_dto(struct db *db, const struct certificate_row *row, int64_t now,
    struct json_object **out, struct error *err)
{
	cleanup(json_object_putp) struct json_object *object = json_object_new_object();
	cleanup(cert_freep) struct cert *cert = NULL;

	if (object == NULL)
		return error_set(err, ERR_INTERNAL, "out of memory");
	if (cert_parse(buf_bytes(&row->der), &cert, err) < 0) {
		err->code = ERR_DATABASE;
		return error_prefix(err, "certificate");
	}
	add_state(object, row, now);
	if (fill(db, row, cert, object, err) < 0)
		return -1;
	*out = take(object);
	return 0;
}
