/* The names that CRLs have below /crl/, and those of their files. */
#include "api/status/crl_name.h"

#include <stddef.h>
#include <stdio.h>
#include <string.h>

static const char digits[] = "0123456789";

/* Removes the tail from the text of this length; false where it does not end so. */
static bool
cut(const char *text, size_t *len, const char *tail)
{
	size_t tail_len = strlen(tail);

	if (*len <= tail_len || memcmp(text + *len - tail_len, tail, tail_len) != 0)
		return false;
	*len -= tail_len;
	return true;
}

/* AUTHORITY-NUMBER. */
static bool
is_label(const char *label)
{
	const char *number = strrchr(label, '-');

	return number != NULL && number > label && label[0] != '-' && number[1] != '\0' &&
	       number[1 + strspn(number + 1, digits)] == '\0' &&
	       label[strspn(label, "abcdefghijklmnopqrstuvwxyz0123456789-")] == '\0';
}

bool
crl_name_parse(const char *text, struct crl_name *out)
{
	size_t len = strlen(text);

	out->is_pem = cut(text, &len, ".crl.pem") || cut(text, &len, ".pem");
	if (!out->is_pem && !cut(text, &len, ".crl"))
		return false;
	out->is_delta = cut(text, &len, "-delta");
	if (len >= sizeof(out->label))
		return false;
	memcpy(out->label, text, len);
	out->label[len] = '\0';
	return is_label(out->label);
}

void
crl_name_file(const struct crl_name *name, char out[static CRL_NAME_MAX])
{
	(void)snprintf(out, CRL_NAME_MAX, "%s%s.crl%s", name->label, name->is_delta ? "-delta" : "",
	    name->is_pem ? ".pem" : "");
}
