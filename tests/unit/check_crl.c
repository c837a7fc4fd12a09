/* crypto/crl: CRLs as others read them, as we read them, and what is no CRL of ours. */
#define _GNU_SOURCE
#include <check.h>
#include <gnutls/gnutls.h>
#include <gnutls/x509.h>
#include <stdlib.h>
#include <string.h>

#include "crypto/cert.h"
#include "crypto/crl.h"
#include "fixture_crypto.h"

#define COUNT(table) ((int)(sizeof(table) / sizeof((table)[0])))

/* DER_BYTES for tables. */
#define DER_BYTES_OF(literal) \
	{ \
		(const uint8_t *)(literal), sizeof(literal) - 1 \
	}

/* 22 November 2025, and 1 January 2050. */
enum { NOW = 1763769600, DAY = 86400 };
static const int64_t YEAR_2050 = 2524608000;

static const char *const KINDS[] = { "rsa2048", "p256", "p384", "ed25519" };
static const char *const FILES[] = { "rsa2048", "p256", "p384", "ed25519", NULL };
static struct key *keys[COUNT(KINDS)];
static struct buf name = BUF_INIT(FIXTURE_MAX);
static struct error err;

static const char IDP[] = "http://pki.example.test/crl/demo-1.crl";
static const char FRESHEST[] = "http://pki.example.test/crl/demo-1-delta.crl";

/* When GnuTLS believes to be. */
static time_t
fixed_time(time_t *out)
{
	if (out != NULL)
		*out = NOW + 10;
	return NOW + 10;
}

static void
make_keys(void)
{
	gnutls_global_set_time_function(fixed_time);
	fixture_folder_make();
	fixture_name(DER_UTF8_STRING, bytes_text("Demo"), &name);
	for (int i = 0; i < COUNT(KINDS); i++)
		keys[i] = fixture_key(KINDS[i]);
}

static void
drop_keys(void)
{
	for (int i = 0; i < COUNT(KINDS); i++)
		key_free(keys[i]);
	buf_release(&name);
	fixture_folder_remove(FILES);
}

static struct cert *
sign_ca(struct key *key)
{
	cleanup(buf_release) struct buf der = BUF_INIT(FIXTURE_MAX);
	struct cert *cert = NULL;
	const struct cert_template template = {
		.serial = { 0x10, 1 },
		.issuer = buf_bytes(&name),
		.subject = buf_bytes(&name),
		.not_before = NOW,
		.not_after = NOW + 365 * (int64_t)DAY,
		.spki = key_public(key),
		.is_ca = true,
		.path_len = 0,
		.key_usage = KU_KEY_CERT_SIGN | KU_CRL_SIGN,
	};

	ck_assert_msg(cert_sign(&template, key, &der, &err) == 0, "%s", err.text);
	ck_assert_msg(cert_parse(buf_bytes(&der), &cert, &err) == 0, "%s", err.text);
	return cert;
}

static struct crl_template
template_full(void)
{
	return (struct crl_template){
		.issuer = buf_bytes(&name),
		.authority_key_id = bytes_text("the CA's own key id."),
		.number = 7,
		.this_update = NOW,
		.next_update = NOW + DAY,
	};
}

static struct crl_template
template_delta(void)
{
	struct crl_template template = template_full();

	template.has_base = true;
	template.base_number = 5;
	return template;
}

/* Entries of every kind. The serials are of all lengths that there may be. */
static const struct crl_entry ENTRIES[] = {
	{ { (const uint8_t *)"\x01", 1 }, NOW - 10, 0 },
	{ { (const uint8_t *)"\x00\x80", 2 }, NOW - 20, 1 },
	{ { (const uint8_t *)"\x7f\xff", 2 }, NOW - 30, 6 },
	{ { (const uint8_t *)"\x50garbage-0123456", 16 }, NOW - 40, 4 },
	{ { (const uint8_t *)"\x51garbage-0123456789a", 20 }, 2524607999, 10 },
	{ { (const uint8_t *)"\x52garbage-0123456789a", 20 }, 2524608000, 9 },
	{ { (const uint8_t *)"\x53", 1 }, NOW, CRL_REMOVED }, /* of a delta CRL only */
};
enum { FULL_ENTRIES = COUNT(ENTRIES) - 1 };

static void
write_crl(
    const struct crl_template *template, struct key *key, int entries, struct crl_writer *writer)
{
	ck_assert_msg(crl_writer_begin(writer, template, key, &err) == 0, "%s", err.text);
	for (int i = 0; i < entries; i++)
		ck_assert_msg(crl_writer_add(writer, &ENTRIES[i], &err) == 0, "%s", err.text);
	ck_assert_msg(crl_writer_finish(writer, &err) == 0, "%s", err.text);
}

