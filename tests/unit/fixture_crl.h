#ifndef TESTS_FIXTURE_CRL_H
#define TESTS_FIXTURE_CRL_H

/* CRLs of the CA demo-1 in a real database, as a publisher leaves them there. */

#include "crypto/crl.h"
#include "enroll/status/crl_files.h"
#include "enroll/issuing/issuer.h"
#include "fixture_authority.h"
#include "store/crls.h"

static struct issuer *crl_issuer;
static char crl_folder[128];

static void
crl_setup(void)
{
	static char nothing[] = "", url[] = "http://pki.example.com";
	struct uuid id;

	setup();
	with_db_settings.crl.directory = nothing;
	with_db_settings.crl.source = nothing;
	with_db_settings.server.base_url = url;
	with_db_settings.server.http_base_url = url;
	make_demo();
	id = outcome.generation.id;
	with_db_ok(
	    issuer_load_generation(with_db, &with_db_settings, &id, &crl_issuer, &with_db_err));
	(void)snprintf(crl_folder, sizeof(crl_folder), "%s/crl", folder);
}

static void
crl_teardown(void)
{
	issuer_free(crl_issuer);
	teardown();
}

static void
crl_path(char out[static 256], const char *name)
{
	(void)snprintf(out, 256, "%s/%s", crl_folder, name);
}

/* Signs a CRL of so many entries; the base is of a delta CRL, 0: a full one. */
static void
crl_sign(struct crl_writer *writer, uint64_t number, uint64_t base, uint32_t entries)
{
	const struct crl_template template = {
		.issuer = crl_issuer->cert->subject,
		.authority_key_id = crl_issuer->key_id,
		.number = number,
		.has_base = base > 0,
		.base_number = base,
		.this_update = NOW + (int64_t)number,
		.next_update = NOW + (int64_t)number + 8640,
	};

	with_db_ok(crl_writer_begin(writer, &template, crl_issuer->key, &with_db_err));
	for (uint32_t i = 0; i < entries; i++) {
		const uint8_t serial[5] = { 0x50, (uint8_t)(i >> 24), (uint8_t)(i >> 16),
			(uint8_t)(i >> 8), (uint8_t)i };
		const struct crl_entry entry = { bytes_of(serial, sizeof(serial)), NOW, 4 };

		with_db_ok(crl_writer_add(writer, &entry, &with_db_err));
	}
	with_db_ok(crl_writer_finish(writer, &with_db_err));
}

static int
crl_reserve(struct db *db, void *arg, struct error *err)
{
	return crls_reserve_number(db, &crl_issuer->generation.id, arg, err);
}

static int
crl_insert(struct db *db, void *arg, struct error *err)
{
	return crls_insert(db, arg, err);
}

static void
crl_store(struct bytes der, uint64_t number, uint64_t base, uint32_t entries)
{
	struct crl_row row = {
		.id = uuid_new(),
		.generation_id = crl_issuer->generation.id,
		.number = number,
		.has_base = base > 0,
		.base_number = base,
		.this_update = NOW + (int64_t)number,
		.next_update = NOW + (int64_t)number + 8640,
		.entries = entries,
		.size = (uint32_t)der.len,
	};
	unsigned part = 0;

	with_db_ok(sha256(der, row.sha256, &with_db_err));
	for (size_t at = 0; at < der.len; part++) {
		size_t len = der.len - at > CRL_PART_MAX ? CRL_PART_MAX : der.len - at;

		with_db_ok(crls_add_part(
		    with_db, &row.id, part, bytes_of(der.ptr + at, len), &with_db_err));
		at += len;
	}
	with_db_ok(db_transaction(with_db, crl_insert, &row, &with_db_err));
}

/* Publishes one, and answers its number. */
static uint64_t
crl_publish(uint64_t base, uint32_t entries)
{
	cleanup(crl_writer_release) struct crl_writer writer = CRL_WRITER_INIT;
	uint64_t number = 0;

	with_db_ok(db_transaction(with_db, crl_reserve, &number, &with_db_err));
	crl_sign(&writer, number, base, entries);
	crl_store(buf_bytes(&writer.der), number, base, entries);
	return number;
}

static void
crl_read_file(const char *name, struct buf *out)
{
	char path[256], chunk[4096];
	size_t got;
	FILE *file;

	crl_path(path, name);
	file = fopen(path, "re");
	ck_assert_msg(file != NULL, "%s is not there", path);
	while ((got = fread(chunk, 1, sizeof(chunk), file)) > 0)
		buf_add(out, bytes_of(chunk, got));
	(void)fclose(file);
	ck_assert(!buf_failed(out));
}

/* The number of a file, every octet of which is read and whose signature is verified. */
static uint64_t
crl_file_number(const char *name)
{
	cleanup(buf_release) struct buf octets = BUF_INIT(CRL_MAX);
	cleanup(buf_release) struct buf der = BUF_INIT(CRL_MAX);
	size_t offset = 0;
	struct crl_facts facts;

	crl_read_file(name, &octets);
	if (strstr(name, ".pem") != NULL) {
		with_db_ok(pem_decode(buf_bytes(&octets), "X509 CRL", &offset, &der, &with_db_err));
		ck_assert_uint_eq(offset + 1, octets.len);
	} else {
		buf_move(&der, &octets);
	}
	with_db_ok(crl_read(buf_bytes(&der), &facts, &with_db_err));
	with_db_ok(key_verify(
	    crl_issuer->cert->spki, facts.algorithm, facts.tbs, facts.signature, &with_db_err));
	return facts.number;
}

#endif
