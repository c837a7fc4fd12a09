/* Delegated OCSP responders: made by the job, whole or not at all, against a real MariaDB. */
#define _GNU_SOURCE
#include <unistd.h>

#include "crypto/cert_holder.h"
#include "enroll/status/ocsp_responder.h"
#include "enroll/status/ocsp_responder_job.h"
#include "enroll/status/ocsp_responder_make.h"
#include "enroll/issuing/policy.h"
#include "enroll/secrets/secret_check.h"
#include "enroll/secrets/secret_rotation.h"
#include "fixture_authority.h"
#include "store/certificates_find.h"
#include "store/ocsp_responders.h"

enum { HOUR = 3600 };

/* Keys of 32 octets 1 and 2. */
#define KEY_1 "72cd6e8422c407fb AQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQE=\n"
#define KEY_2 "75877bb41d393b5f AgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgI=\n"

static const char *const KINDS[] = { "rsa3072", "p256", "p384", "ed25519" };
static const struct key_facts MADE[] = { { KEY_RSA, 2048 }, { KEY_P256, 256 }, { KEY_P384, 384 },
	{ KEY_ED25519, 256 } };

static struct job_context job_context;
static struct keyring *keyring;
static struct uuid generation; /* demo-1 */

/* The database's clock, in our session. */
static void
set_time(int64_t now)
{
	with_db_ok(db_exec(with_db, "SET timestamp = ?", db_args(db_int(now)), NULL, &with_db_err));
}

static void
setup_job(void)
{
	static char https[] = "https://pki.example.com", http[] = "http://pki.example.com";
	static char none[] = "";

	setup();
	/* A host's clock that is a day behind does no harm. */
	clock_fix(NOW - DAY);
	set_time(NOW);
	with_db_settings.server.base_url = https;
	with_db_settings.server.http_base_url = http;
	with_db_settings.server.issued_log = none;
	with_db_settings.ocsp.use_authorized_responder = true;
	with_db_settings.ocsp.responder_validity_s = 24 * HOUR;
	with_db_ok(keyring_parse(bytes_text(KEY_1), &keyring, &with_db_err));
	job_context = (struct job_context){
		.settings = &with_db_settings,
		.db = with_db,
		.keyring = keyring,
	};
}

static void
teardown_job(void)
{
	keyring_free(keyring);
	teardown();
}

static void
make_ca(const char *kind)
{
	const struct authority_plan plan = plan_of("demo", kind);

	with_db_ok(authority_create(&context, &plan, fresh(), &with_db_err));
	generation = outcome.generation.id;
}

static void
setup_demo(void)
{
	setup_job();
	make_ca("ed25519");
}

static enum job_result
run_job(void)
{
	error_clear(&with_db_err);
	return job_run(&ocsp_responder_job, &job_context, &with_db_err);
}

/* It ran, or had nothing to do; the number of responders is so. */
static void
assert_run(enum job_result result, long long count)
{
	enum job_result was = run_job();

	ck_assert_msg(was == result, "%d: %s", (int)was, with_db_err.text);
	ck_assert_int_eq(with_db_sql("SELECT COUNT(*) FROM ocsp_responder"), count);
}

static long long
certificates(void)
{
	return with_db_sql("SELECT COUNT(*) FROM certificate WHERE type = 'OcspResponder'");
}

static struct ocsp_responder *
load(int64_t now)
{
	struct ocsp_responder *responder = NULL;

	with_db_ok(
	    ocsp_responder_load(with_db, keyring, &generation, now, &responder, &with_db_err));
	return responder;
}

