/* Keys, authorities, RA profiles, certificates and audit against a real MariaDB. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errmsg.h>
#include <mysqld_error.h>

#include "base/clock.h"
#include "store/audit.h"
#include "store/authorities.h"
#include "store/certificates.h"
#include "store/keys.h"
#include "store/migrate.h"
#include "store/ra_profiles.h"
#include "with_db.h"

#define LAST_SECOND INT64_C(253402300799) /* RFC 5280, 4.1.2.5: no well-defined expiration */

/* What the next executes of the one INSERT of issuing answer, whatever they do. */
static struct {
	unsigned numbers[4]; /* 0: the truth */
	bool runs[4];        /* whether it is carried out before it fails */
	unsigned at;
	unsigned executed;
} fault;
static MYSQL_STMT *inserting;

int STDCALL
mysql_stmt_prepare(MYSQL_STMT *stmt, const char *query, unsigned long length)
{
	int (*real)(MYSQL_STMT *, const char *, unsigned long);

	*(void **)&real = dlsym(RTLD_NEXT, "mysql_stmt_prepare");
	if (strncmp(query, "INSERT INTO certificate ", 24) == 0)
		inserting = stmt;
	else if (stmt == inserting)
		inserting = NULL;
	return real(stmt, query, length);
}

int STDCALL
mysql_stmt_execute(MYSQL_STMT *stmt)
{
	int (*real)(MYSQL_STMT *);
	unsigned number;

	*(void **)&real = dlsym(RTLD_NEXT, "mysql_stmt_execute");
	if (stmt != inserting)
		return real(stmt);
	fault.executed++;
	number = fault.at < 4 ? fault.numbers[fault.at++] : 0;
	if (number == 0 || fault.runs[fault.at - 1]) {
		int result = real(stmt);

		if (number == 0 || result != 0)
			return result;
	}
	stmt->last_errno = number;
	(void)snprintf(stmt->last_error, sizeof(stmt->last_error), "made to fail with %u", number);
	return 1;
}

static struct managed_key key;
static struct authority authority;
static struct generation generation;
static struct ra_profile *profile;

static void
add_bytes(struct buf *buf, size_t len)
{
	for (size_t i = 0; i < len; i++)
		buf_add_byte(buf, (uint8_t)(i * 7));
}

static void
make_key(void)
{
	key = (struct managed_key){ .id = uuid_new(),
		.bits = 256,
		.name = "demo-1",
		.algorithm = "p256",
		.uri = "file:/etc/certwright/demo.key",
		.usages = "ca",
		.state = "active",
		.public_key = BUF_INIT(2048),
		.created_at = 1700000000 };
	add_bytes(&key.public_key, 91);
}

static void
make_authority(void)
{
	authority =
	    (struct authority){ .id = uuid_new(), .name = "demo", .created_at = 1700000000 };
}

static void
make_generation(void)
{
	generation = (struct generation){ .id = uuid_new(),
		.authority_id = authority.id,
		.number = 1,
		.label = "demo-1",
		.key_id = key.id,
		.state = GENERATION_PENDING,
		.subject = "CN=Demo CA \xc3\xa4,O=Example",
		.csr = BUF_INIT(65535),
		.certificate = BUF_INIT(65535),
		.chain = BUF_INIT(65535),
		.created_at = 1700000000 };
}

static void
certify_generation(void)
{
	add_bytes(&generation.certificate, 900);
	add_bytes(&generation.chain, 40000);
	memset(generation.fingerprint, 0xfe, sizeof(generation.fingerprint));
	generation.not_before = 1700000000;
	generation.not_after = LAST_SECOND;
}

static void
set_text(char *out, size_t size, const char *text)
{
	(void)snprintf(out, size, "%s", text);
}

#define SET(field, text) set_text(profile->field, sizeof(profile->field), text)

static void
make_profile(void)
{
	profile = ra_profile_new();
	ck_assert_ptr_nonnull(profile);
	profile->id = uuid_new();
	profile->authority_id = authority.id;
	profile->enabled = true;
	profile->revision = 1;
	profile->min_rsa_bits = 2048;
	profile->max_rsa_bits = 4096;
	profile->validity_days = 730;
	profile->min_remaining_days = 7;
	profile->max_sans = 100;
	profile->add_cdp = true;
	profile->created_at = 1700000000;
	SET(name, "default");
	SET(description, "the first \xc3\xa4");
	SET(key_types, "rsa,p256");
	SET(key_usages, "digitalSignature");
	SET(allowed_ekus, "1.3.6.1.5.5.7.3.2");
	SET(default_ekus, "1.3.6.1.5.5.7.3.2");
	SET(san_types, "dns,email");
	SET(subject_rule, "any");
	SET(protocols, "rest,est");
	SET(renewable_types, "Static");
}

static int
insert_profile(struct db *db, void *arg, struct error *err)
{
	return ra_profiles_insert(db, arg, err);
}

static int
update_profile(struct db *db, void *arg, struct error *err)
{
	return ra_profiles_update(db, arg, err);
}

static void
setup(void)
{
	FILE *null = fopen("/dev/null", "we");

	with_db_setup();
	ck_assert_ptr_nonnull(null);
	with_db_ok(migrate_run(with_db, false, null, &with_db_err));
	(void)fclose(null);
	make_key();
	make_authority();
	make_generation();
	make_profile();
}

