/* Certificates of registration authorities: made whole or not at all, against a real MariaDB. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errmsg.h>
#include <mysqld_error.h>

#include "crypto/cert_holder.h"
#include "enroll/issuing/policy.h"
#include "enroll/authorities/ra_certificate.h"
#include "enroll/profiles/scep_ca.h"
#include "fixture_authority.h"
#include "store/certificates_find.h"
#include "store/ra_certificates.h"

/* The COMMIT of what records a certificate fails so, carried out before or not. */
static struct {
	unsigned number; /* 0: it does not */
	unsigned times;
	bool runs;
	bool is_away;   /* nothing is executed any more after it failed */
	bool in_record; /* since the INSERT into ra_certificate */
} fault;
static MYSQL_STMT *commit;

static int
fail_with(MYSQL_STMT *stmt, unsigned number)
{
	stmt->last_errno = number;
	(void)snprintf(stmt->last_error, sizeof(stmt->last_error), "made to fail with %u", number);
	return 1;
}

int STDCALL
mysql_stmt_prepare(MYSQL_STMT *stmt, const char *query, unsigned long length)
{
	int (*real)(MYSQL_STMT *, const char *, unsigned long);

	*(void **)&real = dlsym(RTLD_NEXT, "mysql_stmt_prepare");
	if (strcmp(query, "COMMIT") == 0)
		commit = stmt;
	else if (stmt == commit)
		commit = NULL;
	if (strncmp(query, "INSERT INTO ra_certificate", 26) == 0)
		fault.in_record = true;
	if (fault.is_away && fault.number != 0 && fault.times == 0)
		return fail_with(stmt, CR_CONNECTION_ERROR);
	return real(stmt, query, length);
}

int STDCALL
mysql_stmt_execute(MYSQL_STMT *stmt)
{
	int (*real)(MYSQL_STMT *);

	*(void **)&real = dlsym(RTLD_NEXT, "mysql_stmt_execute");
	if (stmt != commit || !fault.in_record || fault.times == 0)
		return real(stmt);
	fault.times--;
	if (fault.runs && real(stmt) != 0)
		return 1;
	return fail_with(stmt, fault.number);
}

static struct ra_certificate_plan plan;
static struct ra_certificate_outcome made;

static void
setup_ra(void)
{
	static char https[] = "https://pki.example.com", http[] = "http://pki.example.com";

	with_db_settings.server.base_url = https;
	with_db_settings.server.http_base_url = http;
	plan = (struct ra_certificate_plan){
		.authority = "demo",
		.key = { .type = "rsa2048" },
		.days = 20,
	};
	make_demo();
}

static int
create(void)
{
	error_clear(&with_db_err);
	return ra_certificate_create(&context, &plan, &made, &with_db_err);
}

static long long
count_all(void)
{
	return with_db_sql("SELECT (SELECT COUNT(*) FROM certificate)"
			   " + (SELECT COUNT(*) FROM ra_certificate)"
			   " + (SELECT COUNT(*) FROM managed_key WHERE usages <> 'ca')"
			   " + (SELECT COUNT(*) FROM audit WHERE action LIKE 'ra.%%')");
}

static void
key_path(char *out, size_t size, const char *name)
{
	(void)snprintf(out, size, "%s/keys/%s.key", folder, name);
}

