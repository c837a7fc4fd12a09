/* Builds answers. */
#define _GNU_SOURCE
#include "http/response.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <time.h>
#include <unistd.h>

static const char json_type[] = "application/json";

void
response_init(struct response *response)
{
	*response = (struct response){
		.status = 200,
		.headers = BUF_INIT(RESPONSE_MAX_HEADERS),
		.body = BUF_INIT(RESPONSE_MAX_BODY),
		.file = { .fd = -1 },
	};
}

void
response_file_close(struct response_file *file)
{
	if (file->fd >= 0)
		(void)close(file->fd);
	*file = (struct response_file){ .fd = -1 };
}

void
response_release(struct response *response)
{
	buf_release(&response->headers);
	buf_release(&response->body);
	response_file_close(&response->file);
}

static bool
header_name_is_clean(const char *name)
{
	return name[0] != '\0' && name[strcspn(name, ": \t\r\n")] == '\0';
}

/* What does not fit is never sent by half: response_write sends a 500 then. */
static void
mark_failure(struct response *response)
{
	if (!buf_failed(&response->headers) && !buf_failed(&response->body))
		return;
	response->status = 500;
	response->number = error_number(ERR_INTERNAL);
}

void
response_header(struct response *response, const char *name, const char *value)
{
	if (!header_name_is_clean(name) || value[strcspn(value, "\r\n")] != '\0')
		response->headers.failed = true;
	buf_printf(&response->headers, "%s: %s\r\n", name, value);
	mark_failure(response);
}

void
response_header_time(struct response *response, const char *name, int64_t seconds)
{
	time_t when = (time_t)seconds;
	char text[64] = "";
	struct tm tm;

	if (gmtime_r(&when, &tm) == NULL ||
	    strftime(text, sizeof(text), "%a, %d %b %Y %H:%M:%S GMT", &tm) == 0)
		response->headers.failed = true;
	response_header(response, name, text);
}

/* The start of the header's line, NULL when it is not set. */
static uint8_t *
find_header(const struct response *response, const char *name, size_t *line_len)
{
	size_t name_len = strlen(name);
	size_t left = response->headers.len;
	uint8_t *line = response->headers.data;

	*line_len = 0;
	while (left > 0) {
		const uint8_t *end = memchr(line, '\n', left);

		*line_len = end != NULL ? (size_t)(end - line) + 1 : left;
		if (*line_len > name_len && line[name_len] == ':' &&
		    strncasecmp((const char *)line, name, name_len) == 0)
			return line;
		line += *line_len;
		left -= *line_len;
	}
	*line_len = 0;
	return NULL;
}

void
response_drop_header(struct response *response, const char *name)
{
	size_t line_len;
	uint8_t *line;

	while ((line = find_header(response, name, &line_len)) != NULL) {
		size_t before = (size_t)(line - response->headers.data);

		memmove(line, line + line_len, response->headers.len - before - line_len);
		response->headers.len -= line_len;
	}
}

void
response_take(struct response *response, int status, const char *content_type, struct buf *body)
{
	response->status = status;
	response->number = 0;
	response_drop_header(response, "Content-Type");
	response_header(response, "Content-Type", content_type);
	response_file_close(&response->file);
	buf_move(&response->body, body);
	mark_failure(response);
}

void
response_take_file(struct response *response, const char *content_type, int *fd, uint64_t len)
{
	struct buf nothing = BUF_INIT(0);

	response_take(response, 200, content_type, &nothing);
	response->file = (struct response_file){ .fd = *fd, .len = len };
	*fd = -1;
}

struct response_file
response_detach_file(struct response *response)
{
	struct response_file file = response->file;

	response->file = (struct response_file){ .fd = -1 };
	if (response->is_head || response->status != 200 || buf_failed(&response->headers))
		response_file_close(&file);
	return file;
}

static const char *
reason_phrase(int status)
{
	static const struct {
		int status;
		const char *phrase;
	} phrases[] = {
		{ 200, "OK" },
		{ 201, "Created" },
		{ 202, "Accepted" },
		{ 204, "No Content" },
		{ 304, "Not Modified" },
		{ 400, "Bad Request" },
		{ 401, "Unauthorized" },
		{ 403, "Forbidden" },
		{ 404, "Not Found" },
		{ 405, "Method Not Allowed" },
		{ 409, "Conflict" },
		{ 413, "Content Too Large" },
		{ 415, "Unsupported Media Type" },
		{ 422, "Unprocessable Content" },
		{ 429, "Too Many Requests" },
		{ 500, "Internal Server Error" },
		{ 501, "Not Implemented" },
		{ 503, "Service Unavailable" },
	};

	for (size_t i = 0; i < sizeof(phrases) / sizeof(phrases[0]); i++)
		if (phrases[i].status == status)
			return phrases[i].phrase;
	return "Other";
}

/* A header or body that did not fit must not go out as half an answer. */
static void
write_failed(const struct response *response, struct buf *out)
{
	static const char body[] =
	    "{\"errorMessage\":\"The answer could not be written.\",\"errorCode\":5000}";

	size_t id_len;
	const uint8_t *id = find_header(response, "X-Request-Id", &id_len);

	buf_add_text(out, "Status: 500 Internal Server Error\r\n");
	buf_add(out, bytes_of(id, id_len));
	buf_printf(out,
	    "Content-Type: %s\r\nCache-Control: no-store\r\nContent-Length: %zu\r\n\r\n%s",
	    json_type, strlen(body), response->is_head ? "" : body);
}

static uint64_t
body_len(const struct response *response)
{
	return response->file.fd >= 0 ? response->file.len : response->body.len;
}

void
response_write(const struct response *response, struct buf *out)
{
	bool bodiless = response->status == 204 || response->status == 304;
	size_t line_len;

	if (buf_failed(&response->headers) || buf_failed(&response->body)) {
		write_failed(response, out);
		return;
	}
	buf_printf(out, "Status: %d %s\r\n", response->status, reason_phrase(response->status));
	buf_add(out, buf_bytes(&response->headers));
	if (find_header(response, "Cache-Control", &line_len) == NULL)
		buf_add_text(out, "Cache-Control: no-store\r\n");
	if (!bodiless)
		buf_printf(out, "Content-Length: %" PRIu64 "\r\n", body_len(response));
	buf_add_text(out, "\r\n");
	if (!bodiless && !response->is_head)
		buf_add(out, buf_bytes(&response->body));
}