/* All four rows, the generation active. */
static void
setup_issuing(void)
{
	setup();
	certify_generation();
	generation.state = GENERATION_ACTIVE;
	with_db_ok(keys_insert(with_db, &key, &with_db_err));
	with_db_ok(authorities_insert(with_db, &authority, &with_db_err));
	with_db_ok(generations_insert(with_db, &generation, &with_db_err));
	with_db_ok(db_transaction(with_db, insert_profile, profile, &with_db_err));
}

static void
teardown(void)
{
	managed_key_release(&key);
	generation_release(&generation);
	ra_profile_free(profile);
	with_db_teardown();
}

static void
assert_same_bytes(const struct buf *a, const struct buf *b)
{
	ck_assert_uint_eq(a->len, b->len);
	ck_assert(bytes_equal(buf_bytes(a), buf_bytes(b)));
}

static int
count_each_key(const struct managed_key *found, void *arg, struct error *err)
{
	unsigned *count = arg;

	(void)err;
	assert_same_bytes(&found->public_key, &key.public_key);
	(*count)++;
	return 0;
}

static int
stop_at_once(const struct managed_key *found, void *arg, struct error *err)
{
	(void)found;
	(void)arg;
	return error_set(err, ERR_CONFLICT, "enough");
}

START_TEST(a_key_comes_back_as_it_went_in)
	{
		struct managed_key found;
		unsigned count = 0;

		if (_i == 1)
			set_text(key.passphrase_file, sizeof(key.passphrase_file),
			    "/etc/certwright/pass");
		with_db_ok(keys_insert(with_db, &key, &with_db_err));
		with_db_ok(keys_find(with_db, &key.id, &found, &with_db_err));
		ck_assert_mem_eq(&found.id, &key.id, sizeof(key.id));
		ck_assert_str_eq(found.name, key.name);
		ck_assert_str_eq(found.algorithm, key.algorithm);
		ck_assert_str_eq(found.uri, key.uri);
		ck_assert_str_eq(found.passphrase_file, key.passphrase_file);
		ck_assert_str_eq(found.usages, key.usages);
		ck_assert_str_eq(found.state, key.state);
		ck_assert_uint_eq(found.bits, key.bits);
		ck_assert_int_eq(found.created_at, key.created_at);
		assert_same_bytes(&found.public_key, &key.public_key);
		managed_key_release(&found);
		with_db_fails(keys_insert(with_db, &key, &with_db_err), ERR_CONFLICT);
		key.id = uuid_new();
		with_db_fails(keys_insert(with_db, &key, &with_db_err), ERR_CONFLICT);
		with_db_fails(keys_find(with_db, &key.id, &found, &with_db_err), ERR_NOT_FOUND);
		set_text(key.name, sizeof(key.name), "demo-2");
		error_clear(&with_db_err);
		with_db_ok(keys_insert(with_db, &key, &with_db_err));
		with_db_ok(keys_each(with_db, count_each_key, &count, &with_db_err));
		ck_assert_uint_eq(count, 2);
		with_db_fails(keys_each(with_db, stop_at_once, NULL, &with_db_err), ERR_CONFLICT);
	}
END_TEST

static int
next_number(struct db *db, void *arg, struct error *err)
{
	return authorities_next_number(db, &authority.id, arg, err);
}

static int
count_authorities(const struct authority *found, void *arg, struct error *err)
{
	unsigned *count = arg;

	(void)err;
	ck_assert_str_eq(found->name, *count == 0 ? "another" : "demo");
	(*count)++;
	return 0;
}

START_TEST(authorities_have_exact_names_and_numbered_generations)
	{
		static const char *const others[] = { "Demo", "demo ", "demo\xc3\xa4", "",
			"demo2" };
		struct authority found;
		struct authority another = { .id = uuid_new(), .name = "another", .created_at = 1 };
		unsigned number = 0, count = 0;

		with_db_ok(authorities_insert(with_db, &authority, &with_db_err));
		with_db_ok(authorities_insert(with_db, &another, &with_db_err));
		with_db_ok(authorities_find(with_db, "demo", &found, &with_db_err));
		ck_assert_mem_eq(&found.id, &authority.id, sizeof(found.id));
		ck_assert_int_eq(found.created_at, authority.created_at);
		with_db_ok(authorities_find_id(with_db, &authority.id, &found, &with_db_err));
		ck_assert_str_eq(found.name, "demo");
		for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++)
			with_db_fails(authorities_find(with_db, others[i], &found, &with_db_err),
			    ERR_NOT_FOUND);
		error_clear(&with_db_err);
		with_db_ok(authorities_each(with_db, count_authorities, &count, &with_db_err));
		ck_assert_uint_eq(count, 2);
		with_db_ok(db_transaction(with_db, next_number, &number, &with_db_err));
		ck_assert_uint_eq(number, 1);
		with_db_ok(keys_insert(with_db, &key, &with_db_err));
		generation.number = 7;
		with_db_ok(generations_insert(with_db, &generation, &with_db_err));
		with_db_ok(db_transaction(with_db, next_number, &number, &with_db_err));
		ck_assert_uint_eq(number, 8);
		authority.id = uuid_new();
		with_db_fails(
		    db_transaction(with_db, next_number, &number, &with_db_err), ERR_NOT_FOUND);
	}
END_TEST