START_TEST(everything_is_recorded_once)
	{
		cleanup(certificate_row_freep) struct certificate_row *row = NULL;
		static const struct uuid none = { .octets = { 0 } };

		with_db_ok(create());
		ck_assert_int_eq(count_all(), 4);
		with_db_ok(certificates_find_id(with_db, &made.id, &row, &with_db_err));
		ck_assert_str_eq(row->type, "ScepRa");
		ck_assert_str_eq(row->source, "Command");
		ck_assert_str_eq(row->requester_kind, "command");
		ck_assert_str_eq(row->ra_profile, "");
		ck_assert_int_eq(memcmp(&row->ra_profile_id, &none, sizeof(none)), 0);
		ck_assert_int_eq(memcmp(&row->lineage, &row->id, sizeof(none)), 0);
		ck_assert_str_eq(buf_text(&row->subject), "CN=demo SCEP RA");
		ck_assert_uint_eq(row->serial[0], 0x20);
		ck_assert_int_eq(row->status, CERTIFICATE_GOOD);
		ck_assert(!row->has_requester && !row->has_requester_certificate);
		ck_assert_int_eq(
		    with_db_sql("SELECT COUNT(*) FROM ra_certificate r"
				" JOIN certificate c ON c.id = r.certificate_id"
				" JOIN authority_generation g ON g.id = c.generation_id"
				"  AND g.authority_id = r.authority_id AND g.state = 'active'"
				" JOIN managed_key k ON k.id = r.key_id"
				" WHERE k.name = 'demo.ra-1' AND k.usages = 'scep'"
				" AND k.state = 'active' AND k.algorithm = 'rsa' AND k.bits = 2048"
				" AND UNHEX(SHA2(k.public_key, 256)) = c.spki_hash"
				" AND c.common_name = 'demo SCEP RA'"
				" AND UNHEX(SHA2(c.der, 256)) = c.fingerprint"),
		    1);
		ck_assert_int_eq(
		    with_db_sql("SELECT COUNT(*) FROM audit JOIN certificate"
				" ON object_name = HEX(serial) WHERE actor = 'uid:7'"
				" AND action = 'ra.create' AND object_type = 'certificate'"
				" AND JSON_VALUE(changes, '$.key.after') = 'demo.ra-1'"),
		    1);
	}
END_TEST

START_TEST(the_certificate_says_what_it_is_for)
	{
		cleanup(certificate_row_freep) struct certificate_row *row = NULL;
		cleanup(cert_freep) struct cert *cert = NULL, *issuer = NULL;
		cleanup(cert_holder_freep) struct cert_holder *holder = NULL;

		with_db_ok(create());
		with_db_ok(certificates_find_id(with_db, &made.id, &row, &with_db_err));
		with_db_ok(cert_parse(buf_bytes(&row->der), &cert, &with_db_err));
		with_db_ok(cert_parse(buf_bytes(&row->generation_der), &issuer, &with_db_err));
		with_db_ok(cert_verify(cert, issuer, &with_db_err));
		with_db_ok(cert_holder_read(cert, &holder, &with_db_err));
		ck_assert(!cert->is_ca);
		ck_assert_uint_eq(cert->key_usage, KU_DIGITAL_SIGNATURE | KU_KEY_ENCIPHERMENT);
		ck_assert_uint_eq(holder->eku_count, 1);
		ck_assert_str_eq(holder->ekus[0], "1.3.6.1.4.1.311.20.2.1");
		ck_assert_uint_eq(holder->san_count, 0);
		ck_assert(bytes_equal(cert->authority_key_id, issuer->key_id));
		ck_assert_int_eq(cert->not_before, NOW - 3600);
		ck_assert_int_eq(cert->not_after, NOW + 20 * DAY);
	}
END_TEST

START_TEST(it_never_outlives_its_ca)
	{
		plan.days = 3650;
		with_db_ok(create());
		ck_assert_int_eq(with_db_sql("SELECT COUNT(*) FROM certificate c"
					     " JOIN authority_generation g ON g.id = generation_id"
					     " WHERE c.not_after = g.not_after"),
		    1);
		/* Nor is it older, where the clock skew is more than the CA's. */
		with_db_settings.validity_clock_skew_minutes = 6000;
		with_db_ok(create());
		ck_assert_int_eq(with_db_sql("SELECT COUNT(*) FROM certificate c"
					     " JOIN authority_generation g ON g.id = generation_id"
					     " WHERE c.not_before = g.not_before"),
		    2);
		context.now = NOW + 100 * DAY;
		with_db_fails(create(), ERR_CA_KEY);
		context.now = NOW + 100 * DAY - 1;
		with_db_ok(create());
	}
