/* remote/identity_*: which documents and which file are trusted, and for how long. */
#define _GNU_SOURCE
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/json.h"
#include "jwt_maker.h"
#include "remote/fetch.h"
#include "remote/identity_documents.h"
#include "remote/identity_issuer.h"
#include "remote/identity_keys.h"
#include "remote/identity_keys_refresh.h"

enum { NOW = 1800000000, DAY = 86400 };

#define TENANT "11111111-2222-4333-8444-555555555555"
#define CONSUMERS "9188040d-6c67-4c5b-b112-36a304b66dad"
#define HOST "https://login.example.test"
#define STS "https://sts.example.test/"
#define V2 HOST "/" TENANT "/v2.0"
#define V1 STS TENANT "/"
#define V2_DISCOVERY V2 "/.well-known/openid-configuration"
#define V1_DISCOVERY HOST "/" TENANT "/.well-known/openid-configuration"
#define V2_KEYS HOST "/" TENANT "/discovery/v2.0/keys?appid=x"
#define V1_KEYS HOST "/" TENANT "/discovery/keys"

static struct jwt_maker *first;
static struct jwt_maker *second;
static struct jwt_maker *short_key;
static struct jwt_maker *ec;

static char state_dir[] = "/tmp/check_keys.XXXXXX";
static char key_file[64];
static char tenant_text[] = TENANT;
static char *tenants[] = { tenant_text };
static char host_text[] = HOST;
static char sts_text[] = STS;
static char no_text[] = "";
static struct settings settings;

static void
make_keys(void)
{
	first = jwt_maker_new(2048);
	second = jwt_maker_new(2048);
	short_key = jwt_maker_new(1024);
	ec = jwt_maker_new(256);
}

static void
free_keys(void)
{
	jwt_maker_free(first);
	jwt_maker_free(second);
	jwt_maker_free(short_key);
	jwt_maker_free(ec);
}

static void
make_dir(void)
{
	ck_assert_ptr_nonnull(mkdtemp(state_dir));
	(void)snprintf(key_file, sizeof(key_file), "%s/identity-keys.json", state_dir);
	settings.server.state_dir = state_dir;
	settings.auth.tenant_ids = (struct text_list){ .items = tenants, .count = 1 };
	settings.auth.authority_host = host_text;
	settings.auth.v1_issuer = sts_text;
	settings.auth.ca_bundle = no_text;
	settings.auth.accept_v1 = true;
	settings.auth.accept_v2 = true;
	clock_fix(NOW);
}

static void
remove_dir(void)
{
	static const char *const names[] = { "identity-keys.json", "identity-keys.json.new",
		"identity-keys.lock", "other" };
	char path[128];

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		(void)snprintf(path, sizeof(path), "%s/%s", state_dir, names[i]);
		(void)remove(path);
	}
	(void)rmdir(state_dir);
}

/* The documents that the stand-in serves; a NULL text is a host that does not answer. */
static struct {
	const char *url;
	const char *text;
} served[8];
static size_t served_count;
static size_t get_count;

static void
serve(const char *url, const char *text)
{
	for (size_t i = 0; i < served_count; i++)
		if (strcmp(served[i].url, url) == 0) {
			served[i].text = text;
			return;
		}
	served[served_count].url = url;
	served[served_count++].text = text;
}

static int
get_served(void *data, const char *url, struct buf *out, struct error *err)
{
	(void)data;
	get_count++;
	for (size_t i = 0; i < served_count; i++)
		if (strcmp(served[i].url, url) == 0 && served[i].text != NULL) {
			buf_add_text(out, served[i].text);
			return 0;
		}
	return error_set(err, ERR_IDENTITY_KEYS, "%s: no answer", url);
}

static int
refresh(int64_t min_interval_s, bool *fetched, struct error *err)
{
	static const struct identity_source source = { .get = get_served };

	*err = (struct error){ .code = ERR_NONE };
	return identity_keys_refresh_from(&source, &settings, min_interval_s, fetched, err);
}

#define DISCOVERY(issuer, jwks) \
	"{\"issuer\":\"" issuer "\",\"jwks_uri\":\"" jwks "\",\"tenant_region_scope\":null," \
	"\"cloud_instance_name\":\"cloud.test\"}"

static struct buf v1_set = BUF_INIT(65536);
static struct buf v2_set = BUF_INIT(65536);

/* A key set of one key, as the v1 endpoint has it, or with the v2 issuer's template. */
static const char *
make_set(struct buf *out, const struct jwt_maker *maker, const char *kid, const char *extra)
{
	buf_reset(out);
	buf_add_text(out, "{\"keys\":[");
	jwt_maker_jwk(maker, kid, extra, out);
	buf_add_text(out, "]}");
	return buf_text(out);
}

#define V2_EXTRA "\"use\":\"sig\",\"issuer\":\"" HOST "/{tenantid}/v2.0\""

