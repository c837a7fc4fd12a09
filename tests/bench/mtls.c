/*
 * Load over mTLS for tests/bench/est, by libcurl:
 *
 *	mtls kept|new CONNECTIONS SECONDS URL CA.pem CLIENT [BODY]
 *
 * One process a connection, the i-th with the certificate and key in CLIENT.i.pem; `new` makes each request on a new connection with a full handshake.
 * Prints "RESULT requests microseconds refused broken p50 p99", latencies in microseconds.
 */
#define _GNU_SOURCE
#include <curl/curl.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { MAX_CONNECTIONS = 256, MAX_SAMPLES = 1 << 16, BODY_MAX = 65536 };

/* What one process counts; in memory that all share. */
struct counts {
	uint64_t requests, refused, broken;
	uint32_t latencies[MAX_SAMPLES];
};

static int64_t
now_us(void)
{
	struct timespec now;

	(void)clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

static size_t
swallow(char *data, size_t size, size_t count, void *arg)
{
	(void)data;
	(void)arg;
	return size * count;
}

static long
read_body(const char *path, char *body)
{
	FILE *file = fopen(path, "rb");
	size_t len = file != NULL ? fread(body, 1, BODY_MAX, file) : 0;

	if (file != NULL)
		(void)fclose(file);
	return (long)len;
}

static CURL *
prepare(char **argv, size_t number, const char *body, long len)
{
	CURL *curl = curl_easy_init();
	char client[4096];
	bool is_new = strcmp(argv[1], "new") == 0;

	curl_easy_setopt(curl, CURLOPT_URL, argv[4]);
	curl_easy_setopt(curl, CURLOPT_CAINFO, argv[5]);
	/* Else all CA certificates of the system are read for each connection. */
	curl_easy_setopt(curl, CURLOPT_CAPATH, NULL);
	(void)snprintf(client, sizeof(client), "%s.%zu.pem", argv[6], number);
	curl_easy_setopt(curl, CURLOPT_SSLCERT, client);
	curl_easy_setopt(curl, CURLOPT_SSLKEY, client);
	curl_easy_setopt(curl, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
	curl_easy_setopt(curl, CURLOPT_SSL_SESSIONID_CACHE, 0L);
	curl_easy_setopt(curl, CURLOPT_FRESH_CONNECT, is_new ? 1L : 0L);
	curl_easy_setopt(curl, CURLOPT_FORBID_REUSE, is_new ? 1L : 0L);
	curl_easy_setopt(curl, CURLOPT_NOPROXY, "*");
	curl_easy_setopt(curl, CURLOPT_TIMEOUT, 40L);
	curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, swallow);
	if (len > 0) {
		curl_easy_setopt(curl, CURLOPT_POSTFIELDS, body);
		curl_easy_setopt(curl, CURLOPT_POSTFIELDSIZE, len);
		curl_easy_setopt(curl, CURLOPT_HTTPHEADER,
		    curl_slist_append(NULL, "Content-Type: application/pkcs10"));
	}
	return curl;
}

static void
run(char **argv, size_t number, int64_t end, struct counts *counts)
{
	static char body[BODY_MAX];
	CURL *curl = prepare(argv, number, body, argv[7] != NULL ? read_body(argv[7], body) : 0);

	while (now_us() < end) {
		int64_t begin = now_us();
		long status = 0;

		if (curl_easy_perform(curl) != CURLE_OK) {
			counts->broken++;
			continue;
		}
		(void)curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &status);
		counts->refused += status != 200;
		counts->latencies[counts->requests++ % MAX_SAMPLES] = (uint32_t)(now_us() - begin);
	}
	curl_easy_cleanup(curl);
}

static int
by_value(const void *a, const void *b)
{
	uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

	return x < y ? -1 : x > y;
}

static void
report(const struct counts *counts, size_t processes, int64_t elapsed)
{
	uint32_t *all = calloc(processes, sizeof(counts->latencies));
	uint64_t requests = 0, refused = 0, broken = 0;
	size_t samples = 0;

	for (size_t i = 0; i < processes; i++) {
		size_t count =
		    counts[i].requests < MAX_SAMPLES ? counts[i].requests : MAX_SAMPLES;

		memcpy(all + samples, counts[i].latencies, count * sizeof(*all));
		samples += count;
		requests += counts[i].requests;
		refused += counts[i].refused;
		broken += counts[i].broken;
	}
	if (samples == 0)
		exit(EXIT_FAILURE);
	qsort(all, samples, sizeof(*all), by_value);
	printf("RESULT %lu %ld %lu %lu %u %u\n", requests, elapsed, refused, broken,
	    all[samples / 2], all[samples * 99 / 100]);
}

int
main(int argc, char **argv)
{
	size_t processes = argc > 6 ? (size_t)atol(argv[2]) : 0;
	struct counts *counts;
	int64_t begin = now_us();

	if (processes == 0 || processes > MAX_CONNECTIONS)
		return EXIT_FAILURE;
	counts = mmap(NULL, processes * sizeof(*counts), PROT_READ | PROT_WRITE,
	    MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (counts == MAP_FAILED)
		return EXIT_FAILURE;
	for (size_t i = 0; i < processes; i++)
		if (fork() == 0) {
			run(argv, i, begin + atol(argv[3]) * 1000000, &counts[i]);
			_exit(0);
		}
	while (wait(NULL) > 0)
		continue;
	report(counts, processes, now_us() - begin);
	return EXIT_SUCCESS;
}
