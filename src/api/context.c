/* What one worker holds: made empty, filled at first use. */
#include "api/context.h"

#include <stdlib.h>

static void
destroy(struct app *app)
{
	client_certificate_free(app->client);
	ocsp_signers_free(app->ocsp_signers);
	ocsp_reuse_free(app->ocsp_reuse);
	profile_cache_free(app->profiles);
	identity_keys_free(app->identity_keys);
	keyring_free(app->keyring);
	db_free(app->db);
	free(app);
}

void
app_free(struct app *app)
{
	if (app != NULL)
		destroy(app);
}

/* A worker starts with a keyring that it cannot read as well: what needs it then says why. */
static int
open_keyring(struct app *app)
{
	const char *path = app->settings->keys.keyring_file;
	struct error err = { .code = ERR_NONE };

	if (path[0] == '\0' || keyring_open(path, &app->keyring, &err) == 0)
		return 0;
	app->keyring = keyring_unusable(err.text);
	return app->keyring != NULL ? 0 : -1;
}

static int
make_ocsp(struct app *app)
{
	app->ocsp_signers = ocsp_signers_new(app->settings, app->db, app->keyring);
	app->ocsp_reuse = ocsp_reuse_new();
	return app->ocsp_signers != NULL && app->ocsp_reuse != NULL ? 0 : -1;
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
	if (app->db == NULL || app->profiles == NULL || app->identity_keys == NULL ||
	    open_keyring(app) < 0 || make_ocsp(app) < 0) {
		destroy(app);
		return NULL;
	}
	return app;
}