static void
serve_all(void)
{
	serve(V2_DISCOVERY, DISCOVERY(V2, V2_KEYS));
	serve(V1_DISCOVERY, DISCOVERY(V1, V1_KEYS));
	serve(V2_KEYS, make_set(&v2_set, first, "k1", V2_EXTRA));
	serve(V1_KEYS, make_set(&v1_set, first, "k1", "\"use\":\"sig\""));
}

static void
release_sets(void)
{
	buf_release(&v1_set);
	buf_release(&v2_set);
}

/* What a look-up says: ERR_NONE where the key is found. */
static enum error_code
find(struct identity_keys *keys, const char *issuer, const char *kid, int64_t now)
{
	struct error err = { .code = ERR_NONE };
	const struct jwk *key = identity_keys_find(keys, issuer, kid, now, &err);

	ck_assert((key != NULL) == (err.code == ERR_NONE));
	if (key != NULL)
		ck_assert_str_eq(jwk_kid(key), kid);
	return err.code;
}

static enum error_code
find_anew(const char *issuer, const char *kid, int64_t now)
{
	cleanup(identity_keys_freep) struct identity_keys *keys = identity_keys_new(&settings);

	return find(keys, issuer, kid, now);
}

START_TEST(a_refresh_gives_both_versions_their_keys)
	{
		struct error err;
		bool fetched = false;
		struct stat info;

		serve_all();
		ck_assert_msg(refresh(0, &fetched, &err) == 0, "%s", err.text);
		ck_assert(fetched);
		ck_assert_int_eq(find_anew(V2, "k1", NOW), ERR_NONE);
		ck_assert_int_eq(find_anew(V1, "k1", NOW), ERR_NONE);
		ck_assert_int_eq(find_anew(V2, "k2", NOW), ERR_TOKEN);
		ck_assert_int_eq(find_anew(HOST "/x/v2.0", "k1", NOW), ERR_IDENTITY_KEYS);
		ck_assert_int_eq(stat(key_file, &info), 0);
		ck_assert_uint_eq(info.st_mode & 0133U, 0);
		release_sets();
	}
END_TEST

START_TEST(only_accepted_versions_are_fetched)
	{
		struct error err;

		serve_all();
		settings.auth.accept_v1 = false;
		ck_assert_int_eq(refresh(0, NULL, &err), 0);
		ck_assert_uint_eq(get_count, 2);
		ck_assert_int_eq(find_anew(V1, "k1", NOW), ERR_IDENTITY_KEYS);
		release_sets();
	}
END_TEST

START_TEST(the_interval_holds_also_after_failures)
	{
		struct error err;
		bool fetched = true;

		ck_assert_int_eq(refresh(300, &fetched, &err), -1); /* nothing is served */
		ck_assert(fetched && error_is(&err, ERR_IDENTITY_KEYS));
		get_count = 0;
		serve_all();
		clock_fix(NOW + 299);
		ck_assert_int_eq(refresh(300, &fetched, &err), 0);
		ck_assert(!fetched);
		ck_assert_uint_eq(get_count, 0);
		clock_fix(NOW + 300);
		ck_assert_int_eq(refresh(300, &fetched, &err), 0);
		ck_assert(fetched);
		clock_fix(NOW + 301);
		ck_assert_int_eq(refresh(0, &fetched, &err), 0);
		ck_assert(fetched);
		release_sets();
	}
END_TEST

START_TEST(the_interval_is_shared_by_processes)
	{
		struct error err;
		pid_t child;
		int status = -1;
		bool fetched = true;

		serve_all();
		child = fork();
		if (child == 0)
			_exit(refresh(300, &fetched, &err) == 0 && fetched ? 0 : 1);
		ck_assert_int_eq(waitpid(child, &status, 0), child);
		ck_assert_int_eq(status, 0);
		ck_assert_int_eq(refresh(300, &fetched, &err), 0);
		ck_assert(!fetched);
		release_sets();
	}
END_TEST

START_TEST(a_clock_that_was_ahead_does_not_stop_the_refresh)
	{
		struct error err;
		bool fetched = false;

		serve_all();
		clock_fix(NOW + 10 * DAY);
		ck_assert_int_eq(refresh(300, &fetched, &err), 0);
		clock_fix(NOW);
		ck_assert_int_eq(refresh(300, &fetched, &err), 0);
		ck_assert(fetched);
		release_sets();
	}
END_TEST