static void
assert_generation(const struct generation *found)
{
	ck_assert_mem_eq(&found->id, &generation.id, sizeof(found->id));
	ck_assert_mem_eq(&found->authority_id, &generation.authority_id, sizeof(found->id));
	ck_assert_mem_eq(&found->key_id, &generation.key_id, sizeof(found->id));
	ck_assert_uint_eq(found->number, generation.number);
	ck_assert_str_eq(found->label, generation.label);
	ck_assert_str_eq(found->subject, generation.subject);
	ck_assert_int_eq(found->state, generation.state);
	ck_assert_mem_eq(found->fingerprint, generation.fingerprint, 32);
	ck_assert_int_eq(found->not_before, generation.not_before);
	ck_assert_int_eq(found->not_after, generation.not_after);
	ck_assert_int_eq(found->created_at, generation.created_at);
	assert_same_bytes(&found->csr, &generation.csr);
	assert_same_bytes(&found->certificate, &generation.certificate);
	assert_same_bytes(&found->chain, &generation.chain);
}

static int
check_each_generation(const struct generation *found, void *arg, struct error *err)
{
	unsigned *count = arg;

	(void)err;
	assert_generation(found);
	(*count)++;
	return 0;
}

START_TEST(a_generation_lives_from_pending_to_expired)
	{
		struct generation found;
		unsigned count = 0;

		with_db_ok(keys_insert(with_db, &key, &with_db_err));
		with_db_ok(authorities_insert(with_db, &authority, &with_db_err));
		add_bytes(&generation.csr, 300);
		with_db_ok(generations_insert(with_db, &generation, &with_db_err));
		with_db_ok(generations_find(with_db, "demo-1", &found, &with_db_err));
		assert_generation(&found);
		generation_release(&found);
		with_db_fails(
		    generations_find(with_db, "DEMO-1", &found, &with_db_err), ERR_NOT_FOUND);
		with_db_fails(generations_set_state(with_db, &generation.id, GENERATION_PENDING,
				  GENERATION_ACTIVE, &with_db_err),
		    ERR_CONFLICT); /* it has no certificate yet */
		certify_generation();
		error_clear(&with_db_err);
		with_db_ok(generations_set_certificate(with_db, &generation, &with_db_err));
		with_db_fails(
		    generations_set_certificate(with_db, &generation, &with_db_err), ERR_CONFLICT);
		with_db_fails(generations_find_active(with_db, &authority.id, &found, &with_db_err),
		    ERR_NOT_FOUND);
		error_clear(&with_db_err);
		with_db_ok(generations_set_state(
		    with_db, &generation.id, GENERATION_PENDING, GENERATION_ACTIVE, &with_db_err));
		generation.state = GENERATION_ACTIVE;
		with_db_ok(generations_find_active(with_db, &authority.id, &found, &with_db_err));
		assert_generation(&found);
		generation_release(&found);
		with_db_fails(generations_set_state(with_db, &generation.id, GENERATION_PENDING,
				  GENERATION_ACTIVE, &with_db_err),
		    ERR_CONFLICT);
		error_clear(&with_db_err);
		with_db_ok(generations_set_state(
		    with_db, &generation.id, GENERATION_ACTIVE, GENERATION_RETIRED, &with_db_err));
		generation.state = GENERATION_RETIRED;
		ck_assert_int_eq(
		    with_db_sql("SELECT activated_at IS NOT NULL AND retired_at IS NOT NULL"
				" FROM authority_generation"),
		    1);
		with_db_ok(generations_each(
		    with_db, &authority.id, check_each_generation, &count, &with_db_err));
		ck_assert_uint_eq(count, 1);
		with_db_ok(generations_find_id(with_db, &generation.id, &found, &with_db_err));
		generation_release(&found);
	}
END_TEST

START_TEST(an_authority_has_one_active_generation)
	{
		struct generation second = generation;
		struct uuid first = generation.id;

		second.id = uuid_new();
		second.number = 2;
		set_text(second.label, sizeof(second.label), "demo-2");
		memset(second.fingerprint, 2, sizeof(second.fingerprint));
		second.state = GENERATION_ACTIVE;
		with_db_fails(generations_insert(with_db, &second, &with_db_err), ERR_CONFLICT);
		second.state = GENERATION_PENDING;
		error_clear(&with_db_err);
		with_db_ok(generations_insert(with_db, &second, &with_db_err));
		with_db_fails(generations_set_state(with_db, &second.id, GENERATION_PENDING,
				  GENERATION_ACTIVE, &with_db_err),
		    ERR_CONFLICT);
		ck_assert_int_eq(with_db_err.number, ER_DUP_ENTRY);
		error_clear(&with_db_err);
		with_db_ok(generations_set_state(
		    with_db, &first, GENERATION_ACTIVE, GENERATION_RETIRED, &with_db_err));
		with_db_ok(generations_set_state(
		    with_db, &second.id, GENERATION_PENDING, GENERATION_ACTIVE, &with_db_err));
		/* Retired and pending ones may be many. */
		ck_assert_int_eq(with_db_sql("SELECT COUNT(*) FROM authority_generation"), 2);
	}
END_TEST

