/* Finds the route of a request in a table; the most literal pattern wins. */
#define _GNU_SOURCE
#include "http/router.h"

#include <stdio.h>
#include <string.h>

/* In the order in which they win. */
enum segment_kind { SEGMENT_REST, SEGMENT_NAME, SEGMENT_LITERAL };

/* One segment of a pattern, without its slash; next is where the one behind it starts. */
struct segment {
	enum segment_kind kind;
	const char *text; /* the literal, or the name without its braces */
	size_t len;
	const char *next;
};

static struct segment
segment_read(const char *pattern)
{
	struct segment s = { .kind = SEGMENT_LITERAL, .text = pattern + 1 };

	s.len = strcspn(s.text, "/");
	s.next = s.text + s.len;
	if (s.len > 2 && s.text[0] == '{' && s.text[s.len - 1] == '}') {
		s.kind = SEGMENT_NAME;
		s.text++;
		s.len -= 2;
		if (s.text[s.len - 1] == '*') {
			s.kind = SEGMENT_REST;
			s.len--;
		}
	}
	return s;
}

static bool
params_add(struct params *params, const struct segment *name, const char *value, size_t len)
{
	size_t at = params->count;

	if (at >= PARAMS_MAX || len == 0 || len >= PARAM_VALUE_MAX)
		return false;
	params->items[at].name = name->text;
	params->items[at].name_len = name->len;
	memcpy(params->items[at].value, value, len);
	params->items[at].value[len] = '\0';
	params->count++;
	return true;
}

/* Takes one segment of the path; false when it is not what the pattern wants there. */
static bool
match_segment(const struct segment *s, const char **path, struct params *params)
{
	const char *text = *path + 1;
	size_t len = s->kind == SEGMENT_REST ? strlen(text) : strcspn(text, "/");

	*path = text + len;
	if (s->kind == SEGMENT_LITERAL)
		return len == s->len && memcmp(text, s->text, len) == 0;
	return params_add(params, s, text, len);
}

/* Whether a slash stands here that was sent as one, in front of all that were sent as %2F. */
static bool
is_separator(const struct route_query *query, const char *at)
{
	return *at == '/' && strlen(at) > query->escaped_tail;
}

static bool
match(const char *pattern, const struct route_query *query, struct params *params)
{
	const char *path = query->path;

	params->count = 0;
	while (*pattern == '/' && is_separator(query, path)) {
		struct segment s = segment_read(pattern);

		if (!match_segment(&s, &path, params))
			return false;
		pattern = s.next;
	}
	return *pattern == '\0' &&
	       (*path == '\0' || (strcmp(path, "/") == 0 && is_separator(query, path)));
}

static bool
more_literal(const char *a, const char *b)
{
	while (*a == '/' && *b == '/') {
		struct segment x = segment_read(a), y = segment_read(b);

		if (x.kind != y.kind)
			return x.kind > y.kind;
		a = x.next;
		b = y.next;
	}
	return false;
}

static bool
method_fits(const char *route, const char *asked)
{
	return strcmp(route, asked) == 0 ||
	       (strcmp(route, "GET") == 0 && strcmp(asked, "HEAD") == 0);
}

/* Whether the list has the method as one of its items. */
static bool
allow_has(const char *allow, const char *method)
{
	size_t len = strlen(method);

	for (const char *at = strstr(allow, method); at != NULL; at = strstr(at + 1, method))
		if ((at == allow || at[-1] == ' ') && (at[len] == '\0' || at[len] == ','))
			return true;
	return false;
}

static void
allow_add(char allow[static 64], const char *method)
{
	size_t len = strlen(allow);

	if (len + strlen(method) + 2 < 64 && !allow_has(allow, method))
		(void)snprintf(allow + len, 64 - len, "%s%s", len > 0 ? ", " : "", method);
}

int
router_find(const struct route_query *query, struct params *params, const struct route **out,
    char allow[static 64], struct error *err)
{
	const struct route *found = NULL;

	allow[0] = '\0';
	for (size_t i = 0; i < query->count; i++) {
		const struct route *route = &query->routes[i];

		if (!match(route->pattern, query, params))
			continue;
		allow_add(allow, route->method);
		if (strcmp(route->method, "GET") == 0)
			allow_add(allow, "HEAD");
		if (method_fits(route->method, query->method) &&
		    (found == NULL || more_literal(route->pattern, found->pattern)))
			found = route;
	}
	if (found == NULL && allow[0] != '\0')
		return error_set(err, ERR_METHOD, "this path takes %s", allow);
	if (found == NULL)
		return error_set(err, ERR_NOT_FOUND, "no such path");
	(void)match(found->pattern, query, params);
	*out = found;
	return 0;
}

const char *
params_get(const struct params *params, const char *name)
{
	for (size_t i = 0; i < params->count; i++)
		if (params->items[i].name_len == strlen(name) &&
		    memcmp(params->items[i].name, name, params->items[i].name_len) == 0)
			return params->items[i].value;
	return "";
}