START_TEST(what_fails_keeps_its_keys_and_the_rest_is_refreshed)
	{
		struct error err;

		serve_all();
		ck_assert_int_eq(refresh(0, NULL, &err), 0);
		serve(V1_DISCOVERY, NULL);
		serve(V2_KEYS, make_set(&v2_set, second, "k2", V2_EXTRA));
		clock_fix(NOW + 3600);
		ck_assert_int_eq(refresh(0, NULL, &err), -1);
		ck_assert(error_is(&err, ERR_IDENTITY_KEYS));
		ck_assert_int_eq(find_anew(V1, "k1", NOW + 3600), ERR_NONE);
		ck_assert_int_eq(find_anew(V2, "k2", NOW + 3600), ERR_NONE);
		/* The one that left the document is good for the rest of its day. */
		ck_assert_int_eq(find_anew(V2, "k1", NOW + DAY - 1), ERR_NONE);
		ck_assert_int_eq(find_anew(V2, "k1", NOW + DAY), ERR_TOKEN);
		ck_assert_int_eq(find_anew(V2, "k2", NOW + DAY), ERR_NONE);
		release_sets();
	}
END_TEST

#define OTHER "22222222-2222-4333-8444-555555555555"

/* Asked for the second tenant: the job might be ended now. */
static int
get_and_look(void *data, const char *url, struct buf *out, struct error *err)
{
	if (strstr(url, OTHER) != NULL) {
		ck_assert_int_eq(find_anew(V2, "k2", NOW + 1), ERR_NONE);
		*(bool *)data = true;
	}
	return get_served(NULL, url, out, err);
}

START_TEST(each_tenants_keys_are_written_before_the_next_is_asked)
	{
		static char other_text[] = OTHER;
		static char *both[] = { tenant_text, other_text };
		bool looked = false;
		const struct identity_source source = { .get = get_and_look, .data = &looked };
		struct error err = { .code = ERR_NONE };

		serve_all();
		ck_assert_int_eq(refresh(0, NULL, &err), 0);
		serve(V2_KEYS, make_set(&v2_set, second, "k2", V2_EXTRA));
		settings.auth.tenant_ids = (struct text_list){ .items = both, .count = 2 };
		clock_fix(NOW + 1);
		ck_assert_int_eq(identity_keys_refresh_from(&source, &settings, 0, NULL, &err), -1);
		ck_assert(looked);
		release_sets();
	}
END_TEST

START_TEST(failed_refreshes_never_extend_a_keys_life)
	{
		struct error err;

		serve_all();
		ck_assert_int_eq(refresh(0, NULL, &err), 0);
		serve(V1_DISCOVERY, NULL);
		serve(V2_KEYS, "{\"keys\":[]}");
		for (int hour = 1; hour <= 24; hour++) {
			clock_fix(NOW + hour * 3600);
			ck_assert_int_eq(refresh(0, NULL, &err), -1);
		}
		ck_assert_int_eq(find_anew(V2, "k1", NOW + DAY - 1), ERR_NONE);
		ck_assert_int_eq(find_anew(V2, "k1", NOW + DAY), ERR_IDENTITY_KEYS);
		ck_assert_int_eq(find_anew(V1, "k1", NOW + DAY), ERR_IDENTITY_KEYS);
		release_sets();
	}
END_TEST

START_TEST(a_key_seen_again_lives_on)
	{
		struct error err;

		serve_all();
		ck_assert_int_eq(refresh(0, NULL, &err), 0);
		clock_fix(NOW + 3600);
		ck_assert_int_eq(refresh(0, NULL, &err), 0);
		ck_assert_int_eq(find_anew(V2, "k1", NOW + DAY), ERR_NONE);
		ck_assert_int_eq(find_anew(V2, "k1", NOW + DAY + 3600), ERR_IDENTITY_KEYS);
		release_sets();
	}
END_TEST

START_TEST(keys_from_the_future_are_not_used)
	{
		struct error err;

		serve_all();
		clock_fix(NOW + 10 * DAY);
		ck_assert_int_eq(refresh(0, NULL, &err), 0);
		ck_assert_int_eq(find_anew(V2, "k1", NOW), ERR_IDENTITY_KEYS);
		ck_assert_int_eq(find_anew(V2, "k1", NOW + 10 * DAY - 300), ERR_NONE);
		release_sets();
	}
END_TEST

START_TEST(a_new_file_is_seen_after_a_second)
	{
		cleanup(identity_keys_freep) struct identity_keys *keys =
		    identity_keys_new(&settings);
		struct error err;

		serve_all();
		ck_assert_int_eq(find(keys, V2, "k1", NOW), ERR_IDENTITY_KEYS);
		ck_assert(identity_keys_wanted(keys) && !identity_keys_wanted(keys));
		ck_assert_int_eq(identity_keys_age(keys, NOW), -1);
		ck_assert_int_eq(refresh(0, NULL, &err), 0);
		ck_assert_int_eq(find(keys, V2, "k1", NOW), ERR_IDENTITY_KEYS);
		ck_assert_int_eq(find(keys, V2, "k1", NOW + 1), ERR_NONE);
		serve(V2_KEYS, make_set(&v2_set, second, "k2", V2_EXTRA));
		ck_assert_int_eq(refresh(0, NULL, &err), 0);
		ck_assert_int_eq(find(keys, V2, "k2", NOW + 2), ERR_NONE);
		ck_assert_int_eq(unlink(key_file), 0);
		ck_assert_int_eq(find(keys, V2, "k2", NOW + 2), ERR_NONE);
		ck_assert_int_eq(find(keys, V2, "k2", NOW + 3), ERR_IDENTITY_KEYS);
		release_sets();
	}