START_TEST(cross_certificates_are_found_by_subject)
	{
		static const uint8_t serial[20] = { 0x10, 0, 0xff };
		struct cross_certificate cross = { .issuer_generation_id = generation.id,
			.subject_generation_id = generation.id,
			.serial = bytes_of(serial, sizeof(serial)),
			.certificate = bytes_of("\x30\x01\x00", 3) };
		struct buf ders = BUF_INIT(100);
		struct uuid nobody = uuid_new();

		with_db_ok(cross_certificates_insert(with_db, &cross, &with_db_err));
		with_db_fails(
		    cross_certificates_insert(with_db, &cross, &with_db_err), ERR_CONFLICT);
		error_clear(&with_db_err);
		with_db_ok(cross_certificates_of(with_db, &generation.id, &ders, &with_db_err));
		ck_assert(bytes_equal(buf_bytes(&ders), cross.certificate));
		with_db_ok(cross_certificates_of(with_db, &nobody, &ders, &with_db_err));
		ck_assert_uint_eq(ders.len, 3);
		buf_release(&ders);
		cross.issuer_generation_id = nobody;
		with_db_fails(
		    cross_certificates_insert(with_db, &cross, &with_db_err), ERR_DATABASE);
	}
END_TEST

static void
assert_profile(const struct ra_profile *found)
{
	struct ra_profile a = *found, b = *profile;

	a.enrollers = b.enrollers = NULL;
	ck_assert_str_eq(a.name, b.name);
	ck_assert_str_eq(a.description, b.description);
	ck_assert_str_eq(a.key_types, b.key_types);
	ck_assert_str_eq(a.key_usages, b.key_usages);
	ck_assert_str_eq(a.allowed_ekus, b.allowed_ekus);
	ck_assert_str_eq(a.default_ekus, b.default_ekus);
	ck_assert_str_eq(a.san_types, b.san_types);
	ck_assert_str_eq(a.subject_rule, b.subject_rule);
	ck_assert_str_eq(a.protocols, b.protocols);
	ck_assert_str_eq(a.renewable_types, b.renewable_types);
	ck_assert_mem_eq(&a.id, &b.id, sizeof(a.id));
	ck_assert_mem_eq(&a.authority_id, &b.authority_id, sizeof(a.id));
	ck_assert(a.enabled == b.enabled && a.archived == b.archived && a.add_cdp == b.add_cdp);
	ck_assert_uint_eq(a.revision, b.revision);
	ck_assert_uint_eq(a.min_rsa_bits, b.min_rsa_bits);
	ck_assert_uint_eq(a.max_rsa_bits, b.max_rsa_bits);
	ck_assert_uint_eq(a.validity_days, b.validity_days);
	ck_assert_uint_eq(a.min_remaining_days, b.min_remaining_days);
	ck_assert_uint_eq(a.max_sans, b.max_sans);
	ck_assert_int_eq(a.created_at, b.created_at);
	ck_assert_uint_eq(a.enroller_count, b.enroller_count);
	for (size_t i = 0; i < a.enroller_count; i++) {
		ck_assert_int_eq(found->enrollers[i].kind, profile->enrollers[i].kind);
		ck_assert_str_eq(found->enrollers[i].value, profile->enrollers[i].value);
	}
}

static void
assert_found(void)
{
	struct ra_profile *found = NULL;

	error_clear(&with_db_err);
	with_db_ok(ra_profiles_find(with_db, profile->name, &found, &with_db_err));
	assert_profile(found);
	ra_profile_free(found);
	with_db_ok(ra_profiles_find_id(with_db, &profile->id, &found, &with_db_err));
	assert_profile(found);
	ra_profile_free(found);
}

static void
add_enroller(enum enroller_kind kind, const char *value)
{
	with_db_ok(ra_profile_add_enroller(profile, kind, value, &with_db_err));
}

START_TEST(a_profile_comes_back_with_its_enrollers)
	{
		static const char *const others[] = { "Default", "default ", "", "defau",
			"def\xc3\xa4ult" };
		struct ra_profile *found = NULL;

		with_db_ok(authorities_insert(with_db, &authority, &with_db_err));
		if (_i == 1) { /* in the order in which they come back */
			add_enroller(ENROLLER_ROLE, "CSR.Request.Db");
			add_enroller(ENROLLER_ROLE, "CSR.SelfService");
			add_enroller(ENROLLER_ROLE, "csr.request.db");
			add_enroller(ENROLLER_APPLICATION, "a0b1");
			add_enroller(ENROLLER_PRINCIPAL, "tenant/object");
			add_enroller(ENROLLER_RA_PROFILE, "other");
			add_enroller(ENROLLER_CERTIFICATE,
			    "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff");
		}
		with_db_ok(db_transaction(with_db, insert_profile, profile, &with_db_err));
		assert_found();
		for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++)
			with_db_fails(ra_profiles_find(with_db, others[i], &found, &with_db_err),
			    ERR_NOT_FOUND);
		ck_assert_ptr_null(found);
		profile->id = uuid_new();
		with_db_fails(
		    db_transaction(with_db, insert_profile, profile, &with_db_err), ERR_CONFLICT);
	}
END_TEST

START_TEST(a_profile_takes_so_many_enrollers_and_no_more)
	{
		char value[130] = "";

		for (int i = 0; i < 64; i++) {
			(void)snprintf(value, sizeof(value), "role-%02d", i);
			add_enroller(ENROLLER_ROLE, value);
		}
		with_db_ok(authorities_insert(with_db, &authority, &with_db_err));
		with_db_ok(db_transaction(with_db, insert_profile, profile, &with_db_err));
		assert_found();
		with_db_fails(
		    ra_profile_add_enroller(profile, ENROLLER_ROLE, "one more", &with_db_err),
		    ERR_CONFIG);
		profile->enroller_count = 0;
		memset(value, 'x', sizeof(value) - 1);
		with_db_fails(ra_profile_add_enroller(profile, ENROLLER_ROLE, value, &with_db_err),
		    ERR_CONFIG);
		value[128] = '\0';
		error_clear(&with_db_err);
		add_enroller(ENROLLER_ROLE, value);
	}
