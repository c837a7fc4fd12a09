/* Whether another site's page may be behind a request. */
#include "api/access/cross_site.h"

#include <string.h>

/* What of a hostile header goes into our own text. */
enum { SHOWN_MAX = 128 };

static bool
ends_with(struct bytes text, const char *end)
{
	struct bytes wanted = bytes_text(end);

	return text.len >= wanted.len &&
	       bytes_equal(bytes_of(text.ptr + text.len - wanted.len, wanted.len), wanted);
}

/* scheme://host[:port] of an https URL, without the port that goes without saying (RFC 6454, 4). */
static struct bytes
origin_of(const char *url)
{
	struct bytes origin = bytes_text(url);
	const char *host = strstr(url, "://");

	if (host != NULL)
		origin.len = (size_t)(host - url) + 3 + strcspn(host + 3, "/");
	if (ends_with(origin, ":443"))
		origin.len -= 4;
	return origin;
}

/* An Origin has no path, so one of BaseUrl's with anything behind it is another. */
static int
check_origin(const struct settings *settings, const char *origin, struct error *err)
{
	struct bytes wanted = origin_of(settings->server.base_url);
	struct bytes found = bytes_text(origin);

	if (ends_with(found, ":443"))
		found.len -= 4;
	if (bytes_equal_nocase(found, wanted))
		return 0;
	return error_set(err, ERR_ORIGIN,
	    "a request of the origin \"%.*s\" is not taken with a client certificate", SHOWN_MAX,
	    origin);
}

/* The type and subtype, without parameters (RFC 9110, 8.3.1). */
static struct bytes
media_type_of(const char *content_type)
{
	struct bytes type = bytes_of(content_type, strcspn(content_type, ";"));

	while (type.len > 0 && (type.ptr[0] == ' ' || type.ptr[0] == '\t'))
		type = bytes_of(type.ptr + 1, type.len - 1);
	while (type.len > 0 && (type.ptr[type.len - 1] == ' ' || type.ptr[type.len - 1] == '\t'))
		type.len--;
	return type;
}

static int
check_media_type(const char *content_type, const char *const *media_types, struct error *err)
{
	struct bytes type = media_type_of(content_type);

	/* ";x=y" names no type and is not the same as no header */
	if (type.len > 0 || content_type[0] == '\0')
		for (size_t i = 0; media_types[i] != NULL; i++)
			if (bytes_equal_nocase(type, bytes_text(media_types[i])))
				return 0;
	return error_set(err, ERR_MEDIA_TYPE, "the Content-Type must be %s, not \"%.*s\"",
	    media_types[0], SHOWN_MAX, content_type);
}

int
cross_site_check(const struct settings *settings, const struct request *request,
    const char *const *media_types, struct error *err)
{
	const char *origin = request_param(request, "HTTP_ORIGIN");

	if (origin != NULL && check_origin(settings, origin, err) < 0)
		return -1;
	return check_media_type(request->content_type, media_types, err);
}
