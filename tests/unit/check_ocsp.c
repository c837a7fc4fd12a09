/* crypto/ocsp: requests of other programs and their mutants; responses as GnuTLS reads them. */
#define _GNU_SOURCE
#include <check.h>
#include <gnutls/ocsp.h>
#include <gnutls/x509.h>
#include <stdlib.h>
#include <string.h>

#include "crypto/cert.h"
#include "crypto/ocsp.h"
#include "fixture_crypto.h"

#define COUNT(table) ((int)(sizeof(table) / sizeof((table)[0])))

/* 2026-11-22 10:00:00, 2020-01-01 and 2049-12-31. */
#define NOW INT64_C(1795341600)
#define FROM INT64_C(1577836800)
#define UNTIL INT64_C(2524521600)

static const struct {
	const char *file;
	size_t count;
	size_t nonce; /* octets inside, 0: none */
	struct bytes hash;
} REQUESTS[] = {
	{ "ocsp/openssl.der", 1, 0, { (const uint8_t *)DER_OID_SHA1, 5 } },
	{ "ocsp/openssl-nonce.der", 1, 16, { (const uint8_t *)DER_OID_SHA1, 5 } },
	{ "ocsp/openssl-two.der", 2, 16, { (const uint8_t *)DER_OID_SHA256, 9 } },
	{ "ocsp/openssl-signed.der", 1, 16, { (const uint8_t *)DER_OID_SHA1, 5 } },
	{ "ocsp/gnutls.der", 1, 0, { (const uint8_t *)DER_OID_SHA1, 5 } },
	{ "ocsp/gnutls-nonce.der", 1, 23, { (const uint8_t *)DER_OID_SHA256, 9 } },
};

static struct error err;
static struct ocsp_request request;
static struct buf text; /* a request in the making */

static void
setup(void)
{
	error_clear(&err);
	text = (struct buf)BUF_INIT(FIXTURE_MAX);
}

static void
teardown(void)
{
	buf_release(&text);
}

static int
parse(struct bytes der)
{
	error_clear(&err);
	return ocsp_request_parse(der, &request, &err);
}

static size_t
nonce_size(void)
{
	struct bytes octets;

	if (!request.has_nonce)
		return 0;
	ck_assert(der_only(request.nonce, DER_OCTET_STRING, &octets));
	return octets.len;
}

START_TEST(requests_of_other_programs_are_read)
	{
		fixture_read(REQUESTS[_i].file, &text);
		ck_assert_msg(parse(buf_bytes(&text)) == 0, "%s", err.text);
		ck_assert_uint_eq(request.count, REQUESTS[_i].count);
		ck_assert_uint_eq(nonce_size(), REQUESTS[_i].nonce);
		ck_assert(bytes_equal(request.ids[0].hash_algorithm, REQUESTS[_i].hash));
		ck_assert(bytes_equal(request.ids[0].serial, DER_BYTES("\x50\x01\x02\x03\x04")));
		if (request.count > 1)
			ck_assert(bytes_equal(
			    request.ids[1].serial, DER_BYTES("\x60\xff\x02\x03\x04\x05\x06\x07")));
	}
END_TEST

START_TEST(issuers_are_hashed_as_others_hash_them)
	{
		cleanup(buf_release) struct buf der = BUF_INIT(FIXTURE_MAX);
		cleanup(cert_freep) struct cert *ca = NULL;
		const struct ocsp_cert_id *id = &request.ids[0];
		struct ocsp_issuer_hashes h;
		bool is_sha256 = REQUESTS[_i].hash.len == 9;
		size_t size = is_sha256 ? OCSP_SHA256_SIZE : OCSP_SHA1_SIZE;

		fixture_read("ocsp/ca.der", &der);
		fixture_read(REQUESTS[_i].file, &text);
		ck_assert_int_eq(cert_parse(buf_bytes(&der), &ca, &err), 0);
		ck_assert_int_eq(parse(buf_bytes(&text)), 0);
		ck_assert_int_eq(ocsp_issuer_hashes(ca->subject, ca->spki, &h, &err), 0);
		ck_assert(bytes_equal(
		    id->issuer_name_hash, bytes_of(is_sha256 ? h.name_sha256 : h.name_sha1, size)));
		ck_assert(bytes_equal(
		    id->issuer_key_hash, bytes_of(is_sha256 ? h.key_sha256 : h.key_sha1, size)));
		ck_assert_int_eq(ocsp_issuer_hashes(ca->subject, ca->subject, &h, &err), -1);
		ck_assert_int_eq(err.code, ERR_INTERNAL);
	}
END_TEST

/* The same again from the parts that were read. */
static void
write_again(struct buf *out)
{
	size_t whole = der_open(out, DER_SEQUENCE), tbs = der_open(out, DER_SEQUENCE);
	size_t list = der_open(out, DER_SEQUENCE), tagged, extensions, extension;

	for (size_t i = 0; i < request.count; i++)
		der_add(out, DER_SEQUENCE, request.ids[i].whole);
	der_close(out, list);
	if (request.has_nonce) {
		tagged = der_open(out, DER_CONTEXT_OF(2));
		extensions = der_open(out, DER_SEQUENCE);
		extension = der_open(out, DER_SEQUENCE);
		der_add(out, DER_OID, DER_BYTES(DER_OID_OCSP_NONCE));
		der_add(out, DER_OCTET_STRING, request.nonce);
		der_close(out, extension);
		der_close(out, extensions);
		der_close(out, tagged);
	}
	der_close(out, tbs);
	der_close(out, whole);
}