END_TEST

START_TEST(the_age_is_the_oldest_issuers)
	{
		cleanup(identity_keys_freep) struct identity_keys *keys =
		    identity_keys_new(&settings);
		struct error err;

		serve_all();
		serve(V1_DISCOVERY, NULL);
		ck_assert_int_eq(refresh(0, NULL, &err), -1);
		ck_assert_int_eq(identity_keys_age(keys, NOW), -1);
		serve_all();
		ck_assert_int_eq(refresh(0, NULL, &err), 0);
		ck_assert_int_eq(identity_keys_age(keys, NOW + 5), 5);
		serve(V1_DISCOVERY, NULL);
		clock_fix(NOW + 100);
		ck_assert_int_eq(refresh(0, NULL, &err), -1);
		ck_assert_int_eq(identity_keys_age(keys, NOW + 110), 110);
		release_sets();
	}
END_TEST

static void
write_file(const char *path, const char *text)
{
	FILE *file = fopen(path, "w");

	ck_assert_ptr_nonnull(file);
	ck_assert_int_ge(fputs(text, file), 0);
	ck_assert_int_eq(fclose(file), 0);
}

/* Fetches a good file; the test spoils it then. */
static void
make_file(void)
{
	struct error err;

	serve_all();
	ck_assert_int_eq(refresh(0, NULL, &err), 0);
	ck_assert_int_eq(find_anew(V2, "k1", NOW), ERR_NONE);
	release_sets();
}

static const struct {
	mode_t mode;
	bool is_good;
} mode_rows[] = { { 0600, true }, { 0400, true }, { 0640, true }, { 0644, true }, { 0664, false },
	{ 0646, false }, { 0666, false }, { 0620, false } };

START_TEST(others_must_not_be_able_to_write_it)
	{
		make_file();
		ck_assert_int_eq(chmod(key_file, mode_rows[_i].mode), 0);
		ck_assert_int_eq(
		    find_anew(V2, "k1", NOW), mode_rows[_i].is_good ? ERR_NONE : ERR_IDENTITY_KEYS);
	}
END_TEST

START_TEST(a_file_that_loses_its_trust_takes_its_keys_along)
	{
		cleanup(identity_keys_freep) struct identity_keys *keys =
		    identity_keys_new(&settings);

		make_file();
		ck_assert_int_eq(find(keys, V2, "k1", NOW), ERR_NONE);
		ck_assert_int_eq(chmod(key_file, 0666), 0);
		ck_assert_int_eq(find(keys, V2, "k1", NOW + 1), ERR_IDENTITY_KEYS);
		ck_assert_int_eq(chmod(key_file, 0644), 0);
		ck_assert_int_eq(find(keys, V2, "k1", NOW + 2), ERR_NONE);
	}
END_TEST

START_TEST(the_refusal_names_file_and_rule)
	{
		cleanup(identity_keys_freep) struct identity_keys *keys =
		    identity_keys_new(&settings);
		struct error err = { .code = ERR_NONE };

		make_file();
		ck_assert_int_eq(chmod(key_file, 0666), 0);
		ck_assert_ptr_null(identity_keys_find(keys, V2, "k1", NOW, &err));
		ck_assert(error_is(&err, ERR_IDENTITY_KEYS));
		ck_assert_ptr_nonnull(strstr(err.text, key_file));
		ck_assert_ptr_nonnull(strstr(err.text, "0666"));
	}
END_TEST

START_TEST(it_must_belong_to_us_or_root)
	{
		if (geteuid() != 0) {
			printf("SKIP: only root can give a file away\n");
			return;
		}
		make_file();
		ck_assert_int_eq(chown(key_file, 65534, 65534), 0);
		ck_assert_int_eq(find_anew(V2, "k1", NOW), ERR_IDENTITY_KEYS);
		ck_assert_int_eq(chown(key_file, 0, 65534), 0);
		ck_assert_int_eq(find_anew(V2, "k1", NOW), ERR_NONE);
	}
END_TEST

