/* A client certificate of ours: the object. */
#include "enroll/issuing/client_certificate.h"

#include <stdlib.h>

void
client_certificate_free(struct client_certificate *client)
{
	if (client == NULL)
		return;
	cert_holder_free(client->holder);
	cert_free(client->cert);
	certificate_row_free(client->row);
	free(client);
}

struct client_certificate *
client_certificate_new(void)
{
	return calloc(1, sizeof(struct client_certificate));
}