static gnutls_x509_crl_t
import(const struct crl_writer *writer)
{
	gnutls_datum_t der = { writer->der.data, (unsigned)writer->der.len };
	gnutls_x509_crl_t crl;

	ck_assert_int_eq(gnutls_x509_crl_init(&crl), 0);
	ck_assert_int_eq(gnutls_x509_crl_import(crl, &der, GNUTLS_X509_FMT_DER), 0);
	return crl;
}

static void
verify(gnutls_x509_crl_t crl, const struct cert *ca)
{
	gnutls_datum_t der = { ca->der.data, (unsigned)ca->der.len };
	gnutls_x509_crt_t issuer;
	unsigned status = 0;

	ck_assert_int_eq(gnutls_x509_crt_init(&issuer), 0);
	ck_assert_int_eq(gnutls_x509_crt_import(issuer, &der, GNUTLS_X509_FMT_DER), 0);
	ck_assert_int_eq(gnutls_x509_crl_verify(crl, &issuer, 1, 0, &status), 0);
	ck_assert_uint_eq(status, 0);
	gnutls_x509_crt_deinit(issuer);
}

static void
assert_entries(gnutls_x509_crl_t crl, int count)
{
	ck_assert_int_eq(gnutls_x509_crl_get_crt_count(crl), count);
	for (unsigned i = 0; i < (unsigned)count; i++) {
		uint8_t serial[32];
		size_t size = sizeof(serial);
		time_t at = 0;

		ck_assert_int_eq(gnutls_x509_crl_get_crt_serial(crl, i, serial, &size, &at), 0);
		ck_assert(bytes_equal(bytes_of(serial, size), ENTRIES[i].serial));
		ck_assert_int_eq(at, ENTRIES[i].revoked_at);
	}
}

/* Every signature algorithm, with entries and without. */
START_TEST(gnutls_reads_and_verifies_what_we_write)
	{
		struct key *key = keys[_i / 2];
		int entries = _i % 2 == 0 ? FULL_ENTRIES : 0;
		cleanup(crl_writer_release) struct crl_writer writer = CRL_WRITER_INIT;
		cleanup(cert_freep) struct cert *ca = sign_ca(key);
		struct crl_template template = template_full();
		uint8_t number[9], id[64];
		size_t size = sizeof(number), id_size = sizeof(id);
		unsigned critical = 1;
		gnutls_x509_crl_t crl;

		template.authority_key_id = ca->key_id;
		template.number = UINT64_MAX;
		write_crl(&template, key, entries, &writer);
		crl = import(&writer);
		verify(crl, ca);
		assert_entries(crl, entries);
		ck_assert_int_eq(gnutls_x509_crl_get_version(crl), 2);
		ck_assert_int_eq(gnutls_x509_crl_get_this_update(crl), NOW);
		ck_assert_int_eq(gnutls_x509_crl_get_next_update(crl), NOW + DAY);
		ck_assert_int_eq(gnutls_x509_crl_get_number(crl, number, &size, &critical), 0);
		ck_assert(bytes_equal(
		    bytes_of(number, size), DER_BYTES("\0\xff\xff\xff\xff\xff\xff\xff\xff")));
		ck_assert_uint_eq(critical, 0);
		ck_assert_int_eq(
		    gnutls_x509_crl_get_authority_key_id(crl, id, &id_size, &critical), 0);
		ck_assert(bytes_equal(bytes_of(id, id_size), ca->key_id));
		gnutls_x509_crl_deinit(crl);
	}
END_TEST

/* The extensions of a template, in their order, as OID or OID!, where that is critical. */
static const struct {
	bool has_base;
	const char *idp;
	const char *freshest;
	const char *oids;
} EXTENSIONS[] = {
	{ false, NULL, NULL, "2.5.29.35 2.5.29.20 " },
	{ false, IDP, NULL, "2.5.29.35 2.5.29.20 2.5.29.28! " },
	{ false, IDP, FRESHEST, "2.5.29.35 2.5.29.20 2.5.29.28! 2.5.29.46 " },
	{ false, NULL, FRESHEST, "2.5.29.35 2.5.29.20 2.5.29.46 " },
	{ true, NULL, NULL, "2.5.29.35 2.5.29.20 2.5.29.27! " },
	{ true, IDP, NULL, "2.5.29.35 2.5.29.20 2.5.29.27! 2.5.29.28! " },
};