END_TEST

START_TEST(a_profile_is_changed_from_its_last_revision_only)
	{
		with_db_ok(authorities_insert(with_db, &authority, &with_db_err));
		add_enroller(ENROLLER_ROLE, "CSR.Request.Db");
		add_enroller(ENROLLER_PRINCIPAL, "tenant/object");
		with_db_ok(db_transaction(with_db, insert_profile, profile, &with_db_err));
		profile->validity_days = 90;
		profile->enabled = false;
		profile->enroller_count = 1;
		with_db_ok(db_transaction(with_db, update_profile, profile, &with_db_err));
		profile->revision = 2;
		assert_found();
		profile->revision = 1;
		profile->enroller_count = 0;
		with_db_fails(
		    db_transaction(with_db, update_profile, profile, &with_db_err), ERR_CONFLICT);
		profile->revision = 2;
		profile->enroller_count = 1;
		assert_found();
		/* Without a change of any rule the revision still grows. */
		with_db_ok(db_transaction(with_db, update_profile, profile, &with_db_err));
		profile->revision = 3;
		assert_found();
	}
END_TEST

static int
count_profiles(const struct ra_profile *found, void *arg, struct error *err)
{
	unsigned *count = arg;

	(void)err;
	ck_assert_uint_eq(found->enroller_count, 2 - *count);
	(*count)++;
	return 0;
}

START_TEST(the_only_enabled_profile_is_found)
	{
		struct ra_profile *found = NULL;
		unsigned count = 0;

		with_db_fails(ra_profiles_find_only(with_db, &found, &with_db_err), ERR_NOT_FOUND);
		error_clear(&with_db_err);
		with_db_ok(authorities_insert(with_db, &authority, &with_db_err));
		add_enroller(ENROLLER_ROLE, "a");
		add_enroller(ENROLLER_ROLE, "b");
		with_db_ok(db_transaction(with_db, insert_profile, profile, &with_db_err));
		with_db_ok(ra_profiles_find_only(with_db, &found, &with_db_err));
		assert_profile(found);
		ra_profile_free(found);
		found = NULL;
		profile->id = uuid_new();
		profile->enroller_count = 1;
		SET(name, "second");
		with_db_ok(db_transaction(with_db, insert_profile, profile, &with_db_err));
		with_db_fails(ra_profiles_find_only(with_db, &found, &with_db_err), ERR_CONFLICT);
		ck_assert_ptr_null(found);
		with_db_sql(_i == 0 ? "UPDATE ra_profile SET enabled = 0 WHERE name = 'default'"
				    : "UPDATE ra_profile SET archived = 1 WHERE name = 'default'");
		error_clear(&with_db_err);
		with_db_ok(ra_profiles_find_only(with_db, &found, &with_db_err));
		ck_assert_str_eq(found->name, "second");
		ra_profile_free(found);
		with_db_ok(ra_profiles_each(with_db, count_profiles, &count, &with_db_err));
		ck_assert_uint_eq(count, 2);
		with_db_sql("UPDATE ra_profile SET enabled = 0");
		with_db_fails(ra_profiles_find_only(with_db, &found, &with_db_err), ERR_NOT_FOUND);
	}
END_TEST

static uint8_t serial[20], fingerprint[32], spki_hash[32], csr_hash[32], der[2000];
static struct uuid tenant, object, application, former;

static struct certificate_record
make_record(void)
{
	for (size_t i = 0; i < sizeof(der); i++)
		der[i] = (uint8_t)(255 - i);
	for (uint8_t i = 0; i < 32; i++) {
		fingerprint[i] = (uint8_t)(i * 9);
		spki_hash[i] = (uint8_t)(0xff - i);
		csr_hash[i] = (uint8_t)(i % 2 == 0 ? 0 : 0x80 + i);
	}
	for (uint8_t i = 0; i < 20; i++)
		serial[i] = (uint8_t)(i % 3 == 0 ? 0 : 0xf0 + i % 16);
	serial[0] = 0x50;
	tenant = uuid_new();
	object = uuid_new();
	application = uuid_new();
	former = uuid_new();
	return (struct certificate_record){ .id = uuid_new(),
		.generation_id = generation.id,
		.serial = bytes_of(serial, 20),
		.fingerprint = bytes_of(fingerprint, 32),
		.type = "Static",
		.source = "API",
		.subject = "CN=\xf0\x9f\x98\x80 'x\\\",O=\xc3\xa4",
		.common_name = "\xf0\x9f\x98\x80 'x\\\"",
		.sans = "DNS:a.example\nIP:192.0.2.1\n",
		.not_before = 1700000000,
		.not_after = LAST_SECOND,
		.key_type = "rsa",
		.key_bits = 2048,
		.spki_hash = bytes_of(spki_hash, 32),
		.csr_hash = bytes_of(csr_hash, 32),
		.der = bytes_of(der, sizeof(der)),
		.ra_profile_id = profile->id,
		.requester_kind = "user",
		.requester_tenant = &tenant,
		.requester_object = &object,
		.requester_application = &application,
		.requester_upn = "j\xc3\xa4ne@example.com",
		.token_id = "abc",
		.remote_address = "2001:db8::1",
		.request_id = uuid_new(),
		.dropped = "1.2.3",
		.renewed_from = &former,
		.lineage = uuid_new(),
		.issued_at = 4102444800 };
}