END_TEST

static const struct {
	const char *subject;
	enum error_code code;
} SUBJECTS[] = {
	{ "CN=SCEP,O=Example", ERR_NONE },
	{ "O=Example", ERR_NONE },
	{ "CN=demo2", ERR_NONE },
	{ "CN=demo", ERR_CONFIG }, /* the CA's own */
	{ "", ERR_CONFIG },
	{ "CN=", ERR_CONFIG },
	{ "demo", ERR_CONFIG },
};

START_TEST(subjects_have_their_rules)
	{
		char path[128];

		plan.subject = SUBJECTS[_i].subject;
		if (SUBJECTS[_i].code == ERR_NONE) {
			with_db_ok(create());
			return;
		}
		with_db_fails(create(), SUBJECTS[_i].code);
		ck_assert_int_eq(count_all(), 0);
		key_path(path, sizeof(path), "demo.ra-1");
		ck_assert_int_ne(access(path, F_OK), 0);
	}
END_TEST

START_TEST(without_a_ca_that_issues_there_is_none)
	{
		plan.authority = "none";
		with_db_fails(create(), ERR_NOT_FOUND);
		plan.authority = "demo";
		with_db_ok(authority_retire(&context, "demo-1", true, fresh(), &with_db_err));
		with_db_fails(create(), ERR_CA_KEY);
		ck_assert_int_eq(count_all(), 0);
	}
END_TEST

static void
make_file(const char *name, enum key_type type, unsigned bits)
{
	char path[128];

	key_path(path, sizeof(path), name);
	with_db_ok(key_generate_file(path, NULL, (struct key_facts){ type, bits }, &with_db_err));
}

/* The plan takes the key in this file of the folder of keys. */
static void
take_file(const char *name)
{
	static char path[128];

	key_path(path, sizeof(path), name);
	plan.key = (struct authority_key_choice){ .file = path, .existing = true };
}

START_TEST(clocks_must_agree)
	{
		db_disconnect(with_db);
		with_db_fails(create(), ERR_DATABASE);
		ck_assert_ptr_nonnull(strstr(with_db_err.text, "clock"));
		ck_assert_int_eq(count_all(), 0);
	}
END_TEST

START_TEST(an_existing_key_must_be_rsa_and_nobody_elses)
	{
		struct authority_plan rsa = plan_of("rsa", "rsa2048");

		make_file("ec", KEY_P256, 256);
		take_file("ec");
		with_db_fails(create(), ERR_CONFIG);
		error_clear(&with_db_err);
		with_db_ok(authority_create(&context, &rsa, fresh(), &with_db_err));
		take_file("rsa-1");
		with_db_fails(create(), ERR_CONFLICT);
		ck_assert_ptr_nonnull(strstr(with_db_err.text, "as rsa-1"));
		ck_assert_int_eq(count_all(), 0);
		make_file("own", KEY_RSA, 2048);
		take_file("own");
		with_db_ok(create());
		with_db_fails(create(), ERR_CONFLICT);
		ck_assert_int_eq(count_all(), 4);
	}
END_TEST

START_TEST(a_compromised_key_is_not_certified)
	{
		with_db_ok(create());
		with_db_sql("INSERT INTO compromised_key SELECT spki_hash, id, UTC_TIMESTAMP()"
			    " FROM certificate");
		with_db_sql("UPDATE managed_key SET public_key = 'x' WHERE name = 'demo.ra-1'");
		take_file("demo.ra-1");
		with_db_fails(create(), ERR_KEY);
		with_db_sql("DELETE FROM compromised_key");
		with_db_ok(create());
	}
END_TEST