START_TEST(extensions_are_those_asked_for_and_critical_where_they_must_be)
	{
		cleanup(crl_writer_release) struct crl_writer writer = CRL_WRITER_INIT;
		struct crl_template template = template_full();
		cleanup(buf_release) struct buf seen = BUF_INIT(256);
		struct crl_facts facts;
		gnutls_x509_crl_t crl;

		template.has_base = EXTENSIONS[_i].has_base;
		template.base_number = 6;
		template.idp = EXTENSIONS[_i].idp;
		template.freshest = EXTENSIONS[_i].freshest;
		write_crl(&template, keys[1], 2, &writer);
		crl = import(&writer);
		for (unsigned i = 0; i < 8; i++) {
			char oid[128];
			size_t size = sizeof(oid);
			unsigned critical = 0;

			if (gnutls_x509_crl_get_extension_info(crl, i, oid, &size, &critical) < 0)
				break;
			buf_printf(&seen, "%s%s ", oid, critical != 0 ? "!" : "");
		}
		ck_assert_str_eq(buf_text(&seen), EXTENSIONS[_i].oids);
		gnutls_x509_crl_deinit(crl);
		ck_assert_msg(crl_read(buf_bytes(&writer.der), &facts, &err) == 0, "%s", err.text);
		ck_assert(facts.has_base == EXTENSIONS[_i].has_base);
		ck_assert_uint_eq(facts.base_number, facts.has_base ? 6 : 0);
	}
END_TEST

/* Whether needle stands in the CRL, octet by octet. */
static bool
holds(const struct crl_writer *writer, const char *needle, size_t len)
{
	return memmem(writer->der.data, writer->der.len, needle, len) != NULL;
}

#define HOLDS(writer, literal) holds(writer, literal, sizeof(literal) - 1)

START_TEST(octets_are_those_of_rfc_5280)
	{
		cleanup(crl_writer_release) struct crl_writer writer = CRL_WRITER_INIT;
		struct crl_template template = template_delta();

		template.idp = "http://a/b.crl";
		template.this_update = YEAR_2050 - 1;
		template.next_update = YEAR_2050;
		write_crl(&template, keys[1], COUNT(ENTRIES), &writer);
		/* UTCTime through 2049, GeneralizedTime from 2050 (5.1.2.4). */
		ck_assert(HOLDS(&writer, "\x17\x0d\x34\x39"
					 "1231235959Z\x18\x0f"
					 "20500101000000Z"));
		/* No reason where it is unspecified (5.3.1). */
		ck_assert(HOLDS(&writer, "\x30\x12\x02\x01\x01\x17\x0d"
					 "251121235950Z\x30"));
		ck_assert(HOLDS(&writer, "\x30\x21\x02\x02\x00\x80\x17\x0d"
					 "251121235940Z\x30\x0c\x30\x0a\x06\x03\x55\x1d\x15"
					 "\x04\x03\x0a\x01\x01"));
		ck_assert(HOLDS(&writer, "\x30\x20\x02\x01\x53\x17\x0d"
					 "251122000000Z\x30\x0c\x30\x0a\x06\x03\x55\x1d\x15"
					 "\x04\x03\x0a\x01\x08"));
		/* deltaCRLIndicator and issuingDistributionPoint, critical both. */
		ck_assert(HOLDS(&writer, "\x30\x0d\x06\x03\x55\x1d\x1b\x01\x01\xff\x04\x03\x02"
					 "\x01\x05\x30\x20\x06\x03\x55\x1d\x1c\x01\x01\xff\x04"
					 "\x16\x30\x14\xa0\x12\xa0\x10\x86\x0ehttp://a/b.crl"));
	}
END_TEST

START_TEST(a_list_without_entries_is_absent)
	{
		cleanup(crl_writer_release) struct crl_writer writer = CRL_WRITER_INIT;
		struct crl_template template = template_full();

		write_crl(&template, keys[1], 0, &writer);
		/* nextUpdate, and at once the extensions (RFC 5280, 5.1.2.6). */
		ck_assert(HOLDS(&writer, "251123000000Z\xa0"));
	}
END_TEST

START_TEST(a_writer_can_be_used_again)
	{
		cleanup(crl_writer_release) struct crl_writer writer = CRL_WRITER_INIT;
		struct crl_template template = template_full();
		struct crl_facts facts;

		for (int entries = 3; entries >= 0; entries--) {
			write_crl(&template, keys[1], entries, &writer);
			ck_assert_int_eq(crl_read(buf_bytes(&writer.der), &facts, &err), 0);
			ck_assert_uint_eq(facts.entries, (size_t)entries);
		}
	}
END_TEST

/* What is asked of the writer and makes no CRL. */
static void
spoil(struct crl_template *template, int how)
{
	switch (how) {
	case 0:
		template->issuer = DER_BYTES("\x30\x00");
		break;
	case 1:
		template->issuer = bytes_text("no name");
		break;
	case 2:
		template->authority_key_id = bytes_of(NULL, 0);
		break;
	case 3:
		template->next_update = template->this_update;
		break;
	case 4:
		template->has_base = true;
		template->base_number = template->number;
		break;
	case 5:
		template->has_base = true;
		template->freshest = FRESHEST;
		break;
	case 6:
		template->next_update = INT64_MAX;
		break;
	default:
		break;
	}
}