static void
assert_within(struct bytes part, struct bytes der)
{
	ck_assert(part.ptr >= der.ptr && part.ptr + part.len <= der.ptr + der.len);
}

static void
assert_id(const struct ocsp_cert_id *id, struct bytes der)
{
	struct bytes content;

	assert_within(id->whole, der);
	ck_assert(der_only(id->whole, DER_SEQUENCE, &content));
	assert_within(id->hash_algorithm, id->whole);
	assert_within(id->issuer_name_hash, id->whole);
	assert_within(id->issuer_key_hash, id->whole);
	assert_within(id->serial, id->whole);
	ck_assert_uint_gt(id->serial.len, 0);
	ck_assert_uint_gt(id->hash_algorithm.len, 0);
}

/* Read without an error, it is a request that says what the parts of it say. */
static void
assert_sensible(struct bytes der)
{
	static struct ocsp_request first;
	cleanup(buf_release) struct buf again = BUF_INIT(FIXTURE_MAX);

	ck_assert(request.count >= 1 && request.count <= OCSP_CERT_IDS_MAX);
	ck_assert(nonce_size() <= OCSP_NONCE_MAX);
	ck_assert(!request.has_nonce || nonce_size() > 0);
	for (size_t i = 0; i < request.count; i++)
		assert_id(&request.ids[i], der);
	write_again(&again);
	first = request;
	ck_assert_msg(parse(buf_bytes(&again)) == 0, "%s", err.text);
	ck_assert_uint_eq(request.count, first.count);
	ck_assert(request.has_nonce == first.has_nonce);
	ck_assert(bytes_equal(request.nonce, first.nonce));
	for (size_t i = 0; i < first.count; i++) {
		ck_assert(bytes_equal(request.ids[i].whole, first.ids[i].whole));
		ck_assert(bytes_equal(request.ids[i].serial, first.ids[i].serial));
	}
}

/* In memory of just its size, so that ASan sees a step too far. */
static bool
try_mutant(struct bytes mutant)
{
	uint8_t *copy = malloc(mutant.len > 0 ? mutant.len : 1);
	struct bytes der;
	bool ok;

	ck_assert_ptr_nonnull(copy);
	memcpy(copy, mutant.ptr, mutant.len);
	der = bytes_of(copy, mutant.len);
	ok = parse(der) == 0;
	if (ok)
		assert_sensible(der);
	else {
		ck_assert_int_eq(err.code, ERR_BAD_REQUEST);
		ck_assert_int_eq(strncmp(err.text, "OCSP request: ", 14), 0);
	}
	free(copy);
	return ok;
}

START_TEST(each_mutant_is_refused_or_read_for_what_it_says)
	{
		size_t accepted = 0;

		fixture_read(REQUESTS[_i].file, &text);
		for (size_t bit = 0; bit < 8 * text.len; bit++) {
			text.data[bit / 8] ^= (uint8_t)(1U << (bit % 8));
			accepted += try_mutant(buf_bytes(&text));
			text.data[bit / 8] ^= (uint8_t)(1U << (bit % 8));
		}
		/* Another serial number or hash is another question, a bad tag or length is none.
		 */
		ck_assert_uint_ge(accepted, 8 * 45 * REQUESTS[_i].count);
		ck_assert_uint_le(accepted, 8 * (text.len - 14));
	}
END_TEST

START_TEST(each_truncation_and_each_octet_more_is_refused)
	{
		fixture_read(REQUESTS[_i].file, &text);
		for (size_t len = 0; len < text.len; len++)
			ck_assert(!try_mutant(bytes_of(text.data, len)));
		ck_assert(try_mutant(buf_bytes(&text)));
		buf_add_byte(&text, 0);
		ck_assert(!try_mutant(buf_bytes(&text)));
	}
END_TEST

#define CERT_ID "\x30\x14\x30\x07\x06\x05" DER_OID_SHA1 "\x04\x02NN\x04\x02KK\x02\x01\x05"
#define SINGLE "\x30\x16" CERT_ID
#define LIST "\x30\x18" SINGLE
#define BYTES(literal) \
	{ \
		(const uint8_t *)(literal), sizeof(literal) - 1 \
	}

