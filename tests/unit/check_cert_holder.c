/* crypto/cert_holder: whatever we have certified reads back, and nothing else does. */
#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "crypto/cert_holder.h"
#include "fixture_crypto.h"

#define COUNT(table) ((int)(sizeof(table) / sizeof((table)[0])))
#define DER(literal) DER_BYTES(literal)

enum { NOW = 1763769600, MAX_SANS = 1000, MAX_NAMES = 24 };

static struct key *key;
static struct error err;

static void
make_key(void)
{
	fixture_folder_make();
	key = fixture_key("p256");
}

static void
drop_key(void)
{
	static const char *const files[] = { "p256", NULL };

	key_free(key);
	fixture_folder_remove(files);
}

#define UPN "\x06\x0a\x2b\x06\x01\x04\x01\x82\x37\x14\x02\x03"

/* One of each kind at least, and the edges of some. */
static const struct {
	enum san_type type;
	const char *der;
	size_t len;
	size_t value; /* how many octets at the end are its value */
} NAMES[] = {
#define NAME(type, der, value) \
	{ \
		type, der, sizeof(der) - 1, value \
	}
	NAME(SAN_DNS, "\x82\x0dhost.example1", 13),
	NAME(SAN_DNS, "\x82\x06*.a.bc", 6),
	NAME(SAN_EMAIL,
	    "\x81\x06"
	    "a@b.cd",
	    6),
	NAME(SAN_URI, "\x86\x06urn:ab", 6),
	NAME(SAN_IP, "\x87\x04\xc0\x00\x02\x01", 4),
	NAME(SAN_IP, "\x87\x10\x20\x01\x0d\xb8\0\0\0\0\0\0\0\0\0\0\0\x01", 16),
	NAME(SAN_UPN, "\xa0\x14" UPN "\xa0\x06\x0c\x04\x61@bc", 4),
	NAME(SAN_UPN, "\xa0\x10" UPN "\xa0\x02\x0c\x00", 0), /* a request may hold it */
	NAME(SAN_OTHER, "\xa0\x09\x06\x03\x2a\x03\x04\xa0\x02\x05\x00", 0),
	NAME(SAN_OTHER, "\xa4\x0f\x30\x0d\x31\x0b\x30\x09\x06\x03\x55\x04\x03\x0c\x02me", 0),
	NAME(SAN_OTHER, "\x88\x03\x2a\x03\x04", 0),
#undef NAME
};

static const char *const EKUS[] = { "1.3.6.1.5.5.7.3.1", "1.3.6.1.5.5.7.3.2", "2.5.29.37.0",
	"1.3.6.1.4.1.311.20.2.2", "1.3.6.1.5.5.7.3.4", "1.2.3", "1.2.4", "1.2.5", "1.2.6", "1.2.7",
	"1.2.8", "1.2.9", "1.2.10", "1.2.11", "2.999.1",
	/* the longest that is taken: 63 characters */
	"1.3.6.1.4.1.1234567.1234567.1234567.1234567.1234567.1234567.123" };

static const char *const SUBJECTS[] = { "", "CN=host.example.test", "CN=Contoso",
	"CN=J\xc3\xbcrgen,OU=A\\+B,O=Example,C=DE", "DC=example,DC=test,emailAddress=a@b.cd",
	"1.2.3.4=x,CN=y" };

/* A certificate of these names as cert_sign makes it. */
struct made {
	struct buf subject;
	struct san sans[MAX_SANS];
	struct cert_template template;
	struct cert *cert;
};

static void
make_subject(const char *text, struct buf *out)
{
	*out = (struct buf)BUF_INIT(FIXTURE_MAX);
	if (*text == '\0')
		buf_add(out, DER("\x30\x00"));
	else
		ck_assert_msg(name_from_text(text, out, &err) == 0, "%s", err.text);
}

static void
start_cert(struct made *made, const char *subject)
{
	static struct buf issuer;

	if (issuer.len == 0)
		make_subject("CN=Demo CA", &issuer);
	make_subject(subject, &made->subject);
	made->cert = NULL;
	made->template = (struct cert_template){
		.serial = { 0x50, 1 },
		.issuer = buf_bytes(&issuer),
		.not_before = NOW,
		.not_after = NOW + 86400,
		.subject = buf_bytes(&made->subject),
		.spki = key_public(key),
		.path_len = -1,
		.key_usage = KU_DIGITAL_SIGNATURE,
		.sans = made->sans,
	};
	err = (struct error){ .code = ERR_NONE };
}

