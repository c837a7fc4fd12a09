/* certwright scep-profile create and set. */
#include <limits.h>
#include <stdio.h>
#include <string.h>

#include "base/json.h"
#include "cmd/cmd.h"
#include "cmd/files.h"
#include "cmd/options.h"
#include "cmd/profile_use.h"
#include "cmd/scep_profile.h"
#include "cmd/table.h"
#include "crypto/text.h"

enum { SECRET_FILE_MAX = 4096 };

/* The options as they were given; NULL: not given. */
struct wish {
	const char *description;
	const char *ra_profile; /* "": none */
	const char *ca_certificate;
	const char *renewal_threshold;
	const char *include_ca_certificate;
	const char *include_ca_chain;
	const char *challenge_file;
	bool no_challenge;
	const char *intune;
	const char *intune_tenant;
	const char *intune_application;
	const char *intune_key_file;
};

/* What the request borrows from. */
struct memory {
	char ra_profile[UUID_TEXT_MAX];
	char ca_certificate[UUID_TEXT_MAX];
	struct buf challenge;
	struct buf intune_key;
	struct json_object *issue_attributes;
};

static void
memory_release(struct memory *memory)
{
	buf_release(&memory->challenge);
	buf_release(&memory->intune_key);
	json_object_putp(&memory->issue_attributes);
}

#define MEMORY_INIT \
	{ \
		.challenge = BUF_INIT(SECRET_FILE_MAX), .intune_key = BUF_INIT(SECRET_FILE_MAX) \
	}

/* "yes" or "no" into *out; what was not given stays. */
static int
read_flag(const char *option, const char *text, bool *out, struct error *err)
{
	if (text == NULL)
		return 0;
	if (strcmp(text, "yes") != 0 && strcmp(text, "no") != 0)
		return error_set(
		    err, ERR_CONFIG, "--%s: expected yes or no, not \"%.32s\"", option, text);
	*out = strcmp(text, "yes") == 0;
	return 0;
}

static int
read_flags(const struct wish *wish, struct scep_profile_request *request, struct error *err)
{
	if (read_flag("include-ca-certificate", wish->include_ca_certificate,
		&request->include_ca_certificate, err) < 0 ||
	    read_flag("include-ca-chain", wish->include_ca_chain, &request->include_ca_chain, err) <
		0)
		return -1;
	return read_flag("intune", wish->intune, &request->enable_intune, err);
}

static int
read_threshold(const struct wish *wish, struct scep_profile_request *request, struct error *err)
{
	const struct option_range range = { 0, INT_MAX };
	long days = 0;

	if (wish->renewal_threshold == NULL)
		return 0;
	if (options_number("renewal-threshold", wish->renewal_threshold, range, &days, err) < 0)
		return -1;
	request->has_renewal_threshold = true;
	request->renewal_threshold = (int32_t)days;
	return 0;
}

/* The file's one line; a secret in the arguments would stand in every list of processes. */
static int
read_secret(const char *path, struct buf *memory, const char **out, struct error *err)
{
	if (path == NULL)
		return 0;
	if (files_read(path, memory, err) < 0)
		return -1;
	if (memory->len > 0 && memory->data[memory->len - 1] == '\n')
		memory->len--;
	if (memory->len > 0 && memory->data[memory->len - 1] == '\r')
		memory->len--;
	if (memory->len == 0 || !text_is_clean(buf_bytes(memory)))
		return error_set(err, ERR_CONFIG,
		    "%s: expected one line of UTF-8 text without control characters", path);
	*out = buf_text(memory);
	return 0;
}

static int
read_ra_profile(
    struct db *db, const char *name, struct memory *memory, const char **out, struct error *err)
{
	cleanup(ra_profile_freep) struct ra_profile *profile = NULL;

	if (name == NULL)
		return 0;
	*out = NULL;
	if (name[0] == '\0')
		return 0;
	if (profile_use_find(db, name, &profile, err) < 0)
		return -1;
	uuid_text(&profile->id, memory->ra_profile);
	*out = memory->ra_profile;
	return 0;
}

