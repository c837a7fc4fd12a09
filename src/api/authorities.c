/* CA certificates for whoever builds a chain. */
#include "api/authorities.h"

#include "api/context.h"

static int
answer(struct bytes certificate, struct response *response, struct error *err)
{
	cleanup(buf_release) struct buf body = BUF_INIT(RESPONSE_MAX_BODY);

	if (certificate.len == 0)
		return error_set(err, ERR_NOT_FOUND, "this CA generation has no certificate yet");
	buf_add(&body, certificate);
	response_take(response, 200, "application/pkix-cert", &body);
	return 0;
}

int
authorities_get_ca(struct app *app, struct request *request, const struct params *params,
    struct response *response, struct error *err)
{
	const struct ra_profile *profile = NULL;
	struct issuer *issuer = NULL;

	(void)request;
	(void)params;
	if (profile_cache_get(app->profiles, app->db, &profile, &issuer, err) < 0)
		return -1;
	return answer(buf_bytes(&issuer->generation.certificate), response, err);
}

int
authorities_get_generation(struct app *app, struct request *request, const struct params *params,
    struct response *response, struct error *err)
{
	cleanup(generation_release) struct generation generation = { 0 };

	(void)request;
	if (generations_find(app->db, params_get(params, "generation"), &generation, err) < 0) {
		if (!error_is(err, ERR_NOT_FOUND))
			return -1;
		error_clear(err);
		return error_set(err, ERR_NOT_FOUND, "there is no such CA generation");
	}
	return answer(buf_bytes(&generation.certificate), response, err);
}
