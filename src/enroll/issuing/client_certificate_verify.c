/* Verifies a client certificate again, whatever the web server has said of it. */

#include "enroll/issuing/client_certificate.h"
#include "store/certificates_find.h"
#include "store/revocations.h"

/* Whose certificate is looked at: that of the handshake, or one that another caller renews. */
struct role {
	enum error_code code;
	const char *name;
};
static const struct role of_client = { ERR_CLIENT_CERT, "the client certificate" };
static const struct role to_renew = { ERR_RENEWAL, "the certificate to renew" };

static int
refuse(const struct role *role, const char *what, struct error *err)
{
	return error_set(err, role->code, "%s %s", role->name, what);
}

/* What cannot be read or verified is not accepted, whatever the reader called it. */
static int
refuse_malformed(const struct role *role, struct error *err)
{
	if (error_is(err, ERR_BAD_REQUEST))
		err->code = role->code;
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
	if (certificates_find_fingerprint(db, bytes_of(fingerprint, SHA256_SIZE), &row, err) < 0)
		return error_forgive(err, ERR_NOT_FOUND) < 0
			   ? -1
			   : refuse(&of_client, "was not issued here", err);
	if (!bytes_equal(der, buf_bytes(&row->der)))
		return refuse(&of_client, "is not the one on record", err);
	*out = take(row);
	return 0;
}

/* Who can only add certificates to the database cannot make one that passes. */
static int
check_signature(const struct role *role, const struct client_certificate *client, struct error *err)
{
	cleanup(cert_freep) struct cert *issuer = NULL;

	if (client->row->generation_expired)
		return refuse(role, "is of a CA generation that has expired", err);
	if (cert_parse(buf_bytes(&client->row->generation_der), &issuer, err) < 0 ||
	    cert_verify(client->cert, issuer, err) < 0)
		return refuse_malformed(role, err);
	return 0;
}

static int
check_state(const struct role *role, const struct client_certificate *client, int64_t now,
    struct error *err)
{
	switch (client->row->status) {
	case CERTIFICATE_GOOD:
		break;
	case CERTIFICATE_ON_HOLD:
		return refuse(role, "is on hold", err);
	case CERTIFICATE_REVOKED:
		return refuse(role, "was revoked", err);
	}
	/* RFC 5280, 4.1.2.5: valid from notBefore through notAfter, inclusive. */
	if (now < client->cert->not_before)
		return refuse(role, "is not valid yet", err);
	if (now > client->cert->not_after)
		return refuse(role, "has expired", err);
	if (client->cert->is_ca)
		return refuse(role, "is that of a CA", err);
	return 0;
}

/* Another certificate with the same key may have been revoked: whoever has the key is not known. */
static int
check_key(struct db *db, const struct role *role, const struct client_certificate *client,
    struct error *err)
{
	bool is_compromised = false;

	if (revocations_is_compromised(
		db, bytes_of(client->row->spki_hash, SHA256_SIZE), &is_compromised, err) < 0)
		return -1;
	return is_compromised ? refuse(role, "has a key that was revoked for keyCompromise", err)
			      : 0;
}

/* Signed by the generation on record, good, within its dates, its key in nobody else's hands. */
static int
check(struct db *db, const struct role *role, const struct client_certificate *client, int64_t now,
    struct error *err)
{
	if (check_signature(role, client, err) < 0 || check_state(role, client, now, err) < 0)
		return -1;
	return check_key(db, role, client, err);
}

/* Reads what the record holds. */
static int
read_certificate(const struct role *role, struct client_certificate *client, struct error *err)
{
	if (cert_parse(buf_bytes(&client->row->der), &client->cert, err) < 0 ||
	    cert_holder_read(client->cert, &client->holder, err) < 0)
		return refuse_malformed(role, err);
	return 0;
}

int
client_certificate_verify(struct db *db, struct bytes der, int64_t now,
    struct client_certificate **out, struct error *err)
{
	cleanup(client_certificate_freep) struct client_certificate *client =
	    client_certificate_new();

	if (client == NULL)
		return error_set(err, ERR_INTERNAL, "out of memory");
	if (find_record(db, der, &client->row, err) < 0 ||
	    read_certificate(&of_client, client, err) < 0 ||
	    check(db, &of_client, client, now, err) < 0)
		return -1;
	*out = take(client);
	return 0;
}

int
client_certificate_find(
    struct db *db, const struct uuid *id, struct client_certificate **out, struct error *err)
{
	cleanup(client_certificate_freep) struct client_certificate *client =
	    client_certificate_new();

	if (client == NULL)
		return error_set(err, ERR_INTERNAL, "out of memory");
	if (certificates_find_id(db, id, &client->row, err) < 0 ||
	    read_certificate(&to_renew, client, err) < 0)
		return -1;
	*out = take(client);
	return 0;
}

int
client_certificate_check(
    struct db *db, const struct client_certificate *client, int64_t now, struct error *err)
{
	return check(db, &to_renew, client, now, err);
}