static const char *const TABLES[] = { "certificate", "managed_key", "ra_certificate", "audit",
	"compromised_key" };

START_TEST(a_fault_in_any_record_leaves_none_and_names_the_key)
	{
		char path[128];

		key_path(path, sizeof(path), "demo.ra-1");
		with_db_sql("CREATE TRIGGER fault BEFORE INSERT ON %s FOR EACH ROW"
			    " SIGNAL SQLSTATE '45000' SET MESSAGE_TEXT = 'no room'",
		    TABLES[_i]);
		if (strcmp(TABLES[_i], "compromised_key") == 0) {
			with_db_ok(create()); /* the near miss: nothing is written there */
			return;
		}
		with_db_fails(create(), ERR_DATABASE);
		ck_assert_int_eq(count_all(), 0);
		ck_assert_ptr_nonnull(strstr(with_db_err.text, path));
		ck_assert_ptr_nonnull(strstr(with_db_err.text, "--existing-key"));
		ck_assert_int_eq(access(path, R_OK), 0);
		with_db_sql("DROP TRIGGER fault");
		with_db_fails(create(), ERR_CA_KEY);
		ck_assert_ptr_nonnull(strstr(with_db_err.text, "--existing-key"));
		plan.key.existing = true;
		with_db_ok(create());
		ck_assert_int_eq(count_all(), 4);
	}
END_TEST

static const struct {
	unsigned number;
	unsigned times;
	bool runs;
	bool is_away;
	bool is_made;
	bool is_recorded;
} FAULTS[] = {
	/* committed, and only the answer lost */
	{ CR_SERVER_LOST, 1, true, false, true, true },
	/* not committed, and sent again */
	{ CR_SERVER_LOST, 1, false, false, true, true },
	{ CR_SERVER_LOST, 2, false, false, false, false },
	/* the server stays away: nobody knows whether the key is in use */
	{ CR_SERVER_LOST, 1, true, true, false, true },
	{ CR_SERVER_LOST, 1, false, true, false, false },
	{ ER_LOCK_DEADLOCK, 2, false, false, true, true },
};

/* So that every statement is prepared again; the clocks are compared then. */
static void
reconnect(void)
{
	clock_fix(-1);
	db_disconnect(with_db);
	with_db_ok(db_ping(with_db, &with_db_err));
	clock_fix(NOW);
}

START_TEST(a_lost_commit_is_found_out)
	{
		fault.number = FAULTS[_i].number;
		fault.times = FAULTS[_i].times;
		fault.runs = FAULTS[_i].runs;
		fault.is_away = FAULTS[_i].is_away;
		reconnect();
		ck_assert_msg((create() == 0) == FAULTS[_i].is_made, "%s", with_db_err.text);
		ck_assert_uint_eq(fault.times, 0);
		ck_assert_int_eq(count_all(), FAULTS[_i].is_recorded ? 4 : 0);
		if (FAULTS[_i].is_made)
			return;
		ck_assert_ptr_nonnull(strstr(with_db_err.text, "keep the new key"));
		ck_assert_ptr_nonnull(strstr(with_db_err.text, "demo.ra-1.key"));
		ck_assert_ptr_nonnull(strstr(with_db_err.text, "certwright key list"));
	}
END_TEST

START_TEST(its_holder_enrolls_nothing)
	{
		cleanup(client_certificate_freep) struct client_certificate *client =
		    client_certificate_new();
		struct principal principal = { .kind = PRINCIPAL_CERTIFICATE };
		enum certificate_type type;

		ck_assert_ptr_nonnull(client);
		with_db_ok(create());
		with_db_ok(certificates_find_id(with_db, &made.id, &client->row, &with_db_err));
		with_db_fails(
		    policy_check_role(&principal, client, &type, &with_db_err), ERR_CLIENT_CERT);
		ck_assert_ptr_nonnull(strstr(with_db_err.text, "ScepRa"));
		(void)snprintf(client->row->type, sizeof(client->row->type), "Static");
		error_clear(&with_db_err);
		with_db_ok(policy_check_role(&principal, client, &type, &with_db_err));
	}