/* Parts of a request; those that are empty are not there, LIST stands for an empty list. */
static const struct {
	const char *what;
	bool ok;
	struct bytes before; /* of the list, in TBSRequest */
	struct bytes list;
	struct bytes extensions; /* the content of [2]'s SEQUENCE */
	struct bytes signature;  /* behind TBSRequest */
} RULES[] = {
	{ "plain", true, BYTES(""), BYTES(LIST), BYTES(""), BYTES("") },
	{ "version 1 written down", true, BYTES("\xa0\x03\x02\x01\x00"), BYTES(LIST), BYTES(""),
	    BYTES("") },
	{ "version 2", false, BYTES("\xa0\x03\x02\x01\x01"), BYTES(LIST), BYTES(""), BYTES("") },
	{ "version 1 in two octets", false, BYTES("\xa0\x04\x02\x02\x00\x00"), BYTES(LIST),
	    BYTES(""), BYTES("") },
	{ "an empty version", false, BYTES("\xa0\x00"), BYTES(LIST), BYTES(""), BYTES("") },
	{ "a requestor", true, BYTES("\xa1\x03\x82\x01x"), BYTES(LIST), BYTES(""), BYTES("") },
	{ "a requestor by registered id", true, BYTES("\xa1\x03\x88\x01*"), BYTES(LIST), BYTES(""),
	    BYTES("") },
	{ "a requestor of no kind", false, BYTES("\xa1\x03\x89\x01*"), BYTES(LIST), BYTES(""),
	    BYTES("") },
	{ "a requestor that is no GeneralName", false, BYTES("\xa1\x03\x04\x01x"), BYTES(LIST),
	    BYTES(""), BYTES("") },
	{ "two requestors", false, BYTES("\xa1\x06\x82\x01x\x82\x01y"), BYTES(LIST), BYTES(""),
	    BYTES("") },
	{ "no requestor", false, BYTES("\xa1\x00"), BYTES(LIST), BYTES(""), BYTES("") },
	{ "a requestor cut short", false, BYTES("\xa1\x04\xa4\x02\x30\x05"), BYTES(LIST), BYTES(""),
	    BYTES("") },
	{ "the version behind the requestor", false, BYTES("\xa1\x03\x82\x01x\xa0\x03\x02\x01\x00"),
	    BYTES(LIST), BYTES(""), BYTES("") },
	{ "nobody asked about", false, BYTES(""), BYTES("\x30\x00"), BYTES(""), BYTES("") },
	{ "the same twice", true, BYTES(""), BYTES("\x30\x30" SINGLE SINGLE), BYTES(""),
	    BYTES("") },
	{ "octets in the list", false, BYTES(""), BYTES("\x30\x19" SINGLE "\x00"), BYTES(""),
	    BYTES("") },
	{ "a SET of certificates", false, BYTES(""), BYTES("\x31\x18" SINGLE), BYTES(""),
	    BYTES("") },
	{ "no list", false, BYTES(""), BYTES(""), BYTES(""), BYTES("") },
	{ "two lists", false, BYTES(LIST), BYTES(LIST), BYTES(""), BYTES("") },
	{ "octets in a CertID", false, BYTES(""),
	    BYTES("\x30\x1a\x30\x18\x30\x16\x30\x07\x06\x05" DER_OID_SHA1
		  "\x04\x02NN\x04\x02KK\x02\x01\x05\x05\x00"),
	    BYTES(""), BYTES("") },
	{ "parameters NULL", true, BYTES(""),
	    BYTES("\x30\x1a\x30\x18\x30\x16\x30\x09\x06\x05" DER_OID_SHA1
		  "\x05\x00\x04\x02NN\x04\x02KK\x02\x01\x05"),
	    BYTES(""), BYTES("") },
	{ "parameters twice", false, BYTES(""),
	    BYTES("\x30\x1c\x30\x1a\x30\x18\x30\x0b\x06\x05" DER_OID_SHA1
		  "\x05\x00\x05\x00\x04\x02NN\x04\x02KK\x02\x01\x05"),
	    BYTES(""), BYTES("") },
	{ "no serial number", false, BYTES(""),
	    BYTES("\x30\x15\x30\x13\x30\x11\x30\x07\x06\x05" DER_OID_SHA1 "\x04\x02NN\x04\x02KK"),
	    BYTES(""), BYTES("") },
	{ "a serial number in too many octets", false, BYTES(""),
	    BYTES("\x30\x19\x30\x17\x30\x15\x30\x07\x06\x05" DER_OID_SHA1
		  "\x04\x02NN\x04\x02KK\x02\x02\x00\x05"),
	    BYTES(""), BYTES("") },
	{ "a serial number from 128 on", true, BYTES(""),
	    BYTES("\x30\x19\x30\x17\x30\x15\x30\x07\x06\x05" DER_OID_SHA1
		  "\x04\x02NN\x04\x02KK\x02\x02\x00\x80"),
	    BYTES(""), BYTES("") },
	{ "a negative serial number", true, BYTES(""),
	    BYTES("\x30\x18\x30\x16\x30\x14\x30\x07\x06\x05" DER_OID_SHA1
		  "\x04\x02NN\x04\x02KK\x02\x01\x85"),
	    BYTES(""), BYTES("") },
	{ "a serial number of 24 octets", true, BYTES(""),
	    BYTES("\x30\x2f\x30\x2d\x30\x2b\x30\x07\x06\x05" DER_OID_SHA1
		  "\x04\x02NN\x04\x02KK\x02\x18"
		  "012345678901234567890123"),
	    BYTES(""), BYTES("") },
	{ "an empty serial number", false, BYTES(""),
	    BYTES("\x30\x17\x30\x15\x30\x13\x30\x07\x06\x05" DER_OID_SHA1
		  "\x04\x02NN\x04\x02KK\x02\x00"),
	    BYTES(""), BYTES("") },
	{ "an extension of one certificate", true, BYTES(""),
	    BYTES("\x30\x23\x30\x21" CERT_ID "\xa0\x09\x30\x07\x30\x05\x06\x01\x2a\x04\x00"),
	    BYTES(""), BYTES("") },
	{ "a critical extension of one certificate", false, BYTES(""),
	    BYTES("\x30\x26\x30\x24" CERT_ID
		  "\xa0\x0c\x30\x0a\x30\x08\x06\x01\x2a\x01\x01\xff\x04\x00"),
	    BYTES(""), BYTES("") },
	{ "no extension of one certificate", false, BYTES(""),
	    BYTES("\x30\x1a\x30\x18" CERT_ID "\xa0\x02\x30\x00"), BYTES(""), BYTES("") },
	{ "octets behind a CertID", false, BYTES(""), BYTES("\x30\x1a\x30\x18" CERT_ID "\x05\x00"),
	    BYTES(""), BYTES("") },
	{ "an unknown extension", true, BYTES(""), BYTES(LIST),
	    BYTES("\x30\x05\x06\x01\x2a\x04\x00"), BYTES("") },
	{ "an unknown critical extension", false, BYTES(""), BYTES(LIST),
	    BYTES("\x30\x08\x06\x01\x2a\x01\x01\xff\x04\x00"), BYTES("") },
	{ "FALSE written down", false, BYTES(""), BYTES(LIST),
	    BYTES("\x30\x08\x06\x01\x2a\x01\x01\x00\x04\x00"), BYTES("") },
	{ "an extension without a value", false, BYTES(""), BYTES(LIST),
	    BYTES("\x30\x03\x06\x01\x2a"), BYTES("") },
	{ "octets in an extension", false, BYTES(""), BYTES(LIST),
	    BYTES("\x30\x07\x06\x01\x2a\x04\x00\x05\x00"), BYTES("") },
	{ "a critical nonce", true, BYTES(""), BYTES(LIST),
	    BYTES("\x30\x13\x06\x09" DER_OID_OCSP_NONCE "\x01\x01\xff\x04\x03\x04\x01n"),
	    BYTES("") },
	{ "two nonces", false, BYTES(""), BYTES(LIST),
	    BYTES("\x30\x10\x06\x09" DER_OID_OCSP_NONCE "\x04\x03\x04\x01n"
		  "\x30\x10\x06\x09" DER_OID_OCSP_NONCE "\x04\x03\x04\x01n"),
	    BYTES("") },
	{ "a nonce that is wrapped once", false, BYTES(""), BYTES(LIST),
	    BYTES("\x30\x10\x06\x09" DER_OID_OCSP_NONCE "\x04\x03nnn"), BYTES("") },
	{ "a nonce of another type", false, BYTES(""), BYTES(LIST),
	    BYTES("\x30\x10\x06\x09" DER_OID_OCSP_NONCE "\x04\x03\x02\x01\x01"), BYTES("") },
	{ "octets behind the nonce", false, BYTES(""), BYTES(LIST),
	    BYTES("\x30\x12\x06\x09" DER_OID_OCSP_NONCE "\x04\x05\x04\x01n\x05\x00"), BYTES("") },
	{ "signed", true, BYTES(""), BYTES(LIST), BYTES(""),
	    BYTES("\xa0\x0b\x30\x09\x30\x03\x06\x01\x2a\x03\x02\x00s") },
	{ "signed with certificates", true, BYTES(""), BYTES(LIST), BYTES(""),
	    BYTES("\xa0\x13\x30\x11\x30\x03\x06\x01\x2a\x03\x02\x00s\xa0\x06\x30\x04\x30\x02"
		  "\x05\x00") },
	{ "signed with what is no certificate", false, BYTES(""), BYTES(LIST), BYTES(""),
	    BYTES("\xa0\x11\x30\x0f\x30\x03\x06\x01\x2a\x03\x02\x00s\xa0\x04\x30\x02\x05\x00") },
	{ "signed without a signature", false, BYTES(""), BYTES(LIST), BYTES(""),
	    BYTES("\xa0\x07\x30\x05\x30\x03\x06\x01\x2a") },
	{ "an empty signature", false, BYTES(""), BYTES(LIST), BYTES(""), BYTES("\xa0\x00") },
	{ "signed twice", false, BYTES(""), BYTES(LIST), BYTES(""),
	    BYTES("\xa0\x0b\x30\x09\x30\x03\x06\x01\x2a\x03\x02\x00s"
		  "\xa0\x0b\x30\x09\x30\x03\x06\x01\x2a\x03\x02\x00s") },
	{ "octets behind", false, BYTES(""), BYTES(LIST), BYTES(""), BYTES("\x05\x00") },
};

