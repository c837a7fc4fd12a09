/* Which client certificates are believed, against a real MariaDB and a CA of our own. */
#define _GNU_SOURCE
#include "crypto/der.h"
#include "enroll/issuing/client_certificate.h"
#include "enroll/status/revoke.h"
#include "fixture_authority.h"
#include "fixture_store.h"
#include "store/revocations.h"

enum { BEGIN = NOW - 3600, END = NOW + DAY };

static struct key *ca_key, *leaf_key;
static struct cert *ca;
/* What is issued next, and what was. */
static struct cert_template template;
static struct fixture_record record;
static struct buf der = BUF_INIT(65535);
static struct client_certificate *client;

static struct key *
open_key(const char *uri)
{
	struct key *key = NULL;

	with_db_ok(key_open(uri, NULL, &key, &with_db_err));
	return key;
}

static struct key *
make_key(const char *name)
{
	struct key_facts facts = { KEY_P256, 256 };
	char uri[128];

	(void)snprintf(uri, sizeof(uri), "file:%s/%s", folder, name);
	with_db_ok(key_generate_file(uri + 5, NULL, facts, &with_db_err));
	return open_key(uri);
}

static void
setup_client(void)
{
	static const char *const ekus[] = { "1.3.6.1.5.5.7.3.2" };
	static struct san san = { .type = SAN_DNS };

	make_demo();
	ca_key = open_key(outcome.key_uri);
	with_db_ok(cert_parse(buf_bytes(&outcome.generation.certificate), &ca, &with_db_err));
	leaf_key = make_key("leaf.key");
	fixture_generation = outcome.generation.id;
	san.der = bytes_text("\x82\x09"
			     "a.example");
	template = (struct cert_template){
		.serial = { 0x50, 1 },
		.issuer = ca->subject,
		.authority_key_id = ca->key_id,
		.not_before = BEGIN,
		.not_after = END,
		.subject = DER_BYTES("\x30\x0c\x31\x0a\x30\x08\x06\x03\x55\x04\x03\x0c\x01x"),
		.spki = key_public(leaf_key),
		.path_len = -1,
		.key_usage = KU_DIGITAL_SIGNATURE,
		.ekus = ekus,
		.eku_count = 1,
		.sans = &san,
		.san_count = 1,
	};
}

static void
teardown_client(void)
{
	client_certificate_free(client);
	buf_release(&der);
	cert_free(ca);
	key_free(leaf_key);
	key_free(ca_key);
}

/* Signs the template into der. */
static void
sign(struct key *by)
{
	buf_reset(&der);
	with_db_ok(cert_sign(&template, by, &der, &with_db_err));
}

/* Writes a row for what is in der, whoever signed it. */
static void
write_row(uint8_t number)
{
	fixture_record(number, &record);
	record.r.generation_id = fixture_generation;
	record.r.serial = bytes_of(template.serial, sizeof(template.serial));
	with_db_ok(sha256(buf_bytes(&der), record.fingerprint, &with_db_err));
	with_db_ok(sha256(template.spki, record.hash, &with_db_err));
	record.r.der = buf_bytes(&der);
	fixture_insert(&record);
}

static void
issue_as(uint8_t number)
{
	sign(ca_key);
	write_row(number);
}

static void
issue(void)
{
	issue_as(1);
}

static int
verify_at(int64_t now)
{
	error_clear(&with_db_err);
	client_certificate_free(client);
	client = NULL;
	return client_certificate_verify(with_db, buf_bytes(&der), now, &client, &with_db_err);
}

static void
assert_believed(void)
{
	with_db_ok(verify_at(NOW));
	ck_assert_mem_eq(&client->row->id, &record.r.id, sizeof(record.r.id));
}

static void
assert_refused(const char *text)
{
	ck_assert_int_eq(verify_at(NOW), -1);
	ck_assert_msg(with_db_err.code == ERR_CLIENT_CERT, "%s", with_db_err.text);
	ck_assert_msg(strstr(with_db_err.text, text) != NULL, "%s", with_db_err.text);
	ck_assert_ptr_null(client);
}