START_TEST(a_responder_is_made_and_signs)
	{
		cleanup(ocsp_responder_freep) struct ocsp_responder *responder = NULL;
		cleanup(buf_release) struct buf signature = BUF_INIT(4096);
		struct ocsp_issuer_hashes hashes;
		struct key_facts facts;
		struct bytes spki;

		make_ca(KINDS[_i]);
		assert_run(JOB_DONE, 1);
		responder = load(NOW);
		facts = key_facts(responder->key);
		spki = key_public(responder->key);
		ck_assert(facts.type == MADE[_i].type && facts.bits == MADE[_i].bits);
		with_db_ok(key_sign(responder->key, bytes_text("text"), &signature, &with_db_err));
		with_db_ok(key_verify(spki, key_signature_algorithm(responder->key),
		    bytes_text("text"), buf_bytes(&signature), &with_db_err));
		with_db_ok(ocsp_issuer_hashes(buf_bytes(&signature), spki, &hashes, &with_db_err));
		ck_assert_mem_eq(responder->key_hash, hashes.key_sha1, OCSP_SHA1_SIZE);
		ck_assert_int_eq(responder->not_before, NOW - HOUR);
		ck_assert_int_eq(responder->not_after, NOW + 24 * HOUR);
		ck_assert_int_eq(with_db_sql("SELECT COUNT(*) FROM job WHERE"
					     " name = 'ocsp-responders' AND result = 'done'"),
		    1);
	}
END_TEST

/* NULL of an extension: OID and value as cert_sign writes them. */
static bool
has_no_check(const struct buf *der)
{
	static const char extension[] = "\x06\x09\x2b\x06\x01\x05\x05\x07\x30\x01\x05\x04\x02\x05";
	const size_t size = sizeof(extension); /* with the NUL that ends the NULL */

	for (size_t i = 0; i + size <= der->len; i++)
		if (memcmp(der->data + i, extension, size) == 0)
			return true;
	return false;
}

static bool
has_text(const struct buf *der, const char *text)
{
	for (size_t i = 0; i + strlen(text) <= der->len; i++)
		if (memcmp(der->data + i, text, strlen(text)) == 0)
			return true;
	return false;
}

START_TEST(its_certificate_may_sign_ocsp_and_nothing_else)
	{
		cleanup(ocsp_responder_freep) struct ocsp_responder *responder = NULL;
		cleanup(certificate_row_freep) struct certificate_row *row = NULL;
		cleanup(cert_freep) struct cert *cert = NULL, *issuer = NULL;
		cleanup(cert_holder_freep) struct cert_holder *holder = NULL;

		assert_run(JOB_DONE, 1);
		responder = load(NOW);
		with_db_ok(certificates_find_id(with_db, &responder->id, &row, &with_db_err));
		ck_assert(bytes_equal(buf_bytes(&row->der), buf_bytes(&responder->certificate)));
		with_db_ok(cert_parse(buf_bytes(&row->der), &cert, &with_db_err));
		with_db_ok(cert_parse(buf_bytes(&row->generation_der), &issuer, &with_db_err));
		with_db_ok(cert_verify(cert, issuer, &with_db_err));
		with_db_ok(cert_holder_read(cert, &holder, &with_db_err));
		ck_assert(!cert->is_ca);
		ck_assert_uint_eq(cert->key_usage, KU_DIGITAL_SIGNATURE);
		ck_assert_uint_eq(holder->eku_count, 1);
		ck_assert_str_eq(holder->ekus[0], "1.3.6.1.5.5.7.3.9");
		ck_assert(bytes_equal(cert->authority_key_id, issuer->key_id));
		ck_assert(has_no_check(&row->der));
		ck_assert(has_text(&row->der, "/ca/demo-1") && !has_text(&row->der, "/ocsp"));
		ck_assert(!has_text(&row->der, "/crl/"));
	}
END_TEST