START_TEST(it_must_be_a_regular_file)
	{
		char other[128];

		make_file();
		(void)snprintf(other, sizeof(other), "%s/other", state_dir);
		ck_assert_int_eq(rename(key_file, other), 0);
		ck_assert_int_eq(symlink(other, key_file), 0);
		ck_assert_int_eq(find_anew(V2, "k1", NOW), ERR_IDENTITY_KEYS);
		ck_assert_int_eq(unlink(key_file), 0);
		ck_assert_int_eq(mkfifo(key_file, 0600), 0);
		ck_assert_int_eq(find_anew(V2, "k1", NOW), ERR_IDENTITY_KEYS);
		ck_assert_int_eq(unlink(key_file), 0);
		ck_assert_int_eq(mkdir(key_file, 0700), 0);
		ck_assert_int_eq(find_anew(V2, "k1", NOW), ERR_IDENTITY_KEYS);
		ck_assert_int_eq(rmdir(key_file), 0);
		ck_assert_int_eq(rename(other, key_file), 0);
		ck_assert_int_eq(find_anew(V2, "k1", NOW), ERR_NONE);
	}
END_TEST

START_TEST(a_refresh_replaces_a_file_that_is_not_trusted_and_takes_nothing_from_it)
	{
		struct error err;

		make_file();
		serve_all();
		serve(V2_KEYS, make_set(&v2_set, second, "k2", V2_EXTRA));
		ck_assert_int_eq(chmod(key_file, 0666), 0);
		ck_assert_int_eq(refresh(0, NULL, &err), 0);
		ck_assert_int_eq(find_anew(V2, "k2", NOW), ERR_NONE);
		ck_assert_int_eq(find_anew(V2, "k1", NOW), ERR_TOKEN);
		release_sets();
	}
END_TEST

static const char *const odd_files[] = { "", "x", "{}", "[]", "{\"version\":1}",
	"{\"version\":2,\"issuers\":{}}", "{\"version\":\"1\",\"issuers\":{}}",
	"{\"version\":1,\"issuers\":[]}", "{\"version\":1,\"issuers\":{\"" V2 "\":1}}",
	"{\"version\":1,\"issuers\":{\"" V2 "\":{}}}",
	"{\"version\":1,\"issuers\":{\"" V2 "\":{\"fetched_at\":\"1\",\"keys\":[]}}}",
	"{\"version\":1,\"issuers\":{\"" V2 "\":{\"fetched_at\":1,\"keys\":[1]}}}",
	"{\"version\":1,\"issuers\":{\"" V2 "\":{\"fetched_at\":1,\"keys\":[{\"kty\":\"RSA\","
	"\"kid\":\"k1\",\"n\":\"AQ\",\"e\":\"AQAB\",\"last_seen\":1800000000}]}}}",
	"{\"version\":1,\"issuers\":{\"" V2 "\":{\"fetched_at\":1,\"keys\":[]}}} x" };

START_TEST(a_malformed_file_is_refused)
	{
		write_file(key_file, odd_files[_i]);
		ck_assert_int_eq(find_anew(V2, "k1", NOW), ERR_IDENTITY_KEYS);
	}
END_TEST

START_TEST(half_a_file_is_refused)
	{
		struct stat info;

		make_file();
		ck_assert_int_eq(stat(key_file, &info), 0);
		ck_assert_int_eq(truncate(key_file, info.st_size / 2), 0);
		ck_assert_int_eq(find_anew(V2, "k1", NOW), ERR_IDENTITY_KEYS);
	}
END_TEST

static const struct {
	const char *text;
	bool is_good;
} discovery_rows[] = {
	{ DISCOVERY(V2, V2_KEYS), true },
	{ DISCOVERY(V2, HOST ":443/keys"), true },
	{ DISCOVERY(V2, "HTTPS://LOGIN.example.test/keys"), true },
	{ "{\"issuer\":\"" V2 "\",\"jwks_uri\":\"" V2_KEYS "\"}", true },
	{ DISCOVERY(V1, V2_KEYS), false },
	{ DISCOVERY(V2 "/", V2_KEYS), false },
	{ DISCOVERY(HOST "/{tenantid}/v2.0", V2_KEYS), false },
	{ DISCOVERY(V2, "http://login.example.test/keys"), false },
	{ DISCOVERY(V2, "https://evil.test/keys"), false },
	{ DISCOVERY(V2, "https://login.example.test.evil.test/keys"), false },
	{ DISCOVERY(V2, "https://login.example.test:8443/keys"), false },
	{ DISCOVERY(V2, "https://login.example.test@evil.test/keys"), false },
	{ DISCOVERY(V2, "https://u:p@login.example.test/keys"), false },
	{ DISCOVERY(V2, "https://evil.test#login.example.test"), false },
	{ DISCOVERY(V2, "https://evil.test\\\\@login.example.test/keys"), false },
	{ DISCOVERY(V2, "file:///etc/passwd"), false },
	{ DISCOVERY(V2, "//login.example.test/keys"), false },
	{ DISCOVERY(V2, "login.example.test/keys"), false },
	{ DISCOVERY(V2, ""), false },
	{ "{\"issuer\":\"" V2 "\"}", false },
	{ "{\"issuer\":\"" V2 "\",\"jwks_uri\":null}", false },
	{ "{\"jwks_uri\":\"" V2_KEYS "\"}", false },
	{ "{\"issuer\":\"" V2 "\",\"issuer\":\"" V2 "\",\"jwks_uri\":\"" V2_KEYS "\"}", false },
	{ "<html>", false },
	{ "[]", false },
	{ "", false },
};