static void
write_request(struct bytes before, struct bytes list, struct bytes extensions, struct bytes behind)
{
	size_t whole = der_open(&text, DER_SEQUENCE), tbs = der_open(&text, DER_SEQUENCE), tagged;

	buf_add(&text, before);
	buf_add(&text, list);
	if (extensions.len > 0) {
		tagged = der_open(&text, DER_CONTEXT_OF(2));
		der_add(&text, DER_SEQUENCE, extensions);
		der_close(&text, tagged);
	}
	der_close(&text, tbs);
	buf_add(&text, behind);
	der_close(&text, whole);
}

START_TEST(rules_have_their_near_misses)
	{
		write_request(
		    RULES[_i].before, RULES[_i].list, RULES[_i].extensions, RULES[_i].signature);
		ck_assert_msg(try_mutant(buf_bytes(&text)) == RULES[_i].ok, "%s: %s",
		    RULES[_i].what, err.text);
	}
END_TEST

START_TEST(an_empty_list_of_extensions_is_none)
	{
		buf_add(&text, DER_BYTES("\x30\x20\x30\x1e" LIST "\xa2\x02\x30\x00"));
		ck_assert(!try_mutant(buf_bytes(&text)));
	}
END_TEST

static const struct {
	size_t count;
	bool ok;
} COUNTS[] = { { 1, true }, { 63, true }, { 64, true }, { 65, false }, { 5000, false } };