START_TEST(everything_is_recorded_once)
	{
		cleanup(ocsp_responder_freep) struct ocsp_responder *responder = NULL;
		cleanup(certificate_row_freep) struct certificate_row *row = NULL;
		static const struct uuid none = { .octets = { 0 } };

		assert_run(JOB_DONE, 1);
		responder = load(NOW);
		with_db_ok(certificates_find_id(with_db, &responder->id, &row, &with_db_err));
		ck_assert_str_eq(row->type, "OcspResponder");
		ck_assert_str_eq(row->source, "Job");
		ck_assert_str_eq(row->requester_kind, "job");
		ck_assert_str_eq(buf_text(&row->subject), "CN=demo OCSP");
		ck_assert_uint_eq(row->serial[0], 0x21);
		ck_assert_int_eq(row->issued_at, NOW);
		ck_assert_int_eq(memcmp(&row->ra_profile_id, &none, sizeof(none)), 0);
		ck_assert_int_eq(memcmp(&row->lineage, &row->id, sizeof(none)), 0);
		ck_assert_int_eq(
		    with_db_sql("SELECT COUNT(*) FROM audit JOIN certificate"
				" ON object_name = HEX(serial) WHERE actor = 'job:ocsp-responders'"
				" AND action = 'ocsp_responder.create'"
				" AND object_type = 'certificate'"
				" AND JSON_VALUE(changes, '$.generation.after') = 'demo-1'"),
		    1);
		ck_assert_int_eq(
		    with_db_sql("SELECT COUNT(*) FROM audit WHERE action LIKE 'ocsp%%'"), 1);
	}
END_TEST

START_TEST(another_is_made_at_half_time_and_ended_ones_go)
	{
		cleanup(ocsp_responder_freep) struct ocsp_responder *first = NULL, *second = NULL;
		struct ocsp_responder_dates newest;

		assert_run(JOB_DONE, 1);
		first = load(NOW);
		assert_run(JOB_NOT_DUE, 1);
		set_time(NOW + 12 * HOUR - 1);
		assert_run(JOB_NOT_DUE, 1);
		set_time(NOW + 12 * HOUR);
		assert_run(JOB_DONE, 2);
		second = load(NOW + 12 * HOUR);
		ck_assert_int_ne(memcmp(&first->id, &second->id, sizeof(first->id)), 0);
		ck_assert_int_eq(second->not_after, NOW + 36 * HOUR);
		with_db_ok(ocsp_responders_find_dates(
		    with_db, &generation, NOW + 12 * HOUR, &newest, &with_db_err));
		ck_assert_int_eq(memcmp(&newest.id, &second->id, sizeof(newest.id)), 0);
		assert_run(JOB_NOT_DUE, 2);
		/* The end of the first, and the half of the second. */
		set_time(NOW + 24 * HOUR + 1);
		assert_run(JOB_DONE, 2);
		ck_assert_int_eq(certificates(), 3);
		/* After a long sleep there is none at first. */
		with_db_fails(ocsp_responders_find_dates(
				  with_db, &generation, NOW + 60 * DAY, &newest, &with_db_err),
		    ERR_NOT_FOUND);
		set_time(NOW + 60 * DAY);
		assert_run(JOB_DONE, 1);
		ck_assert_int_eq(certificates(), 4);
	}
END_TEST

START_TEST(a_forced_run_makes_what_is_needed_and_no_more)
	{
		job_context.is_forced = true;
		assert_run(JOB_DONE, 1);
		assert_run(JOB_DONE, 1);
	}
END_TEST

START_TEST(a_shorter_validity_takes_effect_at_once)
	{
		assert_run(JOB_DONE, 1);
		with_db_settings.ocsp.responder_validity_s = 48 * HOUR;
		assert_run(JOB_NOT_DUE, 1);
		with_db_settings.ocsp.responder_validity_s = 24 * HOUR;
		assert_run(JOB_NOT_DUE, 1);
		set_time(NOW + 1);
		with_db_settings.ocsp.responder_validity_s = 24 * HOUR - 1;
		assert_run(JOB_DONE, 2);
		assert_run(JOB_NOT_DUE, 2);
	}
END_TEST

