/* What one worker holds: made empty, filled at first use. */
#include "api/context.h"

#include <stdlib.h>

static void
destroy(struct app *app)
{
	client_certificate_free(app->client);
	profile_cache_free(app->profiles);
	identity_keys_free(app->identity_keys);
	db_free(app->db);
	free(app);
}

void
app_free(struct app *app)
{
	if (app != NULL)
		destroy(app);
}

struct app *
app_new(const struct settings *settings)
{
	struct app *app = calloc(1, sizeof(*app));

	if (app == NULL)
		return NULL;
	app->settings = settings;
	app->db = db_new(settings);
	app->profiles = app->db != NULL ? profile_cache_new(settings, app->db) : NULL;
	app->identity_keys = identity_keys_new(settings);
	if (app->db == NULL || app->profiles == NULL || app->identity_keys == NULL) {
		destroy(app);
		return NULL;
	}
	return app;
}