START_TEST(so_many_certificates_and_no_more)
	{
		cleanup(buf_release) struct buf list = BUF_INIT(FIXTURE_MAX);
		size_t mark = der_open(&list, DER_SEQUENCE);

		for (size_t i = 0; i < COUNTS[_i].count; i++)
			buf_add(&list, DER_BYTES(SINGLE));
		der_close(&list, mark);
		write_request(
		    bytes_of(NULL, 0), buf_bytes(&list), bytes_of(NULL, 0), bytes_of(NULL, 0));
		ck_assert(try_mutant(buf_bytes(&text)) == COUNTS[_i].ok);
		ck_assert(!COUNTS[_i].ok || request.count == COUNTS[_i].count);
		ck_assert(COUNTS[_i].ok || strstr(err.text, "more than 64") != NULL);
	}
END_TEST

static const struct {
	size_t len;
	bool ok;
} NONCES[] = { { 0, false }, { 1, true }, { 32, true }, { 128, true }, { 129, false },
	{ 60000, false } };

START_TEST(nonces_have_1_to_128_octets)
	{
		static const uint8_t zeros[60000];
		cleanup(buf_release) struct buf value = BUF_INIT(FIXTURE_MAX);
		cleanup(buf_release) struct buf extension = BUF_INIT(FIXTURE_MAX);

		der_add(&value, DER_OCTET_STRING, bytes_of(zeros, NONCES[_i].len));
		fixture_extension(DER_BYTES(DER_OID_OCSP_NONCE), buf_bytes(&value), &extension);
		write_request(
		    bytes_of(NULL, 0), DER_BYTES(LIST), buf_bytes(&extension), bytes_of(NULL, 0));
		ck_assert(try_mutant(buf_bytes(&text)) == NONCES[_i].ok);
		if (!NONCES[_i].ok)
			return;
		ck_assert_int_eq(parse(buf_bytes(&text)), 0);
		ck_assert(bytes_equal(request.nonce, buf_bytes(&value)));
	}
END_TEST

/* A tower of constructed elements where any element may stand. */
START_TEST(depth_is_bounded)
	{
		cleanup(buf_release) struct buf tower = BUF_INIT(FIXTURE_MAX);
		static size_t marks[4000];

		for (int i = 0; i < COUNT(marks); i++)
			marks[i] = der_open(&tower, i == 0 ? DER_CONTEXT_OF(1) : DER_CONTEXT_OF(4));
		for (int i = COUNT(marks) - 1; i >= 0; i--)
			der_close(&tower, marks[i]);
		write_request(
		    buf_bytes(&tower), DER_BYTES(LIST), bytes_of(NULL, 0), bytes_of(NULL, 0));
		ck_assert(!try_mutant(buf_bytes(&text)));
	}
END_TEST

/* Responses */

static const char *const KINDS[] = { "rsa2048", "p256", "p384", "ed25519" };
static const char *const EKUS[] = { "1.3.6.1.5.5.7.3.9" };

static const char *const FILES[] = { "rsa2048", "p256", "p384", "ed25519", NULL };

/* A CA and its delegated responder. */
static struct {
	struct key *ca_key;
	struct key *key;
	struct buf name;
	struct buf responder_name;
	struct buf ca;
	struct buf certificate;
	struct ocsp_issuer_hashes ca_hashes;
	struct ocsp_issuer_hashes hashes;
} pki;

static void
sign_certificate(struct cert_template *template, struct key *key, struct buf *out)
{
	template->serial[0] = 0x20;
	template->issuer = buf_bytes(&pki.name);
	template->not_before = FROM;
	template->not_after = UNTIL;
	ck_assert_msg(cert_sign(template, key, out, &err) == 0, "%s", err.text);
}

static void
make_pki(const char *kind)
{
	struct cert_template ca = { .is_ca = true, .path_len = -1, .key_usage = KU_KEY_CERT_SIGN };
	struct cert_template responder = { .path_len = -1,
		.key_usage = KU_DIGITAL_SIGNATURE,
		.ekus = EKUS,
		.eku_count = 1,
		.ocsp_no_check = true };

	pki.name = pki.responder_name = pki.ca = pki.certificate = (struct buf)BUF_INIT(8192);
	pki.ca_key = fixture_key(kind);
	pki.key = fixture_key(kind);
	fixture_name(DER_UTF8_STRING, DER_BYTES("demo"), &pki.name);
	fixture_name(DER_UTF8_STRING, DER_BYTES("demo OCSP"), &pki.responder_name);
	ca.subject = buf_bytes(&pki.name);
	ca.spki = key_public(pki.ca_key);
	sign_certificate(&ca, pki.ca_key, &pki.ca);
	responder.subject = buf_bytes(&pki.responder_name);
	responder.spki = key_public(pki.key);
	sign_certificate(&responder, pki.ca_key, &pki.certificate);
	ck_assert_int_eq(ocsp_issuer_hashes(ca.subject, ca.spki, &pki.ca_hashes, &err), 0);
	ck_assert_int_eq(
	    ocsp_issuer_hashes(responder.subject, responder.spki, &pki.hashes, &err), 0);
}

