#ifndef TESTS_FIXTURE_CRYPTO_H
#define TESTS_FIXTURE_CRYPTO_H

/* Keys and requests for the tests of crypto; included by one program each, so all is static. */

#include <check.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/error.h"
#include "crypto/der.h"
#include "crypto/key.h"
#include "crypto/oids.h"

enum { FIXTURE_MAX = 1048576 };

#define UNUSED_FN __attribute__((unused))

static char fixture_folder[] = "/tmp/certwright-check-XXXXXX";

static char fixture_paths[4][256];

/* A path in the test's folder; each of the four slots is overwritten by its next use. */
UNUSED_FN static const char *
fixture_path(int slot, const char *name)
{
	(void)snprintf(
	    fixture_paths[slot], sizeof(fixture_paths[slot]), "%s/%s", fixture_folder, name);
	return fixture_paths[slot];
}

UNUSED_FN static void
fixture_write_file(const char *name, struct bytes content, mode_t mode)
{
	int fd = open(fixture_path(0, name), O_WRONLY | O_CREAT | O_TRUNC, 0600);

	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(write(fd, content.ptr, content.len), (ssize_t)content.len);
	ck_assert_int_eq(fchmod(fd, mode), 0);
	(void)close(fd);
}

UNUSED_FN static void
fixture_folder_make(void)
{
	ck_assert_ptr_nonnull(mkdtemp(fixture_folder));
}

/* Removes the files of the folder, and it; there are no folders inside. */
UNUSED_FN static void
fixture_folder_remove(const char *const *files)
{
	char path[256];

	for (; *files != NULL; files++) {
		(void)snprintf(path, sizeof(path), "%s/%s", fixture_folder, *files);
		(void)unlink(path);
	}
	(void)rmdir(fixture_folder);
}

/* Makes and opens a key named after its kind; the caller frees it. */
UNUSED_FN static struct key *
fixture_key(const char *kind)
{
	struct error err = { .code = ERR_NONE };
	struct key_facts facts;
	struct key *key = NULL;
	char uri[256];

	(void)snprintf(uri, sizeof(uri), "file:%s/%s", fixture_folder, kind);
	ck_assert_int_eq(key_facts_parse(kind, &facts, &err), 0);
	(void)unlink(uri + 5);
	ck_assert_msg(key_generate_file(uri + 5, NULL, facts, &err) == 0, "%s", err.text);
	ck_assert_msg(key_open(uri, NULL, &key, &err) == 0, "%s", err.text);
	return key;
}

/* Appends a file of tests/unit/data. */
UNUSED_FN static void
fixture_read(const char *name, struct buf *out)
{
	const char *srcdir = getenv("srcdir");
	uint8_t chunk[4096];
	char path[512];
	size_t got;
	FILE *file;

	(void)snprintf(
	    path, sizeof(path), "%s/tests/unit/data/%s", srcdir != NULL ? srcdir : ".", name);
	file = fopen(path, "rb");
	ck_assert_msg(file != NULL, "%s", path);
	while ((got = fread(chunk, 1, sizeof(chunk), file)) > 0)
		buf_add(out, bytes_of(chunk, got));
	(void)fclose(file);
}

/* A Name of one CN. */
UNUSED_FN static void
fixture_name(uint8_t tag, struct bytes value, struct buf *out)
{
	size_t name = der_open(out, DER_SEQUENCE), rdn = der_open(out, DER_SET);
	size_t attribute = der_open(out, DER_SEQUENCE);

	der_add(out, DER_OID, DER_BYTES("\x55\x04\x03"));
	der_add(out, tag, value);
	der_close(out, attribute);
	der_close(out, rdn);
	der_close(out, name);
}

/* A request with these attributes (the content of [0]), signed by key. */
UNUSED_FN static void
fixture_csr(struct bytes subject, struct bytes attributes, struct key *key, struct buf *out)
{
	cleanup(buf_release) struct buf info = BUF_INIT(FIXTURE_MAX);
	cleanup(buf_release) struct buf signature = BUF_INIT(FIXTURE_MAX);
	struct error err = { .code = ERR_NONE };
	size_t mark = der_open(&info, DER_SEQUENCE);

	der_add(&info, DER_INTEGER, DER_BYTES("\0"));
	buf_add(&info, subject);
	buf_add(&info, key_public(key));
	der_add(&info, DER_CONTEXT_OF(0), attributes);
	der_close(&info, mark);
	ck_assert_int_eq(key_sign(key, buf_bytes(&info), &signature, &err), 0);
	mark = der_open(out, DER_SEQUENCE);
	buf_add(out, buf_bytes(&info));
	buf_add(out, key_signature_algorithm(key));
	der_add_bits(out, buf_bytes(&signature), 0);
	der_close(out, mark);
}

/* An extension's SEQUENCE. */
UNUSED_FN static void
fixture_extension(struct bytes oid, struct bytes value, struct buf *out)
{
	size_t mark = der_open(out, DER_SEQUENCE);

	der_add(out, DER_OID, oid);
	der_add(out, DER_OCTET_STRING, value);
	der_close(out, mark);
}

/* An attribute of one value. */
UNUSED_FN static void
fixture_attribute(struct bytes oid, struct bytes value, struct buf *out)
{
	size_t mark = der_open(out, DER_SEQUENCE);

	der_add(out, DER_OID, oid);
	der_add(out, DER_SET, value);
	der_close(out, mark);
}

/* An extensionRequest attribute of these extensions. */
UNUSED_FN static void
fixture_request(struct bytes extensions, struct buf *out)
{
	cleanup(buf_release) struct buf list = BUF_INIT(FIXTURE_MAX);

	der_add(&list, DER_SEQUENCE, extensions);
	fixture_attribute(DER_BYTES(DER_OID_EXTENSION_REQUEST), buf_bytes(&list), out);
}

#endif
