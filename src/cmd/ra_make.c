/* certwright ra create and retire. */
#include <stdio.h>

#include "base/json.h"
#include "cmd/ca.h"
#include "cmd/files.h"
#include "cmd/options.h"
#include "cmd/ra.h"
#include "cmd/records.h"
#include "cmd/table.h"
#include "enroll/authorities/ra_certificate.h"

enum { DAYS_MAX = 36500, DAYS_DEFAULT = 730, KEY_BITS_DEFAULT = 3072, KEY_TYPE_MAX = 16 };

/* The options as they were given. */
struct wish {
	struct ra_certificate_plan plan; /* but for what is read from these */
	const char *key_bits;
	const char *days;
};

/* The sizes are those that key_facts_parse knows. */
static int
read_key_bits(const struct wish *wish, char type[static KEY_TYPE_MAX], struct error *err)
{
	static const struct option_range range = { 2048, 4096 };
	long bits = KEY_BITS_DEFAULT;

	if (options_number("key-bits", wish->key_bits, range, &bits, err) < 0)
		return -1;
	if (bits != 2048 && bits != 3072 && bits != 4096)
		return error_set(err, ERR_CONFIG, "--key-bits takes 2048, 3072 or 4096");
	(void)snprintf(type, KEY_TYPE_MAX, "rsa%ld", bits);
	return 0;
}

static int
print_text(const struct json_object *ra, const char *key_uri, struct error *err)
{
	(void)printf("RA certificate %s is made, it ends %s.\nSubject: %s\nKey: %s\nSCEP profiles "
		     "name it by %s.\n",
	    table_text(ra, "serial"), table_text(ra, "notAfter"), table_text(ra, "subject"),
	    key_uri, table_text(ra, "id"));
	return files_flush(err);
}

static int
report(struct db *db, bool as_json, const struct ra_certificate_outcome *outcome, struct error *err)
{
	cleanup(json_object_putp) struct json_object *object = NULL;
	struct ra_certificate certificate;

	if (ra_certificates_find(db, &outcome->id, &certificate, err) < 0 ||
	    ra_json(db, &certificate, &object, err) < 0)
		return -1;
	return as_json ? table_print_json(object, err) : print_text(object, outcome->key_uri, err);
}

static int
create(const struct options *options, const void *arg, struct error *err)
{
	cleanup(records_release) struct records records = { .settings = NULL };
	struct ra_certificate_outcome outcome = { .users = 0 };
	struct authority_context context;
	const struct wish *wish = arg;
	struct ra_certificate_plan plan = wish->plan;
	char type[KEY_TYPE_MAX];
	long days = DAYS_DEFAULT;

	if (plan.authority == NULL)
		return options_fail("ra create", "--authority is needed");
	if (read_key_bits(wish, type, err) < 0 ||
	    options_number("days", wish->days, (struct option_range){ 1, DAYS_MAX }, &days, err) <
		0 ||
	    records_open(options->config, &records, err) < 0)
		return -1;
	plan.days = (unsigned)days;
	if (!plan.key.existing || wish->key_bits != NULL)
		plan.key.type = type;
	context = records_context(&records);
	if (ra_certificate_create(&context, &plan, &outcome, err) < 0)
		return -1;
	return report(records.db, options->as_json, &outcome, err);
}

int
ra_create(int argc, char **argv)
{
	struct wish wish = { .days = NULL };
	const struct option_spec specs[] = {
		{ "authority", "NAME", "the CA whose active generation signs (needed)", OPTION_TEXT,
		    &wish.plan.authority },
		{ "key-bits", "N", "2048, 3072 or 4096; 3072", OPTION_TEXT, &wish.key_bits },
		{ "key-file", "PATH", "where the key goes, not StateDir/keys/NAME.ra-N.key",
		    OPTION_TEXT, &wish.plan.key.file },
		KEY_PLACE_SPECS(wish.plan.key),
		{ "subject", "DN", "such as \"CN=SCEP,O=Example\"; \"CN=NAME SCEP RA\"",
		    OPTION_TEXT, &wish.plan.subject },
		{ "days", "N", "validity, 1 to 36500, but not beyond the CA's; 730", OPTION_TEXT,
		    &wish.days },
		{ NULL, NULL, NULL, OPTION_FLAG, NULL },
	};
	const struct option_set set = {
		.usage = "ra create [options]",
		.about = "Makes an RSA key with which SCEP signs and decrypts, and a certificate "
			 "for it that\nSCEP profiles can name. It enrolls and renews nothing.",
		.specs = specs,
		.json = "print JSON",
		.run = create,
		.wish = &wish,
	};

	return options_run(&set, argc, argv);
}

static int
retire(const struct options *options, const void *wish, struct error *err)
{
	cleanup(records_release) struct records records = { .settings = NULL };
	struct ra_certificate_outcome outcome = { .users = 0 };
	struct ra_certificate certificate;
	struct authority_context context;

	(void)wish;
	if (records_open(options->config, &records, err) < 0 ||
	    ra_find(records.db, options->arguments[0], &certificate, err) < 0)
		return -1;
	context = records_context(&records);
	if (ra_certificate_retire(&context, &certificate.certificate_id, &outcome, err) < 0)
		return -1;
	(void)printf("Its key is retired. The certificate is not revoked: certwright cert revoke "
		     "does that.\n");
	if (outcome.users > 0)
		(void)printf("SCEP profiles that name it and need another one now: %lld\n",
		    (long long)outcome.users);
	return files_flush(err);
}

int
ra_retire(int argc, char **argv)
{
	static const struct option_set set = {
		.usage = "ra retire SERIAL|FINGERPRINT|ID",
		.about = "Takes the key of an RA certificate out of use, for good: SCEP signs and "
			 "decrypts\nnothing with it any more.",
		.min_arguments = 1,
		.max_arguments = 1,
		.run = retire,
	};

	return options_run(&set, argc, argv);
}