END_TEST

START_TEST(a_retired_key_stays_retired)
	{
		cleanup(scep_ca_freep) struct scep_ca *ca = NULL;
		struct uuid other = uuid_new();

		with_db_ok(create());
		with_db_fails(
		    ra_certificate_retire(&context, &other, &made, &with_db_err), ERR_NOT_FOUND);
		error_clear(&with_db_err);
		with_db_ok(ra_certificate_retire(&context, &made.id, &made, &with_db_err));
		ck_assert_int_eq(made.users, 0);
		with_db_ok(scep_ca_find(with_db, &made.id, &ca, &with_db_err));
		ck_assert(ca->has_key && !ca->key_is_active);
		ck_assert(!scep_ca_is_acceptable(ca, false, NOW));
		ck_assert_int_eq(
		    with_db_sql("SELECT COUNT(*) FROM audit JOIN certificate"
				" ON object_name = HEX(serial) WHERE action = 'ra.retire'"
				" AND JSON_VALUE(changes, '$.keyState.after') = 'retired'"),
		    1);
		with_db_fails(
		    ra_certificate_retire(&context, &made.id, &made, &with_db_err), ERR_CONFLICT);
		ck_assert_int_eq(count_all(), 5);
		with_db_sql("CREATE TRIGGER fault BEFORE INSERT ON audit FOR EACH ROW"
			    " SIGNAL SQLSTATE '45000' SET MESSAGE_TEXT = 'no room'");
		with_db_sql("UPDATE managed_key SET state = 'active'");
		with_db_fails(
		    ra_certificate_retire(&context, &made.id, &made, &with_db_err), ERR_DATABASE);
		ck_assert_int_eq(
		    with_db_sql("SELECT COUNT(*) FROM managed_key WHERE state = 'retired'"), 0);
	}
END_TEST

static TCase *
case_make(void)
{
	TCase *tc = tcase_create("make");

	tcase_add_test(tc, everything_is_recorded_once);
	tcase_add_test(tc, the_certificate_says_what_it_is_for);
	tcase_add_test(tc, it_never_outlives_its_ca);
	tcase_add_loop_test(tc, subjects_have_their_rules, 0, COUNT(SUBJECTS));
	tcase_add_test(tc, without_a_ca_that_issues_there_is_none);
	tcase_add_test(tc, clocks_must_agree);
	tcase_add_test(tc, an_existing_key_must_be_rsa_and_nobody_elses);
	tcase_add_test(tc, a_compromised_key_is_not_certified);
	return tc;
}

static TCase *
case_faults(void)
{
	TCase *tc = tcase_create("faults");

	tcase_add_loop_test(
	    tc, a_fault_in_any_record_leaves_none_and_names_the_key, 0, COUNT(TABLES));
	tcase_add_loop_test(tc, a_lost_commit_is_found_out, 0, COUNT(FAULTS));
	return tc;
}

static TCase *
case_use(void)
{
	TCase *tc = tcase_create("use");

	tcase_add_test(tc, its_holder_enrolls_nothing);
	tcase_add_test(tc, a_retired_key_stays_retired);
	return tc;
}

static void
setup_all(void)
{
	setup();
	setup_ra();
}

int
main(int argc, char **argv)
{
	TCase *(*const cases[])(void) = { case_make, case_faults, case_use };
	Suite *suite = suite_create("ra_certificate");

	(void)argc;
	with_db_ensure(argv);
	for (size_t i = 0; i < COUNT(cases); i++) {
		TCase *tc = cases[i]();

		tcase_add_checked_fixture(tc, setup_all, teardown);
		tcase_set_timeout(tc, 60);
		suite_add_tcase(suite, tc);
	}
	return with_db_run(suite);
}