static void
sign_cert(struct made *made)
{
	struct buf der = BUF_INIT(FIXTURE_MAX);

	ck_assert_msg(cert_sign(&made->template, key, &der, &err) == 0, "%s", err.text);
	ck_assert_msg(cert_parse(buf_bytes(&der), &made->cert, &err) == 0, "%s", err.text);
	buf_release(&der);
}

static void
drop_cert(struct made *made)
{
	cert_free(made->cert);
	buf_release(&made->subject);
}

static void
add_san(struct made *made, int which)
{
	const uint8_t *at = (const uint8_t *)NAMES[which].der;
	size_t len = NAMES[which].len, value = NAMES[which].value;

	made->sans[made->template.san_count++] =
	    (struct san){ NAMES[which].type, bytes_of(at, len), bytes_of(at + len - value, value) };
}

static void
assert_name(const struct cert_holder *holder, struct bytes subject)
{
	struct name name;

	ck_assert_int_eq(name_read(subject, &name, &err), 0);
	ck_assert_uint_eq(holder->name.count, name.count);
	for (size_t i = 0; i < name.count; i++) {
		ck_assert_str_eq(holder->name.attributes[i].oid, name.attributes[i].oid);
		ck_assert_str_eq(holder->name.attributes[i].value, name.attributes[i].value);
	}
}

/* Reads it back and compares all; its bytes lie in the certificate. */
static void
assert_held(const struct made *made)
{
	const struct cert_template *t = &made->template;
	struct cert_holder *holder = NULL;

	ck_assert_msg(cert_holder_read(made->cert, &holder, &err) == 0, "%s", err.text);
	assert_name(holder, t->subject);
	ck_assert_uint_eq(holder->san_count, t->san_count);
	for (size_t i = 0; i < t->san_count; i++) {
		const struct san *san = &holder->sans[i];

		ck_assert_int_eq(san->type, t->sans[i].type);
		ck_assert(bytes_equal(san->der, t->sans[i].der));
		ck_assert(bytes_equal(san->value, t->sans[i].value));
		ck_assert(san->der.ptr > made->cert->der.data &&
			  san->der.ptr < made->cert->der.data + made->cert->der.len);
	}
	ck_assert_uint_eq(holder->eku_count, t->eku_count);
	for (size_t i = 0; i < t->eku_count; i++)
		ck_assert_str_eq(holder->ekus[i], t->ekus[i]);
	cert_holder_free(holder);
}

static unsigned
draw(unsigned *state, unsigned below)
{
	*state = *state * 1103515245U + 12345U;
	return (*state >> 16) % below;
}

START_TEST(whatever_names_were_certified_read_back)
	{
		static struct made made;
		unsigned state = (unsigned)_i;
		const char *ekus[COUNT(EKUS)];
		unsigned names = draw(&state, MAX_NAMES), first = draw(&state, COUNT(EKUS));

		made = (struct made){ .cert = NULL };
		/* An empty subject needs a name (RFC 5280, 4.1.2.6). */
		start_cert(&made, SUBJECTS[names == 0 ? 1 + draw(&state, COUNT(SUBJECTS) - 1)
						      : draw(&state, COUNT(SUBJECTS))]);
		for (unsigned i = 0; i < names; i++)
			add_san(&made, (int)draw(&state, COUNT(NAMES)));
		made.template.eku_count = draw(&state, COUNT(EKUS) + 1);
		for (size_t i = 0; i < made.template.eku_count; i++)
			ekus[i] = EKUS[(first + i) % COUNT(EKUS)];
		made.template.ekus = ekus;
		sign_cert(&made);
		assert_held(&made);
		drop_cert(&made);
	}
END_TEST

START_TEST(each_kind_of_name_reads_back_alone)
	{
		static struct made made;

		start_cert(&made, "");
		add_san(&made, _i);
		sign_cert(&made);
		assert_held(&made);
		drop_cert(&made);
	}
END_TEST

START_TEST(a_common_name_with_an_empty_upn_reads_back)
	{
		static struct made made;

		start_cert(&made, "CN=Contoso");
		add_san(&made, 7);
		sign_cert(&made);
		assert_held(&made);
		drop_cert(&made);
	}
END_TEST

START_TEST(neither_names_nor_usages_is_fine)
	{
		static struct made made;

		start_cert(&made, "CN=Contoso");
		sign_cert(&made);
		ck_assert_ptr_null(made.cert->sans.ptr);
		ck_assert_ptr_null(made.cert->ekus.ptr);
		assert_held(&made);
		drop_cert(&made);
	}