START_TEST(a_good_one_comes_with_its_record_and_its_names)
	{
		issue();
		assert_believed();
		ck_assert_str_eq(client->row->type, "Static");
		ck_assert_str_eq(client->row->generation, "demo-1");
		ck_assert_uint_eq(client->holder->name.count, 1);
		ck_assert_str_eq(client->holder->name.attributes[0].value, "x");
		ck_assert_uint_eq(client->holder->san_count, 1);
		ck_assert_uint_eq(client->holder->eku_count, 1);
		ck_assert(bytes_equal(client->cert->spki, key_public(leaf_key)));
	}
END_TEST

START_TEST(one_that_is_not_on_record_is_refused)
	{
		issue();
		template.serial[5] ^= 1;
		sign(ca_key);
		assert_refused("was not issued here");
		buf_reset(&der);
		assert_refused("was not issued here");
		buf_add(&der, buf_bytes(&ca->der));
		assert_refused("was not issued here");
	}
END_TEST

START_TEST(a_look_alike_is_refused)
	{
		issue();
		for (size_t i = 0; i < der.len; i++) {
			der.data[i] ^= 1;
			assert_refused("was not issued here");
			der.data[i] ^= 1;
		}
		assert_believed();
		buf_add_byte(&der, 0);
		assert_refused("was not issued here");
	}
END_TEST

START_TEST(the_record_must_hold_every_octet)
	{
		issue();
		with_db_sql("UPDATE certificate SET der = CONCAT(der, 'x')");
		assert_refused("is not the one on record");
		with_db_sql("UPDATE certificate SET der = LEFT(der, LENGTH(der) - 1)");
		assert_believed();
	}
END_TEST

/* Who can only add rows to the table of certificates makes none that is believed. */
START_TEST(a_row_does_not_make_up_for_a_signature)
	{
		struct key *other = make_key("other.key");

		sign(other);
		write_row(1);
		assert_refused("signature");
		with_db_sql("DELETE FROM certificate");
		template.issuer = template.subject;
		sign(ca_key);
		write_row(2);
		assert_refused("issuer");
		with_db_sql("DELETE FROM certificate");
		template.issuer = ca->subject;
		issue();
		assert_believed();
		key_free(other);
	}
END_TEST

START_TEST(the_generation_on_record_must_have_signed_it)
	{
		struct authority_plan plan = plan_of("demo", "p256");
		struct uuid first = fixture_generation;

		plan.activate = true;
		with_db_ok(authority_rekey(&context, &plan, fresh(), &with_db_err));
		fixture_generation = outcome.generation.id;
		issue();
		assert_refused("signature");
		with_db_sql("DELETE FROM certificate");
		fixture_generation = first;
		issue();
		assert_state("demo-1", "retired");
		assert_believed();
		with_db_sql("UPDATE authority_generation SET certificate = NULL"
			    " WHERE label = 'demo-1'");
		assert_refused("");
	}
END_TEST

START_TEST(of_an_expired_generation_none_is_believed)
	{
		issue();
		with_db_sql("UPDATE authority_generation SET state = 'expired'");
		assert_refused("generation that has expired");
		with_db_sql("UPDATE authority_generation SET state = 'retired'");
		assert_believed();
	}
END_TEST

/* RFC 5280, 4.1.2.5: both ends belong to it. */
START_TEST(dates_count_to_the_second)
	{
		issue();
		ck_assert_int_eq(verify_at(BEGIN - 1), -1);
		ck_assert_str_eq(with_db_err.text, "the client certificate is not valid yet");
		with_db_ok(verify_at(BEGIN));
		with_db_ok(verify_at(END));
		ck_assert_int_eq(verify_at(END + 1), -1);
		ck_assert_str_eq(with_db_err.text, "the client certificate has expired");
		/* the certificate's own, not those of its row */
		with_db_sql("UPDATE certificate SET not_before = '2020-01-01', not_after ="
			    " '2099-01-01'");
		ck_assert_int_eq(verify_at(END + 1), -1);
	}
END_TEST

static void
change(const struct uuid *id, enum revocation_action action, int reason)
{
	const struct revoke_request request = {
		.action = action, .reason = reason, .actor = "uid:7", .remote_address = ""
	};
	struct revoke_outcome done;

	error_clear(&with_db_err);
	with_db_ok(revoke_certificate(with_db, id, &request, &done, &with_db_err));
}

