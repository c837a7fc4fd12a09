/*
 * Load by POST on a new connection each, for tests/bench/ocsp, as a server that speaks HTTP/1.0
 *needs it:
 *
 *	post CONNECTIONS SECONDS PORT PATH TYPE BODY
 *
 * One thread a connection. An answer counts when its status is 200 and its body begins as a
 * successful OCSP answer. Prints "RESULT requests microseconds refused broken p50 p99", latencies
 *in microseconds.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { MAX_CONNECTIONS = 256, MAX_SAMPLES = 1 << 16, MESSAGE_MAX = 65536, TIMEOUT_S = 40 };

static struct {
	struct sockaddr_in server;
	char message[MESSAGE_MAX];
	size_t len;
	int64_t end_us;
} plan;

struct client {
	pthread_t thread;
	uint64_t requests, refused, broken;
	uint32_t latencies[MAX_SAMPLES];
};

static struct client clients[MAX_CONNECTIONS];

static int64_t
now_us(void)
{
	struct timespec now;

	(void)clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

/* The octets of the whole answer, or -1. */
static ssize_t
exchange(int fd, char *answer, size_t size)
{
	size_t len = 0;

	if (connect(fd, (const struct sockaddr *)&plan.server, sizeof(plan.server)) < 0 ||
	    send(fd, plan.message, plan.len, MSG_NOSIGNAL) != (ssize_t)plan.len)
		return -1;
	for (;;) {
		ssize_t got = recv(fd, answer + len, size - len, 0);

		if (got <= 0)
			return got < 0 ? -1 : (ssize_t)len;
		len += (size_t)got;
	}
}

/* OCSPResponse ::= SEQUENCE { responseStatus ENUMERATED successful, ... } */
static bool
is_success(const char *answer, size_t len)
{
	static const char status[] = "\x0a\x01\x00";
	const char *body = memmem(answer, len, "\r\n\r\n", 4);

	return len > 12 && memcmp(answer, "HTTP/1.", 7) == 0 && memcmp(answer + 9, "200", 3) == 0 &&
	       body != NULL && memmem(body, len - (size_t)(body - answer), status, 3) != NULL;
}

static void *
run(void *arg)
{
	struct client *client = arg;
	const struct timeval timeout = { .tv_sec = TIMEOUT_S };
	char answer[MESSAGE_MAX];

	for (int64_t began = now_us(); began < plan.end_us; began = now_us()) {
		int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
		ssize_t len;

		(void)setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &timeout, sizeof(timeout));
		len = exchange(fd, answer, sizeof(answer));
		(void)close(fd);
		if (len <= 0) {
			client->broken++;
		} else if (!is_success(answer, (size_t)len)) {
			client->refused++;
		} else {
			client->latencies[client->requests++ % MAX_SAMPLES] =
			    (uint32_t)(now_us() - began);
		}
	}
	return NULL;
}

static int
by_number(const void *left, const void *right)
{
	uint32_t a = *(const uint32_t *)left, b = *(const uint32_t *)right;

	return (a > b) - (a < b);
}

static void
report(int count, int64_t elapsed_us)
{
	static uint32_t all[MAX_CONNECTIONS * 1024];
	uint64_t requests = 0, refused = 0, broken = 0;
	size_t samples = 0;

	for (int i = 0; i < count; i++) {
		uint64_t kept =
		    clients[i].requests < MAX_SAMPLES ? clients[i].requests : MAX_SAMPLES;

		requests += clients[i].requests;
		refused += clients[i].refused;
		broken += clients[i].broken;
		for (uint64_t k = 0; k < kept; k += 1 + kept / 1024)
			all[samples++] = clients[i].latencies[k];
	}
	qsort(all, samples, sizeof(all[0]), by_number);
	printf("RESULT %lu %ld %lu %lu %u %u\n", (unsigned long)requests, (long)elapsed_us,
	    (unsigned long)refused, (unsigned long)broken, samples > 0 ? all[samples / 2] : 0,
	    samples > 0 ? all[samples * 99 / 100] : 0);
}

static bool
prepare(char **argv)
{
	static char body[MESSAGE_MAX / 2];
	FILE *file = fopen(argv[6], "re");
	size_t size;
	int head;

	if (file == NULL)
		return false;
	size = fread(body, 1, sizeof(body), file);
	(void)fclose(file);
	head = snprintf(plan.message, sizeof(plan.message) - size,
	    "POST %s HTTP/1.0\r\nHost: 127.0.0.1\r\nContent-Type: %s\r\nContent-Length: "
	    "%zu\r\n\r\n",
	    argv[4], argv[5], size);
	if (head < 0 || (size_t)head >= sizeof(plan.message) - size)
		return false;
	memcpy(plan.message + head, body, size);
	plan.len = (size_t)head + size;
	plan.server.sin_family = AF_INET;
	plan.server.sin_port = htons((uint16_t)strtol(argv[3], NULL, 10));
	plan.server.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	return true;
}

int
main(int argc, char **argv)
{
	int count = argc == 7 ? (int)strtol(argv[1], NULL, 10) : 0;
	int64_t began = now_us();

	if (count < 1 || count > MAX_CONNECTIONS || !prepare(argv)) {
		fprintf(stderr, "usage: post CONNECTIONS SECONDS PORT PATH TYPE BODY\n");
		return 64;
	}
	plan.end_us = began + strtol(argv[2], NULL, 10) * 1000000;
	for (int i = 0; i < count; i++)
		if (pthread_create(&clients[i].thread, NULL, run, &clients[i]) != 0)
			return 1;
	for (int i = 0; i < count; i++)
		(void)pthread_join(clients[i].thread, NULL);
	report(count, now_us() - began);
	return 0;
}
