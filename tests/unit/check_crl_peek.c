/* crypto/crl_peek: number and dates as crl_read tells them, from whatever may stand in a file. */
#define _GNU_SOURCE
#include "crypto/crl_peek.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "crypto/crl.h"
#include "fixture_crypto.h"

enum { NOW = 1763769600, HEAD = 4096 };

static const char *const FILES[] = { "ed25519", NULL };
static struct key *key;
static struct buf name = BUF_INIT(FIXTURE_MAX);
static struct crl_writer writer = CRL_WRITER_INIT;
static struct error err;

static void
setup(void)
{
	fixture_folder_make();
	fixture_name(DER_UTF8_STRING, bytes_text("Demo"), &name);
	key = fixture_key("ed25519");
}

static void
teardown(void)
{
	key_free(key);
	buf_release(&name);
	crl_writer_release(&writer);
	fixture_folder_remove(FILES);
}

static struct bytes
make(uint64_t number, uint32_t entries, int64_t this_update)
{
	const struct crl_template template = {
		.issuer = buf_bytes(&name),
		.authority_key_id = bytes_text("01234567890123456789"),
		.number = number,
		.this_update = this_update,
		.next_update = this_update + 8640,
		.idp = "http://pki.example.test/crl/demo-1.crl",
	};

	ck_assert_int_eq(crl_writer_begin(&writer, &template, key, &err), 0);
	for (uint32_t i = 0; i < entries; i++) {
		const uint8_t serial[3] = { 0x50, (uint8_t)(i >> 8), (uint8_t)i };
		const struct crl_entry entry = { bytes_of(serial, sizeof(serial)), NOW, 1 };

		ck_assert_int_eq(crl_writer_add(&writer, &entry, &err), 0);
	}
	ck_assert_int_eq(crl_writer_finish(&writer, &err), 0);
	return buf_bytes(&writer.der);
}

static const struct {
	uint64_t number;
	uint32_t entries;
	int64_t this_update;
} ROWS[] = {
	{ 1, 0, NOW },
	{ 127, 1, NOW },
	{ 128, 1, NOW },
	{ 65536, 2, INT64_C(2524608000) }, /* 2050, a GeneralizedTime */
	{ UINT64_C(1) << 63, 5, NOW },
	{ UINT64_MAX, 20000, NOW },
};

START_TEST(number_and_dates_are_read_around_the_entries)
	{
		int64_t this_update = 0, next_update = 0;
		uint64_t number = 0;
		struct bytes der = make(ROWS[_i].number, ROWS[_i].entries, ROWS[_i].this_update);
		struct bytes head = bytes_of(der.ptr, der.len < HEAD ? der.len : HEAD);

		ck_assert_int_eq(crl_peek_number(der, &number, &err), 0);
		ck_assert(number == ROWS[_i].number);
		ck_assert_int_eq(crl_peek_times(head, &this_update, &next_update, &err), 0);
		ck_assert_int_eq(this_update, ROWS[_i].this_update);
		ck_assert_int_eq(next_update, ROWS[_i].this_update + 8640);
	}
END_TEST

/* The octets in memory of their own, so that a sanitizer sees a read beyond them. */
static void
check_mutant(const uint8_t *octets, size_t len)
{
	cleanup(buf_release) struct buf copy = BUF_INIT(len + 1);
	struct error reason = { .code = ERR_NONE };
	int64_t this_update = 0, next_update = 0;
	uint64_t number = 0;
	struct crl_facts facts;
	bool has_number, has_times;

	buf_add(&copy, bytes_of(octets, len));
	has_number = crl_peek_number(buf_bytes(&copy), &number, &reason) == 0;
	error_clear(&reason);
	has_times = crl_peek_times(buf_bytes(&copy), &this_update, &next_update, &reason) == 0;
	error_clear(&reason);
	if (crl_read(buf_bytes(&copy), &facts, &reason) < 0)
		return;
	ck_assert(has_number && number == facts.number);
	ck_assert(has_times && this_update == facts.this_update);
	ck_assert(next_update == facts.next_update);
}

START_TEST(every_bit_and_every_length_is_read_or_refused)
	{
		struct bytes der = make(300, 3, NOW);
		static uint8_t octets[4096];

		ck_assert_uint_le(der.len, sizeof(octets));
		for (size_t len = 0; len <= der.len; len++)
			check_mutant(der.ptr, len);
		for (size_t bit = 0; bit < 8 * der.len; bit++) {
			memcpy(octets, der.ptr, der.len);
			octets[bit / 8] ^= (uint8_t)(1 << bit % 8);
			check_mutant(octets, der.len);
		}
	}
END_TEST

START_TEST(what_is_left_over_is_no_crl)
	{
		cleanup(buf_release) struct buf longer = BUF_INIT(4096);
		uint64_t number = 0;

		buf_add(&longer, make(1, 1, NOW));
		buf_add_byte(&longer, 0);
		ck_assert_int_eq(crl_peek_number(buf_bytes(&longer), &number, &err), -1);
		ck_assert_int_eq(err.code, ERR_BAD_REQUEST);
	}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("crl_peek");
	TCase *tc = tcase_create("peek");
	SRunner *runner = srunner_create(suite);
	int failed;

	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_set_timeout(tc, 60);
	tcase_add_loop_test(
	    tc, number_and_dates_are_read_around_the_entries, 0, sizeof(ROWS) / sizeof(ROWS[0]));
	tcase_add_test(tc, every_bit_and_every_length_is_read_or_refused);
	tcase_add_test(tc, what_is_left_over_is_no_crl);
	suite_add_tcase(suite, tc);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