START_TEST(a_template_without_sense_is_refused)
	{
		cleanup(crl_writer_release) struct crl_writer writer = CRL_WRITER_INIT;
		struct crl_template template = template_full();

		spoil(&template, _i);
		ck_assert_int_eq(crl_writer_begin(&writer, &template, keys[1], &err), -1);
		ck_assert_int_eq(err.code, ERR_INTERNAL);
	}
END_TEST

static const struct {
	struct crl_entry entry;
	bool in_full;
	bool in_delta;
} WRITABLE[] = {
	{ { DER_BYTES_OF("\x01"), NOW, 0 }, true, true },
	{ { DER_BYTES_OF("\x01"), NOW, 6 }, true, true },
	{ { DER_BYTES_OF("\x01"), NOW, 7 }, false, false },
	{ { DER_BYTES_OF("\x01"), NOW, 8 }, false, true },
	{ { DER_BYTES_OF("\x01"), NOW, 10 }, true, true },
	{ { DER_BYTES_OF("\x01"), NOW, 11 }, false, false },
	{ { DER_BYTES_OF("\x01"), NOW, -1 }, false, false },
	{ { DER_BYTES_OF(""), NOW, 1 }, false, false },
	{ { DER_BYTES_OF("\x00"), NOW, 1 }, false, false },
	{ { DER_BYTES_OF("\x80"), NOW, 1 }, false, false },
	{ { DER_BYTES_OF("\x00\x7f"), NOW, 1 }, false, false },
	{ { DER_BYTES_OF("\x00\x80"), NOW, 1 }, true, true },
	{ { DER_BYTES_OF("12345678901234567890"), NOW, 1 }, true, true },
	{ { DER_BYTES_OF("123456789012345678901"), NOW, 1 }, false, false },
	{ { DER_BYTES_OF("\x01"), -631152001, 1 }, false, false },
	{ { DER_BYTES_OF("\x01"), -631152000, 1 }, true, true },
};

START_TEST(an_entry_that_none_may_be_is_refused)
	{
		cleanup(crl_writer_release) struct crl_writer writer = CRL_WRITER_INIT;
		struct crl_template full = template_full(), delta = template_delta();
		bool taken;

		ck_assert_int_eq(crl_writer_begin(&writer, &full, keys[1], &err), 0);
		taken = crl_writer_add(&writer, &WRITABLE[_i].entry, &err) == 0;
		ck_assert(taken == WRITABLE[_i].in_full);
		error_clear(&err);
		ck_assert_int_eq(crl_writer_begin(&writer, &delta, keys[1], &err), 0);
		taken = crl_writer_add(&writer, &WRITABLE[_i].entry, &err) == 0;
		ck_assert(taken == WRITABLE[_i].in_delta);
	}
END_TEST

START_TEST(nothing_larger_than_the_limit_is_signed)
	{
		cleanup(crl_writer_release) struct crl_writer writer = CRL_WRITER_INIT;
		struct crl_template template = template_full();
		int added = 0;

		writer.der.max = 4096;
		ck_assert_int_eq(crl_writer_begin(&writer, &template, keys[1], &err), 0);
		while (added < 1000 && crl_writer_add(&writer, &ENTRIES[3], &err) == 0)
			added++;
		ck_assert_int_gt(added, 50);
		ck_assert_int_lt(added, 100);
		ck_assert_int_eq(err.code, ERR_TOO_LARGE);
		error_clear(&err);
		ck_assert_int_eq(crl_writer_finish(&writer, &err), -1);
	}
END_TEST

static int
compare_entry(const struct crl_entry *entry, void *arg, struct error *error)
{
	int *at = arg;

	(void)error;
	ck_assert(bytes_equal(entry->serial, ENTRIES[*at].serial));
	ck_assert_int_eq(entry->revoked_at, ENTRIES[*at].revoked_at);
	ck_assert_int_eq(entry->reason, ENTRIES[*at].reason);
	(*at)++;
	return 0;
}