/* Each run would make another one, and the first would still be the newest. */
START_TEST(one_of_a_clock_that_was_ahead_makes_no_more)
	{
		with_db_settings.validity_clock_skew_minutes = 24 * 60;
		set_time(NOW + 10 * HOUR);
		assert_run(JOB_DONE, 1);
		set_time(NOW);
		for (int i = 0; i < 3; i++)
			assert_run(JOB_NOT_DUE, 1);
		set_time(NOW + 22 * HOUR);
		assert_run(JOB_DONE, 2);
	}
END_TEST

START_TEST(it_never_outlives_its_ca)
	{
		cleanup(ocsp_responder_freep) struct ocsp_responder *responder = NULL;
		int64_t end = NOW + 100 * DAY, now = end - 10 * HOUR;

		set_time(now);
		assert_run(JOB_DONE, 1);
		responder = load(now);
		ck_assert_int_eq(responder->not_after, end);
		/* One more could not last longer. */
		set_time(end - 1);
		assert_run(JOB_NOT_DUE, 1);
		/* Nor is it older than its CA. */
		with_db_settings.validity_clock_skew_minutes = 60 * 24 * 365;
		with_db_sql("DELETE FROM ocsp_responder");
		assert_run(JOB_DONE, 1);
		ck_assert_int_eq(with_db_sql("SELECT COUNT(*) FROM certificate c"
					     " JOIN authority_generation g ON g.id = generation_id"
					     " WHERE c.not_before = g.not_before"),
		    1);
		set_time(end);
		assert_run(JOB_NOT_DUE, 1);
		set_time(end + 1);
		assert_run(JOB_DONE, 0);
	}
END_TEST

static const struct {
	const char *state;
	bool has_one;
} STATES[] = {
	{ "active", true },
	{ "retired", true },
	{ "pending", false },
	{ "expired", false },
};

START_TEST(generations_that_sign_have_one)
	{
		with_db_sql("UPDATE authority_generation SET state = '%s'", STATES[_i].state);
		assert_run(STATES[_i].has_one ? JOB_DONE : JOB_NOT_DUE, STATES[_i].has_one);
	}
END_TEST

START_TEST(both_generations_of_a_rekeyed_authority_have_one)
	{
		struct authority_plan plan = plan_of("demo", "p256");

		plan.activate = true;
		with_db_ok(authority_rekey(&context, &plan, fresh(), &with_db_err));
		assert_run(JOB_DONE, 2);
		ck_assert_int_eq(
		    with_db_sql("SELECT COUNT(DISTINCT generation_id) FROM ocsp_responder"), 2);
		ck_assert_int_eq(with_db_sql("SELECT COUNT(*) FROM ocsp_responder r"
					     " JOIN certificate c ON c.id = r.id"
					     " AND c.generation_id = r.generation_id"),
		    2);
	}
END_TEST

START_TEST(a_revoked_one_is_replaced)
	{
		cleanup(ocsp_responder_freep) struct ocsp_responder *responder = NULL;
		static const char *const statuses[] = { "hold", "revoked" };

		assert_run(JOB_DONE, 1);
		with_db_sql("UPDATE certificate SET status = '%s'", statuses[_i]);
		with_db_fails(ocsp_responder_load(
				  with_db, keyring, &generation, NOW, &responder, &with_db_err),
		    ERR_NOT_FOUND);
		assert_run(JOB_DONE, 2);
		responder = load(NOW);
		assert_run(JOB_NOT_DUE, 2);
	}
END_TEST

