/* certwright ra create and retire. */
#include <stdio.h>

#include "base/json.h"
#include "cmd/options.h"
#include "cmd/ra.h"
#include "cmd/records.h"
#include "cmd/table.h"
#include "enroll/ra_certificate.h"

enum { DAYS_MAX = 36500, DAYS_DEFAULT = 730, KEY_BITS_DEFAULT = 3072, KEY_TYPE_MAX = 16 };

/* The options as they were given. */
struct wish {
	const char *authority;
	const char *key_bits;
	const char *key_file;
	const char *key_uri;
	const char *passphrase_file;
	const char *subject;
	const char *days;
	bool existing_key;
	bool as_json;
};

/* The sizes are those that key_facts_parse knows. */
static int
read_key_bits(const struct wish *wish, char type[static KEY_TYPE_MAX], struct error *err)
{
	static const struct option_range range = { 2048, 4096 };
	long bits = KEY_BITS_DEFAULT;

	if (wish->key_bits != NULL &&
	    options_number("key-bits", wish->key_bits, range, &bits, err) < 0)
		return -1;
	if (bits != 2048 && bits != 3072 && bits != 4096)
		return error_set(err, ERR_CONFIG, "--key-bits takes 2048, 3072 or 4096");
	(void)snprintf(type, KEY_TYPE_MAX, "rsa%ld", bits);
	return 0;
}

static int
read_days(const struct wish *wish, unsigned *days, struct error *err)
{
	long number = DAYS_DEFAULT;

	if (wish->days != NULL && options_number("days", wish->days,
				      (struct option_range){ 1, DAYS_MAX }, &number, err) < 0)
		return -1;
	*days = (unsigned)number;
	return 0;
}

static int
print_text(const struct json_object *ra, const char *key_uri, struct error *err)
{
	const char *serial = "", *subject = "", *ends = "", *id = "";

	(void)json_get_text(ra, "serial", &serial);
	(void)json_get_text(ra, "subject", &subject);
	(void)json_get_text(ra, "notAfter", &ends);
	(void)json_get_text(ra, "id", &id);
	(void)printf("RA certificate %s is made, it ends %s.\nSubject: %s\nKey: %s\nSCEP profiles "
		     "name it by %s.\n",
	    serial, ends, subject, key_uri, id);
	return fflush(stdout) == 0 ? 0 : error_set(err, ERR_INTERNAL, "cannot write the report");
}

static int
report(struct db *db, const struct wish *wish, const struct ra_certificate_outcome *outcome,
    struct error *err)
{
	cleanup(json_object_putp) struct json_object *object = NULL;
	struct ra_certificate certificate;

	if (ra_certificates_find(db, &outcome->id, &certificate, err) < 0 ||
	    ra_json(db, &certificate, &object, err) < 0)
		return -1;
	return wish->as_json ? table_print_json(object, err)
			     : print_text(object, outcome->key_uri, err);
}

static int
create(const char *config, const struct wish *wish, struct error *err)
{
	cleanup(records_release) struct records records = { .settings = NULL };
	struct ra_certificate_outcome outcome = { .users = 0 };
	struct authority_context context;
	char type[KEY_TYPE_MAX];
	struct ra_certificate_plan plan = {
		.authority = wish->authority,
		.key = {
			.file = wish->key_file,
			.uri = wish->key_uri,
			.passphrase_file = wish->passphrase_file,
			.existing = wish->existing_key,
		},
		.subject = wish->subject,
	};

	if (read_key_bits(wish, type, err) < 0 || read_days(wish, &plan.days, err) < 0 ||
	    records_open(config, &records, err) < 0)
		return -1;
	if (!wish->existing_key || wish->key_bits != NULL)
		plan.key.type = type;
	context = records_context(&records);
	if (ra_certificate_create(&context, &plan, &outcome, err) < 0)
		return -1;
	return report(records.db, wish, &outcome, err);
}

int
ra_create(int argc, char **argv)
{
	struct wish wish = { .authority = NULL };
	const struct option_spec specs[] = {
		{ "authority", "NAME", "the CA whose active generation signs (needed)", OPTION_TEXT,
		    &wish.authority },
		{ "key-bits", "N", "2048, 3072 or 4096; 3072", OPTION_TEXT, &wish.key_bits },
		{ "key-file", "PATH", "where the key goes, not StateDir/keys/NAME.ra-N.key",
		    OPTION_TEXT, &wish.key_file },
		{ "key-uri", "URI", "pkcs11: URI of the key, with object=", OPTION_TEXT,
		    &wish.key_uri },
		{ "existing-key", NULL, "the key exists; make none", OPTION_FLAG,
		    &wish.existing_key },
		{ "passphrase-file", "PATH", "encrypts the key file; or the PIN of the token",
		    OPTION_TEXT, &wish.passphrase_file },
		{ "subject", "DN", "such as \"CN=SCEP,O=Example\"; \"CN=NAME SCEP RA\"",
		    OPTION_TEXT, &wish.subject },
		{ "days", "N", "validity, 1 to 36500, but not beyond the CA's; 730", OPTION_TEXT,
		    &wish.days },
		{ "json", NULL, "print JSON", OPTION_FLAG, &wish.as_json },
		{ NULL, NULL, NULL, OPTION_FLAG, NULL },
	};
	const struct option_set set = {
		.usage = "ra create [options]",
		.about = "Makes an RSA key with which SCEP signs and decrypts, and a certificate "
			 "for it that\nSCEP profiles can name. It enrolls and renews nothing.",
		.specs = specs,
	};
	struct options options;
	struct error err = { 0 };
	enum options_result result = options_parse(&set, argc, argv, &options);

	if (result != OPTIONS_GO)
		return options_status(result);
	if (wish.authority == NULL)
		return options_fail("ra create", "--authority is needed");
	return create(options.config, &wish, &err) < 0 ? cmd_fail("ra create", &err) : CMD_OK;
}

static int
retire(const char *config, const char *name, struct error *err)
{
	cleanup(records_release) struct records records = { .settings = NULL };
	struct ra_certificate_outcome outcome = { .users = 0 };
	struct ra_certificate certificate;
	struct authority_context context;

	if (records_open(config, &records, err) < 0 ||
	    ra_find(records.db, name, &certificate, err) < 0)
		return -1;
	context = records_context(&records);
	if (ra_certificate_retire(&context, &certificate.certificate_id, &outcome, err) < 0)
		return -1;
	(void)printf("Its key is retired. The certificate is not revoked: certwright cert revoke "
		     "does that.\n");
	if (outcome.users > 0)
		(void)printf("SCEP profiles that name it and need another one now: %lld\n",
		    (long long)outcome.users);
	return fflush(stdout) == 0 ? 0 : error_set(err, ERR_INTERNAL, "cannot write the report");
}

int
ra_retire(int argc, char **argv)
{
	const struct option_set set = {
		.usage = "ra retire SERIAL|FINGERPRINT|ID",
		.about = "Takes the key of an RA certificate out of use, for good: SCEP signs and "
			 "decrypts\nnothing with it any more.",
		.min_arguments = 1,
		.max_arguments = 1,
	};
	struct options options;
	struct error err = { 0 };
	enum options_result result = options_parse(&set, argc, argv, &options);

	if (result != OPTIONS_GO)
		return options_status(result);
	return retire(options.config, options.arguments[0], &err) < 0 ? cmd_fail("ra retire", &err)
								      : CMD_OK;
}
