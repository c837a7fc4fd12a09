/* crypto/san: which subject alternative names a request may have, and how many. */
#include <check.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "crypto/csr.h"
#include "fixture_crypto.h"

#define B(literal) literal, sizeof(literal) - 1
#define X10 "xxxxxxxxxx"
#define X60 X10 X10 X10 X10 X10 X10
#define COUNT(table) ((int)(sizeof(table) / sizeof((table)[0])))

enum { MAX_SANS = 100 };

static struct key *signer;

static void
make_signer(void)
{
	fixture_folder_make();
	signer = fixture_key("p256");
}

static void
drop_signer(void)
{
	static const char *const files[] = { "p256", NULL };

	key_free(signer);
	fixture_folder_remove(files);
}

#define UPN "\x06\x0a\x2b\x06\x01\x04\x01\x82\x37\x14\x02\x03"
#define SID "tag:microsoft.com,2022-09-14:sid:"

static const struct {
	const char *what;
	const char *der;
	size_t len;
	bool ok;
} NAMES[] = {
	{ "host",
	    B("\x82\x04"
	      "host"),
	    true },
	{ "wildcard",
	    B("\x82\x06"
	      "*.a.bc"),
	    true },
	{ "wildcard alone",
	    B("\x82\x01"
	      "*"),
	    false },
	{ "wildcard and dot",
	    B("\x82\x02"
	      "*."),
	    false },
	{ "wildcard in the middle",
	    B("\x82\x05"
	      "a.*.b"),
	    false },
	{ "part of a label",
	    B("\x82\x05"
	      "a*.bc"),
	    false },
	{ "two wildcards",
	    B("\x82\x05"
	      "*.*.b"),
	    false },
	{ "underscore",
	    B("\x82\x06"
	      "_a.b_c"),
	    true },
	{ "hyphen inside",
	    B("\x82\x05"
	      "a-b.c"),
	    true },
	{ "hyphen first",
	    B("\x82\x04"
	      "-b.c"),
	    false },
	{ "hyphen last",
	    B("\x82\x04"
	      "b-.c"),
	    false },
	{ "trailing dot",
	    B("\x82\x04"
	      "b.c."),
	    false },
	{ "leading dot",
	    B("\x82\x04"
	      ".b.c"),
	    false },
	{ "two dots",
	    B("\x82\x04"
	      "b..c"),
	    false },
	{ "space",
	    B("\x82\x03"
	      "b c"),
	    false },
	{ "NUL",
	    B("\x82\x0b"
	      "good.c\0evil"),
	    false },
	{ "beyond ASCII",
	    B("\x82\x05"
	      "b\xc3\xa4.c"),
	    false },
	{ "empty host", B("\x82\x00"), false },
	{ "label of 63", B("\x82\x3f" X60 "123"), true },
	{ "label of 64", B("\x82\x40" X60 "1234"), false },
	{ "host of 253", B("\x82\x81\xfd" X60 "." X60 "." X60 "." X60 ".123456789"), true },
	{ "host of 254", B("\x82\x81\xfe" X60 "." X60 "." X60 "." X60 ".1234567890"), false },
	{ "IPv4", B("\x87\x04\x7f\x00\x00\x01"), true },
	{ "IPv4 with a mask", B("\x87\x08\x7f\x00\x00\x01\xff\x00\x00\x00"), false },
	{ "IP of 5 octets", B("\x87\x05\x7f\x00\x00\x01\x01"), false },
	{ "IPv6",
	    B("\x87\x10"
	      "0123456789abcdef"),
	    true },
	{ "empty IP", B("\x87\x00"), false },
	{ "mail",
	    B("\x81\x03"
	      "a@b"),
	    true },
	{ "mail with plus",
	    B("\x81\x05"
	      "a+c@b"),
	    true },
	{ "mail without sign",
	    B("\x81\x03"
	      "a.b"),
	    false },
	{ "mail with two signs",
	    B("\x81\x05"
	      "a@b@c"),
	    false },
	{ "mail without user",
	    B("\x81\x02"
	      "@b"),
	    false },
	{ "mail without host",
	    B("\x81\x02"
	      "a@"),
	    false },
	{ "mail with a phrase",
	    B("\x81\x07"
	      "X <a@b>"),
	    false },
	{ "mail with NUL",
	    B("\x81\x05"
	      "a@b\0c"),
	    false },
	{ "mail with newline",
	    B("\x81\x05"
	      "a\n@bc"),
	    false },
	{ "URI",
	    B("\x86\x0d"
	      "https://a/b?c"),
	    true },
	{ "URN",
	    B("\x86\x05"
	      "urn:a"),
	    true },
	{ "URI without scheme",
	    B("\x86\x03"
	      "a/b"),
	    false },
	{ "URI with nothing but a scheme",
	    B("\x86\x05"
	      "http:"),
	    false },
	{ "URI with space",
	    B("\x86\x05"
	      "u:a b"),
	    false },
	{ "URI with NUL",
	    B("\x86\x05"
	      "u:a\0b"),
	    false },
	{ "URI beyond ASCII",
	    B("\x86\x04"
	      "u:\xc3\xa4"),
	    false },
	{ "SID URI", B("\x86\x26" SID "S-1-5"), false },
	{ "SID URI in capitals",
	    B("\x86\x26"
	      "TAG:Microsoft.COM,2022-09-14:SID:S-1-5"),
	    false },
	{ "SID URI without SID", B("\x86\x21" SID), false },
	{ "SID URI, percent-encoded",
	    B("\x86\x28"
	      "tag:microsoft.com,2022-09-14:%73id:S-1-5"),
	    false },
	{ "another tag of that authority",
	    B("\x86\x22"
	      "tag:microsoft.com,2022-09-14:sids:"),
	    true },
	{ "UPN",
	    B("\xa0\x13" UPN "\xa0\x05\x0c\x03"
	      "a@b"),
	    true },
	{ "empty UPN", B("\xa0\x10" UPN "\xa0\x02\x0c\x00"), true },
	{ "UPN as IA5String",
	    B("\xa0\x13" UPN "\xa0\x05\x16\x03"
	      "a@b"),
	    false },
	{ "UPN with NUL",
	    B("\xa0\x13" UPN "\xa0\x05\x0c\x03"
	      "a\0b"),
	    false },
	{ "UPN with bad UTF-8",
	    B("\xa0\x13" UPN "\xa0\x05\x0c\x03"
	      "a\xff"
	      "b"),
	    false },
	{ "UPN with leftover",
	    B("\xa0\x15" UPN "\xa0\x07\x0c\x03"
	      "a@b\x05\x00"),
	    false },
	{ "other otherName",
	    B("\xa0\x0b\x06\x03\x2a\x03\x04\xa0\x04\x0c\x02"
	      "ab"),
	    true },
	{ "otherName without value", B("\xa0\x05\x06\x03\x2a\x03\x04"), false },
	{ "directory name",
	    B("\xa4\x0e\x30\x0c\x31\x0a\x30\x08\x06\x03\x55\x04\x03\x0c\x01"
	      "a"),
	    true },
	{ "directory name with NUL",
	    B("\xa4\x0e\x30\x0c\x31\x0a\x30\x08\x06\x03\x55\x04\x03\x0c\x01\x00"), false },
	{ "registered id cut in an arc", B("\x88\x03\x2a\x03\x84"), false },
	{ "x400Address", B("\xa3\x02\x31\x00"), false },
	{ "ediPartyName", B("\xa5\x02\x31\x00"), false },
	{ "otherName with a cut value", B("\xa0\x0b\x06\x03\x2a\x03\x04\xa0\x04\x30\x02\xff\xff"),
	    false },
	{ "otherName with a nested value",
	    B("\xa0\x0b\x06\x03\x2a\x03\x04\xa0\x04\x30\x02\x05\x00"), true },
	{ "registered id", B("\x88\x03\x2a\x03\x04"), true },
	{ "unknown kind",
	    B("\x89\x01"
	      "a"),
	    false },
	{ "constructed host",
	    B("\xa2\x04"
	      "host"),
	    false },
};

