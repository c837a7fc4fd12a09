#ifndef HTTP_RESPONSE_H
#define HTTP_RESPONSE_H

#include <stdint.h>

#include "base/buf.h"
#include "base/error.h"

enum { RESPONSE_MAX_HEADERS = 4096, RESPONSE_MAX_BODY = 8 * 1024 * 1024 };

/* An open file that is sent as the body, from its start; fd -1: none. */
struct response_file {
	int fd;
	uint64_t len;
};

struct response {
	int status;
	int number;         /* the errorCode sent, 0 for none: for the log */
	struct buf headers; /* "Name: value\r\n" each, without Status and Content-Length */
	struct buf body;
	struct response_file file; /* in place of body, and of any size */
	bool is_head;              /* send no body */
};

void response_init(struct response *response);
void response_release(struct response *response);

/* Adds a header; name and value with CR, LF or NUL, or that do not fit, mark the response failed
 * (500). */
void response_header(struct response *response, const char *name, const char *value);

/* The same with a point in time, "Sun, 22 Nov 2026 00:58:54 GMT" (RFC 9110, 5.6.7). */
void response_header_time(struct response *response, const char *name, int64_t seconds);

/* Takes back every header of this name. */
void response_drop_header(struct response *response, const char *name);

/* Sets status and content type, and the body by moving it from *body. */
void response_take(
    struct response *response, int status, const char *content_type, struct buf *body);

/* The same with the first len octets of an open file, which is the response's then (*fd is -1). */
void response_take_file(struct response *response, const char *content_type, int *fd, uint64_t len);

/* Moves the file out for whoever sends it; fd -1 where there is none, or where no body goes out. */
struct response_file response_detach_file(struct response *response);
void response_file_close(struct response_file *file);

/*
 * The JSON error answer: {"errorMessage","errorCode"}, by the table of
 * certwright-api(7). Replaces what was there but keeps headers already set. Codes whose
 * reason must stay in the log (tokens, internal, database, keys) get a fixed sentence.
 */
void response_error(struct response *response, const struct error *err);

/* The same as one line of text/plain, for clients that show an error's body as it is. */
void response_error_text(struct response *response, const struct error *err);

/*
 * The same in CZERTAINLY's forms, for the paths of its REST API (its literal texts): 422 an array
 * of texts, 403 a problem document, 401 the framework's, else {"message"}; a method that a path
 * does not take is its 400.
 */
void response_error_czertainly(
    struct response *response, const struct error *err, const char *path);

/* The HTTP status and the public number of an error code. */
int error_status(enum error_code code);
int error_number(enum error_code code);

/* Appends the whole CGI response: Status, headers, Content-Length, empty line, body; of a response
 * with a file all but the file. */
void response_write(const struct response *response, struct buf *out);

#endif
