/* Which certificates SCEP profiles may name, and how they are listed, against a real MariaDB. */
#define _GNU_SOURCE
#include "crypto/cert.h"
#include "enroll/authorities/ra_certificate.h"
#include "enroll/profiles/scep_ca.h"
#include "fixture_authority.h"

enum { MADE = NOW - 10, BEGINS = NOW - 3600, ENDS = NOW + 100 };

static const struct {
	const char *what;
	const char *type;
	enum certificate_status status;
	bool lacks_key, is_retired, is_expired;
	int64_t now;
	bool for_scep, for_intune;
} RULES[] = {
	{ "RSA", "rsa", CERTIFICATE_GOOD, false, false, false, NOW, true, true },
	{ "P-256", "p256", CERTIFICATE_GOOD, false, false, false, NOW, true, false },
	{ "P-384", "p384", CERTIFICATE_GOOD, false, false, false, NOW, true, false },
	{ "Ed25519", "ed25519", CERTIFICATE_GOOD, false, false, false, NOW, false, false },
	{ "no key", "rsa", CERTIFICATE_GOOD, true, false, false, NOW, false, false },
	{ "retired key", "rsa", CERTIFICATE_GOOD, false, true, false, NOW, false, false },
	{ "expired CA", "rsa", CERTIFICATE_GOOD, false, false, true, NOW, false, false },
	{ "on hold", "rsa", CERTIFICATE_ON_HOLD, false, false, false, NOW, false, false },
	{ "revoked", "rsa", CERTIFICATE_REVOKED, false, false, false, NOW, false, false },
	{ "too early", "rsa", CERTIFICATE_GOOD, false, false, false, BEGINS - 1, false, false },
	{ "first second", "rsa", CERTIFICATE_GOOD, false, false, false, BEGINS, true, true },
	{ "last second", "rsa", CERTIFICATE_GOOD, false, false, false, ENDS, true, true },
	{ "ended", "rsa", CERTIFICATE_GOOD, false, false, false, ENDS + 1, false, false },
};

START_TEST(only_a_good_certificate_with_an_active_key_is_acceptable)
	{
		struct scep_ca *ca = scep_ca_new();

		ck_assert_ptr_nonnull(ca);
		ca->row = certificate_row_new();
		ck_assert_ptr_nonnull(ca->row);
		ca->has_key = !RULES[_i].lacks_key;
		ca->key_is_active = !RULES[_i].is_retired;
		ca->row->status = RULES[_i].status;
		ca->row->generation_expired = RULES[_i].is_expired;
		ca->row->not_before = BEGINS;
		ca->row->not_after = ENDS;
		(void)snprintf(ca->row->key_type, sizeof(ca->row->key_type), "%s", RULES[_i].type);
		ck_assert_msg(scep_ca_is_acceptable(ca, false, RULES[_i].now) == RULES[_i].for_scep,
		    "%s", RULES[_i].what);
		ck_assert_msg(
		    scep_ca_is_acceptable(ca, true, RULES[_i].now) == RULES[_i].for_intune, "%s",
		    RULES[_i].what);
		scep_ca_free(ca);
	}
END_TEST

static const struct {
	const char *usages;
	bool is_for_scep;
} USAGES[] = { { "scep", true }, { "ca,scep", true }, { "scep,ca", true }, { "ca", false },
	{ "", false }, { "scepx", false }, { "xscep", false }, { "ca,sce", false },
	{ "ca,scep2", false } };

START_TEST(a_usage_is_a_whole_word)
	{
		struct managed_key key = { .bits = 0 };

		(void)snprintf(key.usages, sizeof(key.usages), "%s", USAGES[_i].usages);
		ck_assert(managed_key_is_for(&key, "scep") == USAGES[_i].is_for_scep);
	}
END_TEST

/* Ids follow the clock, which stands still otherwise. */
static void
later(void)
{
	clock_fix(clock_now() + 1);
}

/* What scep_ca_each has shown. */
static struct {
	struct uuid ids[1100];
	size_t count;
} seen;

static int
see(const struct scep_ca *ca, void *arg, struct error *err)
{
	(void)arg;
	(void)err;
	seen.ids[seen.count++] = ca->row->id;
	return 0;
}

static size_t
listed(bool intune, int64_t now)
{
	const struct scep_ca_visit visit = { .each = see };

	seen.count = 0;
	with_db_ok(scep_ca_each(with_db, intune, now, visit, &with_db_err));
	return seen.count;
}

