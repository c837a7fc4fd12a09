/*
 * The cryptography of one enrollment and nothing else, as the ceiling that tests/bench/enroll
 * compares with: verify an RS256 token of 1.2 kB, verify a P-256 request, sign
 * a certificate-sized message with the CA's key.
 *
 *     ceiling p256|rsa2048 PROCESSES SECONDS
 *
 * prints enrollments a second of all processes together, and the microseconds
 * of one signature of the CA's key.
 */
#include <gnutls/abstract.h>
#include <gnutls/gnutls.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { TOKEN_BYTES = 1200, REQUEST_BYTES = 220, CERTIFICATE_BYTES = 620, MAX_PROCESSES = 64 };

/* One key with a message it signed. */
struct signer {
	gnutls_privkey_t key;
	gnutls_pubkey_t public;
	gnutls_sign_algorithm_t algorithm;
	gnutls_datum_t message;
	gnutls_datum_t signature;
};

static uint8_t filler[TOKEN_BYTES];

static void
must(int result, const char *what)
{
	if (result >= 0)
		return;
	(void)fprintf(stderr, "ceiling: %s: %s\n", what, gnutls_strerror(result));
	exit(1);
}

static struct signer
signer_make(gnutls_pk_algorithm_t type, unsigned bits, unsigned message_len)
{
	struct signer signer = { 0 };

	signer.algorithm =
	    type == GNUTLS_PK_RSA ? GNUTLS_SIGN_RSA_SHA256 : GNUTLS_SIGN_ECDSA_SHA256;
	signer.message = (gnutls_datum_t){ filler, message_len };
	must(gnutls_privkey_init(&signer.key), "key");
	must(gnutls_privkey_generate(signer.key, type, bits, 0), "generate");
	must(gnutls_pubkey_init(&signer.public), "public key");
	must(gnutls_pubkey_import_privkey(signer.public, signer.key, 0, 0), "public key");
	must(gnutls_privkey_sign_data2(
		 signer.key, signer.algorithm, 0, &signer.message, &signer.signature),
	    "sign");
	return signer;
}

static void
sign_once(const struct signer *signer)
{
	gnutls_datum_t signature = { NULL, 0 };

	must(gnutls_privkey_sign_data2(
		 signer->key, signer->algorithm, 0, &signer->message, &signature),
	    "sign");
	gnutls_free(signature.data);
}

static void
verify_once(const struct signer *signer)
{
	must(gnutls_pubkey_verify_data2(
		 signer->public, signer->algorithm, 0, &signer->message, &signer->signature),
	    "verify");
}

static double
now_s(void)
{
	struct timespec ts = { 0 };

	(void)clock_gettime(CLOCK_MONOTONIC, &ts);
	return (double)ts.tv_sec + (double)ts.tv_nsec / 1e9;
}

static double
signature_us(const struct signer *ca)
{
	enum { ROUNDS = 300 };
	double start = now_s();

	for (unsigned i = 0; i < ROUNDS; i++)
		sign_once(ca);
	return (now_s() - start) * 1e6 / ROUNDS;
}

/* Runs until the time is over and writes how many it did. */
static void
child(const struct signer *token, const struct signer *request, const struct signer *ca,
    double seconds, int to)
{
	double end = now_s() + seconds;
	uint64_t done = 0;

	while (now_s() < end) {
		verify_once(token);
		verify_once(request);
		sign_once(ca);
		done++;
	}
	_exit(write(to, &done, sizeof(done)) == (ssize_t)sizeof(done) ? 0 : 1);
}

int
main(int argc, char **argv)
{
	uint64_t total = 0, done = 0;
	long processes = argc == 4 ? strtol(argv[2], NULL, 10) : 0;
	double seconds = argc == 4 ? strtod(argv[3], NULL) : 0;
	bool is_rsa = argc == 4 && strcmp(argv[1], "rsa2048") == 0;
	struct signer token, request, ca;
	int ends[2];

	if (processes < 1 || processes > MAX_PROCESSES || seconds <= 0) {
		(void)fprintf(stderr, "usage: ceiling p256|rsa2048 PROCESSES SECONDS\n");
		return 64;
	}
	memset(filler, 'x', sizeof(filler));
	token = signer_make(GNUTLS_PK_RSA, 2048, TOKEN_BYTES);
	request = signer_make(
	    GNUTLS_PK_ECDSA, GNUTLS_CURVE_TO_BITS(GNUTLS_ECC_CURVE_SECP256R1), REQUEST_BYTES);
	ca = is_rsa ? signer_make(GNUTLS_PK_RSA, 2048, CERTIFICATE_BYTES)
		    : signer_make(GNUTLS_PK_ECDSA, GNUTLS_CURVE_TO_BITS(GNUTLS_ECC_CURVE_SECP256R1),
			  CERTIFICATE_BYTES);
	if (pipe(ends) < 0)
		return 1;
	for (long i = 0; i < processes; i++)
		if (fork() == 0)
			child(&token, &request, &ca, seconds, ends[1]);
	for (long i = 0; i < processes; i++)
		if (read(ends[0], &done, sizeof(done)) == (ssize_t)sizeof(done))
			total += done;
	while (wait(NULL) > 0)
		continue;
	printf("%.1f %.1f\n", (double)total / seconds, signature_us(&ca));
	return 0;
}
