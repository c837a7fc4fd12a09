/* base/json: what is taken must survive being written and read again. */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/json.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const struct json_limits LIMITS = { .max_bytes = 65536, .max_depth = 16, .max_members = 64 };
static const struct json_limits WIDER = {
	.max_bytes = 1 << 20, .max_depth = 16, .max_members = 64
};

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	cleanup(json_object_putp) struct json_object *object = NULL;
	cleanup(json_object_putp) struct json_object *again = NULL;
	struct error err = { .code = ERR_NONE };
	const char *text;

	if (json_parse(bytes_of(data, size), &LIMITS, &object, &err) < 0)
		return 0;
	text = json_object_to_json_string_ext(object, JSON_C_TO_STRING_PLAIN);
	if (json_parse(bytes_text(text), &WIDER, &again, &err) < 0 ||
	    !json_object_equal(object, again))
		abort();
	return 0;
}
