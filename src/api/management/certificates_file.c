/* A certificate or its chain to be downloaded, and the chain as a list. */
#include <string.h>

#include "api/answer.h"
#include "api/management/certificate_dto.h"
#include "api/management/certificates.h"
#include "api/context.h"
#include "base/clock.h"
#include "base/enc.h"
#include "base/json.h"
#include "base/json_add.h"
#include "crypto/cert.h"
#include "crypto/der.h"
#include "crypto/pkcs7.h"
#include "http/query.h"
#include "store/authorities.h"

enum { CHAIN_MAX = 16, CONTENT_MAX = 4 << 20, WORD_MAX = 32 };

/* How something is to be downloaded. */
struct form {
	bool is_pkcs7;
	bool is_pem;
};

/* Certificates from the leaf upwards; the bytes belong to row and generation. */
struct chain {
	struct certificate_row *row;
	struct certificate_row *ca; /* NULL: the row is a CA's itself, or its CA is gone */
	struct generation generation;
	struct bytes ders[CHAIN_MAX];
	size_t count;
	bool is_complete; /* the last one is self-signed */
};

static void
chain_release(struct chain *chain)
{
	certificate_row_free(chain->row);
	certificate_row_free(chain->ca);
	generation_release(&chain->generation);
}

static bool
is_self_signed(struct bytes der)
{
	cleanup(cert_freep) struct cert *cert = NULL;
	struct error ignored = { .code = ERR_NONE };

	return cert_parse(der, &cert, &ignored) == 0 && bytes_equal(cert->subject, cert->issuer);
}

static void
add_der(struct chain *chain, struct bytes der)
{
	if (chain->count == CHAIN_MAX || chain->is_complete)
		return;
	chain->ders[chain->count++] = der;
	chain->is_complete = is_self_signed(der);
}

/* The outer CAs' certificates lie one behind the other. */
static void
add_outer(struct chain *chain)
{
	struct bytes rest = buf_bytes(&chain->generation.chain);
	struct bytes der;

	while (der_take_whole(&rest, DER_SEQUENCE, &der))
		add_der(chain, der);
}

/* A row whose own id is its generation's is that of the CA itself. */
static int
load_ca(struct app *app, struct chain *chain, struct error *err)
{
	const struct uuid *id = &chain->row->generation_id;

	if (memcmp(id, &chain->row->id, sizeof(*id)) != 0 &&
	    certificates_of_id(app, id, &chain->ca, err) < 0)
		return error_forgive(err, ERR_NOT_FOUND);
	if (generations_find_id(app->db, id, &chain->generation, err) == 0)
		return 0;
	return error_forgive(err, ERR_NOT_FOUND);
}

static int
load_chain(struct app *app, const struct params *params, bool with_end, struct chain *chain,
    struct error *err)
{
	if (certificates_of_path(app, params, &chain->row, err) < 0 || load_ca(app, chain, err) < 0)
		return -1;
	if (with_end)
		add_der(chain, buf_bytes(&chain->row->der));
	if (chain->ca != NULL)
		add_der(chain, buf_bytes(&chain->ca->der));
	/* Asked without itself, a root has nothing above it, which is all there is. */
	if (chain->count == 0 && is_self_signed(buf_bytes(&chain->row->der)))
		chain->is_complete = true;
	add_outer(chain);
	return 0;
}

static int
read_flag(const struct request *request, const char *name, bool *out, struct error *err)
{
	char word[WORD_MAX];

	if (query_get(request->query, name, word, sizeof(word), err) < 0)
		return -1;
	if (word[0] != '\0' && strcmp(word, "true") != 0 && strcmp(word, "false") != 0)
		return error_set(err, ERR_BAD_REQUEST, "%s is true or false", name);
	*out = strcmp(word, "true") == 0;
	return 0;
}

static int
read_form(
    const struct request *request, const struct params *params, struct form *out, struct error *err)
{
	const char *format = params_get(params, "format");
	char encoding[WORD_MAX];

	if (strcmp(format, "raw") != 0 && strcmp(format, "pkcs7") != 0)
		return error_set(err, ERR_BAD_REQUEST, "the format is raw or pkcs7");
	if (query_get(request->query, "encoding", encoding, sizeof(encoding), err) < 0)
		return -1;
	if (strcmp(encoding, "pem") != 0 && strcmp(encoding, "der") != 0)
		return error_set(err, ERR_BAD_REQUEST, "encoding is pem or der");
	out->is_pkcs7 = strcmp(format, "pkcs7") == 0;
	out->is_pem = strcmp(encoding, "pem") == 0;
	return 0;
}