/* Hosts whose keyrings have no key in common make one an hour, not one at every look. */
START_TEST(one_whose_key_is_lost_is_replaced_after_an_hour)
	{
		cleanup(keyring_freep) struct keyring *other = NULL;
		cleanup(ocsp_responder_freep) struct ocsp_responder *responder = NULL;

		assert_run(JOB_DONE, 1);
		with_db_ok(keyring_parse(bytes_text(KEY_2), &other, &with_db_err));
		set_time(NOW + HOUR);
		assert_run(JOB_NOT_DUE, 1);
		job_context.keyring = other;
		set_time(NOW + HOUR - 1);
		assert_run(JOB_NOT_DUE, 1);
		set_time(NOW + HOUR);
		assert_run(JOB_DONE, 2);
		assert_run(JOB_NOT_DUE, 2);
		job_context.keyring = keyring;
		assert_run(JOB_NOT_DUE, 2);
		with_db_ok(ocsp_responder_load(
		    with_db, other, &generation, NOW + HOUR, &responder, &with_db_err));
	}
END_TEST

START_TEST(without_a_keyring_none_is_made)
	{
		cleanup(keyring_freep) struct keyring *unusable = keyring_unusable("no such file");

		job_context.keyring = NULL;
		assert_run(JOB_NOT_DUE, 0);
		job_context.is_first = true;
		assert_run(JOB_DONE, 0);
		job_context.is_first = false;
		job_context.is_forced = true;
		assert_run(JOB_DONE, 0);
		job_context.keyring = unusable;
		assert_run(JOB_FAILED, 0);
		ck_assert_ptr_nonnull(strstr(with_db_err.text, "demo-1: no such file"));
		ck_assert_int_eq(certificates(), 0);
	}
END_TEST

START_TEST(switched_off_none_is_made_and_ended_ones_go)
	{
		assert_run(JOB_DONE, 1);
		with_db_settings.ocsp.use_authorized_responder = false;
		set_time(NOW + 13 * HOUR);
		assert_run(JOB_NOT_DUE, 1);
		job_context.is_forced = true;
		assert_run(JOB_DONE, 1);
		job_context.is_forced = false;
		set_time(NOW + 24 * HOUR + 1);
		assert_run(JOB_DONE, 0);
		ck_assert_int_eq(certificates(), 1);
	}
END_TEST

START_TEST(a_ca_whose_key_is_away_holds_up_no_other)
	{
		const struct authority_plan plans[] = { plan_of("alpha", "ed25519"),
			plan_of("omega", "ed25519") };
		char path[128];

		for (size_t i = 0; i < COUNT(plans); i++)
			with_db_ok(authority_create(&context, &plans[i], fresh(), &with_db_err));
		(void)snprintf(path, sizeof(path), "%s/keys/demo-1.key", folder);
		ck_assert_int_eq(unlink(path), 0);
		assert_run(JOB_FAILED, 2);
		ck_assert_int_eq(with_db_err.code, ERR_CA_KEY);
		ck_assert_ptr_nonnull(strstr(with_db_err.text, "1 CA generations"));
		ck_assert_ptr_nonnull(strstr(with_db_err.text, "demo-1: "));
		ck_assert_ptr_null(strstr(with_db_err.text, "omega"));
		ck_assert_int_eq(
		    with_db_sql("SELECT COUNT(*) FROM job WHERE name = 'ocsp-responders'"
				" AND result = 'failed' AND detail LIKE '%%demo-1%%'"),
		    1);
	}
END_TEST

START_TEST(a_holder_that_comes_late_records_nothing)
	{
		const struct job_claim claim = {
			.name = "ocsp-responders", .holder = "one", .lease_s = 60
		};
		struct job_lease lease;
		bool claimed = false;

		with_db_ok(jobs_claim(with_db, &claim, &lease, &claimed, &with_db_err));
		ck_assert(claimed);
		job_context.lease = &lease;
		job_context.now = NOW;
		set_time(NOW + 61);
		with_db_fails(
		    ocsp_responder_make(&job_context, &generation, &with_db_err), ERR_CONFLICT);
		ck_assert_int_eq(certificates(), 0);
		set_time(NOW + 59);
		error_clear(&with_db_err);
		with_db_ok(ocsp_responder_make(&job_context, &generation, &with_db_err));
		ck_assert_int_eq(certificates(), 1);
	}
