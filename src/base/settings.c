/* The settings: gathered by the table, then held to the rules between them. */
#define _GNU_SOURCE
#include "base/settings.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/config_apply.h"
#include "base/settings_table.h"

static const char PREFIX[] = "AppConfig";
static const char DEFAULT_SOCKET[] = "/run/mysqld/mysqld.sock";

static struct settings *
settings_new(void)
{
	return calloc(1, sizeof(struct settings));
}

void
settings_free(struct settings *settings)
{
	if (settings == NULL)
		return;
	config_apply_release(settings_table_keys, settings_table_count, settings);
	free(settings);
}

/* The default of Socket hangs on Hosts, which no row of the table can say. */
static int
settle_database(const struct config *config, struct settings *settings, struct error *err)
{
	bool has_socket = settings->database.socket[0] != '\0';

	if (has_socket && settings->database.hosts.count > 0)
		return config_fault(config, config_find(config, "Database", "Socket"), err,
		    "expected either Socket or Hosts, not both");
	if (has_socket || settings->database.hosts.count > 0)
		return 0;
	return text_set(&settings->database.socket, bytes_text(DEFAULT_SOCKET), err);
}

/*
 * A request waits for a connection to each server in turn and then for an answer. That must end
 * before the watchdog takes the worker for stuck.
 */
static int
check_waits(const struct config *config, const struct settings *settings, struct error *err)
{
	uint32_t limit = settings->server.request_timeout_s;
	uint32_t connect = settings->database.connect_timeout_s;
	uint32_t read = settings->database.read_timeout_s;
	size_t hosts = settings->database.hosts.count > 0 ? settings->database.hosts.count : 1;

	if (connect * hosts + read < limit)
		return 0;
	return config_fault(config, config_find(config, "Server", "RequestTimeoutSeconds"), err,
	    "expected more than [Database] ConnectTimeoutSeconds (%u) for each of %zu servers plus "
	    "ReadTimeoutSeconds (%u), not %u",
	    connect, hosts, read, limit);
}

/* Timeouts nest, or the watchdog ends a worker that is only waiting for its database. */
static int
check_timeouts(const struct config *config, const struct settings *settings, struct error *err)
{
	const struct {
		const char *name;
		uint32_t seconds;
	} rows[] = { { "ConnectTimeoutSeconds", settings->database.connect_timeout_s },
		{ "ReadTimeoutSeconds", settings->database.read_timeout_s },
		{ "WriteTimeoutSeconds", settings->database.write_timeout_s } };

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		const struct config_key *key = config_find(config, "Database", rows[i].name);

		/* Where only RequestTimeoutSeconds was given, that is the line to look at. */
		if (rows[i].seconds <= settings->server.request_timeout_s)
			continue;
		if (config_value(config, key) == NULL)
			return config_fault(config,
			    config_find(config, "Server", "RequestTimeoutSeconds"), err,
			    "expected at least the %u of [Database] %s, not %u", rows[i].seconds,
			    rows[i].name, settings->server.request_timeout_s);
		return config_fault(config, key, err,
		    "expected at most the %u of [Server] RequestTimeoutSeconds, not %u",
		    settings->server.request_timeout_s, rows[i].seconds);
	}
	return check_waits(config, settings, err);
}

/* Without a tenant and an application no token could ever be accepted. */
static int
check_identity(const struct config *config, const struct settings *settings, struct error *err)
{
	if (!settings->db_csr.enabled)
		return 0;
	if (settings->auth.tenant_ids.count == 0)
		return config_fault(config, config_find(config, "AuthConfig", "TenantId"), err,
		    "not set, expected GUIDs of tenants since [DbCSRValidation] Enabled is true");
	if (settings->auth.application_id[0] == '\0')
		return config_fault(config, config_find(config, "AuthConfig", "ApplicationId"), err,
		    "not set, expected a GUID since [DbCSRValidation] Enabled is true");
	return 0;
}

static int
gather(const char *path, struct config **out, struct error *err)
{
	cleanup(config_freep) struct config *config =
	    config_new(path, settings_table_keys, settings_table_count);

	if (config == NULL)
		return error_set(err, ERR_INTERNAL, "no memory for the settings");
	if (config_read(config, path, err) < 0 ||
	    config_environment(config, PREFIX, environ, err) < 0)
		return -1;
	*out = take(config);
	return 0;
}

static int
settle(const struct config *config, struct settings **out, struct error *err)
{
	cleanup(settings_freep) struct settings *settings = settings_new();

	if (settings == NULL) {
		(void)error_set(err, ERR_INTERNAL, "no memory for the settings");
		return -1;
	}
	if (config_apply(config, settings, err) < 0 || settle_database(config, settings, err) < 0 ||
	    check_timeouts(config, settings, err) < 0 || check_identity(config, settings, err) < 0)
		return -1;
	*out = take(settings);
	return 0;
}

int
settings_load(const char *path, struct settings **out, struct error *err)
{
	cleanup(config_freep) struct config *config = NULL;

	if (gather(path, &config, err) < 0)
		return -1;
	return settle(config, out, err);
}

const char *
settings_why_no_renewal(const struct settings *settings)
{
	if (!settings->db_csr.allow_renewals || settings->db_csr.reenrollment_types.count > 0)
		return NULL;
	return "[DbCSRValidation] AllowRenewals is on, but ReenrollmentAllowedCertificateTypes "
	       "is empty: nothing can be renewed";
}

static void
print_notes(const struct settings *settings, FILE *to)
{
	const char *no_renewal = settings_why_no_renewal(settings);

	if (no_renewal != NULL)
		(void)fprintf(to, "note: %s\n", no_renewal);
}

int
settings_print(const char *path, FILE *to, struct error *err)
{
	cleanup(config_freep) struct config *config = NULL;
	cleanup(settings_freep) struct settings *settings = NULL;

	if (gather(path, &config, err) < 0 || settle(config, &settings, err) < 0)
		return -1;
	config_apply_print(config, settings, to);
	print_notes(settings, to);
	config_print_ignored(config, PREFIX, environ, to);
	if (fflush(to) != 0 || ferror(to))
		return error_set(err, ERR_INTERNAL, "cannot write the settings");
	return 0;
}
