/* certwright ca import, activate and retire. */
#include <stdio.h>

#include "cmd/ca.h"
#include "cmd/ca_report.h"
#include "cmd/files.h"
#include "cmd/options.h"
#include "cmd/records.h"
#include "enroll/authorities/authority_import.h"

enum { PEM_MAX = 512 * 1024 };

struct wish {
	const char *name;
	const char *cert;
	const char *chain;
	struct authority_key_choice key;
};

static int
run_import(const struct options *options, const void *arg, struct error *err)
{
	cleanup(records_release) struct records records = { .settings = NULL };
	cleanup(authority_outcome_release) struct authority_outcome outcome = { .former = "" };
	cleanup(buf_release) struct buf cert = BUF_INIT(PEM_MAX);
	cleanup(buf_release) struct buf chain = BUF_INIT(PEM_MAX);
	const struct wish *wish = arg;
	struct authority_import request = { .name = wish->name };
	struct authority_context context;
	bool has_key = wish->key.file != NULL || wish->key.uri != NULL;

	if (wish->name == NULL || wish->cert == NULL)
		return options_fail("ca import", "--name and --cert are needed");
	if (files_read(wish->cert, &cert, err) < 0 ||
	    (wish->chain != NULL && files_read(wish->chain, &chain, err) < 0) ||
	    records_open(options->config, &records, err) < 0)
		return -1;
	context = records_context(&records);
	request.certificate = buf_bytes(&cert);
	request.chain = buf_bytes(&chain);
	if ((has_key ? authority_import_existing(&context, &request, &wish->key, &outcome, err)
		     : authority_import_answer(&context, &request, &outcome, err)) < 0)
		return -1;
	ca_report(&outcome);
	if (has_key)
		(void)printf("Certificates are issued through an RA profile: certwright profile "
			     "create NAME --authority %s makes one.\n",
		    wish->name);
	return 0;
}

int
ca_import(int argc, char **argv)
{
	struct wish wish = { .name = NULL };
	const struct option_spec specs[] = {
		{ "name", "NAME", "of the CA (needed)", OPTION_TEXT, &wish.name },
		{ "cert", "FILE", "its certificate, PEM or DER (needed)", OPTION_TEXT, &wish.cert },
		{ "chain", "FILE", "the outer CA's certificates, PEM, issuer first", OPTION_TEXT,
		    &wish.chain },
		{ "key-file", "PATH", "key of an existing CA", OPTION_TEXT, &wish.key.file },
		{ "key-uri", "URI", "the same behind PKCS#11", OPTION_TEXT, &wish.key.uri },
		{ "passphrase-file", "PATH", "of the key file, or the PIN of the token",
		    OPTION_TEXT, &wish.key.passphrase_file },
		{ NULL, NULL, NULL, OPTION_FLAG, NULL },
	};
	const struct option_set set = {
		.usage = "ca import [options]",
		.about =
		    "With a key: takes over an existing CA as a new one here. Without: installs "
		    "the\ncertificate that an outer CA made from the request of ca init, renew "
		    "or rekey --csr.",
		.specs = specs,
		.run = run_import,
		.wish = &wish,
	};

	return options_run(&set, argc, argv);
}

static int
activate(const struct options *options, const void *wish, struct error *err)
{
	cleanup(records_release) struct records records = { .settings = NULL };
	cleanup(authority_outcome_release) struct authority_outcome outcome = { .former = "" };
	struct authority_context context;

	(void)wish;
	if (records_open(options->config, &records, err) < 0)
		return -1;
	context = records_context(&records);
	if (authority_activate(&context, options->arguments[0], &outcome, err) < 0)
		return -1;
	ca_report(&outcome);
	return 0;
}

int
ca_activate(int argc, char **argv)
{
	static const struct option_set set = {
		.usage = "ca activate LABEL",
		.about =
		    "Makes a pending generation the one that issues; the former one is retired. "
		    "Running\nservers follow within seconds.",
		.min_arguments = 1,
		.max_arguments = 1,
		.run = activate,
	};

	return options_run(&set, argc, argv);
}

static int
retire(const struct options *options, const void *arg, struct error *err)
{
	cleanup(records_release) struct records records = { .settings = NULL };
	cleanup(authority_outcome_release) struct authority_outcome outcome = { .former = "" };
	const bool *by_force = arg;
	struct authority_context context;

	if (records_open(options->config, &records, err) < 0)
		return -1;
	context = records_context(&records);
	if (authority_retire(&context, options->arguments[0], *by_force, &outcome, err) < 0)
		return -1;
	(void)printf("%s is retired.\n", outcome.generation.label);
	if (outcome.generation.state == GENERATION_ACTIVE)
		(void)printf("Its CA has no active generation now: issuing stops until one is "
			     "activated.\n");
	return 0;
}

int
ca_retire(int argc, char **argv)
{
	bool by_force = false;
	const struct option_spec specs[] = {
		{ "force", NULL, "the active one too; issuing stops then", OPTION_FLAG, &by_force },
		{ NULL, NULL, NULL, OPTION_FLAG, NULL },
	};
	const struct option_set set = {
		.usage = "ca retire [options] LABEL",
		.about =
		    "Takes a generation out of use; its certificate and what it issued stay on "
		    "record.",
		.specs = specs,
		.min_arguments = 1,
		.max_arguments = 1,
		.run = retire,
		.wish = &by_force,
	};

	return options_run(&set, argc, argv);
}