START_TEST(discovery_documents_are_judged)
	{
		struct discovery out = { "", "" };
		struct error err = { .code = ERR_NONE };
		int rc = identity_documents_discovery(
		    bytes_text(discovery_rows[_i].text), V2, HOST, &out, &err);

		ck_assert_msg((rc == 0) == discovery_rows[_i].is_good, "%s: %s",
		    discovery_rows[_i].text, err.text);
		ck_assert(rc == 0 || error_is(&err, ERR_IDENTITY_KEYS));
	}
END_TEST

START_TEST(the_query_of_jwks_uri_is_kept)
	{
		struct discovery out = { "", "" };
		struct error err = { .code = ERR_NONE };

		ck_assert_int_eq(identity_documents_discovery(
				     bytes_text(DISCOVERY(V2, V2_KEYS)), V2, HOST, &out, &err),
		    0);
		ck_assert_str_eq(out.jwks_uri, V2_KEYS);
		ck_assert_str_eq(out.cloud, "cloud.test");
	}
END_TEST

static const struct key_set_rules V2_RULES = {
	.issuer = V2,
	.v2_issuer = V2,
	.tenant = TENANT,
	.cloud = "cloud.test",
	.now = NOW,
};

/* How many usable keys; -1 where the document is refused. */
static int
count_usable(const char *text, const struct key_set_rules *rules)
{
	cleanup(json_object_putp) struct json_object *out = NULL;
	struct error err = { .code = ERR_NONE };

	if (identity_documents_keys(bytes_text(text), rules, &out, &err) < 0) {
		ck_assert(error_is(&err, ERR_IDENTITY_KEYS));
		return -1;
	}
	return (int)json_object_array_length(out);
}

static const struct {
	const char *claim;
	const char *extra; /* of the second key, which stands beside a good one */
	int usable;        /* -1: the whole document is refused */
} beside_rows[] = {
	{ "a good one", "", 2 },
	{ "use sig, x5c, x5t", "\"use\":\"sig\",\"x5t\":\"a\",\"x5c\":[\"AA==\"]", 2 },
	{ "alg RS256", "\"alg\":\"RS256\"", 2 },
	{ "alg PS256", "\"alg\":\"PS256\"", 1 },
	{ "alg a number", "\"alg\":1", 1 },
	{ "use enc", "\"use\":\"enc\"", 1 },
	{ "key_ops without verify", "\"key_ops\":[\"sign\"]", 1 },
	{ "the issuer's template", "\"issuer\":\"" HOST "/{tenantid}/v2.0\"", 2 },
	{ "the very issuer", "\"issuer\":\"" V2 "\"", 2 },
	{ "the issuer of personal accounts", "\"issuer\":\"" HOST "/" CONSUMERS "/v2.0\"", 1 },
	{ "a template of another host", "\"issuer\":\"https://evil.test/{tenantid}/v2.0\"", 1 },
	{ "a template with more behind", "\"issuer\":\"" HOST "/{tenantid}/v2.0/\"", 1 },
	{ "a bare template", "\"issuer\":\"{tenantid}\"", 1 },
	{ "an issuer that is no text", "\"issuer\":null", 1 },
	{ "the same cloud", "\"cloud_instance_name\":\"cloud.test\"", 2 },
	{ "another cloud", "\"cloud_instance_name\":\"cloud.us\"", 1 },
	{ "a private exponent", "\"d\":\"AQ\"", -1 },
	{ "a secret", "\"k\":\"AQ\"", -1 },
};

START_TEST(one_key_beside_a_good_one)
	{
		cleanup(buf_release) struct buf text = BUF_INIT(65536);

		buf_add_text(&text, "{\"keys\":[");
		jwt_maker_jwk(first, "k1", "", &text);
		buf_add_text(&text, ",");
		jwt_maker_jwk(second, "k2", beside_rows[_i].extra, &text);
		buf_add_text(&text, "]}");
		ck_assert_msg(count_usable(buf_text(&text), &V2_RULES) == beside_rows[_i].usable,
		    "%s", beside_rows[_i].claim);
	}
END_TEST

