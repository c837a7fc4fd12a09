/* The one SCEP operation there is so far. */
#include "api/enrollment/mscep.h"

#include <string.h>

#include "api/management/authorities.h"
#include "http/query.h"

enum { OPERATION_MAX = 64 };

int
mscep_get(struct app *app, struct request *request, const struct params *params,
    struct response *response, struct error *err)
{
	char operation[OPERATION_MAX];

	(void)params;
	if (query_get(request->query, "operation", operation, sizeof(operation), err) < 0)
		return -1;
	if (strcmp(operation, "GetCACert") != 0)
		return error_set(err, ERR_NOT_BUILT,
		    "SCEP is not built yet; of its operations only GetCACert is answered");
	return authorities_answer_issuer(app, "application/x-x509-ca-cert", response, err);
}