END_TEST

START_TEST(as_many_names_as_a_profile_allows_read_back)
	{
		static struct made made;

		start_cert(&made, "CN=x");
		for (int i = 0; i < MAX_SANS; i++)
			add_san(&made, i % COUNT(NAMES));
		made.template.ekus = EKUS;
		made.template.eku_count = COUNT(EKUS);
		sign_cert(&made);
		assert_held(&made);
		drop_cert(&made);
	}
END_TEST

static const char *const REQUESTS[] = { "csr/full.der", "csr/empty-subject.der", "csr/p256.der",
	"csr/rsa2048.der", "csr/ed25519.der", "csr/critical-false.der" };

START_TEST(the_names_of_requests_of_others_read_back)
	{
		struct buf der = BUF_INIT(FIXTURE_MAX);
		const char *ekus[CSR_MAX_EKUS];
		static struct made made;
		struct csr *csr = NULL;

		fixture_read(REQUESTS[_i], &der);
		ck_assert_int_eq(csr_parse(buf_bytes(&der), 100, &csr, &err), 0);
		start_cert(&made, "CN=x");
		made.template.subject = csr->subject;
		made.template.sans = csr->sans;
		made.template.san_count = csr->san_count;
		for (size_t i = 0; i < csr->eku_count; i++)
			ekus[i] = csr->ekus[i];
		made.template.ekus = ekus;
		made.template.eku_count = csr->eku_count;
		if (csr->name.count == 0 && csr->san_count == 0)
			made.template.subject = buf_bytes(&made.subject);
		sign_cert(&made);
		assert_held(&made);
		drop_cert(&made);
		csr_free(csr);
		buf_release(&der);
	}
END_TEST

/* What a certificate of somebody else's might hold there. */
static const struct {
	const char *what;
	struct bytes sans;
	struct bytes ekus;
	bool ok;
} VALUES[] = {
#define NONE \
	{ \
		NULL, 0 \
	}
#define RAW(literal) \
	{ \
		(const uint8_t *)(literal), sizeof(literal) - 1 \
	}
	{ "a host", RAW("\x30\x06\x82\x04host"), NONE, true },
	{ "no name in the list", RAW("\x30\x00"), NONE, true },
	{ "no octets", RAW(""), NONE, false },
	{ "no SEQUENCE", RAW("\x31\x06\x82\x04host"), NONE, false },
	{ "cut short", RAW("\x30\x06\x82\x04hos"), NONE, false },
	{ "octets behind", RAW("\x30\x06\x82\x04host\x00"), NONE, false },
	{ "a name cut short", RAW("\x30\x06\x82\x05host"), NONE, false },
	{ "a malformed host", RAW("\x30\x06\x82\x04h st"), NONE, false },
	{ "an empty host", RAW("\x30\x02\x82\x00"), NONE, false },
	{ "NUL in a host", RAW("\x30\x06\x82\x04h\0st"), NONE, false },
	{ "an ediPartyName", RAW("\x30\x06\xa5\x04\xa1\x02\x0c\x00"), NONE, false },
	{ "a SID", RAW("\x30\x28\x86\x26tag:microsoft.com,2022-09-14:sid:S-1-5"), NONE, false },
	{ "one usage", NONE, RAW("\x30\x04\x06\x02\x2a\x03"), true },
	{ "a usage twice", NONE, RAW("\x30\x08\x06\x02\x2a\x03\x06\x02\x2a\x03"), true },
	{ "no usage in the list", NONE, RAW("\x30\x00"), false },
	{ "no octets of usages", NONE, RAW(""), false },
	{ "a usage that is no OID", NONE, RAW("\x30\x04\x04\x02\x2a\x03"), false },
	{ "an OID that ends in the middle", NONE, RAW("\x30\x04\x06\x02\x2a\x83"), false },
	{ "octets behind the usages", NONE, RAW("\x30\x04\x06\x02\x2a\x03\x00"), false },
#undef NONE
};

