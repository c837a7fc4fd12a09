/* The codec of EST (RFC 7030). */
#include "api/enrollment/est.h"

#include "api/access/auth.h"
#include "api/access/client_cert.h"
#include "api/context.h"
#include "api/access/cross_site.h"
#include "api/enrollment/enrollment.h"
#include "api/enrollment/est_answer.h"
#include "enroll/profiles/profile_cache.h"
#include "enroll/profiles/profile_rules.h"

/* "" because SCEPman's C# client sends none. */
static const char *const pkcs10_types[] = { "application/pkcs10", "application/octet-stream", "",
	NULL };

static const char *
label_of(const struct params *params)
{
	const char *label = params_get(params, "label");

	return label[0] != '\0' ? label : NULL;
}

/* Unknown, disabled and archived ones look alike, and those that are not for EST. */
static bool
is_open(const struct ra_profile *profile)
{
	return profile->enabled && !profile->archived && rule_list_has(profile->protocols, "est");
}

static int
refuse_profile(struct error *err)
{
	error_clear(err);
	return error_set(err, ERR_NOT_FOUND, PROFILE_CLOSED);
}

/* What the routes that need no credential are asked about. */
static int
find_profile(
    struct app *app, const struct params *params, struct profile_use *out, struct error *err)
{
	const struct profile_choice choice = { .name = label_of(params) };

	if (choice.name != NULL && profile_rules_check_name(choice.name, err) < 0)
		return refuse_profile(err);
	if (profile_cache_get(app->profiles, &choice, out, err) < 0)
		return error_is(err, ERR_PROFILE) ? refuse_profile(err) : -1;
	return is_open(out->profile) ? 0 : refuse_profile(err);
}

int
est_get_cacerts(struct app *app, struct request *request, const struct params *params,
    struct response *response, struct error *err)
{
	struct profile_use use = { .profile = NULL };

	(void)request;
	if (enrollment_check_enabled(app, err) < 0 || find_profile(app, params, &use, err) < 0)
		return -1;
	return est_answer_cacerts(app, &use.issuer->generation, response, err);
}

int
est_get_csrattrs(struct app *app, struct request *request, const struct params *params,
    struct response *response, struct error *err)
{
	struct profile_use use = { .profile = NULL };

	(void)request;
	if (enrollment_check_enabled(app, err) < 0 || find_profile(app, params, &use, err) < 0)
		return -1;
	return est_answer_csrattrs(app->settings, use.profile, response, err);
}

static int
authenticate_by_certificate(struct app *app, const struct request *request,
    const struct text_list *accepted, struct error *err)
{
	if (client_cert_authenticate(app, request, accepted, err) < 0)
		return -1;
	return cross_site_check(app->settings, request, pkcs10_types, err);
}

static int
issue(struct app *app, const struct request *request, const struct issue_request *asked,
    struct response *response, struct error *err)
{
	cleanup(buf_release) struct buf leaf = BUF_INIT(ISSUE_MAX_DER);

	if (enrollment_issue(app, asked, buf_bytes(&request->body), &leaf, err) < 0)
		return -1;
	return est_answer_leaf(buf_bytes(&leaf), response, err);
}

int
est_post_simpleenroll(struct app *app, struct request *request, const struct params *params,
    struct response *response, struct error *err)
{
	bool by_token = auth_has_bearer(request) || !client_cert_is_there(request);
	struct issue_request asked;

	if (enrollment_check_enabled(app, err) < 0 ||
	    (by_token ? auth_bearer(app, request, response, err)
		      : authenticate_by_certificate(app, request, NULL, err)) < 0)
		return -1;
	asked = enrollment_request(app, request, "est");
	asked.label = label_of(params);
	return issue(app, request, &asked, response, err);
}

int
est_post_simplereenroll(struct app *app, struct request *request, const struct params *params,
    struct response *response, struct error *err)
{
	const struct text_list *accepted = &app->settings->server.accept_verify_results;
	struct issue_request asked;

	if (enrollment_check_enabled(app, err) < 0 ||
	    authenticate_by_certificate(app, request, accepted, err) < 0)
		return -1;
	asked = enrollment_request(app, request, "est");
	asked.kind = POLICY_RENEW;
	asked.label = label_of(params);
	return issue(app, request, &asked, response, err);
}

int
est_post_fullcmc(struct app *app, struct request *request, const struct params *params,
    struct response *response, struct error *err)
{
	(void)app;
	(void)request;
	(void)params;
	(void)response;
	return error_set(err, ERR_NOT_BUILT, "EST's fullcmc is not built");
}

int
est_post_serverkeygen(struct app *app, struct request *request, const struct params *params,
    struct response *response, struct error *err)
{
	(void)app;
	(void)request;
	(void)params;
	(void)response;
	return error_set(err, ERR_NOT_BUILT, "EST's serverkeygen is not built");
}
