/* Finds the certificates that SCEP profiles may name: of registration authorities, and of CAs. */
#include <stdio.h>
#include <string.h>

#include "crypto/cert.h"
#include "crypto/der.h"
#include "enroll/profiles/scep_ca.h"
#include "store/authorities.h"
#include "store/certificates_find.h"
#include "store/keys.h"
#include "store/ra_certificates.h"

static int
read_key(struct db *db, const struct uuid *key_id, struct scep_ca *ca, struct error *err)
{
	cleanup(managed_key_release) struct managed_key key = { .bits = 0 };

	if (keys_find(db, key_id, &key, err) < 0)
		return -1;
	ca->key_id = *key_id;
	ca->has_key = managed_key_is_for(&key, "scep");
	ca->key_is_active = ca->has_key && strcmp(key.state, "active") == 0;
	return 0;
}

/* Most certificates have no key here. */
static int
read_certificate_key(struct db *db, struct scep_ca *ca, struct error *err)
{
	struct ra_certificate found;

	if (ra_certificates_find(db, &ca->row->id, &found, err) == 0)
		return read_key(db, &found.key_id, ca, err);
	return error_forgive(err, ERR_NOT_FOUND);
}

static int
fill_serial(const struct cert *cert, struct certificate_row *row, struct error *err)
{
	struct bytes serial = cert->serial;

	/* An imported CA's may begin with the zero that makes it positive. */
	if (serial.len > 1 && serial.ptr[0] == 0)
		serial = bytes_of(serial.ptr + 1, serial.len - 1);
	if (serial.len == 0 || serial.len > sizeof(row->serial))
		return error_set(err, ERR_DATABASE, "a serial number of %zu octets", serial.len);
	memcpy(row->serial, serial.ptr, serial.len);
	row->serial_len = serial.len;
	return 0;
}

/* Its own certificate, or the first of the chain that an outer CA's answer brought. */
static int
fill_issuer(const struct generation *generation, const struct cert *cert,
    struct certificate_row *row, struct error *err)
{
	struct bytes chain = buf_bytes(&generation->chain);
	struct der_item item;

	if (bytes_equal(cert->issuer, cert->subject))
		buf_add(&row->generation_der, buf_bytes(&cert->der));
	else if (der_next(&chain, &item))
		buf_add(&row->generation_der, item.whole);
	return buf_failed(&row->generation_der)
		   ? error_set(err, ERR_INTERNAL, "out of memory for a certificate")
		   : 0;
}

static int
fill_row(const struct generation *generation, const struct cert *cert, struct certificate_row *row,
    struct error *err)
{
	row->id = row->generation_id = row->lineage = generation->id;
	row->not_before = generation->not_before;
	row->not_after = generation->not_after;
	row->issued_at = generation->created_at;
	row->generation_expired = generation->state == GENERATION_EXPIRED;
	row->key_bits = cert->key.bits;
	memcpy(row->fingerprint, generation->fingerprint, sizeof(row->fingerprint));
	(void)snprintf(row->generation, sizeof(row->generation), "%s", generation->label);
	(void)snprintf(row->type, sizeof(row->type), "CA");
	(void)snprintf(row->key_type, sizeof(row->key_type), "%s", key_type_name(cert->key.type));
	buf_add(&row->der, buf_bytes(&cert->der));
	buf_add(&row->subject, bytes_text(generation->subject));
	if (buf_failed(&row->der) || buf_failed(&row->subject))
		return error_set(err, ERR_INTERNAL, "out of memory for a certificate");
	if (fill_serial(cert, row, err) < 0 || fill_issuer(generation, cert, row, err) < 0)
		return -1;
	return sha256(cert->spki, row->spki_hash, err);
}

static int
read_generation(struct db *db, const struct uuid *id, struct scep_ca *ca, struct error *err)
{
	cleanup(generation_release) struct generation generation = { .number = 0 };
	cleanup(cert_freep) struct cert *cert = NULL;

	if (generations_find_id(db, id, &generation, err) < 0)
		return -1;
	if (generation.certificate.len == 0)
		return error_set(err, ERR_NOT_FOUND, "this CA generation has no certificate yet");
	ca->row = certificate_row_new();
	if (ca->row == NULL)
		return error_set(err, ERR_INTERNAL, "out of memory for a certificate");
	if (cert_parse(buf_bytes(&generation.certificate), &cert, err) < 0 ||
	    fill_row(&generation, cert, ca->row, err) < 0 ||
	    read_key(db, &generation.key_id, ca, err) < 0)
		return -1;
	/* Nobody trusts a pending one yet. A retired one goes on: renewing a CA must not end SCEP.
	 */
	if (generation.state == GENERATION_PENDING)
		ca->key_is_active = false;
	return 0;
}

static int
read_either(struct db *db, const struct uuid *id, struct scep_ca *ca, struct error *err)
{
	if (certificates_find_id(db, id, &ca->row, err) == 0)
		return read_certificate_key(db, ca, err);
	if (error_forgive(err, ERR_NOT_FOUND) < 0)
		return -1;
	return read_generation(db, id, ca, err);
}

int
scep_ca_find(struct db *db, const struct uuid *id, struct scep_ca **out, struct error *err)
{
	cleanup(scep_ca_freep) struct scep_ca *ca = scep_ca_new();

	if (ca == NULL)
		return error_set(err, ERR_INTERNAL, "out of memory");
	if (read_either(db, id, ca, err) < 0)
		return -1;
	*out = take(ca);
	return 0;
}

/* What is looked for, and who is told. */
struct search {
	struct db *db;
	bool intune;
	int64_t now;
	struct scep_ca_visit visit;
};

static int
visit_acceptable(const struct ra_certificates_holder *holder, void *arg, struct error *err)
{
	const struct search *search = arg;
	cleanup(scep_ca_freep) struct scep_ca *ca = NULL;

	if (scep_ca_find(search->db, &holder->id, &ca, err) < 0)
		return -1;
	if (!scep_ca_is_acceptable(ca, search->intune, search->now))
		return 0;
	return search->visit.each(ca, search->visit.arg, err);
}

int
scep_ca_each(struct db *db, bool intune, int64_t now, struct scep_ca_visit visit, struct error *err)
{
	struct search search = { .db = db, .intune = intune, .now = now, .visit = visit };

	return ra_certificates_each_holder(db, SCEP_CA_MAX, visit_acceptable, &search, err);
}
