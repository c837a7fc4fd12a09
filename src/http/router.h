#ifndef HTTP_ROUTER_H
#define HTTP_ROUTER_H

#include "base/error.h"
#include "base/permission.h"
#include "http/request.h"
#include "http/response.h"

struct app;
struct params;

typedef int route_handler(struct app *app, struct request *request, const struct params *params,
    struct response *response, struct error *err);

/* What a route takes; the table is in api/routes.c. */
enum route_flags {
	ROUTE_PLAIN = 1 << 0, /* answers over plain HTTP too */
	ROUTE_BODY = 1 << 1   /* takes a body, up to MaxBodyBytes; others take none */
};

enum { ROUTE_NEEDS_MAX = 2 };

struct route {
	const char *method;
	const char *pattern; /* "/ca/{generation}": a {name} is one whole path segment; "/x/{name*}"
				takes the rest */
	unsigned flags;
	route_handler *handle;
	struct permission needs[ROUTE_NEEDS_MAX]; /* all of them; RESOURCE_NONE ends the list */
};

enum { PARAMS_MAX = 4, PARAM_VALUE_MAX = REQUEST_PATH_MAX };

struct params {
	size_t count;
	struct {
		const char *name; /* borrowed from the pattern, its length below */
		size_t name_len;
		char value[PARAM_VALUE_MAX];
	} items[PARAMS_MAX];
};

/* The value of a {name} of the pattern, "" when the pattern has none of that name. */
const char *params_get(const struct params *params, const char *name);

/*
 * Finds the route of method and path: literal segments win over {name}; one trailing slash is
 * ignored; HEAD is GET. A slash that was sent as %2F separates no segments, and stands in none but
 * what a {name*} takes. ERR_NOT_FOUND (no such path) or ERR_METHOD, then *allow
 * (at least 64 bytes) holds the methods for the Allow header.
 */
struct route_query {
	const struct route *routes;
	size_t count;
	const char *method;
	const char *path;
	size_t escaped_tail; /* of struct request */
};
int router_find(const struct route_query *query, struct params *params, const struct route **out,
    char allow[static 64], struct error *err);

#endif