START_TEST(every_column_of_a_certificate_is_exact)
	{
		struct certificate_record r = make_record();
		struct db_rows *rows = NULL;
		struct uuid holder = uuid_new();

		if (_i == 0)
			r.requester_certificate = &holder;
		if (_i == 1) {
			r.common_name = r.requester_upn = r.token_id = NULL;
			r.requester_application = r.renewed_from = NULL;
			r.sans = r.dropped = "";
			r.serial.len = 1;
			r.not_after = 2147483648; /* the first second after 32 bits */
		}
		with_db_ok(certificates_insert(with_db, &r, &with_db_err));
		ck_assert_uint_eq(fault.executed, 1);
		with_db_ok(db_query(with_db,
		    "SELECT COUNT(*) FROM certificate WHERE id = ? AND generation_id = ? AND"
		    " BINARY serial = BINARY ? AND fingerprint = ? AND type = ? AND source = ? AND"
		    " BINARY subject = BINARY ? AND common_name <=> ? AND sans = ? AND not_before "
		    "= ? AND"
		    " not_after = ? AND key_type = ? AND key_bits = ? AND spki_hash = ? AND "
		    "csr_hash = ? AND"
		    " der = ? AND ra_profile_id = ? AND requester_kind = ? AND requester_tenant = "
		    "? AND"
		    " requester_object = ? AND requester_application <=> ? AND requester_upn <=> ? "
		    "AND"
		    " token_id <=> ? AND remote_address = ? AND request_id = ? AND dropped = ? AND"
		    " renewed_from <=> ? AND lineage = ? AND issued_at = ? AND status = 'good' AND"
		    " requester_certificate <=> ? AND renewals = 0 AND lineage_compromised = 0 AND"
		    " revoked_at IS NULL AND revocation_reason IS NULL AND owner IS NULL",
		    db_args(db_uuid(&r.id), db_uuid(&r.generation_id), db_blob(r.serial),
			db_blob(r.fingerprint), db_text(r.type), db_text(r.source),
			db_text(r.subject), db_text(r.common_name), db_text(r.sans),
			db_time(r.not_before), db_time(r.not_after), db_text(r.key_type),
			db_int(r.key_bits), db_blob(r.spki_hash), db_blob(r.csr_hash),
			db_blob(r.der), db_uuid(&r.ra_profile_id), db_text(r.requester_kind),
			db_uuid(r.requester_tenant), db_uuid(r.requester_object),
			db_uuid(r.requester_application), db_text(r.requester_upn),
			db_text(r.token_id), db_text(r.remote_address), db_uuid(&r.request_id),
			db_text(r.dropped), db_uuid(r.renewed_from), db_uuid(&r.lineage),
			db_time(r.issued_at), db_uuid(r.requester_certificate)),
		    &rows, &with_db_err));
		ck_assert(db_rows_next(rows));
		ck_assert_int_eq(db_rows_int(rows, 0), 1);
		db_rows_free(rows);
		rows = NULL;
		/* Fetched back too, not only compared by the server. */
		with_db_ok(
		    db_query(with_db, "SELECT serial, der, not_after, subject, id FROM certificate",
			db_no_args, &rows, &with_db_err));
		ck_assert(db_rows_next(rows));
		ck_assert(bytes_equal(db_rows_bytes(rows, 0), r.serial));
		ck_assert(bytes_equal(db_rows_bytes(rows, 1), r.der));
		ck_assert_int_eq(db_rows_time(rows, 2), r.not_after);
		ck_assert(bytes_equal_text(db_rows_bytes(rows, 3), r.subject));
		ck_assert_mem_eq(db_rows_uuid(rows, 4).octets, r.id.octets, UUID_SIZE);
		db_rows_free(rows);
	}
END_TEST

static long long
count_certificates(void)
{
	return with_db_sql("SELECT COUNT(*) FROM certificate");
}

START_TEST(a_serial_or_a_certificate_is_recorded_once)
	{
		struct certificate_record record = make_record();

		with_db_ok(certificates_insert(with_db, &record, &with_db_err));
		record.id = uuid_new();
		with_db_fails(certificates_insert(with_db, &record, &with_db_err), ERR_CONFLICT);
		ck_assert_int_eq(with_db_err.number, ER_DUP_ENTRY);
		fingerprint[0]++; /* the same serial in another certificate */
		with_db_fails(certificates_insert(with_db, &record, &with_db_err), ERR_CONFLICT);
		serial[19]++;
		error_clear(&with_db_err);
		with_db_ok(certificates_insert(with_db, &record, &with_db_err));
		ck_assert_int_eq(count_certificates(), 2);
	}
END_TEST

