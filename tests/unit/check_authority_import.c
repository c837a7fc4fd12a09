/* Certificates of CAs from outside, against a real MariaDB: answers of outer CAs, chains. */
#define _GNU_SOURCE
#include "crypto/cert.h"
#include "enroll/authorities/authority_import.h"
#include "fixture_authority.h"

static struct key *outer_key;
static struct buf outer_subject = BUF_INIT(1024);

static void
make_outer(void)
{
	struct key_facts facts;
	char uri[128];

	(void)snprintf(uri, sizeof(uri), "file:%s/outer.key", folder);
	with_db_ok(key_facts_parse("p256", &facts, &with_db_err));
	with_db_ok(key_generate_file(uri + 5, NULL, facts, &with_db_err));
	with_db_ok(key_open(uri, NULL, &outer_key, &with_db_err));
	with_db_ok(name_from_text("CN=Outer", &outer_subject, &with_db_err));
}

static struct cert_template
outer_template(struct bytes subject, struct bytes spki)
{
	return (struct cert_template){
		.serial = { 1 },
		.issuer = buf_bytes(&outer_subject),
		.not_before = NOW - DAY,
		.not_after = NOW + 50 * DAY,
		.subject = subject,
		.spki = spki,
		.is_ca = true,
		.path_len = 0,
		.key_usage = KU_KEY_CERT_SIGN | KU_CRL_SIGN,
	};
}

static void
append_pem(const struct cert_template *template, struct buf *pem)
{
	struct buf der = BUF_INIT(16384);

	with_db_ok(cert_sign(template, outer_key, &der, &with_db_err));
	pem_encode("CERTIFICATE", buf_bytes(&der), pem);
	buf_release(&der);
}

/* What a request of ours asks for, as a template that the outer CA may spoil. */
static struct csr *request;

static struct cert_template
answer_of(const char *label)
{
	struct generation generation = { .number = 0 };

	csr_freep(&request);
	request = NULL;
	with_db_ok(generations_find(with_db, label, &generation, &with_db_err));
	with_db_ok(csr_parse(buf_bytes(&generation.csr), 100, &request, &with_db_err));
	generation_release(&generation);
	return outer_template(request->subject, request->spki);
}

static void
make_waiting(void)
{
	struct authority_plan plan = plan_of("demo", "p256");

	plan.outer = true;
	plan.subject = "CN=Issuing,O=Example";
	with_db_ok(authority_create(&context, &plan, fresh(), &with_db_err));
	assert_state("demo-1", "pending");
	make_outer();
}

static int
import_answer(const struct cert_template *template, const struct cert_template *chain)
{
	struct buf pem = BUF_INIT(65536), chain_pem = BUF_INIT(65536);
	struct authority_import import = { .name = "demo" };
	int rc;

	append_pem(template, &pem);
	if (chain != NULL)
		append_pem(chain, &chain_pem);
	import.certificate = buf_bytes(&pem);
	import.chain = buf_bytes(&chain_pem);
	rc = authority_import_answer(&context, &import, fresh(), &with_db_err);
	buf_release(&pem);
	buf_release(&chain_pem);
	return rc;
}

static void
release_outer(void)
{
	csr_freep(&request);
	key_free(outer_key);
	buf_release(&outer_subject);
}

START_TEST(an_answer_is_found_by_its_key_and_activated)
	{
		struct cert_template answer, root;

		make_waiting();
		answer = answer_of("demo-1");
		root = outer_template(buf_bytes(&outer_subject), key_public(outer_key));
		root.path_len = -1;
		with_db_ok(import_answer(&answer, &root));
		ck_assert(outcome.activated);
		assert_state("demo-1", "active");
		ck_assert_int_eq(
		    with_db_sql("SELECT COUNT(*) FROM authority_generation"
				" WHERE LENGTH(chain) > 100 AND fingerprint IS NOT NULL"),
		    1);
		with_db_fails(import_answer(&answer, NULL), ERR_CONFLICT);
		release_outer();
	}
