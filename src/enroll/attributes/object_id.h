#ifndef ENROLL_ATTRIBUTES_OBJECT_ID_H
#define ENROLL_ATTRIBUTES_OBJECT_ID_H

#include "base/error.h"
#include "base/uuid.h"

/* How requests name an object and how refusals do, in the words that CZERTAINLY's clients show. */

/* ERR_VALIDATION "Invalid UUID <text> in the request". */
int object_id_parse(const char *text, struct uuid *out, struct error *err);

/*
 * ERR_NOT_FOUND "Object of type '<type>' identified by <id> is not found.", type such as
 * "ScepProfile". It takes the place of an ERR_NOT_FOUND in err; any other fault there stays.
 */
int object_id_not_found(struct error *err, const char *type, const struct uuid *id);

#endif
