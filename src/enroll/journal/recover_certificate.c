/* Whether what a journal says of a certificate is so. */
#include <string.h>

#include "crypto/cert_holder.h"
#include "enroll/journal/recover_internal.h"

enum { SUBJECT_TEXT_MAX = 16384, SANS_TEXT_MAX = 65535 };

static int
refuse(struct error *err, const char *what)
{
	return error_set(err, ERR_BAD_REQUEST, "its %s does not fit its DER", what);
}

static int
check_names(const struct certificate_record *row, const struct cert *cert, struct error *err)
{
	cleanup(cert_holder_freep) struct cert_holder *holder = NULL;
	cleanup(buf_release) struct buf subject = BUF_INIT(SUBJECT_TEXT_MAX);
	cleanup(buf_release) struct buf sans = BUF_INIT(SANS_TEXT_MAX);
	const char *name;

	if (cert_holder_read(cert, &holder, err) < 0)
		return -1;
	name_text(&holder->name, &subject);
	for (size_t i = 0; i < holder->san_count; i++) {
		if (i > 0)
			buf_add_byte(&sans, '\n');
		san_text(&holder->sans[i], &sans);
	}
	name = name_common_name(&holder->name);
	if (buf_failed(&subject) || strcmp(buf_text(&subject), row->subject) != 0 ||
	    (name == NULL) != (row->common_name == NULL) ||
	    (name != NULL && strcmp(name, row->common_name) != 0))
		return refuse(err, "subject");
	if (buf_failed(&sans) || strcmp(buf_text(&sans), row->sans) != 0)
		return refuse(err, "sans");
	return 0;
}

static int
check_key(const struct certificate_record *row, const struct cert *cert, struct error *err)
{
	uint8_t hash[SHA256_SIZE];

	if (sha256(cert->spki, hash, err) < 0)
		return -1;
	if (!bytes_equal(bytes_of(hash, sizeof(hash)), row->spki_hash) ||
	    strcmp(key_type_name(cert->key.type), row->key_type) != 0 ||
	    cert->key.bits != row->key_bits)
		return refuse(err, "key");
	return 0;
}

int
recover_check_certificate(const struct recover_generation *generation,
    const struct certificate_record *row, struct error *err)
{
	cleanup(cert_freep) struct cert *cert = NULL;
	uint8_t fingerprint[SHA256_SIZE];

	if (sha256(row->der, fingerprint, err) < 0 || cert_parse(row->der, &cert, err) < 0)
		return -1;
	if (!bytes_equal(bytes_of(fingerprint, sizeof(fingerprint)), row->fingerprint))
		return refuse(err, "fingerprint");
	if (!bytes_equal(cert->serial, row->serial))
		return refuse(err, "serial");
	if (cert->not_before != row->not_before || cert->not_after != row->not_after)
		return refuse(err, "dates");
	if (check_key(row, cert, err) < 0 || check_names(row, cert, err) < 0)
		return -1;
	if (generation->cert == NULL)
		return error_set(
		    err, ERR_BAD_REQUEST, "%s has no certificate yet", generation->label);
	return cert_verify(cert, generation->cert, err) < 0
		   ? error_prefix(err, "not issued by %s", generation->label)
		   : 0;
}
