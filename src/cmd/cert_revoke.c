/* certwright cert revoke. */
#include <stdio.h>

#include "base/enc.h"
#include "cmd/cert.h"
#include "cmd/cmd.h"
#include "cmd/files.h"
#include "cmd/jobs.h"
#include "cmd/options.h"
#include "cmd/records.h"
#include "enroll/status/revoke.h"
#include "store/certificates.h"

/* The options as they were given. */
struct wish {
	const char *reason;
	const char *comment;
	bool hold;
	bool release;
	bool lineage;
};

/* Whoever revokes one certificate should know that there are others; it is done all the same. */
static void
print_others(struct db *db, const struct certificate_row *row)
{
	struct error ignored = { .code = ERR_NONE };
	int64_t count = 0;

	if (certificates_count_lineage_since(db, &row->lineage, 0, &count, &ignored) == 0 &&
	    count > 1)
		(void)printf("Its lineage has %lld certificates; --lineage is for all of them.\n",
		    (long long)count);
}

static void
report(const struct certificate_row *row, const struct wish *wish,
    const struct revoke_outcome *outcome)
{
	cleanup(buf_release) struct buf serial = BUF_INIT(2 * CERTIFICATE_ROW_SERIAL_MAX + 1);
	const char *done = wish->hold ? "put on hold" : wish->release ? "released" : "revoked";

	hex_encode_upper(bytes_of(row->serial, row->serial_len), &serial);
	if (wish->lineage)
		(void)printf("%zu of the %zu certificates of its lineage were %s.\n",
		    outcome->changed, outcome->changed + outcome->unchanged, done);
	else
		(void)printf("Certificate %s was %s.\n", buf_text(&serial), done);
}

/* What fails here is in the log, and done by the service's next look. */
static void
publish(const struct settings *settings)
{
	const struct pool_maintain why = { .wishes = JOB_WISH_PUBLISH };
	int status = settings->crl.publish_on_revocation ? jobs_run_due(settings, &why) : CMD_OK;

	if (status == POOL_MAINTAIN_AGAIN)
		(void)fputs("certwright cert: another process publishes CRLs just now; this is in"
			    " one that follows, at the service's next look\n",
		    stderr);
	else if (status != CMD_OK)
		(void)fputs(
		    "certwright cert: the CRL could not be published now, see the log\n", stderr);
}

static int
revoke(const struct options *options, const void *arg, struct error *err)
{
	cleanup(records_release) struct records records = { .settings = NULL };
	cleanup(certificate_row_freep) struct certificate_row *row = NULL;
	struct revoke_outcome outcome = { .changed = 0 };
	const struct wish *wish = arg;
	struct revoke_request request = {
		.action = wish->hold      ? REVOCATION_HOLD
			  : wish->release ? REVOCATION_RELEASE
					  : REVOCATION_REVOKE,
		.reason = revoke_reason_number(wish->reason != NULL ? wish->reason : "unspecified"),
		.whole_lineage = wish->lineage,
		.actor = records.actor,
		.remote_address = "",
		.comment = wish->comment,
	};

	if (wish->hold + wish->release + (wish->reason != NULL) > 1)
		return options_fail(
		    "cert revoke", "--reason, --hold and --release exclude each other");
	if (request.reason < 0)
		return error_set(
		    err, ERR_CONFIG, "there is no reason \"%.32s\"; see --help", wish->reason);
	if (records_open(options->config, &records, err) < 0 ||
	    cert_find(records.db, options->arguments[0], &row, err) < 0 ||
	    revoke_certificate(records.db, &row->id, &request, &outcome, err) < 0)
		return -1;
	report(row, wish, &outcome);
	if (!wish->lineage)
		print_others(records.db, row);
	publish(records.settings);
	return files_flush(err);
}

int
cert_revoke(int argc, char **argv)
{
	struct wish wish = { .reason = NULL };
	const struct option_spec specs[] = {
		{ "reason", "NAME",
		    "unspecified (unless given), keyCompromise, cACompromise,\n"
		    "affiliationChanged, superseded, cessationOfOperation,\n"
		    "privilegeWithdrawn or aACompromise",
		    OPTION_TEXT, &wish.reason },
		{ "hold", NULL, "put it on hold, which can be undone", OPTION_FLAG, &wish.hold },
		{ "release", NULL, "release it from a hold", OPTION_FLAG, &wish.release },
		{ "lineage", NULL, "all that it was renewed from and to, too", OPTION_FLAG,
		    &wish.lineage },
		{ "comment", "TEXT", "kept with the event", OPTION_TEXT, &wish.comment },
		{ NULL, NULL, NULL, OPTION_FLAG, NULL },
	};
	const struct option_set set = {
		.usage = "cert revoke [options] SERIAL|FINGERPRINT|ID",
		.about =
		    "Revokes a certificate for good. With keyCompromise neither its key nor any\n"
		    "certificate of its lineage is ever renewed.",
		.specs = specs,
		.min_arguments = 1,
		.max_arguments = 1,
		.run = revoke,
		.wish = &wish,
	};

	return options_run(&set, argc, argv);
}