/* A request of these names, read. */
static int
parse_names(struct bytes names, struct csr **csr, struct error *err)
{
	cleanup(buf_release) struct buf list = BUF_INIT(FIXTURE_MAX);
	cleanup(buf_release) struct buf extension = BUF_INIT(FIXTURE_MAX);
	cleanup(buf_release) struct buf attribute = BUF_INIT(FIXTURE_MAX);
	cleanup(buf_release) struct buf der = BUF_INIT(FIXTURE_MAX);

	der_add(&list, DER_SEQUENCE, names);
	fixture_extension(DER_BYTES(DER_OID_SUBJECT_ALT_NAME), buf_bytes(&list), &extension);
	fixture_request(buf_bytes(&extension), &attribute);
	fixture_csr(DER_BYTES("\x30\x00"), buf_bytes(&attribute), signer, &der);
	return csr_parse(buf_bytes(&der), MAX_SANS, csr, err);
}

START_TEST(names_are_judged_one_by_one)
	{
		cleanup(csr_freep) struct csr *csr = NULL;
		struct error err = { .code = ERR_NONE };
		int rc = parse_names(bytes_of(NAMES[_i].der, NAMES[_i].len), &csr, &err);

		ck_assert_msg((rc == 0) == NAMES[_i].ok, "%s: %s", NAMES[_i].what, err.text);
		if (rc < 0)
			ck_assert_msg(
			    err.code == ERR_NAME, "%s: %d %s", NAMES[_i].what, err.code, err.text);
		else
			ck_assert_uint_eq(csr->san_count, 1);
	}
