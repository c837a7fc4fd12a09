#ifndef BASE_ERROR_H
#define BASE_ERROR_H

#include <stdbool.h>

/*
 * Whose fault it is and which kind. http/response alone maps these to statuses
 * and public numbers, in switches without default.
 */
enum error_code {
	ERR_NONE,
	ERR_CONFIG,         /* a setting or an option is wrong: exit status 78 */
	ERR_BAD_REQUEST,    /* the request itself is malformed */
	ERR_BODY_FORM,      /* the body is in none of the forms that the route takes */
	ERR_CSR_SYNTAX,     /* not a PKCS#10 request */
	ERR_CSR_SIGNATURE,  /* its self-signature does not verify */
	ERR_KEY,            /* key type, size, exponent or signature algorithm not acceptable */
	ERR_NAME,           /* subject or subject alternative name not acceptable */
	ERR_JSON,           /* a body that is not the JSON that the route reads */
	ERR_VALIDATION,     /* well formed, and the rules for such a record refuse it */
	ERR_TOO_LARGE,      /* larger than a limit of ours */
	ERR_NO_CREDENTIAL,  /* no access token in the request */
	ERR_TOKEN,          /* a token that is not accepted; the client never learns why */
	ERR_NO_CLIENT_CERT, /* a TLS client certificate is needed and none came */
	ERR_CLIENT_CERT,    /* the client certificate is not accepted */
	ERR_RENEWAL,        /* a good client certificate that may not renew */
	ERR_ORIGIN,         /* another site's page sent it */
	ERR_MEDIA_TYPE,     /* a Content-Type that this route does not take */
	ERR_ROLE,           /* a good token without the role needed */
	ERR_PROFILE,        /* the RA profile's rules refuse */
	ERR_SELF_SERVICE,   /* the self-service rules refuse */
	ERR_NEEDS_TLS,      /* a credential or a protected route on a plain connection */
	ERR_SWITCHED_OFF,   /* the route exists, the settings turn it off */
	ERR_NOT_FOUND,      /* no such path or record */
	ERR_METHOD,         /* the path exists, not with this method */
	ERR_NO_CERTIFICATE, /* no such certificate, as SCEPman numbers it */
	ERR_REVOKED,        /* it is revoked already, as SCEPman numbers it */
	ERR_STATE,          /* what a record's state does not allow; the text may be shown */
	ERR_CONFLICT,       /* the record changed, exists or is used up */
	ERR_LIMIT,          /* too many requests of this principal */
	ERR_INTERNAL,       /* our own fault */
	ERR_NOT_BUILT,      /* planned, not built: answered loudly */
	ERR_DATABASE,       /* the database is away or refuses */
	ERR_IDENTITY_KEYS,  /* the identity keys are not available yet */
	ERR_CA_KEY,         /* no CA generation or its key cannot sign */
	ERR_NOT_READY       /* what was asked for is being made: come again */
};

/* How many there are; base/counter_table.c names each. */
enum { ERROR_CODES = ERR_NOT_READY + 1 };

enum { ERROR_TEXT_MAX = 512 };

/*
 * What went wrong. The text is written where the fault is seen; it is logged
 * once, at the edge. `number` is a library's own number (a MariaDB errno), or 0.
 */
struct error {
	enum error_code code;
	int number;
	char text[ERROR_TEXT_MAX];
};

/* Records the first error (a later one is ignored) and returns -1. err may not be NULL. */
int error_set(struct error *err, enum error_code code, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* Puts "prefix: " in front of the text, for context such as a file name; returns -1. */
int error_prefix(struct error *err, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Forgets the error, so that err can be used again. */
void error_clear(struct error *err);

/*
 * Puts another error in the place of one of the code `was`, whose number goes with it; any other
 * one stays. Returns -1.
 */
int error_replace(struct error *err, enum error_code was, enum error_code code, const char *format,
    ...) __attribute__((format(printf, 4, 5)));

bool error_is(const struct error *err, enum error_code code);

/* Forgets an error of this code and returns 0; any other one stays, and the result is -1. */
int error_forgive(struct error *err, enum error_code code);

#endif
