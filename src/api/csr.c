/* The codec of POST /api/csr. */
#include "api/csr.h"

#include "api/auth.h"
#include "api/context.h"
#include "api/csr_body.h"
#include "crypto/csr.h"
#include "enroll/issue.h"

int
csr_post(struct app *app, struct request *request, const struct params *params,
    struct response *response, struct error *err)
{
	const struct issue_context context = { app->db, app->settings, app->profiles };
	const struct issue_request asked = {
		.principal = &app->principal,
		.protocol = "rest",
		.source = "API",
		.remote_address = request->remote_address,
		.request_id = request->uuid,
	};
	cleanup(buf_release) struct buf der = BUF_INIT(app->settings->server.max_body_bytes);
	cleanup(buf_release) struct buf leaf = BUF_INIT(ISSUE_MAX_DER);
	cleanup(csr_freep) struct csr *csr = NULL;
	size_t max_sans = 0;

	(void)params;
	if (!app->settings->db_csr.enabled)
		return error_set(err, ERR_SWITCHED_OFF, "enrolling is switched off");
	if (auth_bearer(app, request, response, err) < 0 ||
	    issue_admit(&context, &asked, &max_sans, err) < 0 ||
	    csr_body_decode(buf_bytes(&request->body), &der, err) < 0 ||
	    csr_parse(buf_bytes(&der), max_sans, &csr, err) < 0 ||
	    issue_certificate(&context, &asked, csr, &leaf, err) < 0)
		return -1;
	response_take(response, 200, "application/pkix-cert", &leaf);
	return 0;
}