END_TEST

static const char *const TABLES[] = { "certificate", "ocsp_responder", "audit" };

START_TEST(it_is_recorded_whole_or_not_at_all)
	{
		with_db_sql("CREATE TRIGGER fault BEFORE INSERT ON %s FOR EACH ROW"
			    " SIGNAL SQLSTATE '45000' SET MESSAGE_TEXT = 'no room'",
		    TABLES[_i]);
		assert_run(JOB_FAILED, 0);
		ck_assert_int_eq(with_db_err.code, ERR_DATABASE);
		ck_assert_int_eq(certificates(), 0);
		ck_assert_int_eq(
		    with_db_sql("SELECT COUNT(*) FROM audit WHERE action LIKE 'ocsp%%'"), 0);
		with_db_sql("DROP TRIGGER fault");
		assert_run(JOB_DONE, 1);
	}
END_TEST

static void
load_fails(const struct keyring *with, const char *why)
{
	struct ocsp_responder *responder = NULL;

	with_db_fails(
	    ocsp_responder_load(with_db, with, &generation, NOW, &responder, &with_db_err),
	    ERR_CA_KEY);
	ck_assert_msg(strstr(with_db_err.text, why) != NULL, "%s", with_db_err.text);
	error_clear(&with_db_err);
}

START_TEST(its_key_opens_at_its_own_place_alone)
	{
		cleanup(keyring_freep) struct keyring *other = NULL;

		with_db_ok(keyring_parse(bytes_text(KEY_2), &other, &with_db_err));
		assert_run(JOB_DONE, 1);
		load_fails(NULL, "KeyringFile is not set");
		load_fails(other, "ocsp_responder.private_key of ");
		/* The key of another row. */
		set_time(NOW + 1);
		with_db_settings.ocsp.responder_validity_s = 12 * HOUR;
		assert_run(JOB_DONE, 2);
		ocsp_responder_free(load(NOW + 1));
		with_db_sql("CREATE TABLE kept SELECT * FROM ocsp_responder");
		with_db_sql("UPDATE ocsp_responder r SET private_key ="
			    " (SELECT private_key FROM kept WHERE kept.id <> r.id)");
		load_fails(keyring, "ocsp_responder.private_key of ");
		/* The certificate of another row. */
		with_db_sql("UPDATE ocsp_responder r SET private_key ="
			    " (SELECT private_key FROM kept WHERE kept.id = r.id), certificate ="
			    " (SELECT certificate FROM kept WHERE kept.id <> r.id)");
		load_fails(keyring, "is not that of its certificate");
		with_db_sql("UPDATE ocsp_responder SET certificate = 'none'");
		load_fails(keyring, "not one DER certificate");
	}
END_TEST

/* A lost one keeps nobody from starting, as the CA signs; one that is there is sealed anew. */
START_TEST(its_key_may_be_lost_and_is_sealed_anew)
	{
		cleanup(ocsp_responder_freep) struct ocsp_responder *responder = NULL;
		cleanup(keyring_freep) struct keyring *first = keyring, *both = NULL;
		struct secret_rotation done;

		assert_run(JOB_DONE, 1);
		with_db_ok(secret_check(with_db, first, &with_db_err));
		with_db_ok(secret_check(with_db, NULL, &with_db_err));
		with_db_ok(keyring_parse(bytes_text(KEY_2 KEY_1), &both, &with_db_err));
		with_db_ok(secret_rotation_run(with_db, both, "uid:0", &done, &with_db_err));
		ck_assert_int_eq(done.sealed, 1);
		keyring = NULL;
		with_db_ok(keyring_parse(bytes_text(KEY_2), &keyring, &with_db_err));
		with_db_ok(secret_check(with_db, keyring, &with_db_err));
		responder = load(NOW);
		with_db_ok(secret_check(with_db, first, &with_db_err));
		load_fails(first, "ocsp_responder.private_key of ");
	}
