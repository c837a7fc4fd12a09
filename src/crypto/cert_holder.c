/* Whom a certificate names: its subject, its alternative names and what it is for. */
#include "crypto/cert_holder.h"

#include <stdlib.h>

#include "crypto/csr_internal.h"

static struct cert_holder *
cert_holder_new(void)
{
	return calloc(1, sizeof(struct cert_holder));
}

void
cert_holder_free(struct cert_holder *holder)
{
	if (holder == NULL)
		return;
	free(holder->sans);
	free(holder);
}

static int
read_holder(const struct cert *cert, struct cert_holder *holder, struct error *err)
{
	if (name_read(cert->subject, &holder->name, err) < 0)
		return error_prefix(err, "subject");
	if (cert->sans.ptr != NULL && san_read_all(cert->sans, CERT_HOLDER_MAX_SANS, &holder->sans,
					  &holder->san_count, err) < 0)
		return -1;
	if (cert->ekus.ptr != NULL &&
	    csr_read_ekus(cert->ekus, holder->ekus, &holder->eku_count, err) < 0)
		return -1;
	return 0;
}

int
cert_holder_read(const struct cert *cert, struct cert_holder **out, struct error *err)
{
	cleanup(cert_holder_freep) struct cert_holder *holder = cert_holder_new();

	if (holder == NULL)
		return error_set(err, ERR_INTERNAL, "out of memory");
	if (read_holder(cert, holder, err) < 0) {
		if (err->code != ERR_INTERNAL)
			err->code = ERR_BAD_REQUEST;
		return error_prefix(err, "certificate");
	}
	*out = take(holder);
	return 0;
}