static void
make_ca(const char *name, const char *type, const char *usages)
{
	struct authority_plan plan = plan_of(name, type);

	plan.key.usages = usages;
	with_db_ok(authority_create(&context, &plan, fresh(), &with_db_err));
}

/* The authority demo and so many RA certificates. */
static void
make_ras(struct uuid *ids, size_t count)
{
	static char https[] = "https://pki.example.com", http[] = "http://pki.example.com";
	const struct ra_certificate_plan plan = {
		.authority = "demo", .key = { .type = "rsa2048" }, .days = 10
	};
	struct ra_certificate_outcome made;

	with_db_settings.server.base_url = https;
	with_db_settings.server.http_base_url = http;
	for (size_t i = 0; i < count; i++) {
		with_db_ok(ra_certificate_create(&context, &plan, &made, &with_db_err));
		ids[i] = made.id;
		later();
	}
}

static bool
same(const struct uuid *a, const struct uuid *b)
{
	return memcmp(a, b, sizeof(*a)) == 0;
}

START_TEST(a_cas_own_key_is_listed_only_where_it_was_made_for_it)
	{
		make_ca("plain", "rsa2048", NULL);
		ck_assert_uint_eq(listed(false, NOW), 0);
		make_ca("rsa", "rsa2048", "ca,scep");
		ck_assert_uint_eq(listed(true, NOW), 1);
		ck_assert(same(&seen.ids[0], &outcome.generation.id));
		make_ca("ec", "p256", "ca,scep");
		ck_assert_uint_eq(listed(true, NOW), 1);
		ck_assert_uint_eq(listed(false, NOW), 2);
	}
END_TEST

START_TEST(a_generation_is_described_like_a_certificate)
	{
		cleanup(scep_ca_freep) struct scep_ca *ca = NULL;
		const struct generation *generation = &outcome.generation;

		make_ca("demo", "rsa2048", "ca,scep");
		with_db_ok(scep_ca_find(with_db, &generation->id, &ca, &with_db_err));
		ck_assert(ca->has_key && ca->key_is_active);
		ck_assert(same(&ca->key_id, &generation->key_id));
		ck_assert(same(&ca->row->id, &generation->id));
		ck_assert_str_eq(ca->row->generation, "demo-1");
		ck_assert_str_eq(ca->row->key_type, "rsa");
		ck_assert_uint_eq(ca->row->key_bits, 2048);
		ck_assert_str_eq(buf_text(&ca->row->subject), "CN=demo");
		ck_assert_int_eq(ca->row->not_before, NOW - 3600);
		ck_assert_int_eq(ca->row->not_after, NOW + 100 * DAY);
		ck_assert_int_eq(ca->row->issued_at, NOW);
		ck_assert_uint_eq(ca->row->serial_len, 16);
		ck_assert_uint_eq(ca->row->serial[0], 0x10);
		ck_assert(
		    bytes_equal(buf_bytes(&ca->row->der), buf_bytes(&generation->certificate)));
		ck_assert(bytes_equal(
		    buf_bytes(&ca->row->generation_der), buf_bytes(&generation->certificate)));
		ck_assert_int_eq(memcmp(ca->row->fingerprint, generation->fingerprint, 32), 0);
	}
END_TEST

static unsigned
usage_of(const struct generation *generation)
{
	cleanup(cert_freep) struct cert *cert = NULL;

	with_db_ok(cert_parse(buf_bytes(&generation->certificate), &cert, &with_db_err));
	return cert->key_usage;
}

static const struct {
	const char *type;
	unsigned more;
} DIRECT[] = { { "rsa2048", KU_DIGITAL_SIGNATURE | KU_KEY_ENCIPHERMENT },
	{ "p256", KU_DIGITAL_SIGNATURE }, { "p384", KU_DIGITAL_SIGNATURE } };

START_TEST(a_ca_for_scep_stays_one_when_it_is_renewed_and_rekeyed)
	{
		struct authority_plan next = { .name = "demo", .days = 100 };
		unsigned usage = KU_KEY_CERT_SIGN | KU_CRL_SIGN | DIRECT[_i].more;
		struct uuid first, second;

		make_ca("demo", DIRECT[_i].type, "ca,scep");
		ck_assert_uint_eq(usage_of(&outcome.generation), usage);
		first = outcome.generation.id;
		later();
		with_db_ok(authority_renew(&context, &next, fresh(), &with_db_err));
		ck_assert_uint_eq(usage_of(&outcome.generation), usage);
		second = outcome.generation.id;
		/* The retired one goes on, so that profiles which name it do not stop at once. */
		ck_assert_uint_eq(listed(false, NOW), 2);
		ck_assert(same(&seen.ids[0], &second) && same(&seen.ids[1], &first));
		later();
		with_db_ok(authority_rekey(&context, &next, fresh(), &with_db_err));
		ck_assert_uint_eq(usage_of(&outcome.generation), usage);
		/* A pending one does not count until it is active. */
		ck_assert_uint_eq(listed(false, NOW), 2);
		with_db_ok(authority_activate(&context, "demo-3", fresh(), &with_db_err));
		ck_assert_uint_eq(listed(false, NOW), 3);
		ck_assert(same(&seen.ids[0], &outcome.generation.id));
		with_db_sql("UPDATE authority_generation SET state = 'expired' WHERE number < 3");
		ck_assert_uint_eq(listed(false, NOW), 1);
	}