START_TEST(on_hold_and_revoked_it_is_refused)
	{
		issue();
		change(&record.r.id, REVOCATION_HOLD, 0);
		assert_refused("is on hold");
		change(&record.r.id, REVOCATION_RELEASE, 0);
		assert_believed();
		change(&record.r.id, REVOCATION_REVOKE, 4);
		assert_refused("was revoked");
	}
END_TEST

START_TEST(a_compromised_key_is_refused_in_every_certificate)
	{
		struct uuid first, second;

		issue();
		first = record.r.id;
		template.serial[1] = 2;
		issue_as(2);
		second = record.r.id;
		change(&first, REVOCATION_REVOKE, 4);
		assert_believed();
		with_db_sql("UPDATE certificate SET status = 'good'");
		change(&first, REVOCATION_REVOKE, REVOKE_KEY_COMPROMISE);
		assert_refused("keyCompromise");
		/* the near miss: another key */
		with_db_sql("UPDATE compromised_key SET spki_hash = REVERSE(spki_hash)");
		assert_believed();
		ck_assert_mem_eq(&client->row->id, &second, sizeof(second));
	}
END_TEST

START_TEST(a_cas_certificate_is_refused)
	{
		template.is_ca = true;
		template.key_usage = KU_KEY_CERT_SIGN;
		issue();
		assert_refused("is that of a CA");
	}
END_TEST

/* What is on record and signed, and cannot be read all the same. */
START_TEST(one_that_cannot_be_read_is_refused)
	{
		struct san bad = { .type = SAN_DNS, .der = bytes_text("\x82\x01*") };

		template.sans = &bad;
		issue();
		assert_refused("dNSName");
		with_db_sql("DELETE FROM certificate");
		buf_reset(&der);
		buf_add_text(&der, "0123456789");
		write_row(2);
		assert_refused("not one DER certificate");
	}
END_TEST

START_TEST(one_whose_profile_is_gone_is_still_a_credential)
	{
		issue();
		ck_assert_int_eq(with_db_sql("SELECT COUNT(*) FROM ra_profile WHERE id ="
					     " REPEAT('\\0', 16)"),
		    0);
		assert_believed();
		ck_assert_str_eq(client->row->ra_profile, "");
	}
END_TEST

START_TEST(without_the_database_nothing_is_said)
	{
		static char nowhere[] = "/nonexistent/socket";
		struct text_list none = { NULL, 0 };

		issue();
		db_disconnect(with_db);
		with_db_point_at(&none, nowhere);
		ck_assert_int_eq(verify_at(NOW), -1);
		ck_assert_int_eq(with_db_err.code, ERR_DATABASE);
		ck_assert_ptr_null(client);
	}
END_TEST

static TCase *
client_case(void)
{
	TCase *tc = tcase_create("client certificate");

	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_checked_fixture(tc, setup_client, teardown_client);
	tcase_add_test(tc, a_good_one_comes_with_its_record_and_its_names);
	tcase_add_test(tc, one_that_is_not_on_record_is_refused);
	tcase_add_test(tc, a_look_alike_is_refused);
	tcase_add_test(tc, the_record_must_hold_every_octet);
	tcase_add_test(tc, a_row_does_not_make_up_for_a_signature);
	tcase_add_test(tc, the_generation_on_record_must_have_signed_it);
	tcase_add_test(tc, of_an_expired_generation_none_is_believed);
	tcase_add_test(tc, dates_count_to_the_second);
	tcase_add_test(tc, on_hold_and_revoked_it_is_refused);
	tcase_add_test(tc, a_compromised_key_is_refused_in_every_certificate);
	tcase_add_test(tc, a_cas_certificate_is_refused);
	tcase_add_test(tc, one_that_cannot_be_read_is_refused);
	tcase_add_test(tc, one_whose_profile_is_gone_is_still_a_credential);
	tcase_add_test(tc, without_the_database_nothing_is_said);
	return tc;
}

int
main(int argc, char **argv)
{
	Suite *suite = suite_create("client certificate");
	TCase *tc = client_case();

	(void)argc;
	with_db_ensure(argv);
	tcase_set_timeout(tc, 60);
	suite_add_tcase(suite, tc);
	return with_db_run(suite);
}