START_TEST(what_was_written_is_read)
	{
		cleanup(crl_writer_release) struct crl_writer writer = CRL_WRITER_INIT;
		struct key *key = keys[_i];
		struct crl_template template = template_delta();
		struct crl_facts facts;
		int seen = 0;
		const struct crl_visit visit = { compare_entry, &seen };

		template.number = UINT64_MAX;
		template.base_number = UINT64_MAX - 1;
		write_crl(&template, key, COUNT(ENTRIES), &writer);
		ck_assert_msg(crl_read(buf_bytes(&writer.der), &facts, &err) == 0, "%s", err.text);
		ck_assert(bytes_equal(facts.issuer, buf_bytes(&name)));
		ck_assert(bytes_equal(facts.authority_key_id, template.authority_key_id));
		ck_assert_uint_eq(facts.number, UINT64_MAX);
		ck_assert(facts.has_base);
		ck_assert_uint_eq(facts.base_number, UINT64_MAX - 1);
		ck_assert_int_eq(facts.this_update, NOW);
		ck_assert_int_eq(facts.next_update, NOW + DAY);
		ck_assert_uint_eq(facts.entries, COUNT(ENTRIES));
		ck_assert_int_eq(
		    key_verify(key_public(key), facts.algorithm, facts.tbs, facts.signature, &err),
		    0);
		ck_assert_int_eq(crl_each(buf_bytes(&writer.der), &visit, &err), 0);
		ck_assert_int_eq(seen, COUNT(ENTRIES));
	}
END_TEST

static int
stop(const struct crl_entry *entry, void *arg, struct error *error)
{
	int *calls = arg;

	(void)entry;
	return ++*calls == 2 ? error_set(error, ERR_CONFLICT, "enough") : 0;
}

START_TEST(whoever_visits_can_end_it)
	{
		cleanup(crl_writer_release) struct crl_writer writer = CRL_WRITER_INIT;
		struct crl_template template = template_full();
		int calls = 0;
		const struct crl_visit visit = { stop, &calls };

		write_crl(&template, keys[1], FULL_ENTRIES, &writer);
		ck_assert_int_eq(crl_each(buf_bytes(&writer.der), &visit, &err), -1);
		ck_assert_int_eq(err.code, ERR_CONFLICT);
		ck_assert_int_eq(calls, 2);
	}
END_TEST

/*
 * The parts of a small CRL, one of which is replaced: outside the signature nothing is ours to
 * check here, so a BIT STRING of one octet will do.
 */
struct parts {
	struct bytes version, inner, dates, list, extensions, outer, seal, tail;
};

#define ED25519 DER_BYTES_OF("\x30\x05\x06\x03\x2b\x65\x70")
#define UTC(text) "\x17\x0d" text
#define NUMBER "\x30\x0a\x06\x03\x55\x1d\x14\x04\x03\x02\x01\x07"
#define ENTRY "\x30\x12\x02\x01\x05" UTC("251122000000Z")

static const struct parts PLAIN = {
	.version = DER_BYTES_OF("\x02\x01\x01"),
	.inner = ED25519,
	.dates = DER_BYTES_OF(UTC("251122000000Z") UTC("251123000000Z")),
	.list = DER_BYTES_OF("\x30\x14" ENTRY),
	.extensions = DER_BYTES_OF("\xa0\x0e\x30\x0c" NUMBER),
	.outer = ED25519,
	.seal = DER_BYTES_OF("\x03\x02\x00\x55"),
	.tail = DER_BYTES_OF(""),
};

static void
assemble(const struct parts *parts, struct buf *out)
{
	size_t whole = der_open(out, DER_SEQUENCE), tbs = der_open(out, DER_SEQUENCE);

	buf_add(out, parts->version);
	buf_add(out, parts->inner);
	buf_add(out, buf_bytes(&name));
	buf_add(out, parts->dates);
	buf_add(out, parts->list);
	buf_add(out, parts->extensions);
	der_close(out, tbs);
	buf_add(out, parts->outer);
	buf_add(out, parts->seal);
	der_close(out, whole);
	buf_add(out, parts->tail);
}

/* The offset of a member of struct parts, what stands there instead, and whether that is a CRL. */
#define PART(member) offsetof(struct parts, member)
#define EXTENSIONS_OF(len, list, rest) DER_BYTES_OF("\xa0" len "\x30" list NUMBER rest)

