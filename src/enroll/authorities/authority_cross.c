/* Cross-certificates between two generations of an authority, so that each one's trust reaches
 * both. */
#include "enroll/authorities/authority_cross.h"

#include "enroll/authorities/authority_generation.h"

static int64_t
later(int64_t a, int64_t b)
{
	return a > b ? a : b;
}

static int64_t
sooner(int64_t a, int64_t b)
{
	return a < b ? a : b;
}

/*
 * Only names that are alike make a self-issued certificate, which path lengths do not
 * count (RFC 5280, 6.1.4); and both must be valid at some time to come.
 */
static bool
is_possible(const struct cert *a, const struct cert *b, int64_t now)
{
	int64_t end = sooner(a->not_after, b->not_after);

	return bytes_equal(a->subject, b->subject) && end > now &&
	       end > later(a->not_before, b->not_before);
}

/* The identifier that leaves of this certificate name as their issuer's. */
static int
issuer_key_id(
    const struct cert *issuer, uint8_t made[static 20], struct bytes *out, struct error *err)
{
	*out = issuer->key_id;
	if (out->len > 0)
		return 0;
	if (cert_key_id(issuer->spki, made, err) < 0)
		return -1;
	*out = bytes_of(made, 20);
	return 0;
}

static int
sign_cross(const struct authority_side *subject, const struct authority_side *issuer,
    struct buf *der, struct error *err)
{
	uint8_t made[20];
	struct cert_template template = {
		.issuer = issuer->cert->subject,
		.subject = subject->cert->subject,
		.not_before = later(subject->cert->not_before, issuer->cert->not_before),
		.not_after = sooner(subject->cert->not_after, issuer->cert->not_after),
		.spki = subject->cert->spki,
		.subject_key_id = subject->cert->key_id,
		.is_ca = true,
		.path_len = subject->cert->path_len,
		.key_usage = KU_KEY_CERT_SIGN | KU_CRL_SIGN,
	};

	if (issuer_key_id(issuer->cert, made, &template.authority_key_id, err) < 0)
		return -1;
	authority_serial(template.serial);
	return cert_sign(&template, issuer->key, der, err);
}

static int
add_cross(const struct authority_side *subject, const struct authority_side *issuer,
    struct authority_crosses *out, struct error *err)
{
	cleanup(buf_release) struct buf der = BUF_INIT(CA_CERTIFICATE_MAX);
	struct cert **cert = &out->certs[out->count];

	if (sign_cross(subject, issuer, &der, err) < 0 ||
	    cert_parse(buf_bytes(&der), cert, err) < 0)
		return -1;
	out->rows[out->count] = (struct cross_certificate){
		.issuer_generation_id = issuer->generation->id,
		.subject_generation_id = subject->generation->id,
		.serial = (*cert)->serial,
		.certificate = buf_bytes(&(*cert)->der),
	};
	out->count++;
	return 0;
}

void
authority_crosses_release(struct authority_crosses *crosses)
{
	for (size_t i = 0; i < crosses->count; i++)
		cert_freep(&crosses->certs[i]);
	crosses->count = 0;
}

int
authority_cross(const struct authority_side *a, const struct authority_side *b, int64_t now,
    struct authority_crosses *out, struct error *err)
{
	if (bytes_equal(a->cert->spki, b->cert->spki) || !is_possible(a->cert, b->cert, now))
		return 0;
	if (add_cross(a, b, out, err) < 0 || add_cross(b, a, out, err) < 0)
		return -1;
	return 0;
}