static void
drop_pki(void)
{
	key_free(pki.ca_key);
	key_free(pki.key);
	buf_release(&pki.name);
	buf_release(&pki.responder_name);
	buf_release(&pki.ca);
	buf_release(&pki.certificate);
}

static void
make_folder(void)
{
	setup();
	fixture_folder_make();
}

static void
drop_folder(void)
{
	drop_pki();
	fixture_folder_remove(FILES);
	teardown();
}

/* What a client asks about three certificates of the CA. */
static void
add_cert_id(uint8_t serial, struct buf *out)
{
	size_t mark = der_open(out, DER_SEQUENCE);

	der_add(out, DER_SEQUENCE, DER_BYTES("\x06\x05" DER_OID_SHA1 "\x05\x00"));
	der_add(out, DER_OCTET_STRING, bytes_of(pki.ca_hashes.name_sha1, OCSP_SHA1_SIZE));
	der_add(out, DER_OCTET_STRING, bytes_of(pki.ca_hashes.key_sha1, OCSP_SHA1_SIZE));
	der_add(out, DER_INTEGER, bytes_of(&serial, 1));
	der_close(out, mark);
}

enum { SINGLES = 4 };

static const struct ocsp_single ANSWERS[SINGLES] = {
	{ .status = OCSP_GOOD, .reason = -1, .this_update = NOW, .next_update = NOW + 600 },
	{ .status = OCSP_REVOKED,
	    .reason = 1,
	    .revoked_at = NOW - 86400,
	    .this_update = NOW,
	    .next_update = NOW + 300 },
	{ .status = OCSP_UNKNOWN, .reason = -1, .this_update = NOW - 1, .next_update = 0 },
	{ .status = OCSP_REVOKED, .reason = -1, .revoked_at = 0, .this_update = NOW },
};

static struct ocsp_single singles[SINGLES];
static struct buf ids[SINGLES];
static struct ocsp_template template;

static void
fill_template(void)
{
	for (size_t i = 0; i < SINGLES; i++) {
		ids[i] = (struct buf)BUF_INIT(256);
		add_cert_id((uint8_t)(i + 1), &ids[i]);
		singles[i] = ANSWERS[i];
		singles[i].cert_id = buf_bytes(&ids[i]);
	}
	template = (struct ocsp_template){
		.singles = singles,
		.count = SINGLES,
		.produced_at = NOW + 1,
		.responder_key_hash = bytes_of(pki.hashes.key_sha1, OCSP_SHA1_SIZE),
		.has_nonce = true,
		.nonce = DER_BYTES("\x04\x05nonce"),
		.certificate = buf_bytes(&pki.certificate),
	};
}

static void
drop_template(void)
{
	for (int i = 0; i < SINGLES; i++)
		buf_release(&ids[i]);
}

static gnutls_datum_t
datum(const struct buf *buf)
{
	return (gnutls_datum_t){ buf->data, (unsigned)buf->len };
}

static void
import(gnutls_ocsp_resp_t *response, gnutls_x509_crt_t *ca)
{
	gnutls_datum_t der = datum(&text), ca_der = datum(&pki.ca);

	ck_assert_int_eq(gnutls_ocsp_resp_init(response), 0);
	ck_assert_int_eq(gnutls_ocsp_resp_import(*response, &der), 0);
	ck_assert_int_eq(gnutls_x509_crt_init(ca), 0);
	ck_assert_int_eq(gnutls_x509_crt_import(*ca, &ca_der, GNUTLS_X509_FMT_DER), 0);
}

static unsigned
gnutls_reason(const struct ocsp_single *single)
{
	return single->status == OCSP_REVOKED && single->reason >= 0 ? (unsigned)single->reason : 0;
}

static void
assert_single(gnutls_ocsp_resp_t response, unsigned index)
{
	static const unsigned statuses[] = { GNUTLS_OCSP_CERT_GOOD, GNUTLS_OCSP_CERT_REVOKED,
		GNUTLS_OCSP_CERT_UNKNOWN };
	const struct ocsp_single *said = &singles[index];
	gnutls_datum_t name, key, serial;
	unsigned status = 0, reason = 0;
	time_t this_update = 0, next_update = 0, revoked_at = 0;
	gnutls_digest_algorithm_t digest = GNUTLS_DIG_NULL;

	ck_assert_int_eq(gnutls_ocsp_resp_get_single(response, index, &digest, &name, &key, &serial,
			     &status, &this_update, &next_update, &revoked_at, &reason),
	    0);
	ck_assert_int_eq(digest, GNUTLS_DIG_SHA1);
	ck_assert_uint_eq(status, statuses[said->status]);
	ck_assert_int_eq(this_update, said->this_update);
	ck_assert_int_eq(next_update, said->next_update != 0 ? said->next_update : -1);
	ck_assert_int_eq(revoked_at, said->status == OCSP_REVOKED ? said->revoked_at : -1);
	ck_assert_uint_eq(reason, gnutls_reason(said));
	ck_assert(serial.size == 1 && serial.data[0] == index + 1);
	gnutls_free(name.data);
	gnutls_free(key.data);
	gnutls_free(serial.data);
}