static const struct {
	const char *why;
	size_t part;
	struct bytes with;
	bool is_crl;
} READABLE[] = {
	{ "as it is", PART(version), DER_BYTES_OF("\x02\x01\x01"), true },
	{ "version 1", PART(version), DER_BYTES_OF(""), false },
	{ "version 3", PART(version), DER_BYTES_OF("\x02\x01\x02"), false },
	{ "another algorithm", PART(inner), DER_BYTES_OF("\x30\x05\x06\x03\x2b\x65\x71"), false },
	{ "no nextUpdate", PART(dates), DER_BYTES_OF(UTC("251122000000Z")), false },
	{ "a nextUpdate in front", PART(dates),
	    DER_BYTES_OF(UTC("251122000000Z") UTC("251121000000Z")), false },
	{ "an impossible date", PART(dates),
	    DER_BYTES_OF(UTC("250230000000Z") UTC("251123000000Z")), false },
	{ "a time without seconds", PART(dates),
	    DER_BYTES_OF("\x17\x0b"
			 "2511220000Z" UTC("251123000000Z")),
	    false },
	{ "no list", PART(list), DER_BYTES_OF(""), true },
	{ "an empty list", PART(list), DER_BYTES_OF("\x30\x00"), false },
	{ "two entries", PART(list), DER_BYTES_OF("\x30\x28" ENTRY ENTRY), true },
	{ "a serial of zero", PART(list),
	    DER_BYTES_OF("\x30\x14\x30\x12\x02\x01\x00" UTC("251122000000Z")), false },
	{ "a negative serial", PART(list),
	    DER_BYTES_OF("\x30\x14\x30\x12\x02\x01\x85" UTC("251122000000Z")), false },
	{ "a serial with a needless zero", PART(list),
	    DER_BYTES_OF("\x30\x15\x30\x13\x02\x02\x00\x05" UTC("251122000000Z")), false },
	{ "a serial of 21 octets", PART(list),
	    DER_BYTES_OF("\x30\x28\x30\x26\x02\x15"
			 "123456789012345678901" UTC("251122000000Z")),
	    false },
	{ "an entry without a date", PART(list), DER_BYTES_OF("\x30\x05\x30\x03\x02\x01\x05"),
	    false },
	{ "an entry with more", PART(list),
	    DER_BYTES_OF("\x30\x16\x30\x14\x02\x01\x05" UTC("251122000000Z") "\x05\x00"), false },
	{ "an entry of empty extensions", PART(list),
	    DER_BYTES_OF("\x30\x16\x30\x14\x02\x01\x05" UTC("251122000000Z") "\x30\x00"), false },
	{ "a reason", PART(list),
	    DER_BYTES_OF("\x30\x22\x30\x20\x02\x01\x05" UTC(
		"251122000000Z") "\x30\x0c\x30\x0a\x06\x03\x55\x1d\x15\x04\x03\x0a\x01\x06"),
	    true },
	{ "the reason 7", PART(list),
	    DER_BYTES_OF("\x30\x22\x30\x20\x02\x01\x05" UTC(
		"251122000000Z") "\x30\x0c\x30\x0a\x06\x03\x55\x1d\x15\x04\x03\x0a\x01\x07"),
	    false },
	{ "a removal in a full CRL", PART(list),
	    DER_BYTES_OF("\x30\x22\x30\x20\x02\x01\x05" UTC(
		"251122000000Z") "\x30\x0c\x30\x0a\x06\x03\x55\x1d\x15\x04\x03\x0a\x01\x08"),
	    false },
	{ "a reason that is an INTEGER", PART(list),
	    DER_BYTES_OF("\x30\x22\x30\x20\x02\x01\x05" UTC(
		"251122000000Z") "\x30\x0c\x30\x0a\x06\x03\x55\x1d\x15\x04\x03\x02\x01\x06"),
	    false },
	{ "two reasons", PART(list),
	    DER_BYTES_OF("\x30\x2e\x30\x2c\x02\x01\x05" UTC(
		"251122000000Z") "\x30\x18\x30\x0a\x06\x03\x55\x1d\x15\x04\x03\x0a\x01\x06"
				 "\x30\x0a\x06\x03\x55\x1d\x15\x04\x03\x0a\x01\x06"),
	    false },
	{ "an unknown entry extension", PART(list),
	    DER_BYTES_OF("\x30\x22\x30\x20\x02\x01\x05" UTC(
		"251122000000Z") "\x30\x0c\x30\x0a\x06\x03\x55\x1d\x18\x04\x03\x0a\x01\x06"),
	    true },
	{ "a critical entry extension", PART(list),
	    DER_BYTES_OF("\x30\x23\x30\x21\x02\x01\x05" UTC(
		"251122000000Z") "\x30\x0d\x30\x0b\x06\x03\x55\x1d\x1d\x01\x01\xff\x04\x01\x00"),
	    false },
	{ "no extensions", PART(extensions), DER_BYTES_OF(""), false },
	{ "no number", PART(extensions),
	    DER_BYTES_OF("\xa0\x0e\x30\x0c\x30\x0a\x06\x03\x55\x1d\x18\x04\x03\x02\x01\x07"),
	    false },
	{ "two numbers", PART(extensions), EXTENSIONS_OF("\x1a", "\x18", NUMBER), false },
	{ "a negative number", PART(extensions),
	    DER_BYTES_OF("\xa0\x0e\x30\x0c\x30\x0a\x06\x03\x55\x1d\x14\x04\x03\x02\x01\x87"),
	    false },
	{ "a number of 65 bits", PART(extensions),
	    DER_BYTES_OF("\xa0\x16\x30\x14\x30\x12\x06\x03\x55\x1d\x14\x04\x0b\x02\x09\x01"
			 "12345678"),
	    false },
	{ "an unknown extension", PART(extensions),
	    EXTENSIONS_OF("\x18", "\x16", "\x30\x08\x06\x03\x55\x1d\x18\x04\x01\x00"), true },
	{ "an unknown critical extension", PART(extensions),
	    EXTENSIONS_OF("\x1b", "\x19", "\x30\x0b\x06\x03\x55\x1d\x18\x01\x01\xff\x04\x01\x00"),
	    false },
	{ "a delta CRL", PART(extensions),
	    EXTENSIONS_OF(
		"\x1d", "\x1b", "\x30\x0d\x06\x03\x55\x1d\x1b\x01\x01\xff\x04\x03\x02\x01\x06"),
	    true },
	{ "a delta CRL that does not say so to all", PART(extensions),
	    EXTENSIONS_OF("\x1a", "\x18", "\x30\x0a\x06\x03\x55\x1d\x1b\x04\x03\x02\x01\x06"),
	    false },
	{ "a delta CRL to itself", PART(extensions),
	    EXTENSIONS_OF(
		"\x1d", "\x1b", "\x30\x0d\x06\x03\x55\x1d\x1b\x01\x01\xff\x04\x03\x02\x01\x07"),
	    false },
	{ "a distribution point", PART(extensions),
	    EXTENSIONS_OF("\x23", "\x21",
		"\x30\x13\x06\x03\x55\x1d\x1c\x01\x01\xff\x04\x09\x30\x07\xa0\x05\xa0\x03\x86"
		"\x01/"),
	    true },
	{ "a CRL for users' certificates only", PART(extensions),
	    EXTENSIONS_OF("\x1f", "\x1d",
		"\x30\x0f\x06\x03\x55\x1d\x1c\x01\x01\xff\x04\x05\x30\x03\x81\x01\xff"),
	    false },
	{ "an indirect CRL", PART(extensions),
	    EXTENSIONS_OF("\x26", "\x24",
		"\x30\x16\x06\x03\x55\x1d\x1c\x01\x01\xff\x04\x0c\x30\x0a\xa0\x05\xa0\x03\x86"
		"\x01/\x84\x01\xff"),
	    false },
	{ "a signature of seven bits", PART(seal), DER_BYTES_OF("\x03\x02\x01\x54"), false },
	{ "more behind the signature", PART(seal), DER_BYTES_OF("\x03\x02\x00\x55\x05\x00"),
	    false },
	{ "more behind the CRL", PART(tail), DER_BYTES_OF("\x00"), false },
};