END_TEST

START_TEST(another_ca_is_not_made_for_scep_by_rekeying)
	{
		struct authority_plan next = { .name = "demo", .days = 100, .activate = true };

		make_ca("demo", "p256", "ca");
		ck_assert_uint_eq(usage_of(&outcome.generation), KU_KEY_CERT_SIGN | KU_CRL_SIGN);
		with_db_ok(authority_rekey(&context, &next, fresh(), &with_db_err));
		ck_assert_uint_eq(usage_of(&outcome.generation), KU_KEY_CERT_SIGN | KU_CRL_SIGN);
		ck_assert_uint_eq(listed(false, NOW), 0);
	}
END_TEST

START_TEST(ed25519_is_no_key_for_scep)
	{
		struct authority_plan plan = plan_of("demo", "ed25519");
		char path[128];

		plan.key.usages = "ca,scep";
		with_db_fails(authority_create(&context, &plan, fresh(), &with_db_err), ERR_CONFIG);
		ck_assert_ptr_nonnull(strstr(with_db_err.text, "Ed25519"));
		(void)snprintf(path, sizeof(path), "%s/keys/demo-1.key", folder);
		ck_assert_int_ne(access(path, F_OK), 0);
		/* One that exists does no better. */
		ck_assert_int_eq(key_generate_file(path, NULL,
				     (struct key_facts){ KEY_ED25519, 256 }, &with_db_err),
		    0);
		plan.key.existing = true;
		plan.key.type = NULL;
		with_db_fails(authority_create(&context, &plan, fresh(), &with_db_err), ERR_CONFIG);
		plan.key.usages = "ca";
		error_clear(&with_db_err);
		with_db_ok(authority_create(&context, &plan, fresh(), &with_db_err));
		/* Nor may it follow one for SCEP. */
		make_ca("rsa", "rsa2048", "ca,scep");
		plan = (struct authority_plan){
			.name = "rsa",
			.key = { .type = "ed25519" },
			.days = 100,
		};
		with_db_fails(authority_rekey(&context, &plan, fresh(), &with_db_err), ERR_CONFIG);
	}
END_TEST

START_TEST(ra_certificates_are_listed_newest_first_while_they_are_good)
	{
		struct uuid ids[3];

		make_demo();
		make_ras(ids, COUNT(ids));
		ck_assert_uint_eq(listed(true, NOW), 3);
		for (size_t i = 0; i < 3; i++)
			ck_assert(same(&seen.ids[i], &ids[2 - i]));
		ck_assert_uint_eq(listed(true, NOW + 11 * DAY), 0);
		with_db_sql("UPDATE certificate SET status = 'hold' ORDER BY id LIMIT 1");
		ck_assert_uint_eq(listed(true, NOW), 2);
		with_db_sql("UPDATE certificate SET status = 'revoked' ORDER BY id LIMIT 1");
		ck_assert_uint_eq(listed(true, NOW), 2);
		with_db_sql("UPDATE certificate SET status = 'good'");
		ck_assert_uint_eq(listed(true, NOW), 3);
		with_db_sql("UPDATE managed_key SET state = 'retired' WHERE name = 'demo.ra-2'");
		ck_assert_uint_eq(listed(true, NOW), 2);
		ck_assert(same(&seen.ids[0], &ids[2]) && same(&seen.ids[1], &ids[0]));
	}
END_TEST

