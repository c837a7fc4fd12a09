/* Checks single settings: GUIDs, URLs, hosts, paths, EKUs and the like, and makes them uniform. */
#define _GNU_SOURCE
#include "base/settings_value.h"

#include <arpa/inet.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "base/permission.h"
#include "base/uuid.h"

enum {
	HOST_MAX = 253,
	URL_MAX = 255, /* the URLs stand in every certificate */
	WORD_MAX = 128,
	PROFILE_NAME_MAX = 64,
	URL_TOKEN_MAX = 128,
	FINGERPRINT_DIGITS = 64,
	OID_MAX = 128
};

static const char DIGITS[] = "0123456789";
static const char HOST_LETTERS[] =
    "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-_";

static bool
is_nocase(const char *a, const char *b)
{
	return bytes_equal_nocase(bytes_text(a), bytes_text(b));
}

static void
add_lower(struct buf *out, struct bytes text)
{
	for (size_t i = 0; i < text.len; i++) {
		uint8_t c = text.ptr[i];
		buf_add_byte(out, c >= 'A' && c <= 'Z' ? (uint8_t)(c | 0x20) : c);
	}
}

/* The rest of value behind prefix, which is compared without case; NULL when it is not there. */
static const char *
after_prefix(const char *value, const char *prefix)
{
	size_t len = strlen(prefix);

	if (strnlen(value, len) < len ||
	    !bytes_equal_nocase(bytes_of(value, len), bytes_text(prefix)))
		return NULL;
	return value + len;
}

bool
settings_value_guid(const char *value, struct buf *out)
{
	struct error ignored = { 0 };
	char text[UUID_TEXT_MAX];
	struct uuid uuid;

	if (uuid_parse(value, &uuid, &ignored) < 0)
		return false;
	uuid_text(&uuid, text);
	buf_add_text(out, text);
	return true;
}

/* A name that also stands in URLs: of a profile, a database or its account. */
bool
settings_value_name(const char *value, struct buf *out)
{
	size_t len = strspn(value, HOST_LETTERS);

	buf_add_text(out, value);
	return len > 0 && len <= PROFILE_NAME_MAX && value[len] == '\0';
}

/* Printable ASCII without white space. */
static bool
take_word(const char *value, struct buf *out)
{
	size_t len = 0;

	while (value[len] > ' ' && value[len] <= '~')
		len++;
	buf_add_text(out, value);
	return len > 0 && len <= WORD_MAX && value[len] == '\0';
}

bool
settings_value_path(const char *value, struct buf *out)
{
	buf_add_text(out, value);
	return value[0] == '/' && strlen(value) < 4096;
}

bool
settings_value_socket(const char *value, struct buf *out)
{
	buf_add_text(out, value);
	return value[0] == '/' && strlen(value) < sizeof(((struct sockaddr_un *)NULL)->sun_path);
}

/* Moves *cursor behind "[V6]", adding it in its shortest form. */
static bool
add_ipv6(const char **cursor, struct buf *out)
{
	size_t len = strcspn(*cursor, "]");
	char text[INET6_ADDRSTRLEN];
	struct in6_addr address;

	if ((*cursor)[len] == '\0' || len > sizeof(text))
		return false;
	memcpy(text, *cursor + 1, len - 1);
	text[len - 1] = '\0';
	if (inet_pton(AF_INET6, text, &address) != 1 ||
	    inet_ntop(AF_INET6, &address, text, sizeof(text)) == NULL)
		return false;
	buf_printf(out, "[%s]", text);
	*cursor += len + 1;
	return true;
}

static bool
add_host(const char **cursor, struct buf *out)
{
	size_t len = strspn(*cursor, HOST_LETTERS);

	if (**cursor == '[')
		return add_ipv6(cursor, out);
	if (len == 0 || len > HOST_MAX || strchr(".-_", **cursor) != NULL)
		return false;
	add_lower(out, bytes_of(*cursor, len));
	*cursor += len;
	return true;
}

/* Moves *cursor behind HOST or HOST:PORT, adding it in lower case. */
static bool
add_host_port(const char **cursor, struct buf *out)
{
	unsigned long port;
	size_t len;

	if (!add_host(cursor, out))
		return false;
	if (**cursor != ':')
		return true;
	len = strspn(*cursor + 1, DIGITS);
	if (len == 0 || len > 5)
		return false;
	port = strtoul(*cursor + 1, NULL, 10);
	buf_printf(out, ":%lu", port);
	*cursor += len + 1;
	return port >= 1 && port <= UINT16_MAX;
}

