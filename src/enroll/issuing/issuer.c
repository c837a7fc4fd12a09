/* A CA generation that can sign: the object and its test. */
#include "enroll/issuing/issuer.h"

#include <stdlib.h>

void
issuer_free(struct issuer *issuer)
{
	if (issuer == NULL)
		return;
	generation_release(&issuer->generation);
	cert_free(issuer->cert);
	key_free(issuer->key);
	free(issuer);
}

struct issuer *
issuer_new(void)
{
	return calloc(1, sizeof(struct issuer));
}

struct cert_template
issuer_template(const struct issuer *issuer)
{
	return (struct cert_template){
		.issuer = issuer->cert->subject,
		.authority_key_id = issuer->key_id,
		.path_len = -1,
		.ca_issuers = { issuer->ca_issuers_https, issuer->ca_issuers_http },
		.ocsp = issuer->ocsp,
		.crl = issuer->adds_cdp ? issuer->crl : NULL,
	};
}

int
issuer_test(struct issuer *issuer, struct error *err)
{
	cleanup(buf_release) struct buf signature = BUF_INIT(2048);
	struct bytes text = bytes_text("certwright signing test");

	if (key_sign(issuer->key, text, &signature, err) < 0)
		return -1;
	return key_verify(issuer->cert->spki, key_signature_algorithm(issuer->key), text,
	    buf_bytes(&signature), err);
}