static void
read_texts(const struct wish *wish, struct scep_profile_request *request)
{
	if (wish->description != NULL)
		request->description = wish->description;
	if (wish->ca_certificate != NULL)
		request->ca_certificate = wish->ca_certificate;
	if (wish->intune_tenant != NULL)
		request->intune_tenant = wish->intune_tenant;
	if (wish->intune_application != NULL)
		request->intune_application_id = wish->intune_application;
	if (wish->no_challenge)
		request->challenge = SCEP_CHALLENGE_CLEAR;
}

/* What was given takes the place of what the request holds. */
static int
apply(struct db *db, const struct wish *wish, struct memory *memory,
    struct scep_profile_request *request, struct error *err)
{
	read_texts(wish, request);
	if (read_flags(wish, request, err) < 0 || read_threshold(wish, request, err) < 0 ||
	    read_secret(
		wish->challenge_file, &memory->challenge, &request->challenge_password, err) < 0 ||
	    read_secret(wish->intune_key_file, &memory->intune_key,
		&request->intune_application_key, err) < 0)
		return -1;
	return read_ra_profile(db, wish->ra_profile, memory, &request->ra_profile, err);
}

static int
read_issue_attributes(const struct scep_profile *profile, struct memory *memory, struct error *err)
{
	return json_parse_stored(
	    buf_bytes(&profile->issue_attributes), &memory->issue_attributes, err);
}

/* The request that would leave the profile as it is. */
static int
request_of(const struct scep_profile *profile, struct memory *memory,
    struct scep_profile_request *out, struct error *err)
{
	if (read_issue_attributes(profile, memory, err) < 0)
		return -1;
	uuid_text(&profile->ca_certificate_id, memory->ca_certificate);
	if (profile->has_ra_profile)
		uuid_text(&profile->ra_profile_id, memory->ra_profile);
	*out = (struct scep_profile_request){
		.revision = profile->revision,
		.description = profile->description,
		.ra_profile = profile->has_ra_profile ? memory->ra_profile : NULL,
		.ca_certificate = memory->ca_certificate,
		.issue_attributes = memory->issue_attributes,
		.keep_custom_attributes = true,
		.include_ca_certificate = profile->include_ca_certificate,
		.include_ca_chain = profile->include_ca_chain,
		.enable_intune = profile->enable_intune,
		.intune_tenant = profile->intune_tenant,
		.intune_application_id = profile->intune_application_id,
	};
	return 0;
}

static int
report(const struct records *records, const struct scep_profile *profile, bool as_json,
    const char *done, struct error *err)
{
	cleanup(json_object_putp) struct json_object *object = NULL;
	const struct scep_profile_view view = scep_profile_view_of(records);

	if (!as_json) {
		(void)printf("SCEP profile %s %s.\n", profile->name, done);
		return 0;
	}
	if (scep_profile_dto_detail(&view, profile, &object, err) < 0)
		return -1;
	return table_print_json(object, err);
}

static int
create(const struct options *options, const void *arg, struct error *err)
{
	cleanup(scep_profile_records_release) struct scep_profile_records all = { .keyring = NULL };
	cleanup(memory_release) struct memory memory = MEMORY_INIT;
	cleanup(scep_profile_freep) struct scep_profile *profile = NULL;
	struct scep_profile_request request = { .name = options->arguments[0] };
	const struct wish *wish = arg;

	if (wish->ca_certificate == NULL)
		return options_fail("scep-profile create", "--ca-certificate is needed");
	if (scep_profile_records_open(options->config, &all, err) < 0 ||
	    apply(all.records.db, wish, &memory, &request, err) < 0 ||
	    scep_profile_change_create(&all.change, &request, &profile, err) < 0)
		return -1;
	return report(&all.records, profile, options->as_json,
	    "was made; certwright scep-profile enable lets it answer", err);
}

