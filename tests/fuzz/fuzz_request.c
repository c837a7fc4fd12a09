/* Request and router over arbitrary parameters: "NAME=VALUE" lines, an empty line, the body. */
#define _GNU_SOURCE
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/settings.h"
#include "http/request.h"
#include "http/router.h"

enum { MAX_LINES = 64, MAX_INPUT = 16384, MAX_BODY = 1024 };

struct input {
	char text[MAX_INPUT + 1];
	char *lines[MAX_LINES];
	size_t count;
	const char *body;
	size_t left;
};

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const char *
input_param(void *arg, const char *name)
{
	const struct input *input = arg;
	size_t len = strlen(name);

	for (size_t i = 0; i < input->count; i++)
		if (strncmp(input->lines[i], name, len) == 0 && input->lines[i][len] == '=')
			return input->lines[i] + len + 1;
	return NULL;
}

static int
input_read(void *arg, uint8_t *to, size_t len)
{
	struct input *input = arg;
	size_t take = len < input->left ? len : input->left;

	if (take > 0)
		memcpy(to, input->body, take);
	input->body += take;
	input->left -= take;
	return (int)take;
}

static void
split(struct input *input, size_t size)
{
	char *at = input->text, *end = input->text + size;

	while (at < end && *at != '\n' && input->count < MAX_LINES) {
		char *line_end = memchr(at, '\n', (size_t)(end - at));

		if (line_end == NULL)
			line_end = end;
		*line_end = '\0';
		input->lines[input->count++] = at;
		at = line_end < end ? line_end + 1 : end;
	}
	if (at < end)
		at++;
	input->body = at;
	input->left = (size_t)(end - at);
}

/* What must hold of every path that is let through. */
static void
check_path(const char *path)
{
	if (path[0] != '/' || path[1] == '/' || strstr(path, "/../") != NULL ||
	    strstr(path, "/./") != NULL)
		abort();
}

static void
route(const struct request *request)
{
	static const struct route routes[] = {
		{ .method = "GET", .pattern = "/ca" },
		{ .method = "GET", .pattern = "/ca/{generation}" },
		{ .method = "POST", .pattern = "/api/{a}/{b}" },
		{ .method = "GET", .pattern = "/ocsp/{request*}" },
	};
	const struct route_query query = {
		.routes = routes,
		.count = sizeof(routes) / sizeof(routes[0]),
		.method = request->method,
		.path = request->path,
		.escaped_tail = request->escaped_tail,
	};
	const struct route *found = NULL;
	struct error err = { .code = ERR_NONE };
	struct params params;
	char allow[64];

	if (router_find(&query, &params, &found, allow, &err) < 0)
		return;
	if (strlen(params_get(&params, "generation")) >= PARAM_VALUE_MAX)
		abort();
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static char base_url[] = "https://pki.example.com/app";
	static char http_base_url[] = "http://pki.example.com";
	static char proxy[] = "10.0.0.0/8";
	static char *proxies[] = { proxy };
	static struct input input;
	struct settings settings = { .validity_period_days = 1 };
	const struct request_source source = { input_param, input_read, &input };
	struct error err = { .code = ERR_NONE };
	struct request request;

	if (size > MAX_INPUT)
		return 0;
	input = (struct input){ .count = 0 };
	memcpy(input.text, data, size);
	split(&input, size);
	settings.server.base_url = base_url;
	settings.server.http_base_url = http_base_url;
	settings.server.trusted_proxies = (struct text_list){ proxies, 1 };
	if (request_init(&request, &source, &settings, &err) == 0) {
		check_path(request.path);
		route(&request);
		if (request_read_body(&request, MAX_BODY, &err) == 0 && request.body.len > MAX_BODY)
			abort();
	}
	request_release(&request);
	return 0;
}