START_TEST(keys_of_other_kinds_are_left_out)
	{
		static const char *const texts[] = {
			"{\"kty\":\"OKP\",\"kid\":\"a\",\"crv\":\"Ed25519\",\"x\":\"AA\"}",
			"{\"kty\":\"RSA\",\"n\":\"AA\",\"e\":\"AQAB\"}", "{\"kid\":\"a\"}", "{}"
		};

		for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]) + 2; i++) {
			cleanup(buf_release) struct buf text = BUF_INIT(65536);

			buf_add_text(&text, "{\"keys\":[");
			jwt_maker_jwk(first, "k1", "", &text);
			buf_add_text(&text, ",");
			if (i < sizeof(texts) / sizeof(texts[0]))
				buf_add_text(&text, texts[i]);
			else
				jwt_maker_jwk(i % 2 == 0 ? short_key : ec, "k2", "", &text);
			buf_add_text(&text, "]}");
			ck_assert_int_eq(count_usable(buf_text(&text), &V2_RULES), 1);
		}
	}
END_TEST

static const char *const poisoned[] = { "{\"kty\":\"oct\",\"kid\":\"z\",\"k\":\"AA\"}",
	"{\"kty\":\"oct\"}", "{\"kid\":\"k1\"}", "{\"kty\":\"EC\",\"kid\":\"z\",\"d\":\"AA\"}", "1",
	"null", "[]" };

START_TEST(what_poisons_the_whole_document)
	{
		cleanup(buf_release) struct buf text = BUF_INIT(65536);

		buf_add_text(&text, "{\"keys\":[");
		jwt_maker_jwk(first, "k1", "", &text);
		buf_printf(&text, ",%s]}", poisoned[_i]);
		ck_assert_int_eq(count_usable(buf_text(&text), &V2_RULES), -1);
	}
END_TEST

START_TEST(v1_keys_have_no_issuer_or_the_shared_one)
	{
		static const struct key_set_rules v1_rules = {
			.issuer = V1, .v2_issuer = V2, .tenant = TENANT, .cloud = "", .now = NOW
		};
		cleanup(buf_release) struct buf text = BUF_INIT(65536);

		ck_assert_int_eq(count_usable(make_set(&text, first, "k1", ""), &v1_rules), 1);
		ck_assert_int_eq(
		    count_usable(make_set(&text, first, "k1", V2_EXTRA), &v1_rules), 1);
		ck_assert_int_eq(
		    count_usable(make_set(&text, first, "k1", "\"issuer\":\"" V1 "\""), &v1_rules),
		    1);
		ck_assert_int_eq(
		    count_usable(
			make_set(&text, first, "k1", "\"issuer\":\"" STS "x/\""), &v1_rules),
		    -1);
		ck_assert_int_eq(
		    count_usable(
			make_set(&text, first, "k1", "\"cloud_instance_name\":\"c\""), &v1_rules),
		    1);
	}
END_TEST

START_TEST(kids_have_one_form)
	{
		static const char *const good[] = { "k", "a-b_C9", "nOo3ZDrODXEK1jKWhXslHR_KXEg" };
		static const char *const bad[] = { "", "a b", "a.b", "a/b", "../x", "%s", "k'",
			"\xc3\xa4" };

		for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++)
			ck_assert(identity_documents_is_kid(good[i]));
		for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
			ck_assert(!identity_documents_is_kid(bad[i]));
	}
END_TEST

START_TEST(a_set_has_at_most_1000_keys)
	{
		for (size_t count = 1000; count <= 1001; count++) {
			cleanup(buf_release) struct buf text = BUF_INIT(IDENTITY_DOCUMENT_MAX);

			buf_add_text(&text, "{\"keys\":[");
			jwt_maker_jwk(first, "k1", "", &text);
			for (size_t i = 1; i < count; i++)
				buf_printf(&text, ",{\"kty\":\"OKP\",\"kid\":\"o%zu\"}", i);
			buf_add_text(&text, "]}");
			ck_assert_int_eq(
			    count_usable(buf_text(&text), &V2_RULES), count == 1000 ? 1 : -1);
		}
	}
END_TEST

START_TEST(a_refused_document_leaves_the_old_keys)
	{
		struct error err;

		make_file();
		serve_all();
		serve(V2_KEYS, "{\"keys\":[{\"kty\":\"oct\",\"kid\":\"k1\",\"k\":\"AA\"}]}");
		ck_assert_int_eq(refresh(0, NULL, &err), -1);
		ck_assert_int_eq(find_anew(V2, "k1", NOW + 1), ERR_NONE);
		release_sets();
	}
END_TEST

START_TEST(issuers_are_made_as_entra_makes_them)
	{
		static char long_host[IDENTITY_ISSUER_MAX + 16];
		struct settings odd = settings;
		char text[IDENTITY_ISSUER_MAX];

		ck_assert(identity_issuer_text(&settings, TENANT, IDENTITY_V2, text));
		ck_assert_str_eq(text, V2);
		ck_assert(identity_issuer_text(&settings, TENANT, IDENTITY_V1, text));
		ck_assert_str_eq(text, V1);
		ck_assert(!identity_issuer_text(&settings, CONSUMERS, IDENTITY_V2, text));
		ck_assert(!identity_issuer_text(&settings, CONSUMERS, IDENTITY_V1, text));
		memset(long_host, 'h', sizeof(long_host) - 1);
		odd.auth.authority_host = long_host;
		ck_assert(!identity_issuer_text(&odd, TENANT, IDENTITY_V2, text));
	}
