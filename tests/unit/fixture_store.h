#ifndef TESTS_UNIT_FIXTURE_STORE_H
#define TESTS_UNIT_FIXTURE_STORE_H

/*
 * For the tests of what is recorded of certificates: a schema with one authority "demo" of one
 * generation and one RA profile "default", and records that differ by a number.
 */
#include "store/certificates.h"
#include "store/migrate.h"
#include "with_db.h"

enum { FIXTURE_NOT_BEFORE = 1700000000, FIXTURE_ISSUED = 1700086400, FIXTURE_DAY = 86400 };

struct fixture_record {
	struct certificate_record r; /* what points, points into this structure */
	uint8_t serial[16];
	uint8_t fingerprint[32];
	uint8_t hash[32];
	uint8_t der[64];
	char subject[64];
	char sans[64];
	struct uuid tenant;
	struct uuid object;
};

static struct uuid fixture_generation, fixture_profile;

/* An id of 16 equal octets, and as SQL. */
static inline struct uuid
fixture_uuid(uint8_t octet)
{
	struct uuid id;

	memset(id.octets, octet, sizeof(id.octets));
	return id;
}

static inline void
fixture_store_setup(void)
{
	FILE *null = fopen("/dev/null", "we");

	with_db_setup();
	ck_assert_ptr_nonnull(null);
	with_db_ok(migrate_run(with_db, false, null, &with_db_err));
	(void)fclose(null);
	fixture_generation = fixture_uuid('g');
	fixture_profile = fixture_uuid('p');
	with_db_sql("INSERT INTO managed_key VALUES (REPEAT('k', 16), 'demo-1', 'p256', 256,"
		    " 'file:x', NULL, 'x', 'ca', 'active', UTC_TIMESTAMP())");
	with_db_sql("INSERT INTO authority VALUES (REPEAT('a', 16), 'demo', UTC_TIMESTAMP())");
	with_db_sql("INSERT INTO authority_generation (id, authority_id, number, label, key_id,"
		    " state, subject, certificate, created_at) VALUES (REPEAT('g', 16),"
		    " REPEAT('a', 16), 1, 'demo-1', REPEAT('k', 16), 'active', 'CN=Demo',"
		    " 'the CA', UTC_TIMESTAMP())");
	with_db_sql(
	    "INSERT INTO ra_profile (id, name, description, authority_id, enabled, archived,"
	    " revision, key_types, min_rsa_bits, max_rsa_bits, validity_days,"
	    " min_remaining_days, key_usages, allowed_ekus, default_ekus, san_types,"
	    " max_sans, subject_rule, protocols, renewable_types, add_cdp, created_at)"
	    " VALUES (REPEAT('p', 16), 'default', '',"
	    " REPEAT('a', 16), 1, 0, 1, 'p256', 2048, 4096, 730, 7, '', '', '', 'dns',"
	    " 100, 'any', 'est', 'Static', 1, UTC_TIMESTAMP())");
}

/* A record of its own lineage, issued `number` seconds after FIXTURE_ISSUED; in place. */
static inline void
fixture_record(uint8_t number, struct fixture_record *out)
{
	struct fixture_record *f = out;

	memset(f, number, sizeof(*f));
	f->serial[0] = 0x50;
	f->tenant = fixture_uuid('t');
	f->object = fixture_uuid('o');
	(void)snprintf(f->subject, sizeof(f->subject), "CN=host%u.example.test", number);
	(void)snprintf(f->sans, sizeof(f->sans), "DNS:host%u.example.test\n", number);
	f->r = (struct certificate_record){ .id = uuid_new(),
		.generation_id = fixture_generation,
		.serial = bytes_of(f->serial, sizeof(f->serial)),
		.fingerprint = bytes_of(f->fingerprint, sizeof(f->fingerprint)),
		.type = "Static",
		.source = "EST",
		.subject = f->subject,
		.common_name = f->subject + 3,
		.sans = f->sans,
		.not_before = FIXTURE_NOT_BEFORE,
		.not_after = FIXTURE_ISSUED + (int64_t)365 * FIXTURE_DAY,
		.key_type = "p256",
		.key_bits = 256,
		.spki_hash = bytes_of(f->hash, sizeof(f->hash)),
		.csr_hash = bytes_of(f->hash, sizeof(f->hash)),
		.der = bytes_of(f->der, sizeof(f->der)),
		.ra_profile_id = fixture_profile,
		.requester_kind = "user",
		.requester_tenant = &f->tenant,
		.requester_object = &f->object,
		.remote_address = "192.0.2.1",
		.request_id = uuid_new(),
		.dropped = "",
		.issued_at = FIXTURE_ISSUED + number };
	/* Ids of one millisecond have no order; these have the numbers'. */
	memset(f->r.id.octets, 1, 5);
	f->r.id.octets[5] = number;
	f->r.lineage = f->r.id;
}

/* The same as of a renewal. */
static inline void
fixture_renewal(uint8_t number, const struct fixture_record *old, struct fixture_record *out)
{
	fixture_record(number, out);
	out->r.requester_kind = "certificate";
	out->r.requester_certificate = &old->r.id;
	out->r.renewed_from = &old->r.id;
	out->r.lineage = old->r.lineage;
}

static inline void
fixture_insert(const struct fixture_record *f)
{
	with_db_ok(certificates_insert(with_db, &f->r, &with_db_err));
}

#endif
