/* Content of custom attributes: a content type, a newline, the JSON. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "enroll/attributes/attribute_content.h"

enum { TYPE_MAX = 32, JSON_MAX = 65536 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* What was made is in its one form: reading it again makes the same. */
static void
check_form(const char *content_type, struct json_object *made)
{
	cleanup(json_object_putp) struct json_object *again = NULL;
	struct error err = { .code = ERR_NONE };

	if (attribute_content_read(content_type, made, &again, &err) < 0 ||
	    !json_object_equal(made, again))
		abort();
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct json_limits limits = { JSON_MAX, 32, 1024 };
	cleanup(json_object_putp) struct json_object *content = NULL;
	cleanup(json_object_putp) struct json_object *made = NULL;
	struct error err = { .code = ERR_NONE };
	char content_type[TYPE_MAX] = "";
	const uint8_t *end = size > 0 ? memchr(data, '\n', size) : NULL;
	size_t len;

	if (end == NULL || end - data >= TYPE_MAX)
		return 0;
	len = (size_t)(end - data);
	memcpy(content_type, data, len);
	if (json_parse(bytes_of(end + 1, size - len - 1), &limits, &content, &err) < 0)
		return 0;
	if (attribute_content_read(content_type, content, &made, &err) == 0)
		check_form(content_type, made);
	else if (err.code != ERR_VALIDATION)
		abort();
	return 0;
}
