/* Builds the answers of EST (RFC 7030). */
#include "api/enrollment/est_answer.h"

#include <string.h>

#include "api/context.h"
#include "base/enc.h"
#include "crypto/csr_attrs.h"
#include "crypto/der.h"
#include "crypto/pkcs7.h"
#include "enroll/profiles/profile_rules.h"

enum { CERTS_MAX = 1048576, ATTRS_MAX = 4096 };

static int
answer(struct bytes der, const char *content_type, struct response *response, struct error *err)
{
	cleanup(buf_release) struct buf body = BUF_INIT(RESPONSE_MAX_BODY);

	base64_encode(der, &body);
	if (buf_failed(&body))
		return error_set(err, ERR_INTERNAL, "the answer is too large");
	response_header(response, "Content-Transfer-Encoding", "base64");
	response_take(response, 200, content_type, &body);
	return 0;
}

static int
answer_certs(const struct bytes *certs, size_t count, const char *content_type,
    struct response *response, struct error *err)
{
	cleanup(buf_release) struct buf der = BUF_INIT(CERTS_MAX);

	if (pkcs7_certs(certs, count, &der, err) < 0)
		return -1;
	return answer(buf_bytes(&der), content_type, response, err);
}

int
est_answer_leaf(struct bytes leaf, struct response *response, struct error *err)
{
	return answer_certs(
	    &leaf, 1, "application/pkcs7-mime; smime-type=certs-only", response, err);
}

/* What is gathered for cacerts, DER one after the other. */
struct gathering {
	struct db *db;
	struct buf *ders;
};

/* A pending generation may still be given up, so its cross-certificates are not told yet. */
static int
gather_crosses(const struct generation *generation, void *arg, struct error *err)
{
	struct gathering *all = arg;

	if (generation->state == GENERATION_PENDING)
		return 0;
	return cross_certificates_of(all->db, &generation->id, all->ders, err);
}

static bool
is_among(struct bytes cert, const struct bytes *certs, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (bytes_equal(cert, certs[i]))
			return true;
	return false;
}

/* Splits them, each once; the issuer stands first, so that it is never the one too many. */
static size_t
split(struct bytes ders, struct bytes certs[static PKCS7_MAX_CERTS])
{
	struct bytes cert;
	size_t count = 0;

	while (count < PKCS7_MAX_CERTS && der_take_whole(&ders, DER_SEQUENCE, &cert))
		if (!is_among(cert, certs, count))
			certs[count++] = cert;
	return count;
}

int
est_answer_cacerts(struct app *app, const struct generation *generation, struct response *response,
    struct error *err)
{
	/* Bouncy Castle's client compares this type with equals(). */
	static const char content_type[] = "application/pkcs7-mime";
	cleanup(buf_release) struct buf ders = BUF_INIT(CERTS_MAX);
	struct gathering all = { .db = app->db, .ders = &ders };
	struct bytes certs[PKCS7_MAX_CERTS];

	buf_add(&ders, buf_bytes(&generation->certificate));
	if (strcmp(app->settings->server.est_cacerts, "full") == 0) {
		buf_add(&ders, buf_bytes(&generation->chain));
		if (generations_each(
			app->db, &generation->authority_id, gather_crosses, &all, err) < 0)
			return -1;
	}
	if (buf_failed(&ders))
		return error_set(err, ERR_INTERNAL, "the CA's certificates are too large");
	return answer_certs(certs, split(buf_bytes(&ders), certs), content_type, response, err);
}

int
est_answer_csrattrs(const struct settings *settings, const struct ra_profile *profile,
    struct response *response, struct error *err)
{
	bool takes_usages = settings->use_requested_key_usages;
	const struct csr_attrs wanted = {
		.rsa = rule_list_has(profile->key_types, "rsa"),
		.rsa_bits = profile->min_rsa_bits,
		.p256 = rule_list_has(profile->key_types, "p256"),
		.p384 = rule_list_has(profile->key_types, "p384"),
		.ed25519 = rule_list_has(profile->key_types, "ed25519"),
		.sans = profile->san_types[0] != '\0',
		.ekus = takes_usages && profile->allowed_ekus[0] != '\0',
		.key_usage = takes_usages && profile->key_usages[0] != '\0',
	};
	cleanup(buf_release) struct buf der = BUF_INIT(ATTRS_MAX);

	if (csr_attrs_write(&wanted, &der, err) < 0)
		return -1;
	return answer(buf_bytes(&der), "application/csrattrs", response, err);
}
