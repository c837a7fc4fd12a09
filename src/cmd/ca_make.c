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
	const char *name;
	const char *key_type;
	const char *key_file;
	const char *key_uri;
	const char *passphrase_file;
	const char *subject;
	const char *days;
	const char *path_len;
	const char *csr;
	bool existing_key;
	bool scep_direct;
	bool activate;
};

static int
read_plan(const struct wish *wish, struct authority_plan *plan, struct error *err)
{
	long days = 3650, path_len = 0;

	if (wish->days != NULL && options_number("days", wish->days,
				      (struct option_range){ 1, DAYS_MAX }, &days, err) < 0)
		return -1;
	if (wish->path_len != NULL &&
	    options_number("path-len", wish->path_len, (struct option_range){ 0, PATH_LEN_MAX },
		&path_len, err) < 0)
		return -1;
	*plan = (struct authority_plan){
		.name = wish->name,
		.key = {
			.type = wish->key_type,
			.file = wish->key_file,
			.uri = wish->key_uri,
			.passphrase_file = wish->passphrase_file,
			.usages = wish->scep_direct ? "ca,scep" : "ca",
			.existing = wish->existing_key,
		},
		.subject = wish->subject,
		.days = (unsigned)days,
		.path_len = (int)path_len,
		.outer = wish->csr != NULL,
		.activate = wish->activate,
	};
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
make(const char *config, const struct wish *wish,
    int (*use_case)(const struct authority_context *context, const struct authority_plan *plan,
	struct authority_outcome *out, struct error *err),
    struct error *err)
{
	cleanup(records_release) struct records records = { .settings = NULL };
	cleanup(authority_outcome_release) struct authority_outcome outcome = { .former = "" };
	struct authority_context context;
	struct authority_plan plan;

	if (read_plan(wish, &plan, err) < 0 || records_open(config, &records, err) < 0)
		return -1;
	context = records_context(&records);
	if (use_case(&context, &plan, &outcome, err) < 0)
		return -1;
	ca_report(&outcome);
	return wish->csr != NULL ? write_request(wish->csr, &outcome.generation, err) : 0;
}

int
ca_init(int argc, char **argv)
{
	struct wish wish = { 0 };
	const struct option_spec specs[] = {
		{ "name", "NAME", "lower-case letters, digits and '-' (needed)", OPTION_TEXT,
		    &wish.name },
		{ "key", "TYPE", KEY_TYPES " (needed)", OPTION_TEXT, &wish.key_type },
		{ "key-file", "PATH", "where the key goes, not StateDir/keys/NAME-1.key",
		    OPTION_TEXT, &wish.key_file },
		{ "key-uri", "URI", "pkcs11: URI of the key, with object=", OPTION_TEXT,
		    &wish.key_uri },
		{ "existing-key", NULL, "the key exists; make none", OPTION_FLAG,
		    &wish.existing_key },
		{ "passphrase-file", "PATH", "encrypts the key file; or the PIN of the token",
		    OPTION_TEXT, &wish.passphrase_file },
		{ "subject", "DN", "such as \"CN=Example CA,O=Example\"; CN=NAME", OPTION_TEXT,
		    &wish.subject },
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
	};
	struct options options;
	struct error err = { 0 };
	enum options_result result = options_parse(&set, argc, argv, &options);

	if (result != OPTIONS_GO)
		return options_status(result);
	if (wish.name == NULL || (wish.key_type == NULL && !wish.existing_key))
		return options_fail("ca init", "--name and --key are needed");
	return make(options.config, &wish, authority_create, &err) < 0 ? cmd_fail("ca init", &err)
								       : CMD_OK;
}

int
ca_renew(int argc, char **argv)
{
	struct wish wish = { 0 };
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
	};
	struct options options;
	struct error err = { 0 };
	enum options_result result = options_parse(&set, argc, argv, &options);

	if (result != OPTIONS_GO)
		return options_status(result);
	wish.name = options.arguments[0];
	return make(options.config, &wish, authority_renew, &err) < 0 ? cmd_fail("ca renew", &err)
								      : CMD_OK;
}

int
ca_rekey(int argc, char **argv)
{
	struct wish wish = { 0 };
	const struct option_spec specs[] = {
		{ "key", "TYPE", KEY_TYPES "; that of the present key", OPTION_TEXT,
		    &wish.key_type },
		{ "key-file", "PATH", "where the key goes, not StateDir/keys/NAME-N.key",
		    OPTION_TEXT, &wish.key_file },
		{ "key-uri", "URI", "pkcs11: URI of the key, with object=", OPTION_TEXT,
		    &wish.key_uri },
		{ "existing-key", NULL, "the key exists; make none", OPTION_FLAG,
		    &wish.existing_key },
		{ "passphrase-file", "PATH", "encrypts the key file; or the PIN of the token",
		    OPTION_TEXT, &wish.passphrase_file },
		{ "days", "N", "validity, 1 to 36500; 3650", OPTION_TEXT, &wish.days },
		{ "csr", "FILE", "write a request for an outer CA, do not sign", OPTION_TEXT,
		    &wish.csr },
		{ "activate", NULL, "issue with it at once", OPTION_FLAG, &wish.activate },
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
	};
	struct options options;
	struct error err = { 0 };
	enum options_result result = options_parse(&set, argc, argv, &options);

	if (result != OPTIONS_GO)
		return options_status(result);
	if (wish.activate && wish.csr != NULL)
		return options_fail("ca rekey", "--activate and --csr exclude each other");
	wish.name = options.arguments[0];
	return make(options.config, &wish, authority_rekey, &err) < 0 ? cmd_fail("ca rekey", &err)
								      : CMD_OK;
}
