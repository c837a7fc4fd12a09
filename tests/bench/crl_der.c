/*
 * The DER part of a CRL and nothing else, for tests/bench/crl: writes, signs and reads back so many
 * entries with a P-256 key.
 *
 *     crl_der ENTRIES
 *
 * prints the seconds of CPU for writing the entries, for signing, and for reading all of it, and
 * the octets.
 */
#define _GNU_SOURCE
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "crypto/crl.h"
#include "crypto/der.h"

/* 22 November 2025 */
enum { NOW = 1763769600, DAY = 86400 };

static struct error err;

static void
check(int status)
{
	if (status == 0)
		return;
	(void)fprintf(stderr, "crl_der: %s\n", err.text);
	exit(EXIT_FAILURE);
}

/* Of CPU: there is nothing to wait for but the other work of the machine. */
static double
seconds(void)
{
	struct timespec now;

	(void)clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
	return (double)now.tv_sec + (double)now.tv_nsec * 1e-9;
}

static struct key *
make_key(void)
{
	char folder[] = "/tmp/certwright-crl-XXXXXX", uri[64];
	const struct key_facts facts = { KEY_P256, 256 };
	struct key *key = NULL;

	if (mkdtemp(folder) == NULL)
		exit(EXIT_FAILURE);
	(void)snprintf(uri, sizeof(uri), "file:%s/key", folder);
	check(key_generate_file(uri + 5, NULL, facts, &err));
	check(key_open(uri, NULL, &key, &err));
	(void)unlink(uri + 5);
	(void)rmdir(folder);
	return key;
}

static void
add_entries(struct crl_writer *writer, unsigned count)
{
	uint8_t serial[16] = { 0x50 };

	for (unsigned i = 0; i < count; i++) {
		struct crl_entry entry = {
			.serial = bytes_of(serial, sizeof(serial)),
			.revoked_at = NOW - (int64_t)i * 37,
			.reason = (int)(i % 6),
		};

		memcpy(serial + 12, &i, sizeof(i));
		check(crl_writer_add(writer, &entry, &err));
	}
}

int
main(int argc, char **argv)
{
	cleanup(crl_writer_release) struct crl_writer writer = CRL_WRITER_INIT;
	cleanup(key_freep) struct key *key = make_key();
	const struct crl_template template = {
		.issuer = DER_BYTES("\x30\x0d\x31\x0b\x30\x09\x06\x03\x55\x04\x03\x0c\x02"
				    "CA"),
		.authority_key_id = bytes_text("a key id of 20 bytes"),
		.number = 1,
		.this_update = NOW,
		.next_update = NOW + DAY,
	};
	struct crl_facts facts;
	double started, written, signed_at;

	if (argc != 2)
		return EXIT_FAILURE;
	started = seconds();
	check(crl_writer_begin(&writer, &template, key, &err));
	add_entries(&writer, (unsigned)strtoul(argv[1], NULL, 10));
	written = seconds();
	check(crl_writer_finish(&writer, &err));
	signed_at = seconds();
	check(crl_read(buf_bytes(&writer.der), &facts, &err));
	(void)printf("%.3f %.3f %.3f %zu\n", written - started, signed_at - written,
	    seconds() - signed_at, writer.der.len);
	return EXIT_SUCCESS;
}
