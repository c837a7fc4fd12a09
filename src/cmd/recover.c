/* certwright recover: takes back what an older dump of the database lacks. */
#include "enroll/journal/recover.h"

#include <inttypes.h>
#include <stdio.h>

#include "cmd/cmd.h"
#include "cmd/options.h"
#include "cmd/records.h"
#include "enroll/journal/journal.h"

static void
tell(enum recover_word word, const char *text, void *arg)
{
	(void)arg;
	switch (word) {
	case RECOVER_DONE:
	case RECOVER_NOTE:
		(void)printf("%s\n", text);
		break;
	case RECOVER_TROUBLE:
	case RECOVER_PROGRESS:
		(void)fprintf(stderr, "certwright recover: %s\n", text);
		break;
	}
}

static void
summarize(const struct recover_request *request, const struct recover_outcome *outcome)
{
	const char *done = request->is_dry_run ? "To take back, at most" : "Taken back";

	(void)printf("%s: %" PRIu64 " certificates and %" PRIu64
		     " revocations, holds and releases from journals;\n"
		     "%" PRIu64 " revocations, %" PRIu64 " holds, %" PRIu64 " releases and %" PRIu64
		     " bare serial numbers from CRLs; %" PRIu64 " CRL numbers raised.\n",
	    done, outcome->certificates, outcome->events, outcome->revoked, outcome->held,
	    outcome->released, outcome->serials, outcome->numbers);
	if (outcome->torn > 0)
		(void)printf("%" PRIu64 " lines without an end were skipped.\n", outcome->torn);
	if (outcome->troubles > 0)
		(void)printf(
		    "%" PRIu64 " things could not be taken back, see above.\n", outcome->troubles);
	else
		(void)printf("Nothing was refused.\n");
}

/* What it changes of its own accord goes into the journal as well: better no start than half. */
static int
recover(const char *config, struct recover_request *request, bool *has_trouble, struct error *err)
{
	cleanup(records_release) struct records records = { .settings = NULL };
	struct recover_outcome outcome;

	if (records_open(config, &records, err) < 0 ||
	    (!request->is_dry_run && journal_check(records.settings, err) < 0))
		return -1;
	request->db = records.db;
	request->settings = records.settings;
	request->actor = records.actor;
	if (recover_run(request, &outcome, err) < 0)
		return -1;
	summarize(request, &outcome);
	*has_trouble = outcome.troubles > 0;
	return fflush(stdout) == 0 ? 0 : error_set(err, ERR_INTERNAL, "cannot write the report");
}

int
cmd_recover(int argc, char **argv)
{
	struct option_list journals = { .count = 0 }, crls = { .count = 0 };
	struct recover_request request = { .tell = tell };
	const struct option_spec specs[] = {
		{ "journal", "FILE",
		    "issuance journal, any number of times; [Server] IssuedLog\n"
		    "unless given",
		    OPTION_LIST, &journals },
		{ "crl", "FILE",
		    "published CRL beside those in [CRL] Directory, DER or PEM,\n"
		    "any number of times",
		    OPTION_LIST, &crls },
		{ "dry-run", NULL, "tell what would be done", OPTION_FLAG, &request.is_dry_run },
		{ NULL, NULL, NULL, OPTION_FLAG, NULL },
	};
	const struct option_set set = {
		.usage = "recover [options]",
		.about =
		    "After an older dump of the database was restored: takes back certificates\n"
		    "and revocations from issuance journals and published CRLs, and sees to it\n"
		    "that no CRL number is used twice. It only adds what is missing, so it may\n"
		    "be run again. Ends with 1 when something was refused.",
		.specs = specs,
	};
	struct options options;
	struct error err = { 0 };
	bool has_trouble = false;
	enum options_result result = options_parse(&set, argc, argv, &options);

	if (result != OPTIONS_GO)
		return options_status(result);
	request.journals = journals.items;
	request.journal_count = journals.count;
	request.crls = crls.items;
	request.crl_count = crls.count;
	if (recover(options.config, &request, &has_trouble, &err) < 0)
		return cmd_fail("recover", &err);
	return has_trouble ? CMD_REFUSED : CMD_OK;
}