END_TEST

static void
add_hosts(size_t count, struct buf *out)
{
	for (size_t i = 0; i < count; i++) {
		char host[64];

		(void)snprintf(host, sizeof(host), "h%05zu.example.test", i);
		der_add(out, DER_CONTEXT(2), bytes_text(host));
	}
}

START_TEST(the_limit_of_names_is_exact)
	{
		cleanup(buf_release) struct buf names = BUF_INIT(FIXTURE_MAX);
		cleanup(csr_freep) struct csr *csr = NULL;
		struct error err = { .code = ERR_NONE };

		ck_assert_int_eq(parse_names(bytes_of(NULL, 0), &csr, &err), 0);
		ck_assert_uint_eq(csr->san_count, 0);
		csr_free(take(csr));
		add_hosts(MAX_SANS, &names);
		ck_assert_int_eq(parse_names(buf_bytes(&names), &csr, &err), 0);
		ck_assert_uint_eq(csr->san_count, MAX_SANS);
		buf_reset(&names);
		add_hosts(MAX_SANS + 1, &names);
		ck_assert_int_eq(parse_names(buf_bytes(&names), &csr, &err), -1);
		ck_assert_int_eq(err.code, ERR_NAME);
	}
END_TEST

START_TEST(thousands_of_names_cost_next_to_nothing)
	{
		cleanup(buf_release) struct buf names = BUF_INIT(FIXTURE_MAX);
		cleanup(csr_freep) struct csr *csr = NULL;
		struct error err = { .code = ERR_NONE };
		struct timespec from, to;
		int64_t spent_us;

		add_hosts(5000, &names);
		ck_assert_uint_gt(names.len, 100000);
		clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &from);
		ck_assert_int_eq(parse_names(buf_bytes(&names), &csr, &err), -1);
		clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &to);
		ck_assert_int_eq(err.code, ERR_NAME);
		spent_us = (to.tv_sec - from.tv_sec) * 1000000 + (to.tv_nsec - from.tv_nsec) / 1000;
		ck_assert_int_lt(spent_us, 500000);
	}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("san");
	TCase *tests = tcase_create("san");
	SRunner *runner;
	int failed;

	tcase_add_unchecked_fixture(tests, make_signer, drop_signer);
	tcase_add_loop_test(tests, names_are_judged_one_by_one, 0, COUNT(NAMES));
	tcase_add_test(tests, the_limit_of_names_is_exact);
	tcase_add_test(tests, thousands_of_names_cost_next_to_nothing);
	suite_add_tcase(suite, tests);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
