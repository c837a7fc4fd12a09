/* CA certificates for whoever builds a chain. */
#include "api/management/authorities.h"

#include "api/context.h"

static const char pkix_cert[] = "application/pkix-cert";

static int
answer(struct bytes certificate, const char *content_type, struct response *response,
    struct error *err)
{
	cleanup(buf_release) struct buf body = BUF_INIT(RESPONSE_MAX_BODY);

	if (certificate.len == 0)
		return error_set(err, ERR_NOT_FOUND, "this CA generation has no certificate yet");
	buf_add(&body, certificate);
	response_take(response, 200, content_type, &body);
	return 0;
}

int
authorities_answer_issuer(
    struct app *app, const char *content_type, struct response *response, struct error *err)
{
	const struct profile_choice by_default = { .name = NULL };
	struct profile_use use = { .profile = NULL };

	if (profile_cache_get(app->profiles, &by_default, &use, err) < 0)
		return -1;
	return answer(buf_bytes(&use.issuer->generation.certificate), content_type, response, err);
}

int
authorities_get_ca(struct app *app, struct request *request, const struct params *params,
    struct response *response, struct error *err)
{
	(void)request;
	(void)params;
	return authorities_answer_issuer(app, pkix_cert, response, err);
}

int
authorities_get_generation(struct app *app, struct request *request, const struct params *params,
    struct response *response, struct error *err)
{
	cleanup(generation_release) struct generation generation = { 0 };

	(void)request;
	if (generations_find(app->db, params_get(params, "generation"), &generation, err) < 0)
		return error_replace(
		    err, ERR_NOT_FOUND, ERR_NOT_FOUND, "there is no such CA generation");
	return answer(buf_bytes(&generation.certificate), pkix_cert, response, err);
}
