/* HTTPS GET of JSON documents, by libcurl, with everything bounded. */
#include "remote/fetch.h"

#include <curl/curl.h>
#include <stdbool.h>
#include <string.h>
#include <strings.h>

#include "base/cleanup.h"

enum { CONNECT_TIMEOUT_MS = 3000, TOTAL_TIMEOUT_MS = 10000, HTTP_OK = 200 };

DEFINE_CLEANUP(CURL *, curl_easy_cleanup)
DEFINE_CLEANUP(CURLU *, curl_url_cleanup)
DEFINE_CLEANUP(struct curl_slist *, curl_slist_free_all)
DEFINE_CLEANUP(char *, curl_free)

static CURLU *
parse_url(const char *text)
{
	cleanup(curl_url_cleanupp) CURLU *url = curl_url();

	if (url == NULL || curl_url_set(url, CURLUPART_URL, text, 0) != CURLUE_OK)
		return NULL;
	return take(url);
}

/* Compares one part of two URLs; a port not given is the scheme's own. */
static bool
is_same_part(CURLU *a, CURLU *b, CURLUPart part)
{
	cleanup(curl_freep) char *text_a = NULL;
	cleanup(curl_freep) char *text_b = NULL;

	return curl_url_get(a, part, &text_a, CURLU_DEFAULT_PORT) == CURLUE_OK &&
	       curl_url_get(b, part, &text_b, CURLU_DEFAULT_PORT) == CURLUE_OK &&
	       strcasecmp(text_a, text_b) == 0;
}

static bool
has_part(CURLU *url, CURLUPart part)
{
	cleanup(curl_freep) char *text = NULL;

	return curl_url_get(url, part, &text, 0) == CURLUE_OK;
}

int
fetch_check_origin(const char *url, const char *origin, enum error_code failure, struct error *err)
{
	cleanup(curl_url_cleanupp) CURLU *asked = parse_url(url);
	cleanup(curl_url_cleanupp) CURLU *pinned = parse_url(origin);

	if (asked == NULL || pinned == NULL)
		return error_set(err, failure, "%s is no URL", asked == NULL ? url : origin);
	if (strncasecmp(url, "https://", 8) != 0)
		return error_set(err, failure, "%s is not https", url);
	if (has_part(asked, CURLUPART_USER) || has_part(asked, CURLUPART_PASSWORD) ||
	    has_part(asked, CURLUPART_FRAGMENT))
		return error_set(err, failure, "a URL with a user or a fragment");
	if (!is_same_part(asked, pinned, CURLUPART_SCHEME) ||
	    !is_same_part(asked, pinned, CURLUPART_HOST) ||
	    !is_same_part(asked, pinned, CURLUPART_PORT))
		return error_set(err, failure, "%s is not on %s", url, origin);
	return 0;
}

/* Telling curl that less was taken than it gave ends the transfer. */
static size_t
receive(char *data, size_t size, size_t count, void *to)
{
	struct buf *out = to;

	buf_add(out, bytes_of(data, size * count));
	return buf_failed(out) ? 0 : size * count;
}

static bool
set_limits(CURL *curl, size_t max_bytes)
{
	return curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "https") == CURLE_OK &&
	       curl_easy_setopt(curl, CURLOPT_FOLLOWLOCATION, 0L) == CURLE_OK &&
	       curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L) == CURLE_OK &&
	       curl_easy_setopt(curl, CURLOPT_CONNECTTIMEOUT_MS, (long)CONNECT_TIMEOUT_MS) ==
		   CURLE_OK &&
	       curl_easy_setopt(curl, CURLOPT_TIMEOUT_MS, (long)TOTAL_TIMEOUT_MS) == CURLE_OK &&
	       curl_easy_setopt(curl, CURLOPT_MAXFILESIZE_LARGE, (curl_off_t)max_bytes) == CURLE_OK;
}