END_TEST

enum spoil { NOT_CA, NO_CERT_SIGN, ENDED, NOT_YET, OTHER_KEY, SPOIL_COUNT };

static void
spoil(struct cert_template *template, enum spoil how)
{
	switch (how) {
	case NOT_CA:
		template->is_ca = false;
		break;
	case NO_CERT_SIGN:
		template->key_usage = KU_CRL_SIGN;
		break;
	case ENDED:
		template->not_after = NOW;
		break;
	case NOT_YET:
		template->not_before = NOW + 1;
		break;
	case OTHER_KEY:
		template->spki = key_public(outer_key);
		break;
	case SPOIL_COUNT:
		break;
	}
}

START_TEST(a_wrong_answer_is_refused)
	{
		struct cert_template answer;

		make_waiting();
		answer = answer_of("demo-1");
		spoil(&answer, (enum spoil)_i);
		with_db_fails(import_answer(&answer, NULL), ERR_BAD_REQUEST);
		assert_state("demo-1", "pending");
		answer = answer_of("demo-1");
		error_clear(&with_db_err);
		with_db_ok(import_answer(&answer, NULL));
		release_outer();
	}
END_TEST

START_TEST(a_chain_that_did_not_sign_it_is_refused)
	{
		struct cert_template answer, root;

		make_waiting();
		answer = answer_of("demo-1");
		/* Its name fits and it signed itself, but it has another key. */
		root = outer_template(buf_bytes(&outer_subject), answer.spki);
		ck_assert_int_eq(import_answer(&answer, &root), -1);
		assert_state("demo-1", "pending");
		root = outer_template(buf_bytes(&outer_subject), key_public(outer_key));
		root.is_ca = false;
		with_db_fails(import_answer(&answer, &root), ERR_BAD_REQUEST);
		root.is_ca = true;
		error_clear(&with_db_err);
		with_db_ok(import_answer(&answer, &root));
		release_outer();
	}
END_TEST

START_TEST(an_outer_cas_generation_is_renewed_by_a_request_only)
	{
		struct authority_plan plan = { .name = "demo", .days = 100 };
		struct cert_template answer;

		make_waiting();
		answer = answer_of("demo-1");
		with_db_ok(import_answer(&answer, NULL));
		with_db_fails(
		    authority_renew(&context, &plan, fresh(), &with_db_err), ERR_CONFLICT);
		with_db_fails(
		    authority_rekey(&context, &plan, fresh(), &with_db_err), ERR_CONFLICT);
		plan.outer = true;
		error_clear(&with_db_err);
		with_db_ok(authority_renew(&context, &plan, fresh(), &with_db_err));
		assert_state("demo-1", "active");
		assert_state("demo-2", "pending");
		with_db_fails(
		    authority_renew(&context, &plan, fresh(), &with_db_err), ERR_CONFLICT);
		answer = answer_of("demo-2");
		error_clear(&with_db_err);
		with_db_ok(import_answer(&answer, NULL));
		ck_assert(!outcome.activated);
		with_db_ok(authority_activate(&context, "demo-2", fresh(), &with_db_err));
		assert_state("demo-1", "retired");
		release_outer();
	}
END_TEST

static TCase *
case_outer(void)
{
	TCase *tc = tcase_create("outer");

	tcase_add_test(tc, an_answer_is_found_by_its_key_and_activated);
	tcase_add_loop_test(tc, a_wrong_answer_is_refused, 0, SPOIL_COUNT);
	tcase_add_test(tc, a_chain_that_did_not_sign_it_is_refused);
	tcase_add_test(tc, an_outer_cas_generation_is_renewed_by_a_request_only);
	return tc;
}

int
main(int argc, char **argv)
{
	TCase *(*const cases[])(void) = { case_outer };

	(void)argc;
	with_db_ensure(argv);
	return run_cases("authority_import", cases, COUNT(cases));
}
