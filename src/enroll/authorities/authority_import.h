#ifndef ENROLL_AUTHORITIES_AUTHORITY_IMPORT_H
#define ENROLL_AUTHORITIES_AUTHORITY_IMPORT_H

#include "enroll/authorities/authority.h"

enum { AUTHORITY_CHAIN_MAX = 8 };

/* What is imported; borrowed. */
struct authority_import {
	const char *name;
	struct bytes certificate; /* PEM, further certificates in it are the chain; or DER */
	struct bytes chain;       /* PEM, issuer first; empty where none */
};

/*
 * An existing CA becomes a new authority, active at once. ERR_BAD_REQUEST says
 * what is wrong with a certificate, ERR_CONFLICT that the name is taken.
 */
int authority_import_existing(const struct authority_context *context,
    const struct authority_import *import, const struct authority_key_choice *key,
    struct authority_outcome *out, struct error *err);

/*
 * Installs the certificate for the pending generation that has its public key;
 * active at once where the authority has no active one, else pending still.
 */
int authority_import_answer(const struct authority_context *context,
    const struct authority_import *import, struct authority_outcome *out, struct error *err);

#endif
