/* Verifies a client certificate again, whatever the web server has said of it. */
#include <string.h>

#include "enroll/client_certificate.h"
#include "store/certificates_find.h"
#include "store/revocations.h"

static int
refuse(struct error *err, const char *what)
{
	return error_set(err, ERR_CLIENT_CERT, "the client certificate %s", what);
}

/* What cannot be read or verified is not accepted, whatever the reader called it. */
static int
refuse_malformed(struct error *err)
{
	if (error_is(err, ERR_BAD_REQUEST))
		err->code = ERR_CLIENT_CERT;
	return -1;
}

/* Ours by its fingerprint, and then by every octet. */
static int
find_record(struct db *db, struct bytes der, struct certificate_row **out, struct error *err)
{
	cleanup(certificate_row_freep) struct certificate_row *row = NULL;
	uint8_t fingerprint[SHA256_SIZE];

	if (sha256(der, fingerprint, err) < 0)
		return -1;
	if (certificates_find_fingerprint(db, bytes_of(fingerprint, SHA256_SIZE), &row, err) < 0) {
		if (!error_is(err, ERR_NOT_FOUND))
			return -1;
		error_clear(err);
		return refuse(err, "was not issued here");
	}
	if (!bytes_equal(der, buf_bytes(&row->der)))
		return refuse(err, "is not the one on record");
	*out = take(row);
	return 0;
}

/* Who can only add certificates to the database cannot make one that passes. */
static int
check_signature(const struct client_certificate *client, struct error *err)
{
	cleanup(cert_freep) struct cert *issuer = NULL;

	if (client->row->generation_expired)
		return refuse(err, "is of a CA generation that has expired");
	if (cert_parse(buf_bytes(&client->row->generation_der), &issuer, err) < 0 ||
	    cert_verify(client->cert, issuer, err) < 0)
		return refuse_malformed(err);
	return 0;
}

static int
check_state(const struct client_certificate *client, int64_t now, struct error *err)
{
	switch (client->row->status) {
	case CERTIFICATE_GOOD:
		break;
	case CERTIFICATE_ON_HOLD:
		return refuse(err, "is on hold");
	case CERTIFICATE_REVOKED:
		return refuse(err, "was revoked");
	}
	/* RFC 5280, 4.1.2.5: valid from notBefore through notAfter, inclusive. */
	if (now < client->cert->not_before)
		return refuse(err, "is not valid yet");
	if (now > client->cert->not_after)
		return refuse(err, "has expired");
	if (client->cert->is_ca)
		return refuse(err, "is that of a CA");
	return 0;
}

/* Another certificate with the same key may have been revoked: whoever has the key is not known. */
static int
check_key(struct db *db, const struct client_certificate *client, struct error *err)
{
	bool is_compromised = false;

	if (revocations_is_compromised(
		db, bytes_of(client->row->spki_hash, SHA256_SIZE), &is_compromised, err) < 0)
		return -1;
	return is_compromised ? refuse(err, "has a key that was revoked for keyCompromise") : 0;
}

int
client_certificate_verify(struct db *db, struct bytes der, int64_t now,
    struct client_certificate **out, struct error *err)
{
	cleanup(client_certificate_freep) struct client_certificate *client =
	    client_certificate_new();

	if (client == NULL)
		return error_set(err, ERR_INTERNAL, "out of memory");
	if (find_record(db, der, &client->row, err) < 0)
		return -1;
	if (cert_parse(der, &client->cert, err) < 0 ||
	    cert_holder_read(client->cert, &client->holder, err) < 0)
		return refuse_malformed(err);
	if (check_signature(client, err) < 0 || check_state(client, now, err) < 0 ||
	    check_key(db, client, err) < 0)
		return -1;
	*out = take(client);
	return 0;
}
