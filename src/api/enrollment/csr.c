/* The codec of POST /api/csr. */
#include "api/enrollment/csr.h"

#include "api/access/auth.h"
#include "api/context.h"
#include "api/enrollment/enrollment.h"

int
csr_post(struct app *app, struct request *request, const struct params *params,
    struct response *response, struct error *err)
{
	cleanup(buf_release) struct buf leaf = BUF_INIT(ISSUE_MAX_DER);
	struct issue_request asked;

	(void)params;
	if (enrollment_check_enabled(app, err) < 0 || auth_bearer(app, request, response, err) < 0)
		return -1;
	asked = enrollment_request(app, request, "rest");
	if (enrollment_issue(app, &asked, buf_bytes(&request->body), &leaf, err) < 0)
		return -1;
	response_take(response, 200, "application/pkix-cert", &leaf);
	return 0;
}
