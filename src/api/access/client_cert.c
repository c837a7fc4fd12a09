/* From a request's SSL_CLIENT_ parameters to a verified certificate of ours. */
#include "api/access/client_cert.h"

#include <stdio.h>
#include <string.h>

#include "api/access/client_cert_text.h"
#include "api/context.h"
#include "base/clock.h"
#include "base/enc.h"

/* What of a web server's verdict goes into our own text. */
enum { VERDICT_SHOWN = 128 };

/*
 * The web server's verdict on this connection's client, "" for none. With a redirect inside the web
 * server the same stands in REDIRECT_SSL_CLIENT_ too: that is not looked at.
 */
static const char *
verdict_of(const struct request *request)
{
	const char *verdict =
	    request->is_own_tls ? request_param(request, "SSL_CLIENT_VERIFY") : NULL;

	return verdict != NULL ? verdict : "";
}

bool
client_cert_is_there(const struct request *request)
{
	const char *verdict = verdict_of(request);

	return verdict[0] != '\0' && strcmp(verdict, "NONE") != 0;
}

static bool
is_listed(const char *text, const struct text_list *list)
{
	for (size_t i = 0; list != NULL && i < list->count; i++)
		if (strcmp(list->items[i], text) == 0)
			return true;
	return false;
}

int
client_cert_read(const struct request *request, const struct text_list *accepted, struct buf *der,
    struct error *err)
{
	const char *verdict = verdict_of(request);
	const char *text = request_param(request, "SSL_CLIENT_CERT");

	if (!client_cert_is_there(request))
		return error_set(err, ERR_NO_CLIENT_CERT, "a TLS client certificate is needed");
	if (strcmp(verdict, "SUCCESS") != 0 && !is_listed(verdict, accepted))
		return error_set(err, ERR_CLIENT_CERT,
		    "the web server did not accept the client certificate: %.*s", VERDICT_SHOWN,
		    verdict);
	if (text == NULL || text[0] == '\0')
		return error_set(
		    err, ERR_CLIENT_CERT, "the web server did not pass the client certificate on");
	return client_cert_text_decode(text, der, err);
}

static int
write_fingerprint(struct bytes der, char out[static PRINCIPAL_FINGERPRINT_MAX], struct error *err)
{
	cleanup(buf_release) struct buf hex = BUF_INIT(PRINCIPAL_FINGERPRINT_MAX);
	uint8_t hash[SHA256_SIZE];

	if (sha256(der, hash, err) < 0)
		return -1;
	hex_encode(bytes_of(hash, sizeof(hash)), &hex);
	(void)snprintf(out, PRINCIPAL_FINGERPRINT_MAX, "%s", buf_text(&hex));
	return 0;
}

/* Who first asked for the certificate's lineage stays on record with every renewal. */
static void
fill_principal(const struct certificate_row *row, struct principal *out)
{
	if (row->has_requester) {
		uuid_text(&row->requester_tenant, out->tenant);
		uuid_text(&row->requester_object, out->object);
	}
	if (row->has_application)
		uuid_text(&row->requester_application, out->application);
	if (strlen(row->requester_upn) < sizeof(out->upn))
		memcpy(out->upn, row->requester_upn, strlen(row->requester_upn) + 1);
}

/* Verifies it anew: the web server's word on its signature is not taken. */
static int
verify(struct app *app, struct bytes der, enum principal_kind kind, struct error *err)
{
	cleanup(client_certificate_freep) struct client_certificate *client = NULL;

	if (write_fingerprint(der, app->principal.fingerprint, err) < 0 ||
	    client_certificate_verify(app->db, der, clock_now(), &client, err) < 0)
		return -1;
	app->principal.kind = kind;
	fill_principal(client->row, &app->principal);
	client_certificate_free(app->client);
	app->client = take(client);
	return 0;
}

int
client_cert_authenticate(struct app *app, const struct request *request,
    const struct text_list *accepted, struct error *err)
{
	cleanup(buf_release) struct buf der = BUF_INIT(CLIENT_CERT_DER_MAX);

	if (client_cert_read(request, accepted, &der, err) < 0)
		return -1;
	return verify(app, buf_bytes(&der), PRINCIPAL_CERTIFICATE, err);
}

int
client_cert_authenticate_admin(struct app *app, const struct request *request, struct error *err)
{
	cleanup(buf_release) struct buf der = BUF_INIT(CLIENT_CERT_DER_MAX);
	const struct text_list *admins = &app->settings->admin.certificates;
	char fingerprint[PRINCIPAL_FINGERPRINT_MAX];
	struct error ignored = { .code = ERR_NONE };

	if (admins->count == 0 || client_cert_read(request, NULL, &der, &ignored) < 0)
		return 0;
	if (write_fingerprint(buf_bytes(&der), fingerprint, err) < 0)
		return -1;
	return is_listed(fingerprint, admins) ? verify(app, buf_bytes(&der), PRINCIPAL_ADMIN, err)
					      : 0;
}