/* HOST, HOST:PORT or [V6]:PORT of a database server. */
bool
settings_value_host(const char *value, struct buf *out)
{
	return add_host_port(&value, out) && *value == '\0';
}

/* scheme://HOST[:PORT][/PATH] without query, fragment or slash at the end. */
static bool
add_url(const char *scheme, const char *value, struct buf *out)
{
	const char *cursor = after_prefix(value, scheme);
	size_t len;

	buf_add_text(out, scheme);
	if (cursor == NULL || strlen(value) > URL_MAX || !add_host_port(&cursor, out))
		return false;
	len = strspn(cursor, "/abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-_~");
	if (cursor[len] != '\0' || (len > 0 && cursor[0] != '/'))
		return false;
	while (len > 0 && cursor[len - 1] == '/')
		len--;
	buf_add(out, bytes_of(cursor, len));
	return true;
}

bool
settings_value_https_url(const char *value, struct buf *out)
{
	return add_url("https://", value, out);
}

bool
settings_value_http_url(const char *value, struct buf *out)
{
	return add_url("http://", value, out);
}

/* HOST[:PORT], with https:// in front and slashes behind or not. */
bool
settings_value_authority(const char *value, struct buf *out)
{
	const char *cursor = after_prefix(value, "https://");

	if (cursor == NULL)
		cursor = value;
	buf_add_text(out, "https://");
	return strlen(value) <= URL_MAX && add_host_port(&cursor, out) &&
	       cursor[strspn(cursor, "/")] == '\0';
}

/* The tenant's id follows, so it ends with exactly one slash. */
bool
settings_value_issuer(const char *value, struct buf *out)
{
	if (!settings_value_https_url(value, out))
		return false;
	buf_add_byte(out, '/');
	return true;
}

/* An address, or a network ADDRESS/BITS; not everything there is (/0). */
bool
settings_value_network(const char *value, struct buf *out)
{
	size_t len = strcspn(value, "/");
	char text[INET6_ADDRSTRLEN];
	struct in6_addr address;
	unsigned long bits;
	int family;

	if (len >= sizeof(text))
		return false;
	memcpy(text, value, len);
	text[len] = '\0';
	family = strchr(text, ':') != NULL ? AF_INET6 : AF_INET;
	if (inet_pton(family, text, &address) != 1 ||
	    inet_ntop(family, &address, text, sizeof(text)) == NULL)
		return false;
	buf_add_text(out, text);
	if (value[len] == '\0')
		return true;
	value += len + 1;
	if (strspn(value, DIGITS) != strlen(value) || strlen(value) > 3 || value[0] == '\0')
		return false;
	bits = strtoul(value, NULL, 10);
	buf_printf(out, "/%lu", bits);
	return bits >= 1 && bits <= (family == AF_INET6 ? 128 : 32);
}

/* What a web server says of a certificate that it could not verify; NONE means there is none. */
bool
settings_value_verify_result(const char *value, struct buf *out)
{
	size_t len = 0;

	while (value[len] >= ' ' && value[len] <= '~')
		len++;
	buf_add_text(out, value);
	return len > 0 && len <= URL_MAX && value[len] == '\0' && strcmp(value, "NONE") != 0;
}

/* SHA-256 in hexadecimal; colons between octets are dropped. */
bool
settings_value_fingerprint(const char *value, struct buf *out)
{
	size_t digits = 0;

	for (; *value != '\0'; value++) {
		if (*value == ':' && digits % 2 == 0 && digits > 0 && value[1] != ':')
			continue;
		if (strchr("0123456789abcdefABCDEF", *value) == NULL)
			return false;
		add_lower(out, bytes_of(value, 1));
		digits++;
	}
	return digits == FINGERPRINT_DIGITS && value[-1] != ':';
}

bool
settings_value_grant(const char *value, struct buf *out)
{
	struct error err = { .code = ERR_NONE };

	return take_word(value, out) && permission_check_grant(value, &err) == 0;
}

