/* api/enrollment/est_answer: the bodies of EST to the octet, since each client is fussy in its own
 * way. */
#define _GNU_SOURCE
#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "api/enrollment/est_answer.h"
#include "base/cleanup.h"
#include "base/enc.h"
#include "base/settings.h"
#include "crypto/der.h"
#include "crypto/oids.h"
#include "enroll/profiles/profile_rules.h"

enum { MAX = 65536 };

/* A leaf's outer shape, long enough that wrapped base64 would show. */
static void
make_leaf(struct buf *out)
{
	static const uint8_t zeros[300];

	der_add(out, DER_SEQUENCE, bytes_of(zeros, sizeof(zeros)));
}

static bool
has_header(struct response *response, const char *line)
{
	return strstr(buf_text(&response->headers), line) != NULL;
}

/* One line without armour, in strict base64. */
static void
decode_body(const struct response *response, struct buf *der)
{
	struct error err = { .code = ERR_NONE };

	ck_assert_int_eq(response->status, 200);
	ck_assert_msg(base64_decode(buf_bytes(&response->body), der, &err) == 0, "%s", err.text);
}

START_TEST(a_leaf_goes_out_alone_on_one_line_of_base64)
	{
		cleanup(buf_release) struct buf leaf = BUF_INIT(MAX);
		cleanup(buf_release) struct buf der = BUF_INIT(MAX);
		struct error err = { .code = ERR_NONE };
		struct response response;

		make_leaf(&leaf);
		response_init(&response);
		ck_assert_int_eq(est_answer_leaf(buf_bytes(&leaf), &response, &err), 0);
		ck_assert(has_header(
		    &response, "Content-Type: application/pkcs7-mime; smime-type=certs-only\r\n"));
		ck_assert(has_header(&response, "Content-Transfer-Encoding: base64\r\n"));
		decode_body(&response, &der);
		ck_assert_ptr_nonnull(memmem(der.data, der.len, leaf.data, leaf.len));
		ck_assert_uint_lt(der.len, leaf.len + 64);
		response_release(&response);
	}
END_TEST

static bool
says(const struct buf *attrs, struct bytes oid)
{
	return memmem(attrs->data, attrs->len, oid.ptr, oid.len) != NULL;
}

static void
ask_attrs(const struct settings *settings, const struct ra_profile *profile, struct buf *der)
{
	struct error err = { .code = ERR_NONE };
	struct response response;

	response_init(&response);
	ck_assert_int_eq(est_answer_csrattrs(settings, profile, &response, &err), 0);
	ck_assert(has_header(&response, "Content-Type: application/csrattrs\r\n"));
	ck_assert(has_header(&response, "Content-Transfer-Encoding: base64\r\n"));
	decode_body(&response, der);
	response_release(&response);
}

#define OID_RSA DER_BYTES("\x2a\x86\x48\x86\xf7\x0d\x01\x01\x01")
#define OID_P256 DER_BYTES("\x2a\x86\x48\xce\x3d\x03\x01\x07")
#define OID_P384 DER_BYTES("\x2b\x81\x04\x00\x22")
#define OID_ED25519 DER_BYTES("\x06\x03\x2b\x65\x70")

START_TEST(csrattrs_are_those_of_the_profile)
	{
		cleanup(ra_profile_freep) struct ra_profile *profile = ra_profile_new();
		cleanup(buf_release) struct buf all = BUF_INIT(MAX);
		cleanup(buf_release) struct buf few = BUF_INIT(MAX);
		struct settings settings = { .use_requested_key_usages = true };
		struct error err = { .code = ERR_NONE };

		profile_rules_defaults(profile);
		ask_attrs(&settings, profile, &all);
		ck_assert(says(&all, OID_RSA) && says(&all, OID_P256) && says(&all, OID_P384) &&
			  says(&all, OID_ED25519));
		ck_assert(says(&all, DER_BYTES(DER_OID_SUBJECT_ALT_NAME)));
		ck_assert(says(&all, DER_BYTES(DER_OID_EXTENDED_KEY_USAGE)));
		ck_assert(says(&all, DER_BYTES(DER_OID_KEY_USAGE)));
		ck_assert_int_eq(profile_rules_set(profile, "KeyTypes", "p384", &err), 0);
		ck_assert_int_eq(profile_rules_set(profile, "SanTypes", "", &err), 0);
		settings.use_requested_key_usages = false;
		ask_attrs(&settings, profile, &few);
		ck_assert(says(&few, OID_P384));
		ck_assert(
		    !says(&few, OID_RSA) && !says(&few, OID_P256) && !says(&few, OID_ED25519));
		ck_assert(!says(&few, DER_BYTES(DER_OID_SUBJECT_ALT_NAME)));
		ck_assert(!says(&few, DER_BYTES(DER_OID_EXTENDED_KEY_USAGE)));
		ck_assert(!says(&few, DER_BYTES(DER_OID_KEY_USAGE)));
	}
END_TEST

START_TEST(csrattrs_tell_the_least_rsa_size)
	{
		cleanup(ra_profile_freep) struct ra_profile *profile = ra_profile_new();
		cleanup(buf_release) struct buf der = BUF_INIT(MAX);
		struct settings settings = { .use_requested_key_usages = true };

		profile_rules_defaults(profile);
		profile->min_rsa_bits = 3072;
		ask_attrs(&settings, profile, &der);
		ck_assert(says(&der, DER_BYTES("\x02\x02\x0c\x00")));
	}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("est");
	TCase *tc = tcase_create("est");
	SRunner *runner = srunner_create(suite);
	int failed;

	tcase_add_test(tc, a_leaf_goes_out_alone_on_one_line_of_base64);
	tcase_add_test(tc, csrattrs_are_those_of_the_profile);
	tcase_add_test(tc, csrattrs_tell_the_least_rsa_size);
	suite_add_tcase(suite, tc);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