END_TEST

START_TEST(its_holder_enrolls_nothing)
	{
		cleanup(client_certificate_freep) struct client_certificate *client =
		    client_certificate_new();
		cleanup(ocsp_responder_freep) struct ocsp_responder *responder = NULL;
		struct principal principal = { .kind = PRINCIPAL_CERTIFICATE };
		enum certificate_type type;

		ck_assert_ptr_nonnull(client);
		assert_run(JOB_DONE, 1);
		responder = load(NOW);
		with_db_ok(
		    certificates_find_id(with_db, &responder->id, &client->row, &with_db_err));
		with_db_fails(
		    policy_check_role(&principal, client, &type, &with_db_err), ERR_CLIENT_CERT);
		ck_assert_ptr_nonnull(strstr(with_db_err.text, "OcspResponder"));
	}
END_TEST

/* A CA that is called as its responder would be. */
START_TEST(its_subject_is_never_the_cas)
	{
		struct authority_plan plan = plan_of("demo", "ed25519");

		plan.subject = "CN=demo OCSP";
		with_db_ok(authority_create(&context, &plan, fresh(), &with_db_err));
		assert_run(JOB_DONE, 1);
		ck_assert_int_eq(with_db_sql("SELECT COUNT(*) FROM certificate"
					     " WHERE subject = 'CN=demo OCSP responder'"),
		    1);
	}
END_TEST

static void
add_tests(TCase *tests)
{
	tcase_add_test(tests, its_certificate_may_sign_ocsp_and_nothing_else);
	tcase_add_test(tests, everything_is_recorded_once);
	tcase_add_test(tests, another_is_made_at_half_time_and_ended_ones_go);
	tcase_add_test(tests, a_forced_run_makes_what_is_needed_and_no_more);
	tcase_add_test(tests, a_shorter_validity_takes_effect_at_once);
	tcase_add_test(tests, one_of_a_clock_that_was_ahead_makes_no_more);
	tcase_add_test(tests, it_never_outlives_its_ca);
	tcase_add_loop_test(tests, generations_that_sign_have_one, 0, COUNT(STATES));
	tcase_add_test(tests, both_generations_of_a_rekeyed_authority_have_one);
	tcase_add_loop_test(tests, a_revoked_one_is_replaced, 0, 2);
	tcase_add_test(tests, one_whose_key_is_lost_is_replaced_after_an_hour);
	tcase_add_test(tests, without_a_keyring_none_is_made);
	tcase_add_test(tests, switched_off_none_is_made_and_ended_ones_go);
	tcase_add_test(tests, a_ca_whose_key_is_away_holds_up_no_other);
	tcase_add_test(tests, a_holder_that_comes_late_records_nothing);
	tcase_add_loop_test(tests, it_is_recorded_whole_or_not_at_all, 0, COUNT(TABLES));
	tcase_add_test(tests, its_key_opens_at_its_own_place_alone);
	tcase_add_test(tests, its_key_may_be_lost_and_is_sealed_anew);
	tcase_add_test(tests, its_holder_enrolls_nothing);
}

int
main(int argc, char **argv)
{
	Suite *suite = suite_create("ocsp_responder");
	TCase *made = tcase_create("made"), *demo = tcase_create("demo");

	(void)argc;
	with_db_ensure(argv);
	tcase_add_checked_fixture(made, setup_job, teardown_job);
	tcase_set_timeout(made, 60);
	tcase_add_loop_test(made, a_responder_is_made_and_signs, 0, COUNT(KINDS));
	tcase_add_test(made, its_subject_is_never_the_cas);
	tcase_add_checked_fixture(demo, setup_demo, teardown_job);
	tcase_set_timeout(demo, 60);
	add_tests(demo);
	suite_add_tcase(suite, made);
	suite_add_tcase(suite, demo);
	return with_db_run(suite);
}