/* Dotted decimal (X.660): the first arc is 0 to 2, the second below 40 under 0 and 1. */
static bool
is_oid(const char *value)
{
	size_t arcs = 0;
	bool low = value[0] == '0' || value[0] == '1';

	if (strlen(value) > OID_MAX)
		return false;
	for (;; value++) {
		size_t len = strspn(value, DIGITS);

		if (len == 0 || len > 18 || (len > 1 && value[0] == '0') ||
		    (arcs == 0 && (len > 1 || value[0] > '2')) ||
		    (arcs == 1 && low && strtoul(value, NULL, 10) > 39))
			return false;
		arcs++;
		value += len;
		if (*value != '.')
			break;
	}
	return *value == '\0' && arcs >= 3;
}

bool
settings_value_eku(const char *value, struct buf *out)
{
	static const struct {
		const char *name;
		const char *oid;
	} names[] = { { "ServerAuthentication", "1.3.6.1.5.5.7.3.1" },
		{ "ClientAuthentication", "1.3.6.1.5.5.7.3.2" },
		{ "CodeSigning", "1.3.6.1.5.5.7.3.3" }, { "EmailProtection", "1.3.6.1.5.5.7.3.4" },
		{ "SecureEmail", "1.3.6.1.5.5.7.3.4" }, { "IPsecEndSystem", "1.3.6.1.5.5.7.3.5" },
		{ "IPsecTunnel", "1.3.6.1.5.5.7.3.6" }, { "IPsecUser", "1.3.6.1.5.5.7.3.7" },
		{ "TimeStamping", "1.3.6.1.5.5.7.3.8" }, { "IPsecIKE", "1.3.6.1.5.5.7.3.17" },
		{ "KDCAuthentication", "1.3.6.1.5.2.3.5" },
		{ "EncryptingFileSystem", "1.3.6.1.4.1.311.10.3.4" },
		{ "DocumentSigning", "1.3.6.1.4.1.311.10.3.12" },
		{ "SmartCardLogon", "1.3.6.1.4.1.311.20.2.2" },
		{ "RemoteDesktopAuthentication", "1.3.6.1.4.1.311.54.1.2" } };

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (is_nocase(value, names[i].name)) {
			buf_add_text(out, names[i].oid);
			return true;
		}
	buf_add_text(out, value);
	return is_oid(value);
}

/* Appends the name of the list that value equals without case. */
static bool
add_known(const char *value, const char *const *names, struct buf *out)
{
	for (; *names != NULL; names++)
		if (is_nocase(value, *names)) {
			buf_add_text(out, *names);
			return true;
		}
	return false;
}

bool
settings_value_certificate_type(const char *value, struct buf *out)
{
	static const char *const types[] = { "DomainController", "Static", "IntuneUser",
		"IntuneDevice", "JamfUser", "JamfUserWithDevice", "JamfUserWithComputer",
		"JamfDevice", "JamfComputer", NULL };

	return add_known(value, types, out);
}

bool
settings_value_est_cacerts(const char *value, struct buf *out)
{
	static const char *const contents[] = { "issuer", "full", NULL };

	return add_known(value, contents, out);
}

bool
settings_value_crl_source(const char *value, struct buf *out)
{
	static const char *const sources[] = { "Storage", "None", NULL };

	return add_known(value, sources, out);
}

bool
settings_value_unknown_serial(const char *value, struct buf *out)
{
	static const char *const answers[] = { "unknown", "revoked", NULL };

	return add_known(value, answers, out);
}

/* What needs no escape in a URL (RFC 3986, 2.3). */
bool
settings_value_url_token(const char *value, struct buf *out)
{
	size_t len =
	    strspn(value, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-._~");

	buf_add_text(out, value);
	return len > 0 && len <= URL_TOKEN_MAX && value[len] == '\0';
}

bool
settings_value_log_target(const char *value, struct buf *out)
{
	static const char *const targets[] = { "stderr", "syslog", NULL };
	const char *path = after_prefix(value, "file:");

	if (path == NULL)
		return add_known(value, targets, out);
	buf_add_text(out, "file:");
	return settings_value_path(path, out);
}

bool
settings_value_log_level(const char *value, struct buf *out)
{
	static const char *const levels[] = { "error", "warning", "info", "debug", NULL };

	return add_known(value, levels, out);
}