static int
change(const struct options *options, const void *arg, struct error *err)
{
	cleanup(scep_profile_records_release) struct scep_profile_records all = { .keyring = NULL };
	cleanup(memory_release) struct memory memory = MEMORY_INIT;
	cleanup(scep_profile_freep) struct scep_profile *before = NULL;
	cleanup(scep_profile_freep) struct scep_profile *after = NULL;
	struct scep_profile_request request;
	const struct wish *wish = arg;

	if (wish->no_challenge && wish->challenge_file != NULL)
		return options_fail(
		    "scep-profile set", "--no-challenge and --challenge-file exclude each other");
	if (scep_profile_records_open(options->config, &all, err) < 0 ||
	    scep_profile_find(all.records.db, options->arguments[0], &before, err) < 0 ||
	    request_of(before, &memory, &request, err) < 0 ||
	    apply(all.records.db, wish, &memory, &request, err) < 0 ||
	    scep_profile_change_update(&all.change, &before->id, &request, &after, err) < 0)
		return -1;
	return report(&all.records, after, options->as_json,
	    after->revision != before->revision ? "was changed" : "is as it was", err);
}

/* The options that both actions have; the first is --no-challenge, which `set` alone has. */
#define SPECS(wish) \
	{ "no-challenge", NULL, "forget the challenge password", OPTION_FLAG, \
		&(wish).no_challenge }, \
	    { "ca-certificate", "ID", "the RA or CA certificate that requests are sealed to", \
		    OPTION_TEXT, &(wish).ca_certificate }, \
	    { "ra-profile", "NAME", "the default RA profile, by which is issued; \"\": none", \
		    OPTION_TEXT, &(wish).ra_profile }, \
	    { "description", "TEXT", "for people", OPTION_TEXT, &(wish).description }, \
	    { "renewal-threshold", "DAYS", "renew so late; 0: half of the validity", OPTION_TEXT, \
		    &(wish).renewal_threshold }, \
	    { "include-ca-certificate", "yes|no", "answer with the issuer's certificate", \
		    OPTION_TEXT, &(wish).include_ca_certificate }, \
	    { "include-ca-chain", "yes|no", "answer with the whole chain", OPTION_TEXT, \
		    &(wish).include_ca_chain }, \
	    { "challenge-file", "FILE", "holds the challenge password", OPTION_TEXT, \
		    &(wish).challenge_file }, \
	    { "intune", "yes|no", "ask Intune about each request", OPTION_TEXT, &(wish).intune }, \
	    { "intune-tenant", "TENANT", "Intune's tenant", OPTION_TEXT, &(wish).intune_tenant }, \
	    { "intune-application", "ID", "the application that asks Intune", OPTION_TEXT, \
		    &(wish).intune_application }, \
	    { "intune-key-file", "FILE", "holds that application's key", OPTION_TEXT, \
		    &(wish).intune_key_file }, \
	{ \
		NULL, NULL, NULL, OPTION_FLAG, NULL \
	}

int
scep_profile_create(int argc, char **argv)
{
	struct wish wish = { .description = NULL };
	const struct option_spec specs[] = { SPECS(wish) };
	const struct option_set set = {
		.usage = "scep-profile create [options] NAME",
		.about = "Makes a SCEP profile, which is not enabled yet. Secrets are read from "
			 "files.",
		.specs = specs + 1,
		.json = "print the profile as JSON",
		.min_arguments = 1,
		.max_arguments = 1,
		.run = create,
		.wish = &wish,
	};

	return options_run(&set, argc, argv);
}

int
scep_profile_set(int argc, char **argv)
{
	struct wish wish = { .description = NULL };
	const struct option_spec specs[] = { SPECS(wish) };
	const struct option_set set = {
		.usage = "scep-profile set [options] NAME",
		.about = "Changes what is given of a SCEP profile. Secrets are read from files.",
		.specs = specs,
		.json = "print the profile as JSON",
		.min_arguments = 1,
		.max_arguments = 1,
		.run = change,
		.wish = &wish,
	};

	return options_run(&set, argc, argv);
}
