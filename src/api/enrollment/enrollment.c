/* What POST /api/csr and EST have in common, from the credential to the leaf. */
#include "api/enrollment/enrollment.h"

#include "api/context.h"
#include "api/enrollment/csr_body.h"
#include "crypto/csr.h"

int
enrollment_check_enabled(const struct app *app, struct error *err)
{
	if (app->settings->db_csr.enabled)
		return 0;
	return error_set(err, ERR_SWITCHED_OFF, "enrolling is switched off");
}

struct issue_request
enrollment_request(const struct app *app, const struct request *request, const char *protocol)
{
	return (struct issue_request){
		.principal = &app->principal,
		.client = app->client,
		.kind = POLICY_ENROLL,
		.protocol = protocol,
		.source = "API",
		.remote_address = request->remote_address,
		.request_id = request->uuid,
	};
}

int
enrollment_issue(struct app *app, const struct issue_request *asked, struct bytes body,
    struct buf *leaf, struct error *err)
{
	const struct issue_context context = { app->db, app->settings, app->profiles };
	cleanup(buf_release) struct buf der = BUF_INIT(app->settings->server.max_body_bytes);
	cleanup(csr_freep) struct csr *csr = NULL;
	size_t max_sans = 0;

	if (issue_admit(&context, asked, &max_sans, err) < 0 ||
	    csr_body_decode(body, &der, err) < 0 ||
	    csr_parse(buf_bytes(&der), max_sans, &csr, err) < 0)
		return -1;
	return issue_certificate(&context, asked, csr, leaf, err);
}
