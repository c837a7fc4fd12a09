/* A certificate that a SCEP profile may name: the object, and whether it may be used. */
#include "enroll/profiles/scep_ca.h"

#include <stdlib.h>
#include <string.h>

#include "crypto/key.h"

void
scep_ca_free(struct scep_ca *ca)
{
	if (ca == NULL)
		return;
	certificate_row_free(ca->row);
	free(ca);
}

struct scep_ca *
scep_ca_new(void)
{
	return calloc(1, sizeof(struct scep_ca));
}

/* Intune's clients know RSA alone. */
static bool
is_key_type(const char *type, bool intune)
{
	if (strcmp(type, key_type_name(KEY_RSA)) == 0)
		return true;
	return !intune && (strcmp(type, key_type_name(KEY_P256)) == 0 ||
			      strcmp(type, key_type_name(KEY_P384)) == 0);
}

bool
scep_ca_is_acceptable(const struct scep_ca *ca, bool intune, int64_t now)
{
	const struct certificate_row *row = ca->row;

	return ca->has_key && ca->key_is_active && row->status == CERTIFICATE_GOOD &&
	       !row->generation_expired && now >= row->not_before && now <= row->not_after &&
	       is_key_type(row->key_type, intune);
}
