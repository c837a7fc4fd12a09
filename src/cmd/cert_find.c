/* How a certificate is named on the command line. */
#include <string.h>

#include "base/enc.h"
#include "cmd/cert.h"

enum { NAME_MAX_OCTETS = 32, NAME_MAX_DIGITS = 2 * NAME_MAX_OCTETS };

static int
find_octets(struct db *db, struct bytes octets, struct certificate_row **out, struct error *err)
{
	if (octets.len == NAME_MAX_OCTETS)
		return certificates_find_fingerprint(db, octets, out, err);
	return certificates_find_serial(db, octets, out, err);
}

/* Digits without the colons that openssl and web browsers put between them. */
static bool
read_octets(const char *name, struct buf *out)
{
	cleanup(buf_release) struct buf digits = BUF_INIT(NAME_MAX_DIGITS);
	struct error ignored = { 0 };

	for (; *name != '\0'; name++)
		if (*name != ':')
			buf_add_byte(&digits, (uint8_t)*name);
	return !buf_failed(&digits) && digits.len > 0 &&
	       hex_decode(buf_bytes(&digits), out, &ignored) == 0;
}

static int
find(struct db *db, const char *name, struct certificate_row **out, struct error *err)
{
	cleanup(buf_release) struct buf octets = BUF_INIT(NAME_MAX_OCTETS);
	struct error ignored = { 0 };
	struct uuid id;

	if (uuid_parse(name, &id, &ignored) == 0)
		return certificates_find_id(db, &id, out, err);
	if (read_octets(name, &octets) &&
	    (octets.len <= CERTIFICATE_ROW_SERIAL_MAX || octets.len == NAME_MAX_OCTETS))
		return find_octets(db, buf_bytes(&octets), out, err);
	return error_set(err, ERR_CONFIG,
	    "\"%.80s\" is no serial number, no SHA-256 fingerprint and no id of a certificate",
	    name);
}

int
cert_find(struct db *db, const char *name, struct certificate_row **out, struct error *err)
{
	if (find(db, name, out, err) == 0)
		return 0;
	if (!error_is(err, ERR_NOT_FOUND))
		return error_replace(err, ERR_CONFLICT, ERR_CONFLICT,
		    "several CAs gave the serial number %.48s; name the certificate by its "
		    "fingerprint",
		    name);
	return error_replace(err, ERR_NOT_FOUND, ERR_NOT_FOUND,
	    "there is no certificate %.80s; certwright cert list shows those on record", name);
}