START_TEST(what_is_no_crl_of_ours_is_refused)
	{
		cleanup(buf_release) struct buf der = BUF_INIT(FIXTURE_MAX);
		struct parts parts = PLAIN;
		struct crl_facts facts;
		bool read;

		memcpy((char *)&parts + READABLE[_i].part, &READABLE[_i].with,
		    sizeof(READABLE[_i].with));
		assemble(&parts, &der);
		read = crl_read(buf_bytes(&der), &facts, &err) == 0;
		ck_assert_msg(read == READABLE[_i].is_crl, "%s: %s", READABLE[_i].why, err.text);
		ck_assert(read || err.code == ERR_BAD_REQUEST);
	}
END_TEST

/* A CRL with everything in it, as a copy that ASan guards to the octet. */
static uint8_t *
make_rich(size_t *len)
{
	cleanup(crl_writer_release) struct crl_writer writer = CRL_WRITER_INIT;
	struct crl_template template = template_delta();
	uint8_t *copy;

	template.idp = IDP;
	write_crl(&template, keys[3], COUNT(ENTRIES), &writer);
	*len = writer.der.len;
	copy = malloc(*len);
	ck_assert_ptr_nonnull(copy);
	memcpy(copy, writer.der.data, *len);
	return copy;
}

static int
ignore_entry(const struct crl_entry *entry, void *arg, struct error *error)
{
	size_t *octets = arg;

	(void)error;
	for (size_t i = 0; i < entry->serial.len; i++)
		*octets += entry->serial.ptr[i];
	return 0;
}

START_TEST(no_truncation_is_a_crl)
	{
		size_t len, sum = 0;
		uint8_t *whole = make_rich(&len);
		const struct crl_visit visit = { ignore_entry, &sum };

		for (size_t keep = 0; keep < len; keep++) {
			uint8_t *part = malloc(keep > 0 ? keep : 1);

			ck_assert_ptr_nonnull(part);
			memcpy(part, whole, keep);
			error_clear(&err);
			ck_assert_int_eq(crl_each(bytes_of(part, keep), &visit, &err), -1);
			ck_assert_int_eq(err.code, ERR_BAD_REQUEST);
			free(part);
		}
		ck_assert_uint_eq(sum, 0);
		free(whole);
	}