END_TEST

START_TEST(a_fetch_refuses_before_it_connects)
	{
		static const struct {
			const char *url, *origin;
		} rows[] = { { "http://127.0.0.1:1/", "http://127.0.0.1:1" },
			{ "file:///etc/hostname", "file:///" },
			{ "https://127.0.0.1:1/", "https://127.0.0.1:2" }, { "", HOST } };

		for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
			cleanup(buf_release) struct buf out = BUF_INIT(100);
			struct error err = { .code = ERR_NONE };
			const struct fetch what = { .url = rows[i].url,
				.origin = rows[i].origin,
				.ca_bundle = "",
				.failure = ERR_IDENTITY_KEYS };

			ck_assert_int_eq(fetch_json(&what, &out, &err), -1);
			ck_assert(error_is(&err, ERR_IDENTITY_KEYS));
		}
	}
END_TEST

#define ROWS(table) (int)(sizeof(table) / sizeof((table)[0]))

static void
add_refresh_tests(TCase *tcase)
{
	tcase_add_test(tcase, a_refresh_gives_both_versions_their_keys);
	tcase_add_test(tcase, only_accepted_versions_are_fetched);
	tcase_add_test(tcase, the_interval_holds_also_after_failures);
	tcase_add_test(tcase, the_interval_is_shared_by_processes);
	tcase_add_test(tcase, a_clock_that_was_ahead_does_not_stop_the_refresh);
	tcase_add_test(tcase, what_fails_keeps_its_keys_and_the_rest_is_refreshed);
	tcase_add_test(tcase, each_tenants_keys_are_written_before_the_next_is_asked);
	tcase_add_test(tcase, failed_refreshes_never_extend_a_keys_life);
	tcase_add_test(tcase, a_key_seen_again_lives_on);
	tcase_add_test(tcase, keys_from_the_future_are_not_used);
	tcase_add_test(tcase, a_new_file_is_seen_after_a_second);
	tcase_add_test(tcase, the_age_is_the_oldest_issuers);
}

static void
add_file_tests(TCase *tcase)
{
	tcase_add_loop_test(tcase, others_must_not_be_able_to_write_it, 0, ROWS(mode_rows));
	tcase_add_test(tcase, a_file_that_loses_its_trust_takes_its_keys_along);
	tcase_add_test(tcase, the_refusal_names_file_and_rule);
	tcase_add_test(tcase, it_must_belong_to_us_or_root);
	tcase_add_test(tcase, it_must_be_a_regular_file);
	tcase_add_test(
	    tcase, a_refresh_replaces_a_file_that_is_not_trusted_and_takes_nothing_from_it);
	tcase_add_loop_test(tcase, a_malformed_file_is_refused, 0, ROWS(odd_files));
	tcase_add_test(tcase, half_a_file_is_refused);
}

static void
add_document_tests(TCase *tcase)
{
	tcase_add_loop_test(tcase, discovery_documents_are_judged, 0, ROWS(discovery_rows));
	tcase_add_test(tcase, the_query_of_jwks_uri_is_kept);
	tcase_add_loop_test(tcase, one_key_beside_a_good_one, 0, ROWS(beside_rows));
	tcase_add_test(tcase, keys_of_other_kinds_are_left_out);
	tcase_add_loop_test(tcase, what_poisons_the_whole_document, 0, ROWS(poisoned));
	tcase_add_test(tcase, v1_keys_have_no_issuer_or_the_shared_one);
	tcase_add_test(tcase, kids_have_one_form);
	tcase_add_test(tcase, a_set_has_at_most_1000_keys);
	tcase_add_test(tcase, a_refused_document_leaves_the_old_keys);
	tcase_add_test(tcase, issuers_are_made_as_entra_makes_them);
	tcase_add_test(tcase, a_fetch_refuses_before_it_connects);
}

int
main(void)
{
	Suite *suite = suite_create("identity_keys");
	TCase *tcase = tcase_create("identity_keys");
	SRunner *runner = srunner_create(suite);
	int failed;

	tcase_set_timeout(tcase, 120);
	tcase_add_unchecked_fixture(tcase, make_keys, free_keys);
	tcase_add_checked_fixture(tcase, make_dir, remove_dir);
	add_refresh_tests(tcase);
	add_file_tests(tcase);
	add_document_tests(tcase);
	suite_add_tcase(suite, tcase);
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