static int
write_pkcs7(const struct chain *chain, const struct form *form, struct buf *out, struct error *err)
{
	cleanup(buf_release) struct buf der = BUF_INIT(CONTENT_MAX);

	if (pkcs7_certs(chain->ders, chain->count, &der, err) < 0)
		return -1;
	if (form->is_pem)
		pem_encode("PKCS7", buf_bytes(&der), out);
	else
		buf_add(out, buf_bytes(&der));
	return 0;
}

static int
write_content(
    const struct chain *chain, const struct form *form, struct buf *out, struct error *err)
{
	if (form->is_pkcs7 && chain->count > 0)
		return write_pkcs7(chain, form, out, err);
	if (!form->is_pem && chain->count > 1)
		return error_set(err, ERR_VALIDATION,
		    "DER encoding of raw format is unsupported for certificate chain.");
	for (size_t i = 0; i < chain->count; i++) {
		if (form->is_pem)
			pem_encode("CERTIFICATE", chain->ders[i], out);
		else
			buf_add(out, chain->ders[i]);
	}
	return 0;
}

/* CertificateDownloadResponseDto; of a chain also whether it is whole. */
static int
file_json(
    const struct chain *chain, const struct form *form, struct json_object **out, struct error *err)
{
	cleanup(buf_release) struct buf content = BUF_INIT(CONTENT_MAX);
	cleanup(buf_release) struct buf text = BUF_INIT(CONTENT_MAX);
	struct json_object *object;

	if (write_content(chain, form, &content, err) < 0)
		return -1;
	base64_encode(buf_bytes(&content), &text);
	if (buf_failed(&content) || buf_failed(&text))
		return error_set(err, ERR_INTERNAL, "the certificates are too large");
	object = json_object_new_object();
	json_add_text(object, "format", form->is_pkcs7 ? "pkcs7" : "raw");
	json_add_text(object, "encoding", form->is_pem ? "pem" : "der");
	json_add_text(object, "content", buf_text(&text));
	*out = object;
	return 0;
}

int
certificates_get_file(struct app *app, struct request *request, const struct params *params,
    struct response *response, struct error *err)
{
	cleanup(chain_release) struct chain chain = { .row = NULL };
	struct json_object *object = NULL;
	struct form form = { .is_pem = false };

	if (read_form(request, params, &form, err) < 0 ||
	    certificates_of_path(app, params, &chain.row, err) < 0)
		return -1;
	add_der(&chain, buf_bytes(&chain.row->der));
	if (file_json(&chain, &form, &object, err) < 0)
		return -1;
	return answer_json(response, 200, object, err);
}

int
certificates_get_chain_file(struct app *app, struct request *request, const struct params *params,
    struct response *response, struct error *err)
{
	cleanup(chain_release) struct chain chain = { .row = NULL };
	struct json_object *object = NULL;
	struct form form = { .is_pem = false };
	bool with_end = false;

	if (read_form(request, params, &form, err) < 0 ||
	    read_flag(request, "withEndCertificate", &with_end, err) < 0 ||
	    load_chain(app, params, with_end, &chain, err) < 0 ||
	    file_json(&chain, &form, &object, err) < 0)
		return -1;
	json_add_bool(object, "completeChain", chain.is_complete);
	return answer_json(response, 200, object, err);
}

static int
add_detail(
    struct app *app, const struct certificate_row *row, struct json_object *list, struct error *err)
{
	struct json_object *dto = NULL;

	if (certificate_dto_detail(app->db, row, clock_now(), &dto, err) < 0)
		return -1;
	(void)json_object_array_add(list, dto);
	return 0;
}

/* Certificates of outer CAs are not on record, so the list ends before them and is not complete. */
int
certificates_get_chain(struct app *app, struct request *request, const struct params *params,
    struct response *response, struct error *err)
{
	cleanup(chain_release) struct chain chain = { .row = NULL };
	cleanup(json_object_putp) struct json_object *list = json_object_new_array();
	const struct certificate_row *last;
	struct json_object *answer;
	bool with_end = false;

	if (read_flag(request, "withEndCertificate", &with_end, err) < 0 ||
	    load_chain(app, params, with_end, &chain, err) < 0 ||
	    (with_end && add_detail(app, chain.row, list, err) < 0) ||
	    (chain.ca != NULL && add_detail(app, chain.ca, list, err) < 0))
		return -1;
	last = chain.ca != NULL ? chain.ca : chain.row;
	answer = json_object_new_object();
	json_add_bool(answer, "completeChain", is_self_signed(buf_bytes(&last->der)));
	json_add(answer, "certificates", take(list));
	return answer_json(response, 200, answer, err);
}
