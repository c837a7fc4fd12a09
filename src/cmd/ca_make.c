/* certwright ca init, renew and rekey: new generations of CAs. */
#include <stdio.h>

#include "cmd/ca.h"
#include "cmd/ca_report.h"
#include "cmd/files.h"
#include "cmd/options.h"
#include "cmd/records.h"
#include "crypto/cert.h"

#define KEY_TYPES "rsa2048, rsa3072, rsa4096, p256, p384 or ed25519"

enum { DAYS_MAX = 36500, PATH_LEN_MAX = 16 };

/* The options of all three; each action shows those that it has. */
struct wish {
	struct authority_plan plan; /* but for what is read from the texts below */
	const char *days;
	const char *path_len;
	const char *csr;
	bool scep_direct;
};

typedef int use_case(const struct authority_context *context, const struct authority_plan *plan,
    struct authority_outcome *out, struct error *err);

static int
read_plan(const struct wish *wish, struct authority_plan *plan, struct error *err)
{
	long days = 3650, path_len = 0;

	if (options_number("days", wish->days, (struct option_range){ 1, DAYS_MAX }, &days, err) <
		0 ||
	    options_number("path-len", wish->path_len, (struct option_range){ 0, PATH_LEN_MAX },
		&path_len, err) < 0)
		return -1;
	*plan = wish->plan;
	plan->key.usages = wish->scep_direct ? "ca,scep" : "ca";
	plan->days = (unsigned)days;
	plan->path_len = (int)path_len;
	plan->outer = wish->csr != NULL;
	return 0;
}

/* The request is on record by now, so nothing is lost when the file cannot be written. */
static int
write_request(const char *path, const struct generation *generation, struct error *err)
{
	cleanup(buf_release) struct buf pem = BUF_INIT(65536);

	pem_encode("CERTIFICATE REQUEST", buf_bytes(&generation->csr), &pem);
	if (buf_failed(&pem))
		return error_set(err, ERR_INTERNAL, "out of memory");
	if (files_write(path, buf_bytes(&pem), err) < 0)
		return error_prefix(err,
		    "%s was made (certwright ca export %s --csr prints its request), but",
		    generation->label, generation->label);
	(void)printf("Its request is in %s. Install the outer CA's answer with certwright ca "
		     "import.\n",
	    path);
	return 0;
}

static int
make(const struct options *options, const struct wish *wish, use_case *run, struct error *err)
{
	cleanup(records_release) struct records records = { .settings = NULL };
	cleanup(authority_outcome_release) struct authority_outcome outcome = { .former = "" };
	struct authority_context context;
	struct authority_plan plan;

	if (read_plan(wish, &plan, err) < 0 || records_open(options->config, &records, err) < 0)
		return -1;
	if (options->count > 0)
		plan.name = options->arguments[0];
	context = records_context(&records);
	if (run(&context, &plan, &outcome, err) < 0)
		return -1;
	ca_report(&outcome);
	return wish->csr != NULL ? write_request(wish->csr, &outcome.generation, err) : 0;
}

static int
init(const struct options *options, const void *arg, struct error *err)
{
	const struct wish *wish = arg;

	if (wish->plan.name == NULL || (wish->plan.key.type == NULL && !wish->plan.key.existing))
		return options_fail("ca init", "--name and --key are needed");
	return make(options, wish, authority_create, err);
}

int
ca_init(int argc, char **argv)
{
	struct wish wish = { .csr = NULL };
	const struct option_spec specs[] = {
		{ "name", "NAME", "lower-case letters, digits and '-' (needed)", OPTION_TEXT,
		    &wish.plan.name },
		{ "key", "TYPE", KEY_TYPES " (needed)", OPTION_TEXT, &wish.plan.key.type },
		{ "key-file", "PATH", "where the key goes, not StateDir/keys/NAME-1.key",
		    OPTION_TEXT, &wish.plan.key.file },
		KEY_PLACE_SPECS(wish.plan.key),
		{ "subject", "DN", "such as \"CN=Example CA,O=Example\"; CN=NAME", OPTION_TEXT,
		    &wish.plan.subject },
		{ "days", "N", "validity, 1 to 36500; 3650", OPTION_TEXT, &wish.days },
		{ "path-len", "N",
		    "CA certificates that may follow below; 0 (GnuTLS needs 1 to "
		    "follow cross-certificates)",
		    OPTION_TEXT, &wish.path_len },
		{ "csr", "FILE", "write a request for an outer CA, do not sign", OPTION_TEXT,
		    &wish.csr },
		{ "scep-direct", NULL,
		    "let SCEP use the CA's own key (better: certwright ra create)", OPTION_FLAG,
		    &wish.scep_direct },
		{ NULL, NULL, NULL, OPTION_FLAG, NULL },
	};
	const struct option_set set = {
		.usage = "ca init [options]",
		.about = "Makes a CA: its key, its certificate (or a request for an outer CA) and, "
			 "if there is\nno RA profile \"default\", that one.",
		.specs = specs,
		.run = init,
		.wish = &wish,
	};

	return options_run(&set, argc, argv);
}

static int
renew(const struct options *options, const void *wish, struct error *err)
{
	return make(options, wish, authority_renew, err);
}

int
ca_renew(int argc, char **argv)
{
	struct wish wish = { .csr = NULL };
	const struct option_spec specs[] = {
		{ "days", "N", "validity, 1 to 36500; 3650", OPTION_TEXT, &wish.days },
		{ "csr", "FILE", "write a request for an outer CA, do not sign", OPTION_TEXT,
		    &wish.csr },
		{ NULL, NULL, NULL, OPTION_FLAG, NULL },
	};
	const struct option_set set = {
		.usage = "ca renew [options] NAME",
		.about =
		    "Makes a new certificate of the CA's present key and subject. It is active "
		    "at once and\nthe former one is retired, unless an outer CA is to sign it.",
		.specs = specs,
		.min_arguments = 1,
		.max_arguments = 1,
		.run = renew,
		.wish = &wish,
	};

	return options_run(&set, argc, argv);
}

static int
rekey(const struct options *options, const void *arg, struct error *err)
{
	const struct wish *wish = arg;

	if (wish->plan.activate && wish->csr != NULL)
		return options_fail("ca rekey", "--activate and --csr exclude each other");
	return make(options, wish, authority_rekey, err);
}

int
ca_rekey(int argc, char **argv)
{
	struct wish wish = { .csr = NULL };
	const struct option_spec specs[] = {
		{ "key", "TYPE", KEY_TYPES "; that of the present key", OPTION_TEXT,
		    &wish.plan.key.type },
		{ "key-file", "PATH", "where the key goes, not StateDir/keys/NAME-N.key",
		    OPTION_TEXT, &wish.plan.key.file },
		KEY_PLACE_SPECS(wish.plan.key),
		{ "days", "N", "validity, 1 to 36500; 3650", OPTION_TEXT, &wish.days },
		{ "csr", "FILE", "write a request for an outer CA, do not sign", OPTION_TEXT,
		    &wish.csr },
		{ "activate", NULL, "issue with it at once", OPTION_FLAG, &wish.plan.activate },
		{ NULL, NULL, NULL, OPTION_FLAG, NULL },
	};
	const struct option_set set = {
		.usage = "ca rekey [options] NAME",
		.about = "Makes a new key and certificate of the same subject, and a "
			 "cross-certificate in each\ndirection. It is pending until certwright ca "
			 "activate, so that it can be spread first.",
		.specs = specs,
		.min_arguments = 1,
		.max_arguments = 1,
		.run = rekey,
		.wish = &wish,
	};

	return options_run(&set, argc, argv);
}
