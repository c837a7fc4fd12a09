/* Lists of ids, as bulk operations take them. */
#include "api/uuids.h"

#include <stdlib.h>

#include "api/member.h"
#include "enroll/attributes/object_id.h"

void
uuids_release(struct uuids *uuids)
{
	free(uuids->items);
	*uuids = (struct uuids){ NULL, 0 };
}

int
uuids_read(struct json_object *array, struct uuids *out, struct error *err)
{
	size_t count = json_object_array_length(array);

	out->items = calloc(count + 1, sizeof(out->items[0]));
	if (out->items == NULL)
		return error_set(err, ERR_INTERNAL, "out of memory");
	for (; out->count < count; out->count++) {
		struct json_object *item = json_object_array_get_idx(array, out->count);

		if (!json_object_is_type(item, json_type_string))
			return error_set(
			    err, ERR_JSON, "JSON: item %zu is no text", out->count + 1);
		if (object_id_parse(json_object_get_string(item), &out->items[out->count], err) < 0)
			return -1;
	}
	return 0;
}