static const struct {
	unsigned numbers[4];
	bool runs[4];
	int result;
	unsigned executed;
	int rows;
} OUTCOMES[] = {
	/* carried out, then lost: the second attempt finds it */
	{ { CR_SERVER_LOST }, { true }, 0, 2, 1 },
	{ { CR_SERVER_GONE_ERROR }, { true }, 0, 2, 1 },
	{ { ER_ERROR_DURING_COMMIT }, { true }, 0, 2, 1 },
	/* lost before it arrived: the second attempt does it */
	{ { CR_SERVER_LOST }, { false }, 0, 2, 1 },
	{ { CR_SERVER_GONE_ERROR }, { false }, 0, 2, 1 },
	/* known not to have happened */
	{ { ER_LOCK_DEADLOCK }, { false }, 0, 2, 1 },
	{ { ER_LOCK_DEADLOCK, ER_LOCK_WAIT_TIMEOUT }, { false }, 0, 3, 1 },
	{ { ER_LOCK_DEADLOCK, ER_LOCK_DEADLOCK, ER_LOCK_DEADLOCK }, { false }, -1, 3, 0 },
	{ { ER_UNKNOWN_COM_ERROR }, { false }, 0, 2, 1 },
	{ { CR_SERVER_LOST, ER_LOCK_DEADLOCK }, { true }, 0, 3, 1 },
	/* two losses in a row are an outage */
	{ { CR_SERVER_LOST, CR_SERVER_LOST }, { true }, -1, 2, 1 },
	{ { CR_SERVER_LOST, CR_SERVER_LOST }, { false, false }, -1, 2, 0 },
	{ { CR_SERVER_LOST, CR_SERVER_LOST }, { false, true }, -1, 2, 1 },
	{ { ER_DATA_TOO_LONG }, { false }, -1, 1, 0 },
};

START_TEST(an_unknown_outcome_is_settled)
	{
		struct certificate_record record = make_record();

		memcpy(fault.numbers, OUTCOMES[_i].numbers, sizeof(fault.numbers));
		memcpy(fault.runs, OUTCOMES[_i].runs, sizeof(fault.runs));
		if (OUTCOMES[_i].result == 0)
			with_db_ok(certificates_insert(with_db, &record, &with_db_err));
		else
			with_db_fails(
			    certificates_insert(with_db, &record, &with_db_err), ERR_DATABASE);
		ck_assert_uint_eq(fault.executed, OUTCOMES[_i].executed);
		ck_assert_int_eq(count_certificates(), OUTCOMES[_i].rows);
	}
END_TEST

START_TEST(another_certificate_of_the_serial_is_no_success)
	{
		struct certificate_record record = make_record();

		with_db_ok(certificates_insert(with_db, &record, &with_db_err));
		record.id = uuid_new();
		fingerprint[0]++;
		fault.at = 0;
		fault.numbers[0] = CR_SERVER_LOST;
		with_db_fails(certificates_insert(with_db, &record, &with_db_err), ERR_CONFLICT);
		ck_assert_int_eq(with_db_err.number, ER_DUP_ENTRY);
		ck_assert_int_eq(count_certificates(), 1);
	}
END_TEST

START_TEST(an_insert_survives_the_loss_of_an_idle_connection)
	{
		struct certificate_record record = make_record();

		with_db_ok(certificates_insert(with_db, &record, &with_db_err));
		with_db_kill(
		    with_db_admin, with_db_sql("SELECT ID FROM information_schema.PROCESSLIST"
					       " WHERE DB = DATABASE() AND ID <> CONNECTION_ID()"));
		record.id = uuid_new();
		fingerprint[0]++;
		serial[19]++;
		with_db_ok(certificates_insert(with_db, &record, &with_db_err));
		ck_assert_int_eq(count_certificates(), 2);
	}
END_TEST

/* Inserts one more of the same principal. */
static void
insert_more(int64_t issued_at, int64_t not_after)
{
	struct certificate_record record = make_record();
	static struct uuid the_tenant, the_object;
	static uint8_t number;

	if (number++ == 0) {
		the_tenant = tenant;
		the_object = object;
	}
	tenant = the_tenant;
	object = the_object;
	serial[19] = fingerprint[31] = number;
	der[0] = number;
	record.issued_at = issued_at;
	record.not_after = not_after;
	with_db_ok(certificates_insert(with_db, &record, &with_db_err));
}

START_TEST(the_limits_count_one_principal)
	{
		int64_t count = 0;
		struct uuid other = uuid_new();

		insert_more(1000, 5000);
		insert_more(2000, 6000);
		insert_more(3000, 7000);
		with_db_ok(certificates_count_since(
		    with_db, &tenant, &object, 2000, &count, &with_db_err));
		ck_assert_int_eq(count, 2);
		with_db_ok(
		    certificates_count_since(with_db, &tenant, &other, 0, &count, &with_db_err));
		ck_assert_int_eq(count, 0);
		with_db_ok(certificates_count_unexpired(
		    with_db, &tenant, &object, 5000, &count, &with_db_err));
		ck_assert_int_eq(count, 2);
		with_db_sql("UPDATE certificate SET status = 'revoked' WHERE issued_at >= "
			    "'1970-01-01 00:50:00'");
		with_db_ok(certificates_count_unexpired(
		    with_db, &tenant, &object, 5000, &count, &with_db_err));
		ck_assert_int_eq(count, 1);
		with_db_ok(certificates_count_unexpired(
		    with_db, &other, &object, 5000, &count, &with_db_err));
		ck_assert_int_eq(count, 0);
	}
END_TEST

