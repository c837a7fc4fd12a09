#ifndef API_APP_H
#define API_APP_H

#include "base/cleanup.h"
#include "base/settings.h"
#include "http/request.h"
#include "http/response.h"

/* The application's state in one worker: settings, database connection, keys, caches. */
struct app;

void app_free(struct app *app);
DEFINE_CLEANUP(struct app *, app_free)

/* Reads the keyring; database, CA keys and identity keys are fetched at first use. */
struct app *app_new(const struct settings *settings) OWNED(app_free);

/* Answers one request, whatever it is; logs one line for it. */
void app_handle(struct app *app, struct request *request, struct response *response);

/* What it wants of the maintain child since the last call, of enum job_wish; 0: nothing. */
unsigned app_wishes(struct app *app);

/*
 * For start-up: the keyring, schema, RA profile choice, CA keys against their rows, sealed values
 * against the keyring. A database that is away is no error (*db_down is set). ERR_CONFIG or
 * ERR_CA_KEY are fatal.
 */
int app_check(const struct settings *settings, bool *db_down, struct error *err);

#endif
