/* certwright serve: answers FastCGI requests, as a master with workers or as a single process. */
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdio.h>
#include <sys/resource.h>
#include <unistd.h>

#include "api/app.h"
#include "base/counter.h"
#include "base/log.h"
#include "base/settings.h"
#include "cmd/cmd.h"
#include "cmd/jobs.h"
#include "cmd/options.h"
#include "http/pool.h"

#ifndef PACKAGE_VERSION
#define PACKAGE_VERSION "unknown"
#endif

static void *
start(const struct settings *settings)
{
	return app_new(settings);
}

static void
handle(void *state, struct request *request, struct response *response)
{
	app_handle(state, request, response);
}

static unsigned
wishes(void *state)
{
	return app_wishes(state);
}

static void
stop(void *state)
{
	app_free(state);
}

/* A database that is away is no reason not to start: requests get 503 until it is back. */
static int
check(const struct settings *settings)
{
	struct error err = { .code = ERR_NONE };
	bool is_db_down = false;

	if (app_check(settings, &is_db_down, &err) < 0) {
		log_event(LOG_LEVEL_ERROR, "check_failed", log_text("reason", err.text));
		return cmd_fail("serve", &err);
	}
	if (is_db_down)
		log_event(LOG_LEVEL_WARNING, "database_down",
		    log_text("reason", "starting all the same; requests get 503 until it is back"));
	return CMD_OK;
}

/* mod_fcgid and others start programs without them; no file of ours may become descriptor 1. */
static int
open_standard_descriptors(struct error *err)
{
	for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++)
		if (fcntl(fd, F_GETFD) < 0 && open("/dev/null", O_RDWR) != fd)
			return error_set(err, ERR_INTERNAL, "cannot open /dev/null");
	return 0;
}

/* A core file would hold CA keys and tokens. */
static int
forbid_core_files(struct error *err)
{
	const struct rlimit none = { .rlim_cur = 0, .rlim_max = 0 };

	if (setrlimit(RLIMIT_CORE, &none) < 0)
		return error_set(err, ERR_INTERNAL, "core files cannot be switched off");
	return 0;
}

static void
log_start(const struct settings *settings, int fd, bool is_single)
{
	const char *no_renewal = settings_why_no_renewal(settings);

	log_event(LOG_LEVEL_INFO, "start", log_text("version", PACKAGE_VERSION),
	    log_number("workers", is_single ? 1 : settings->server.workers),
	    log_text("socket", fd == STDIN_FILENO ? "descriptor 0" : settings->server.listen));
	if (!settings->db_csr.enabled)
		log_event(LOG_LEVEL_WARNING, "setting",
		    log_text(
			"reason", "DbCSRValidation:Enabled is off: /api/csr and EST answer 404"));
	if (no_renewal != NULL)
		log_event(LOG_LEVEL_WARNING, "setting", log_text("reason", no_renewal));
	if (settings->server.allow_plain_http)
		log_event(LOG_LEVEL_WARNING, "setting",
		    log_text("reason",
			"AllowPlainHttp is on: tokens may cross the network in the clear"));
}

static int
prepare(const char *config, struct settings **settings, struct error *err)
{
	if (open_standard_descriptors(err) < 0 || forbid_core_files(err) < 0 ||
	    settings_load(config, settings, err) < 0)
		return -1;
	return log_open((*settings)->log.target, (*settings)->log.level, err);
}

/* Without counters all else goes on. */
static void
begin_to_count(const struct settings *settings, bool is_single)
{
	struct error err = { .code = ERR_NONE };

	if ((is_single ? counter_share_file(settings->server.state_dir, &err)
		       : counter_share(&err)) < 0)
		log_event(LOG_LEVEL_WARNING, "counters_off", log_text("reason", err.text));
	if (is_single)
		counter_use_worker_slot((size_t)getpid());
}

static int
serve(const char *config, bool is_single)
{
	static const struct pool_worker worker = { start, handle, wishes, stop };
	struct pool_options options = {
		.config_path = config,
		.worker = &worker,
		.check = check,
		.maintain = jobs_run_due,
		.urgent = JOB_WISH_PUBLISH,
		.anybodys = JOB_WISH_READER,
		.listen_fd = -1,
	};
	cleanup(settings_freep) struct settings *settings = NULL;
	struct error err = { .code = ERR_NONE };
	int status;

	if (prepare(config, &settings, &err) < 0)
		return cmd_fail("serve", &err);
	if (is_single)
		(void)pool_inherit(&options.listen_fd, &err);
	else
		(void)pool_listen(settings, &options.listen_fd, &err);
	if (options.listen_fd < 0)
		return cmd_fail("serve", &err);
	log_start(settings, options.listen_fd, is_single);
	begin_to_count(settings, is_single);
	status = is_single ? pool_run_single(&options, take(settings))
			   : pool_run(&options, take(settings));
	log_event(LOG_LEVEL_INFO, "stop", log_number("exit", status));
	return status;
}

int
cmd_serve(int argc, char **argv)
{
	bool is_single = false;
	const struct option_spec specs[] = {
		{ .name = "single",
		    .help = "one process without a master, for mod_fcgid",
		    .kind = OPTION_FLAG,
		    .target = &is_single },
		{ .name = NULL },
	};
	const struct option_set set = {
		.usage = "serve [options]",
		.about =
		    "Answers FastCGI requests on file descriptor 0 when that is a listening Unix\n"
		    "socket, else on the socket of [Server] Listen.",
		.specs = specs,
	};
	struct options options;
	enum options_result result = options_parse(&set, argc, argv, &options);

	if (result != OPTIONS_GO)
		return options_status(result);
	return serve(options.config, is_single);
}