static bool
set_tls(CURL *curl, const char *ca_bundle)
{
	return curl_easy_setopt(curl, CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2) ==
		   CURLE_OK &&
	       curl_easy_setopt(curl, CURLOPT_SSL_VERIFYPEER, 1L) == CURLE_OK &&
	       curl_easy_setopt(curl, CURLOPT_SSL_VERIFYHOST, 2L) == CURLE_OK &&
	       (ca_bundle[0] == '\0' ||
		   (curl_easy_setopt(curl, CURLOPT_CAINFO, ca_bundle) == CURLE_OK &&
		       curl_easy_setopt(curl, CURLOPT_CAPATH, NULL) == CURLE_OK));
}

static bool
set_request(CURL *curl, const char *url, struct curl_slist *headers, struct buf *out)
{
	return headers != NULL && curl_easy_setopt(curl, CURLOPT_URL, url) == CURLE_OK &&
	       curl_easy_setopt(curl, CURLOPT_USERAGENT, "certwright") == CURLE_OK &&
	       curl_easy_setopt(curl, CURLOPT_HTTPHEADER, headers) == CURLE_OK &&
	       curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, receive) == CURLE_OK &&
	       curl_easy_setopt(curl, CURLOPT_WRITEDATA, out) == CURLE_OK;
}

/* Whether a Content-Type, its parameters aside, is JSON or a key set (RFC 7517, 8.5.2). */
static bool
is_json_type(const char *type)
{
	static const char *const known[] = { "application/json", "application/jwk-set+json" };
	size_t len = strcspn(type, "; \t");

	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++)
		if (len == strlen(known[i]) && strncasecmp(type, known[i], len) == 0)
			return true;
	return false;
}

static int
check_answer(CURL *curl, const struct fetch *what, struct error *err)
{
	long status = 0;
	const char *type = NULL;

	if (curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &status) != CURLE_OK ||
	    status != HTTP_OK)
		return error_set(
		    err, what->failure, "%s answered with status %ld", what->url, status);
	if (curl_easy_getinfo(curl, CURLINFO_CONTENT_TYPE, &type) != CURLE_OK || type == NULL ||
	    !is_json_type(type))
		return error_set(
		    err, what->failure, "%s answered with something else than JSON", what->url);
	return 0;
}

static int
perform(CURL *curl, const struct fetch *what, const struct buf *out, struct error *err)
{
	char detail[CURL_ERROR_SIZE] = "";
	CURLcode rc = curl_easy_setopt(curl, CURLOPT_ERRORBUFFER, detail);

	if (rc == CURLE_OK)
		rc = curl_easy_perform(curl);
	(void)curl_easy_setopt(curl, CURLOPT_ERRORBUFFER, NULL);
	if (rc == CURLE_OK)
		return check_answer(curl, what, err);
	if (buf_failed(out) || rc == CURLE_FILESIZE_EXCEEDED)
		return error_set(err, what->failure, "%s answered with more than %zu bytes",
		    what->url, out->max);
	return error_set(err, what->failure, "%s: %s", what->url,
	    detail[0] != '\0' ? detail : curl_easy_strerror(rc));
}

/* curl wants this once a process; it is never undone. */
static bool
prepare_curl(void)
{
	static bool is_prepared;

	if (!is_prepared)
		is_prepared = curl_global_init(CURL_GLOBAL_DEFAULT) == CURLE_OK;
	return is_prepared;
}

int
fetch_json(const struct fetch *what, struct buf *out, struct error *err)
{
	cleanup(curl_slist_free_allp) struct curl_slist *headers = NULL;
	cleanup(curl_easy_cleanupp) CURL *curl = NULL;

	if (fetch_check_origin(what->url, what->origin, what->failure, err) < 0)
		return -1;
	if (prepare_curl())
		curl = curl_easy_init();
	headers = curl_slist_append(NULL, "Accept: application/json");
	if (curl == NULL || !set_limits(curl, out->max) || !set_tls(curl, what->ca_bundle) ||
	    !set_request(curl, what->url, headers, out))
		return error_set(err, what->failure, "libcurl cannot be set up");
	return perform(curl, what, out, err);
}