START_TEST(the_same_csr_finds_the_newest_good_certificate)
	{
		struct buf found_der = BUF_INIT(10000);
		struct certificate_same same = { .tenant = &tenant,
			.object = &object,
			.ra_profile_id = profile->id,
			.generation_id = generation.id,
			.csr_hash = bytes_of(csr_hash, 32),
			.since = 2000,
			.ends_after = 6999 };
		bool found = true;

		insert_more(1000, 5000);
		with_db_ok(
		    certificates_find_same(with_db, &same, &found_der, &found, &with_db_err));
		ck_assert(!found);
		insert_more(2000, 6000);
		insert_more(3000, 7000);
		with_db_ok(
		    certificates_find_same(with_db, &same, &found_der, &found, &with_db_err));
		ck_assert(found);
		ck_assert_uint_eq(found_der.len, sizeof(der));
		ck_assert_uint_eq(found_der.data[0], 3);
		same.ends_after = 7000;
		with_db_ok(
		    certificates_find_same(with_db, &same, &found_der, &found, &with_db_err));
		ck_assert_msg(!found, "it has ended");
		same.ends_after = 4000;
		same.generation_id = uuid_new();
		with_db_ok(
		    certificates_find_same(with_db, &same, &found_der, &found, &with_db_err));
		ck_assert_msg(!found, "it is another generation's");
		same.generation_id = generation.id;
		with_db_sql("UPDATE certificate SET status = 'hold' WHERE issued_at = '1970-01-01 "
			    "00:50:00'");
		buf_reset(&found_der);
		with_db_ok(
		    certificates_find_same(with_db, &same, &found_der, &found, &with_db_err));
		ck_assert_uint_eq(found_der.data[0], 2);
		csr_hash[0]++;
		with_db_ok(
		    certificates_find_same(with_db, &same, &found_der, &found, &with_db_err));
		ck_assert(!found);
		csr_hash[0]--;
		same.ra_profile_id = uuid_new();
		with_db_ok(
		    certificates_find_same(with_db, &same, &found_der, &found, &with_db_err));
		ck_assert(!found);
		buf_release(&found_der);
	}
END_TEST

START_TEST(an_event_is_kept_and_its_detail_cut)
	{
		static char detail[3 * 5000];
		struct uuid request = uuid_new();
		struct audit_event event = { .actor = "uid:0",
			.remote_address = "",
			.action = "ca.init",
			.object_type = "authority",
			.object_name = "demo",
			.outcome = "done",
			.detail = detail };
		static const struct {
			const char *character;
			size_t count;
		} details[] = { { "", 0 }, { "x", 4096 }, { "x", 4097 }, { "\xc3\xa4", 4096 },
			{ "\xc3\xa4", 5000 }, { "\xe2\x82\xac", 4999 } };

		for (size_t i = 0, len = strlen(details[_i].character); i < details[_i].count; i++)
			memcpy(detail + i * len, details[_i].character, len + 1);
		if (_i % 2 == 0)
			event.request_id = &request;
		with_db_ok(audit_insert(with_db, &event, &with_db_err));
		ck_assert_int_eq(with_db_sql("SELECT CHAR_LENGTH(detail) FROM audit"),
		    details[_i].count > 4096 ? 4096 : (long long)details[_i].count);
		ck_assert_int_eq(with_db_sql("SELECT request_id IS NULL FROM audit"), _i % 2);
		ck_assert_int_le(
		    with_db_sql(
			"SELECT ABS(TIMESTAMPDIFF(SECOND, at, UTC_TIMESTAMP())) FROM audit"),
		    30);
	}
END_TEST

#define COUNT(array) ((int)(sizeof(array) / sizeof((array)[0])))

static TCase *
case_records(void)
{
	TCase *tc = tcase_create("records");

	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_loop_test(tc, a_key_comes_back_as_it_went_in, 0, 2);
	tcase_add_test(tc, authorities_have_exact_names_and_numbered_generations);
	tcase_add_test(tc, a_generation_lives_from_pending_to_expired);
	tcase_add_loop_test(tc, a_profile_comes_back_with_its_enrollers, 0, 2);
	tcase_add_test(tc, a_profile_takes_so_many_enrollers_and_no_more);
	tcase_add_test(tc, a_profile_is_changed_from_its_last_revision_only);
	tcase_add_loop_test(tc, the_only_enabled_profile_is_found, 0, 2);
	tcase_add_loop_test(tc, an_event_is_kept_and_its_detail_cut, 0, 6);
	return tc;
}

static TCase *
case_issuing(void)
{
	TCase *tc = tcase_create("issuing");

	tcase_add_checked_fixture(tc, setup_issuing, teardown);
	tcase_add_test(tc, an_authority_has_one_active_generation);
	tcase_add_test(tc, cross_certificates_are_found_by_subject);
	tcase_add_loop_test(tc, every_column_of_a_certificate_is_exact, 0, 2);
	tcase_add_test(tc, a_serial_or_a_certificate_is_recorded_once);
	tcase_add_loop_test(tc, an_unknown_outcome_is_settled, 0, COUNT(OUTCOMES));
	tcase_add_test(tc, another_certificate_of_the_serial_is_no_success);
	tcase_add_test(tc, an_insert_survives_the_loss_of_an_idle_connection);
	tcase_add_test(tc, the_limits_count_one_principal);
	tcase_add_test(tc, the_same_csr_finds_the_newest_good_certificate);
	return tc;
}

int
main(int argc, char **argv)
{
	Suite *suite = suite_create("store");
	TCase *cases[2];

	(void)argc;
	with_db_ensure(argv);
	cases[0] = case_records();
	cases[1] = case_issuing();
	for (size_t i = 0; i < 2; i++) {
		tcase_set_timeout(cases[i], 60);
		suite_add_tcase(suite, cases[i]);
	}
	return with_db_run(suite);
}