START_TEST(what_is_malformed_is_refused_and_its_near_misses_are_not)
	{
		static struct made made;
		struct cert_holder *holder = NULL;

		start_cert(&made, "CN=x");
		sign_cert(&made);
		made.cert->sans = VALUES[_i].sans;
		made.cert->ekus = VALUES[_i].ekus;
		if (VALUES[_i].ok) {
			ck_assert_int_eq(cert_holder_read(made.cert, &holder, &err), 0);
			ck_assert_uint_le(holder->eku_count, 1);
			cert_holder_free(holder);
		} else {
			ck_assert_msg(cert_holder_read(made.cert, &holder, &err) == -1, "%s",
			    VALUES[_i].what);
			ck_assert_int_eq(err.code, ERR_BAD_REQUEST);
			ck_assert_ptr_null(holder);
		}
		drop_cert(&made);
	}
END_TEST

START_TEST(a_subject_that_no_request_may_have_is_refused)
	{
		struct buf subject = BUF_INIT(FIXTURE_MAX);
		struct cert_holder *holder = NULL;
		static struct made made;

		start_cert(&made, "CN=x");
		fixture_name(DER_UTF8_STRING, DER("a\nb"), &subject);
		made.template.subject = buf_bytes(&subject);
		sign_cert(&made);
		ck_assert_int_eq(cert_holder_read(made.cert, &holder, &err), -1);
		ck_assert_int_eq(err.code, ERR_BAD_REQUEST);
		drop_cert(&made);
		buf_release(&subject);
	}
END_TEST

/* `count` elements of three octets in a SEQUENCE, of which the last two count up. */
static void
make_list(size_t count, uint8_t tag, struct buf *out)
{
	size_t mark = der_open(out, DER_SEQUENCE);

	for (size_t i = 0; i < count; i++) {
		const uint8_t value[] = { (uint8_t)(0x2a), (uint8_t)(i % 100) };

		der_add(out, tag, bytes_of(value, sizeof(value)));
	}
	der_close(out, mark);
}

/* registeredIDs and OIDs: both are valid as they stand. */
static const struct {
	size_t sans;
	size_t ekus;
	bool ok;
} LENGTHS[] = {
	{ CERT_HOLDER_MAX_SANS, 1, true },
	{ CERT_HOLDER_MAX_SANS + 1, 1, false },
	{ 1, CSR_MAX_EKUS, true },
	{ 1, CSR_MAX_EKUS + 1, false },
};

START_TEST(so_many_fit_and_no_more)
	{
		struct buf sans = BUF_INIT(FIXTURE_MAX), ekus = BUF_INIT(FIXTURE_MAX);
		struct cert_holder *holder = NULL;
		static struct made made;

		start_cert(&made, "CN=x");
		sign_cert(&made);
		make_list(LENGTHS[_i].sans, DER_CONTEXT(8), &sans);
		make_list(LENGTHS[_i].ekus, DER_OID, &ekus);
		made.cert->sans = buf_bytes(&sans);
		made.cert->ekus = buf_bytes(&ekus);
		ck_assert_int_eq(
		    cert_holder_read(made.cert, &holder, &err), LENGTHS[_i].ok ? 0 : -1);
		ck_assert_int_eq(err.code, LENGTHS[_i].ok ? ERR_NONE : ERR_BAD_REQUEST);
		if (LENGTHS[_i].ok) {
			ck_assert_uint_eq(holder->san_count, LENGTHS[_i].sans);
			ck_assert_uint_eq(holder->eku_count, LENGTHS[_i].ekus);
		}
		cert_holder_free(holder);
		drop_cert(&made);
		buf_release(&sans);
		buf_release(&ekus);
	}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("cert_holder");
	TCase *tc = tcase_create("cert_holder");
	SRunner *runner;
	int failed;

	tcase_add_unchecked_fixture(tc, make_key, drop_key);
	tcase_set_timeout(tc, 60);
	tcase_add_loop_test(tc, whatever_names_were_certified_read_back, 0, 300);
	tcase_add_loop_test(tc, each_kind_of_name_reads_back_alone, 0, COUNT(NAMES));
	tcase_add_test(tc, a_common_name_with_an_empty_upn_reads_back);
	tcase_add_test(tc, neither_names_nor_usages_is_fine);
	tcase_add_test(tc, as_many_names_as_a_profile_allows_read_back);
	tcase_add_loop_test(tc, the_names_of_requests_of_others_read_back, 0, COUNT(REQUESTS));
	tcase_add_loop_test(
	    tc, what_is_malformed_is_refused_and_its_near_misses_are_not, 0, COUNT(VALUES));
	tcase_add_test(tc, a_subject_that_no_request_may_have_is_refused);
	tcase_add_loop_test(tc, so_many_fit_and_no_more, 0, COUNT(LENGTHS));
	suite_add_tcase(suite, tc);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
