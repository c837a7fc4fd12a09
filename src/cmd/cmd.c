/* What all subcommands share: how an error becomes an exit status. */
#include "cmd/cmd.h"

#include <stdio.h>

int
cmd_status(enum error_code code)
{
	switch (code) {
	case ERR_CONFIG:
	case ERR_CA_KEY:
		return CMD_CONFIG;
	case ERR_DATABASE:
	case ERR_IDENTITY_KEYS:
	case ERR_NOT_BUILT:
	case ERR_NOT_READY:
		return CMD_UNAVAILABLE;
	case ERR_LIMIT:
		return CMD_TEMPORARY;
	case ERR_NONE:
	case ERR_INTERNAL:
		return CMD_INTERNAL;
	case ERR_BAD_REQUEST:
	case ERR_BODY_FORM:
	case ERR_CSR_SYNTAX:
	case ERR_CSR_SIGNATURE:
	case ERR_KEY:
	case ERR_NAME:
	case ERR_JSON:
	case ERR_VALIDATION:
	case ERR_TOO_LARGE:
	case ERR_NO_CREDENTIAL:
	case ERR_TOKEN:
	case ERR_NO_CLIENT_CERT:
	case ERR_CLIENT_CERT:
	case ERR_RENEWAL:
	case ERR_ORIGIN:
	case ERR_MEDIA_TYPE:
	case ERR_ROLE:
	case ERR_PROFILE:
	case ERR_SELF_SERVICE:
	case ERR_NEEDS_TLS:
	case ERR_SWITCHED_OFF:
	case ERR_NOT_FOUND:
	case ERR_METHOD:
	case ERR_NO_CERTIFICATE:
	case ERR_REVOKED:
	case ERR_STATE:
	case ERR_CONFLICT:
		return CMD_REFUSED;
	}
	return CMD_INTERNAL;
}

int
cmd_fail(const char *name, const struct error *err)
{
	(void)fprintf(stderr, "certwright %s: %s\n", name, err->text);
	return cmd_status(err->code);
}