END_TEST

/* Read or refused, and never beyond its end; what is read with a bit changed is signed otherwise.
 */
START_TEST(every_bit_may_be_wrong)
	{
		size_t len, sum = 0;
		uint8_t *crl = make_rich(&len);
		const struct crl_visit visit = { ignore_entry, &sum };
		int read = 0;

		for (size_t bit = 0; bit < 8 * len; bit++) {
			struct crl_facts facts;

			crl[bit / 8] ^= (uint8_t)(1U << (bit % 8));
			error_clear(&err);
			if (crl_each(bytes_of(crl, len), &visit, &err) == 0) {
				read++;
				ck_assert_int_eq(crl_read(bytes_of(crl, len), &facts, &err), 0);
				ck_assert_int_eq(key_verify(key_public(keys[3]), facts.algorithm,
						     facts.tbs, facts.signature, &err),
				    -1);
			} else
				ck_assert_int_eq(err.code, ERR_BAD_REQUEST);
			crl[bit / 8] ^= (uint8_t)(1U << (bit % 8));
		}
		/* Serials, dates, the URI and the signature, for instance. */
		ck_assert_int_gt(read, 500);
		ck_assert_int_lt(read, 8 * (int)len * 3 / 4);
		free(crl);
	}
END_TEST

/* GnuTLS's own writer and reader need minutes for this. */
START_TEST(a_hundred_thousand_entries_are_no_matter)
	{
		cleanup(crl_writer_release) struct crl_writer writer = CRL_WRITER_INIT;
		struct crl_template template = template_full();
		struct crl_entry entry = { .revoked_at = NOW, .reason = 1 };
		uint8_t serial[16] = { 0x50 };
		struct crl_facts facts;
		enum { ENOUGH = 100000 };

		entry.serial = bytes_of(serial, sizeof(serial));
		ck_assert_int_eq(crl_writer_begin(&writer, &template, keys[1], &err), 0);
		for (unsigned i = 0; i < ENOUGH; i++) {
			memcpy(serial + 4, &i, sizeof(i));
			ck_assert_int_eq(crl_writer_add(&writer, &entry, &err), 0);
		}
		ck_assert_int_eq(crl_writer_finish(&writer, &err), 0);
		ck_assert_int_eq(crl_read(buf_bytes(&writer.der), &facts, &err), 0);
		ck_assert_uint_eq(facts.entries, ENOUGH);
		ck_assert_int_eq(key_verify(key_public(keys[1]), facts.algorithm, facts.tbs,
				     facts.signature, &err),
		    0);
	}
END_TEST

static void
add_writing(TCase *tc)
{
	tcase_add_loop_test(tc, gnutls_reads_and_verifies_what_we_write, 0, 2 * COUNT(KINDS));
	tcase_add_loop_test(tc, extensions_are_those_asked_for_and_critical_where_they_must_be, 0,
	    COUNT(EXTENSIONS));
	tcase_add_test(tc, octets_are_those_of_rfc_5280);
	tcase_add_test(tc, a_list_without_entries_is_absent);
	tcase_add_test(tc, a_writer_can_be_used_again);
	tcase_add_loop_test(tc, a_template_without_sense_is_refused, 0, 7);
	tcase_add_loop_test(tc, an_entry_that_none_may_be_is_refused, 0, COUNT(WRITABLE));
	tcase_add_test(tc, nothing_larger_than_the_limit_is_signed);
	tcase_add_test(tc, a_hundred_thousand_entries_are_no_matter);
}

static void
add_reading(TCase *tc)
{
	tcase_add_loop_test(tc, what_was_written_is_read, 0, COUNT(KINDS));
	tcase_add_test(tc, whoever_visits_can_end_it);
	tcase_add_loop_test(tc, what_is_no_crl_of_ours_is_refused, 0, COUNT(READABLE));
	tcase_add_test(tc, no_truncation_is_a_crl);
	tcase_add_test(tc, every_bit_may_be_wrong);
}

int
main(void)
{
	Suite *suite = suite_create("crl");
	TCase *tc = tcase_create("crl");
	SRunner *runner = srunner_create(suite);
	int failed;

	/* Once for all: RSA keys take their time. */
	tcase_add_unchecked_fixture(tc, make_keys, drop_keys);
	tcase_set_timeout(tc, 60);
	add_writing(tc);
	add_reading(tc);
	suite_add_tcase(suite, tc);
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