static void
assert_nonce(gnutls_ocsp_resp_t response)
{
	gnutls_datum_t nonce = { NULL, 0 };
	unsigned critical = 1;
	int rc = gnutls_ocsp_resp_get_nonce(response, &critical, &nonce);

	ck_assert_int_eq(rc, template.has_nonce ? 0 : GNUTLS_E_REQUESTED_DATA_NOT_AVAILABLE);
	ck_assert(!template.has_nonce ||
		  (critical == 0 && nonce.size == 5 && memcmp(nonce.data, "nonce", 5) == 0));
	gnutls_free(nonce.data);
}

static void
assert_response(void)
{
	gnutls_ocsp_resp_t response;
	gnutls_x509_crt_t ca;
	gnutls_datum_t id;
	unsigned verify = 1;

	import(&response, &ca);
	ck_assert_int_eq(gnutls_ocsp_resp_get_status(response), GNUTLS_OCSP_RESP_SUCCESSFUL);
	ck_assert_int_eq(gnutls_ocsp_resp_get_version(response), 1);
	ck_assert_int_eq(gnutls_ocsp_resp_get_produced(response), template.produced_at);
	ck_assert_int_eq(
	    gnutls_ocsp_resp_get_responder_raw_id(response, GNUTLS_OCSP_RESP_ID_KEY, &id), 0);
	ck_assert(bytes_equal(bytes_of(id.data, id.size), template.responder_key_hash));
	gnutls_free(id.data);
	for (unsigned i = 0; i < template.count; i++)
		assert_single(response, i);
	assert_nonce(response);
	ck_assert_int_eq(gnutls_ocsp_resp_verify_direct(response, ca, &verify, 0), 0);
	ck_assert_uint_eq(verify, 0);
	gnutls_x509_crt_deinit(ca);
	gnutls_ocsp_resp_deinit(response);
}

static void
sign(struct key *key)
{
	buf_reset(&text);
	error_clear(&err);
	ck_assert_msg(ocsp_response_sign(&template, key, &text, &err) == 0, "%s", err.text);
}

START_TEST(delegated_answers_are_what_gnutls_reads_and_verifies)
	{
		make_pki(KINDS[_i]);
		fill_template();
		sign(pki.key);
		assert_response();
		template.has_nonce = false;
		sign(pki.key);
		assert_response();
		drop_template();
	}
END_TEST

START_TEST(direct_answers_are_what_gnutls_reads_and_verifies)
	{
		make_pki(KINDS[_i]);
		fill_template();
		template.certificate = bytes_of(NULL, 0);
		template.responder_key_hash = bytes_of(pki.ca_hashes.key_sha1, OCSP_SHA1_SIZE);
		sign(pki.ca_key);
		assert_response();
		drop_template();
	}
END_TEST

/* The tests above can fail. */
START_TEST(a_changed_answer_does_not_verify)
	{
		gnutls_ocsp_resp_t response;
		gnutls_x509_crt_t ca;
		unsigned verify = 0;
		uint8_t *good;

		make_pki("p256");
		fill_template();
		sign(pki.key);
		good = memmem(text.data, text.len, "\x80\x00\x18\x0f", 4);
		ck_assert_ptr_nonnull(good);
		good[0] = 0x82;
		import(&response, &ca);
		ck_assert_int_eq(gnutls_ocsp_resp_verify_direct(response, ca, &verify, 0), 0);
		ck_assert_uint_ne(verify, 0);
		gnutls_x509_crt_deinit(ca);
		gnutls_ocsp_resp_deinit(response);
		drop_template();
	}
END_TEST

/* 2.5.895 of SCEPman: a client took no fractions. RFC 6960, 4.2.2.1 asks for none. */
START_TEST(times_are_whole_generalized_times)
	{
		make_pki("ed25519");
		fill_template();
		sign(pki.key);
		ck_assert_ptr_nonnull(memmem(text.data, text.len,
		    "\x80\x00\x18\x0f"
		    "20261122100000Z",
		    19));
		ck_assert_ptr_nonnull(memmem(text.data, text.len,
		    "\xa0\x11\x18\x0f"
		    "20261122101000Z",
		    19));
		ck_assert_ptr_nonnull(memmem(text.data, text.len,
		    "\xa1\x16\x18\x0f"
		    "20261121100000Z\xa0\x03\x0a\x01\x01",
		    24));
		ck_assert_ptr_nonnull(memmem(text.data, text.len,
		    "\xa1\x11\x18\x0f"
		    "19700101000000Z\x18",
		    20));
		ck_assert_ptr_nonnull(memmem(text.data, text.len, "\x82\x00\x18\x0f", 4));
		drop_template();
	}
END_TEST

static const char EXTENDED[] = "\x30\x0f\x06\x09" DER_OID_OCSP_EXTENDED_REVOKE "\x04\x02\x05\x00";

START_TEST(what_was_never_issued_may_be_revoked_by_extension)
	{
		make_pki("ed25519");
		fill_template();
		for (int i = 0; i < 4; i++) {
			template.has_nonce = (i & 1) != 0;
			template.extended_revoke = (i & 2) != 0;
			sign(pki.key);
			assert_response();
			ck_assert(template.extended_revoke == (memmem(text.data, text.len, EXTENDED,
								   sizeof(EXTENDED) - 1) != NULL));
		}
		drop_template();
	}
