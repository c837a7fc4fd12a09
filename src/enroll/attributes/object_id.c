/* Ids of objects in requests and in what refuses them. */
#include "enroll/attributes/object_id.h"

#include "base/utf8.h"

/* What of a hostile text goes into our own, in octets. */
enum { SHOWN_MAX = 64 };

int
object_id_parse(const char *text, struct uuid *out, struct error *err)
{
	struct error why = { .code = ERR_NONE };
	struct bytes shown = utf8_cut_octets(bytes_text(text), SHOWN_MAX);

	if (uuid_parse(text, out, &why) == 0)
		return 0;
	return error_set(err, ERR_VALIDATION, "Invalid UUID %.*s in the request", (int)shown.len,
	    (const char *)shown.ptr);
}

int
object_id_not_found(struct error *err, const char *type, const struct uuid *id)
{
	char text[UUID_TEXT_MAX];

	uuid_text(id, text);
	if (error_is(err, ERR_NOT_FOUND))
		error_clear(err);
	return error_set(
	    err, ERR_NOT_FOUND, "Object of type '%s' identified by %s is not found.", type, text);
}