START_TEST(any_id_is_found_or_not)
	{
		cleanup(scep_ca_freep) struct scep_ca *ca = NULL;
		struct authority_plan outer = plan_of("outer", "rsa2048");
		struct uuid id;

		make_demo();
		make_ras(&id, 1);
		with_db_ok(scep_ca_find(with_db, &id, &ca, &with_db_err));
		ck_assert(ca->has_key && ca->key_is_active && same(&ca->row->id, &id));
		scep_ca_freep(&ca);
		ca = NULL;
		/* A certificate whose key is its holder's. */
		with_db_sql("DELETE FROM ra_certificate");
		with_db_ok(scep_ca_find(with_db, &id, &ca, &with_db_err));
		ck_assert(!ca->has_key && !ca->key_is_active);
		ck_assert(!scep_ca_is_acceptable(ca, false, NOW));
		scep_ca_freep(&ca);
		ca = NULL;
		/* A CA that is not made for it. */
		with_db_ok(scep_ca_find(with_db, &outcome.generation.id, &ca, &with_db_err));
		ck_assert(!ca->has_key && !scep_ca_is_acceptable(ca, false, NOW));
		scep_ca_freep(&ca);
		ca = NULL;
		/* One that waits for its certificate. */
		outer.outer = true;
		outer.key.usages = "ca,scep";
		with_db_ok(authority_create(&context, &outer, fresh(), &with_db_err));
		with_db_fails(scep_ca_find(with_db, &outcome.generation.id, &ca, &with_db_err),
		    ERR_NOT_FOUND);
		ck_assert_uint_eq(listed(false, NOW), 0);
		id = uuid_new();
		with_db_fails(scep_ca_find(with_db, &id, &ca, &with_db_err), ERR_NOT_FOUND);
	}
END_TEST

static int
stop(const struct scep_ca *ca, void *arg, struct error *err)
{
	(void)ca;
	*(unsigned *)arg += 1;
	return error_set(err, ERR_LIMIT, "enough");
}

START_TEST(the_list_has_an_end_and_can_be_ended)
	{
		unsigned calls = 0;
		const struct scep_ca_visit visit = { .each = stop, .arg = &calls };
		struct uuid id;

		make_demo();
		make_ras(&id, 1);
		/* More of them, all older. */
		with_db_sql("CREATE TEMPORARY TABLE more AS SELECT * FROM certificate");
		with_db_sql("CREATE TEMPORARY TABLE many AS SELECT more.*, seq FROM more,"
			    " seq_1_to_%d",
		    SCEP_CA_MAX);
		with_db_sql("UPDATE many SET id = UNHEX(LPAD(HEX(seq), 32, '0')),"
			    " serial = UNHEX(LPAD(HEX(seq), 32, '0')),"
			    " fingerprint = UNHEX(LPAD(HEX(seq), 64, '0'))");
		with_db_sql("ALTER TABLE many DROP COLUMN seq");
		with_db_sql("INSERT INTO certificate SELECT * FROM many");
		with_db_sql("INSERT INTO ra_certificate SELECT many.id, r.authority_id, r.key_id,"
			    " r.created_at FROM many, ra_certificate r");
		ck_assert_uint_eq(listed(false, NOW), SCEP_CA_MAX);
		ck_assert(same(&seen.ids[0], &id));
		with_db_fails(scep_ca_each(with_db, false, NOW, visit, &with_db_err), ERR_LIMIT);
		ck_assert_uint_eq(calls, 1);
	}
END_TEST

static TCase *
case_rules(void)
{
	TCase *tc = tcase_create("rules");

	tcase_add_loop_test(
	    tc, only_a_good_certificate_with_an_active_key_is_acceptable, 0, COUNT(RULES));
	tcase_add_loop_test(tc, a_usage_is_a_whole_word, 0, COUNT(USAGES));
	return tc;
}

static TCase *
case_generations(void)
{
	TCase *tc = tcase_create("generations");

	tcase_add_test(tc, a_cas_own_key_is_listed_only_where_it_was_made_for_it);
	tcase_add_test(tc, a_generation_is_described_like_a_certificate);
	tcase_add_loop_test(
	    tc, a_ca_for_scep_stays_one_when_it_is_renewed_and_rekeyed, 0, COUNT(DIRECT));
	tcase_add_test(tc, another_ca_is_not_made_for_scep_by_rekeying);
	tcase_add_test(tc, ed25519_is_no_key_for_scep);
	return tc;
}

static TCase *
case_certificates(void)
{
	TCase *tc = tcase_create("certificates");

	tcase_add_test(tc, ra_certificates_are_listed_newest_first_while_they_are_good);
	tcase_add_test(tc, any_id_is_found_or_not);
	tcase_add_test(tc, the_list_has_an_end_and_can_be_ended);
	return tc;
}

int
main(int argc, char **argv)
{
	static TCase *(*const cases[])(void) = { case_rules, case_generations, case_certificates };

	(void)argc;
	with_db_ensure(argv);
	return run_cases("scep_ca", cases, COUNT(cases));
}
