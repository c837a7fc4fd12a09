/* What the handlers of SCEP profiles hand to the use cases. */
#include "api/management/scep_profiles_context.h"

#include "api/access/access.h"
#include "base/clock.h"

void
scep_profiles_context_init(
    struct scep_profiles_context *out, struct app *app, const struct request *request)
{
	int64_t now = clock_now();

	out->actor = access_actor(app, request);
	out->change = (struct scep_profile_context){
		.db = app->db,
		.keyring = app->keyring,
		.actor = &out->actor,
		.now = now,
	};
	out->view = (struct scep_profile_view){
		.db = app->db,
		.base_url = app->settings->server.base_url,
		.now = now,
	};
}