END_TEST

static void
assert_internal(void)
{
	buf_reset(&text);
	error_clear(&err);
	ck_assert_int_eq(ocsp_response_sign(&template, pki.key, &text, &err), -1);
	ck_assert_int_eq(err.code, ERR_INTERNAL);
	ck_assert_uint_eq(text.len, 0);
	drop_template();
	fill_template();
}

START_TEST(what_no_client_could_read_is_not_signed)
	{
		make_pki("ed25519");
		fill_template();
		template.count = 0;
		assert_internal();
		template.responder_key_hash.len--;
		assert_internal();
		template.certificate.len--;
		assert_internal();
		singles[1].cert_id.len--;
		assert_internal();
		singles[1].reason = 7;
		assert_internal();
		singles[1].reason = 11;
		assert_internal();
		singles[1].reason = -2;
		assert_internal();
		singles[0].next_update = NOW - 1;
		assert_internal();
		singles[1].revoked_at = -1000000000000;
		assert_internal();
		singles[1].reason = 10;
		sign(pki.key);
		assert_response();
		drop_template();
	}
END_TEST

START_TEST(a_buffer_too_small_is_an_error)
	{
		make_pki("ed25519");
		fill_template();
		sign(pki.key);
		for (int less = 0; less < 2; less++) {
			struct buf small = BUF_INIT(text.len - (size_t)less);

			error_clear(&err);
			ck_assert_int_eq(ocsp_response_sign(&template, pki.key, &small, &err),
			    less == 0 ? 0 : -1);
			buf_release(&small);
		}
		ck_assert_int_eq(err.code, ERR_INTERNAL);
		drop_template();
	}
END_TEST

static const struct {
	enum ocsp_error error;
	gnutls_ocsp_resp_status_t status;
} ERRORS[] = {
	{ OCSP_MALFORMED_REQUEST, GNUTLS_OCSP_RESP_MALFORMEDREQUEST },
	{ OCSP_INTERNAL_ERROR, GNUTLS_OCSP_RESP_INTERNALERROR },
	{ OCSP_TRY_LATER, GNUTLS_OCSP_RESP_TRYLATER },
	{ OCSP_UNAUTHORIZED, GNUTLS_OCSP_RESP_UNAUTHORIZED },
};

START_TEST(errors_are_five_octets)
	{
		gnutls_ocsp_resp_t response;
		gnutls_datum_t der;

		ocsp_error_response(ERRORS[_i].error, &text);
		ck_assert_uint_eq(text.len, 5);
		der = datum(&text);
		ck_assert_int_eq(gnutls_ocsp_resp_init(&response), 0);
		ck_assert_int_eq(gnutls_ocsp_resp_import(response, &der), 0);
		ck_assert_int_eq(gnutls_ocsp_resp_get_status(response), (int)ERRORS[_i].status);
		gnutls_ocsp_resp_deinit(response);
	}
END_TEST

static void
add_requests(TCase *tests)
{
	tcase_add_checked_fixture(tests, setup, teardown);
	tcase_set_timeout(tests, 60);
	tcase_add_loop_test(tests, requests_of_other_programs_are_read, 0, COUNT(REQUESTS));
	tcase_add_loop_test(tests, issuers_are_hashed_as_others_hash_them, 0, COUNT(REQUESTS));
	tcase_add_loop_test(
	    tests, each_mutant_is_refused_or_read_for_what_it_says, 0, COUNT(REQUESTS));
	tcase_add_loop_test(
	    tests, each_truncation_and_each_octet_more_is_refused, 0, COUNT(REQUESTS));
	tcase_add_loop_test(tests, rules_have_their_near_misses, 0, COUNT(RULES));
	tcase_add_test(tests, an_empty_list_of_extensions_is_none);
	tcase_add_loop_test(tests, so_many_certificates_and_no_more, 0, COUNT(COUNTS));
	tcase_add_loop_test(tests, nonces_have_1_to_128_octets, 0, COUNT(NONCES));
	tcase_add_test(tests, depth_is_bounded);
	tcase_add_loop_test(tests, errors_are_five_octets, 0, COUNT(ERRORS));
}

static void
add_responses(TCase *tests)
{
	tcase_add_checked_fixture(tests, make_folder, drop_folder);
	tcase_set_timeout(tests, 60);
	tcase_add_loop_test(
	    tests, delegated_answers_are_what_gnutls_reads_and_verifies, 0, COUNT(KINDS));
	tcase_add_loop_test(
	    tests, direct_answers_are_what_gnutls_reads_and_verifies, 0, COUNT(KINDS));
	tcase_add_test(tests, a_changed_answer_does_not_verify);
	tcase_add_test(tests, times_are_whole_generalized_times);
	tcase_add_test(tests, what_was_never_issued_may_be_revoked_by_extension);
	tcase_add_test(tests, what_no_client_could_read_is_not_signed);
	tcase_add_test(tests, a_buffer_too_small_is_an_error);
}

int
main(void)
{
	Suite *suite = suite_create("ocsp");
	TCase *requests = tcase_create("requests"), *responses = tcase_create("responses");
	SRunner *runner;
	int failed;

	add_requests(requests);
	add_responses(responses);
	suite_add_tcase(suite, requests);
	suite_add_tcase(suite, responses);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
